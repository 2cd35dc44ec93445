/* The system calls about signals, and those that take a mask for the time of a wait. */
#include "calls.h"
#include "process.h"
#include "signal.h"
#include "support.h"
#include "syscall.h"

#define UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

/* What the kernel is given in place of the program's handler. */
static struct kernel_sigaction kernel_action(const struct kernel_sigaction *action)
{
    const uint64_t kept = SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT;
    return action->handler > SIG_IGN ? monitor_action(action->flags & kept) : *action;
}

/* Sets and reads one disposition, under the table's lock. */
static long change_action(struct thread *thread, int signal, const struct kernel_sigaction *action,
                          struct kernel_sigaction *old)
{
    struct kernel_sigaction *entry = &thread->signals->action[signal - 1];
    if (is_held(signal)) {
        *old = *entry;
        if (action != 0) {
            install_held_handler(signal, action);
        }
    } else {
        struct kernel_sigaction given = {0};
        if (action != 0) {
            given = kernel_action(action);
        }
        long result =
            SYS4(__NR_rt_sigaction, signal, action != 0 ? &given : 0, old, sizeof(sigset));
        if (result != 0) {
            return result;
        }
        if (old->handler == signal_entry_in_use) {
            *old = *entry;
        }
    }
    if (action != 0) {
        *entry = *action;
    }
    return 0;
}

long handle_RT_SIGACTION(struct thread *thread, const struct user_registers *call)
{
    int signal = (int)call->rdi;
    struct kernel_sigaction action, old;
    if (call->r10 != sizeof(sigset)) {
        return -EINVAL;
    }
    if (call->rsi != 0 && copy_from_user(&action, user_pointer(call->rsi), sizeof action) != 0) {
        return -EFAULT;
    }
    if (signal < 1 || signal > SIGNAL_COUNT ||
        (call->rsi != 0 && (UNBLOCKABLE & signal_bit(signal)) != 0)) {
        return -EINVAL;
    }
    action.flags &= SA_KNOWN;
    action.mask &= ~UNBLOCKABLE;
    lock_acquire(&thread->signals->lock);
    long result = change_action(thread, signal, call->rsi != 0 ? &action : 0, &old);
    lock_release(&thread->signals->lock);
    if (result == 0 && call->rsi != 0 && action.handler == SIG_IGN && is_held(signal)) {
        drop_held_signal(thread, signal);
    }
    if (result == 0 && call->rdx != 0 &&
        copy_to_user(user_pointer(call->rdx), &old, sizeof old) != 0) {
        return -EFAULT;
    }
    return result;
}

long handle_RT_SIGPROCMASK(struct thread *thread, const struct user_registers *call)
{
    int how = (int)call->rdi;
    sigset set = 0, old = 0;
    if (call->r10 != sizeof(sigset)) {
        return -EINVAL;
    }
    if (call->rsi != 0 && copy_from_user(&set, user_pointer(call->rsi), sizeof set) != 0) {
        return -EFAULT;
    }
    sigset given = set & ~HELD_SIGNALS;
    const unsigned long arguments[6] = {call->rdi, call->rsi != 0 ? (unsigned long)&given : 0,
                                        (unsigned long)&old, sizeof(sigset)};
    long result = window_syscall_own(__NR_rt_sigprocmask, arguments);
    if (result != 0) {
        return result;
    }
    old |= thread->held_blocked;
    if (call->rsi != 0) {
        sigset held = set & HELD_SIGNALS;
        thread->held_blocked = how == SIG_BLOCK     ? thread->held_blocked | held
                               : how == SIG_UNBLOCK ? thread->held_blocked & ~held
                                                    : held;
        update_attention(thread);
    }
    if (call->rdx != 0 && copy_to_user(user_pointer(call->rdx), &old, sizeof old) != 0) {
        return -EFAULT;
    }
    return 0;
}

long handle_RT_SIGPENDING(struct thread *thread, const struct user_registers *call)
{
    sigset pending = 0;
    if (call->rsi > sizeof(sigset)) {
        return -EINVAL;
    }
    SYS2(__NR_rt_sigpending, &pending, sizeof pending);
    pending |= held_signals_pending(thread) & thread->held_blocked;
    return copy_to_user(user_pointer(call->rdi), &pending, call->rsi);
}

