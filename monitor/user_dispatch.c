/*
 * The program's own Syscall User Dispatch. The kernel's is the monitor's, so the program's is done
 * here, for each call of a thread that has it: as kernel/entry/syscall_user_dispatch.c.
 */
#include "calls.h"
#include "seccomp.h"
#include "signal.h"
#include "support.h"

long user_dispatch_set(struct thread *thread, const struct user_registers *call)
{
    uint64_t mode = call->rsi, offset = call->rdx, length = call->r10, selector = call->r8;
    bool fits = mode == PR_SYS_DISPATCH_ON ? offset == 0 || offset + length > offset
                                           : (mode | offset | length | selector) == 0;
    if (!fits) {
        return -EINVAL;
    }
    if (selector >= TASK_SIZE) {
        return -EFAULT;
    }
    if (mode == PR_SYS_DISPATCH_ON) {
        dispatch_calls(0);
    }
    thread->user_dispatch =
        (struct user_dispatch){mode == PR_SYS_DISPATCH_ON, offset, length, selector};
    return 0;
}

/* Whatever the program's handlers are. */
static noreturn void end_by(struct thread *thread, int signal)
{
    const struct kernel_siginfo info = {.si_signo = signal, .si_code = SI_KERNEL};
    default_action(thread, signal, &info, false);
    fatal("a signal that nothing handles did not end the process");
}

enum seccomp_verdict user_dispatch_judge(struct thread *thread, const struct user_registers *call)
{
    const struct user_dispatch *own = &thread->user_dispatch;
    uint8_t state = SYSCALL_DISPATCH_FILTER_BLOCK;
    if (!own->on || thread->continuation - own->offset < own->length) {
        return SECCOMP_MAKE;
    }
    if (own->selector != 0 &&
        copy_from_user(&state, user_pointer(own->selector), sizeof state) != 0) {
        end_by(thread, SIGSEGV);
    }
    if (state == SYSCALL_DISPATCH_FILTER_ALLOW) {
        return SECCOMP_MAKE;
    }
    if (state != SYSCALL_DISPATCH_FILTER_BLOCK || !has_sigsys_handler(thread)) {
        end_by(thread, SIGSYS);
    }
    const struct kernel_siginfo info = {
        .si_signo = SIGSYS,
        .si_code = SYS_USER_DISPATCH,
        .sigsys = {thread->continuation, (int32_t)call->rax, AUDIT_ARCH_X86_64},
    };
    return raise_sigsys(thread, &info);
}
