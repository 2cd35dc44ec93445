/* Mappings: file mappings that become executable are rewritten, and their registry kept true. */
#include "calls.h"
#include "support.h"
#include "syscall.h"
#include "../rewriter/apply/module.h"
#include "../rewriter/apply/rewrite.h"

/* Makes the program's call with the arguments it gave: there is something to be done afterwards. */
static long forward_call(const struct user_registers *call)
{
    const unsigned long arguments[6] = {call->rdi, call->rsi, call->rdx,
                                        call->r10, call->r8,  call->r9};
    return window_syscall((long)(int32_t)call->rax, arguments);
}

long handle_MMAP(UNUSED struct thread *thread, const struct user_registers *call)
{
    unsigned long protection = call->rdx;
    unsigned long flags = call->r10;
    long result = forward_call(call);
    if (is_error(result)) {
        return result;
    }
    if ((flags & MAP_FIXED) != 0) {
        modules_cut(call->rdi, call->rsi, (flags & MAP_ANONYMOUS) != 0);
    }
    if ((protection & PROT_EXEC) != 0 && (flags & MAP_TYPE) == MAP_PRIVATE &&
        (flags & MAP_ANONYMOUS) == 0) {
        rewrite_mapping((int)call->r8, (uint64_t)result, round_up(call->rsi, PAGE_SIZE), call->r9,
                        protection);
    }
    return result;
}

long handle_MUNMAP(UNUSED struct thread *thread, const struct user_registers *call)
{
    return modules_unmap(call->rdi, call->rsi);
}

/* Rewritten code holds relative jumps to its stubs: it is turned back before it moves. */
long handle_MREMAP(UNUSED struct thread *thread, const struct user_registers *call)
{
    if ((call->r10 & MREMAP_MAYMOVE) != 0) {
        modules_restore(call->rdi, call->rsi);
    }
    long result = forward_call(call);
    if (!is_error(result) && (call->r10 & MREMAP_FIXED) != 0) {
        modules_cut((uint64_t)result, call->rdx, false);
    }
    return result;
}

long handle_SHMAT(UNUSED struct thread *thread, const struct user_registers *call)
{
    struct kernel_shmid status = {0};
    long result = forward_call(call);
    if (!is_error(result) && (call->rdx & SHM_REMAP) != 0 &&
        SYS3(__NR_shmctl, call->rdi, IPC_STAT, &status) == 0) {
        modules_cut((uint64_t)result, status.size, false);
    }
    return result;
}