long handle_SIGALTSTACK(struct thread *thread, const struct user_registers *call)
{
    struct kernel_stack old = thread->alternate_stack, given;
    if (call->rdi != 0) {
        if (copy_from_user(&given, user_pointer(call->rdi), sizeof given) != 0) {
            return -EFAULT;
        }
        long result = set_alternate_stack(thread, &given, call->rsp);
        if (result != 0) {
            return result;
        }
    }
    if (call->rsi == 0) {
        return 0;
    }
    bool on_stack = on_alternate_stack(&old, call->rsp);
    uint32_t status = old.size == 0 ? SS_DISABLE : on_stack ? SS_ONSTACK : 0;
    old.flags = (int32_t)(status | ((uint32_t)old.flags & SS_AUTODISARM));
    return copy_to_user(user_pointer(call->rsi), &old, sizeof old);
}

/* tkill and tgkill: of interest is what the kernel's default action does to this very thread. */
long handle_TKILL(struct thread *thread, const struct user_registers *call)
{
    bool in_group = (uint32_t)call->rax == __NR_tgkill;
    int tid = (int)(in_group ? call->rsi : call->rdi);
    int signal = (int)(in_group ? call->rdx : call->rsi);
    if ((in_group && (int)call->rdi != thread->pid) || tid != thread->tid || signal < 1 ||
        signal > SIGNAL_COUNT || process_settings.selector ||
        thread->signals->action[signal - 1].handler != SIG_DFL) {
        return CALL_FORWARD;
    }
    sigset blocked = 0;
    SYS4(__NR_rt_sigprocmask, SIG_BLOCK, 0, &blocked, sizeof blocked);
    blocked = (blocked & ~HELD_SIGNALS) | thread->held_blocked;
    return (blocked & signal_bit(signal)) != 0 ? CALL_FORWARD : CALL_SIGNALS_ITSELF;
}

long handle_RT_SIGRETURN(struct thread *thread, const struct user_registers *call)
{
    struct ucontext *context = &thread->queued_frame.uc;
    if (thread->queued) {
        return CALL_ABORTED;
    }
    block_signals(ALL_BUT_HELD);
    if (thread->queued) {
        return CALL_ABORTED;
    }
    *context = (struct ucontext){.flags = 7 /* UC_FP_XSTATE, UC_SIGCONTEXT_SS, strict */};
    context->stack = kernel_alternate_stack(thread);
    context->mcontext.cs = USER_CS;
    context->mcontext.ss = USER_DS;
    context->mcontext.rip = call->rip;
    context->mcontext.rsp = call->rsp;
    context->mcontext.fpstate = thread->fpu_image;
    if (keys_in_use) { /* what the kernel says of such an image: that of the signal's own frame */
        memcpy((void *)thread->fpu_image, (const void *)thread->entry_image,
               thread->fpu_image_size);
    }
    return_from_handler(thread, call->rsp, context);
    resume_from_block(thread);
}

/*
 * A wait under a mask of its own. A signal that ends it is delivered with that mask, the frame has
 * the mask of before; the kernel does both by itself when it is given the mask without the held
 * signals, and deliver_signal finds those in wait_mask. `address`, in the call's arguments, is that
 * of the program's mask; it becomes that of a copy which the program can't change.
 */
static long wait_with_mask(struct thread *thread, unsigned long *address, long number,
                           const unsigned long arguments[6])
{
    sigset *given = (sigset *)shared_pages_of(thread)->arguments;
    struct kernel_siginfo info;
    sigset mask;
    if (copy_from_user(&mask, user_pointer(*address), sizeof mask) != 0) {
        return -EFAULT;
    }
    *given = mask & ~HELD_SIGNALS;
    *address = (unsigned long)given;
    thread->wait_mask = mask & ~UNBLOCKABLE;
    thread->wait_mask_valid = true;
    int signal = take_held_signal(thread, ~mask, &info);
    if (signal != 0) {
        SYS4(__NR_rt_tgsigqueueinfo, thread->pid, thread->tid, signal, &info);
        return -EINTR;
    }
    long result;
    do { /* a held signal that the mask blocks must not end the wait */
        thread->held_came = false;
        result = window_syscall(number, arguments);
    } while (result == -EINTR && !thread->queued && thread->held_came);
    thread->wait_mask_valid = result == -EINTR;
    /* Held signals are open in the kernel throughout: one may come before the wait, or after. */
    int came = thread->queued ? thread->queued_frame.info.si_signo : 0;
    if (came != 0 && (thread->held_blocked & signal_bit(came)) != 0) {
        if (result == CALL_ABORTED) {
            thread->wait_mask_valid = true;
            return -EINTR;
        }
        if (result != -EINTR) {
            unqueue_held_signal(thread);
        }
    }
    return result;
}

