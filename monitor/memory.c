/*
 * Mappings: file mappings that become executable are rewritten, and their registry kept true. With
 * protection keys all that the program maps gets its key, and nothing acts on the monitor's memory.
 */
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

static bool is_fixed(const struct user_registers *call)
{
    return (call->r10 & MAP_FIXED) != 0;
}

static long map_and_tag(const struct user_registers *call, uint64_t address, unsigned long flags)
{
    unsigned long protection = call->rdx & ~(unsigned long)PROT_EXEC;
    long result = SYS6(__NR_mmap, address, call->rsi, protection, flags, call->r8, call->r9);
    if (!is_error(result) &&
        !memory_tag((uint64_t)result, round_up(call->rsi, PAGE_SIZE), protection, KEY_APP)) {
        SYS2(__NR_munmap, result, call->rsi);
        return -ENOMEM;
    }
    return result;
}

/*
 * MAP_FIXED over something: made elsewhere and moved there, so that no thread meets it without its
 * key and a failure destroys nothing. The new mapping may not lie in a gap of the old: then it is
 * made once more, beside the first.
 */
static long replace_mapping(const struct user_registers *call, unsigned long flags)
{
    uint64_t length = round_up(call->rsi, PAGE_SIZE);
    long made = map_and_tag(call, 0, flags);
    if (is_error(made)) {
        return made;
    }
    long result;
    if ((uint64_t)made < call->rdi + length && call->rdi < (uint64_t)made + length) {
        result = replace_mapping(call, flags);
    } else {
        result = SYS5(__NR_mremap, made, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, call->rdi);
        if (!is_error(result)) {
            return result;
        }
    }
    SYS2(__NR_munmap, made, length);
    return result;
}

/* mmap with the program's key. That of executable mappings comes with their protection. */
static long map_with_key(const struct user_registers *call)
{
    unsigned long flags = call->r10 & ~(unsigned long)MAP_FIXED;
    if (!is_fixed(call)) {
        return map_and_tag(call, call->rdi, flags);
    }
    if (pages_are_monitors(call->rdi, call->rsi)) {
        return -EPERM;
    }
    long result = map_and_tag(call, call->rdi, flags | MAP_FIXED_NOREPLACE);
    return result == -EEXIST ? replace_mapping(call, flags) : result;
}

long handle_MMAP(UNUSED struct thread *thread, const struct user_registers *call)
{
    unsigned long protection = call->rdx;
    unsigned long flags = call->r10;
    long result = keys_in_use ? map_with_key(call) : forward_call(call);
    if (is_error(result)) {
        return result;
    }
    if (is_fixed(call)) {
        modules_cut(call->rdi, call->rsi, (flags & MAP_ANONYMOUS) != 0);
    }
    if ((protection & PROT_EXEC) != 0) {
        unsigned long length = round_up(call->rsi, PAGE_SIZE);
        if ((flags & MAP_TYPE) == MAP_PRIVATE && (flags & MAP_ANONYMOUS) == 0) {
            rewrite_mapping((int)call->r8, (uint64_t)result, length, call->r9, protection);
        }
        if (!memory_tag((uint64_t)result, length, protection, KEY_APP)) {
            SYS2(__NR_munmap, result, length);
            return -EACCES;
        }
    }
    return result;
}

long handle_MUNMAP(UNUSED struct thread *thread, const struct user_registers *call)
{
    if (pages_are_monitors(call->rdi, call->rsi)) {
        return -EPERM;
    }
    return modules_unmap(call->rdi, call->rsi);
}

/* Rewritten code holds relative jumps to its stubs: it is turned back before it moves. */
long handle_MREMAP(UNUSED struct thread *thread, const struct user_registers *call)
{
    bool moves = (call->r10 & MREMAP_MAYMOVE) != 0;
    bool fixed = (call->r10 & MREMAP_FIXED) != 0;
    if (pages_are_monitors(call->rdi, call->rsi) ||
        (fixed && pages_are_monitors(call->r8, call->rdx))) {
        return -EPERM;
    }
    if (moves) {
        modules_restore(call->rdi, call->rsi);
    }
    long result = forward_call(call);
    if (!is_error(result) && fixed) {
        modules_cut((uint64_t)result, call->rdx, false);
    }
    return result;
}

long handle_SHMAT(UNUSED struct thread *thread, const struct user_registers *call)
{
    struct kernel_shmid status = {0};
    bool replaces = (call->rdx & SHM_REMAP) != 0;
    if ((keys_in_use || replaces) && SYS3(__NR_shmctl, call->rdi, IPC_STAT, &status) != 0) {
        status.size = 0; /* the call will fail for the same reason */
    }
    if (replaces && pages_are_monitors(call->rsi, status.size)) {
        return -EPERM;
    }
    long result = forward_call(call);
    if (is_error(result)) {
        return result;
    }
    if (replaces) {
        modules_cut((uint64_t)result, status.size, false);
    }
    unsigned long protection = PROT_READ | ((call->rdx & SHM_RDONLY) != 0 ? 0 : PROT_WRITE) |
                               ((call->rdx & SHM_EXEC) != 0 ? PROT_EXEC : 0UL);
    if (!memory_tag((uint64_t)result, round_up(status.size, PAGE_SIZE), protection, KEY_APP)) {
        SYS1(__NR_shmdt, result);
        return -ENOMEM;
    }
    return result;
}

/* ---- with protection keys only ---- */

long handle_MPROTECT(UNUSED struct thread *thread, const struct user_registers *call)
{
    if (pages_are_monitors(call->rdi, call->rsi)) {
        return -EPERM;
    }
    return SYS4(__NR_pkey_mprotect, call->rdi, call->rsi, call->rdx, KEY_APP);
}

/* The program has one key, and no others to give rights to. */
long handle_PKEY(struct thread *thread, const struct user_registers *call)
{
    switch ((uint32_t)call->rax) {
    case __NR_pkey_alloc:
        return call->rdi != 0 || call->rsi > 3 ? -EINVAL : -ENOSPC;
    case __NR_pkey_mprotect:
        return (int)call->r10 == -1 ? handle_MPROTECT(thread, call) : -EINVAL;
    default:
        return -EINVAL;
    }
}

/* What the heap gains has the kernel's key, 0, before it gets the program's. */
long handle_BRK(UNUSED struct thread *thread, const struct user_registers *call)
{
    uint64_t before = (uint64_t)SYS1(__NR_brk, 0);
    uint64_t length = round_up(call->rdi, PAGE_SIZE) - round_up(before, PAGE_SIZE);
    if (call->rdi > before && overlaps_monitor(before, call->rdi - before)) {
        return (long)before;
    }
    uint64_t now = (uint64_t)SYS1(__NR_brk, call->rdi);
    if (now == call->rdi && now > before && length != 0 &&
        !memory_tag(round_up(before, PAGE_SIZE), length, PROT_READ | PROT_WRITE, KEY_APP)) {
        SYS1(__NR_brk, before);
        return (long)before;
    }
    return (long)now;
}

long handle_RANGE(UNUSED struct thread *thread, const struct user_registers *call)
{
    return pages_are_monitors(call->rdi, call->rsi) ? -EPERM : CALL_FORWARD;
}

long handle_KEPT(UNUSED struct thread *thread, const struct user_registers *call)
{
    return overlaps_monitor(call->rdi, sizeof(uint64_t)) ? -EFAULT : CALL_FORWARD;
}