long handle_RT_SIGSUSPEND(struct thread *thread, const struct user_registers *call)
{
    unsigned long arguments[6] = {call->rdi, call->rsi};
    if (call->rsi != sizeof(sigset)) {
        return -EINVAL;
    }
    return wait_with_mask(thread, &arguments[0], __NR_rt_sigsuspend, arguments);
}

/* Takes the held signal that the kernel would take first of those pending and waited for, or 0. */
static int take_awaited(struct thread *thread, sigset waited, struct kernel_siginfo *info)
{
    const sigset first = signal_bit(SIGILL) | signal_bit(SIGTRAP) | signal_bit(SIGFPE);
    sigset held = waited & held_signals_pending(thread);
    sigset pending = 0;
    if (held == 0) {
        return 0;
    }
    SYS2(__NR_rt_sigpending, &pending, sizeof pending);
    /* Faults come before all others, the lowest number first: next_signal() in kernel/signal.c. */
    sigset lowest = held & -held;
    if ((pending & waited & first & (lowest - 1)) != 0) {
        return 0;
    }
    return take_held_signal(thread, lowest, info);
}

long handle_RT_SIGTIMEDWAIT(struct thread *thread, const struct user_registers *call)
{
    sigset set;
    struct kernel_siginfo info;
    if (call->r10 != sizeof(sigset) ||
        copy_from_user(&set, user_pointer(call->rdi), sizeof set) != 0) {
        return CALL_FORWARD;
    }
    thread->held_waited = set & HELD_SIGNALS;
    long result = take_awaited(thread, set, &info);
    if (result == 0) {
        struct kernel_siginfo *written = (struct kernel_siginfo *)open_page_of(thread)->result;
        const unsigned long arguments[6] = {call->rdi, (unsigned long)written, call->rdx,
                                            call->r10};
        result = window_syscall(__NR_rt_sigtimedwait, arguments);
        info = *written;
        bool offered = result == SIGSEGV && info.si_code == SI_OFFER;
        if (offered || result == -EINTR || result == CALL_ABORTED) {
            int held = take_awaited(thread, set, &info);
            result = held != 0 ? held : offered ? CALL_ABORTED : result;
        }
    }
    thread->held_waited = 0;
    update_attention(thread);
    if (result > 0 && call->rsi != 0 &&
        copy_to_user(user_pointer(call->rsi), &info, sizeof info) != 0) {
        return -EFAULT;
    }
    return result;
}

/* ppoll, epoll_pwait, epoll_pwait2: the mask's address and size are arguments `at` and `at` + 1. */
long handle_WAIT_MASK(struct thread *thread, const struct user_registers *call)
{
    unsigned long arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    uint32_t number = (uint32_t)call->rax;
    unsigned at = number == __NR_ppoll ? 3 : 4;
    if (arguments[at] == 0 || arguments[at + 1] != sizeof(sigset)) {
        return CALL_FORWARD;
    }
    return wait_with_mask(thread, &arguments[at], number, arguments);
}

/* pselect6, io_pgetevents: the sixth argument points to {address of the mask, its size}. */
long handle_WAIT_MASK_PAIR(struct thread *thread, const struct user_registers *call)
{
    struct {
        unsigned long mask, size;
    } *pair = (void *)(shared_pages_of(thread)->arguments + sizeof(sigset));
    if (call->r9 == 0) {
        return CALL_FORWARD;
    }
    if (copy_from_user(pair, user_pointer(call->r9), sizeof *pair) != 0) {
        return -EFAULT;
    }
    if (pair->mask == 0 || pair->size != sizeof(sigset)) {
        return CALL_FORWARD;
    }
    const unsigned long arguments[6] = {call->rdi, call->rsi, call->rdx,
                                        call->r10, call->r8,  (unsigned long)pair};
    return wait_with_mask(thread, &pair->mask, (uint32_t)call->rax, arguments);
}
