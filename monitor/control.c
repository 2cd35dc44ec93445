/* Calls that would change what the monitor rests on, or reach behind it. */
#include "calls.h"
#include "seccomp.h"

long handle_PRCTL(struct thread *thread, const struct user_registers *call)
{
    if ((int)call->rdi == PR_SET_SYSCALL_USER_DISPATCH) {
        return user_dispatch_set(thread, call);
    }
    if (seccomp_is_emulated()) {
        switch ((int)call->rdi) {
        case PR_SET_SECCOMP:
            return seccomp_set_mode(thread, call->rsi, call->rdx);
        case PR_GET_SECCOMP:
            return seccomp_mode(thread);
        case PR_SET_NO_NEW_PRIVS:
        case PR_GET_NO_NEW_PRIVS:
            return seccomp_no_new_privs(thread, call);
        default:
            break;
        }
    }
    if (!keys_in_use) {
        return CALL_FORWARD;
    }
    switch ((int)call->rdi) {
    case PR_SET_MDWE:    /* what is mapped becomes executable later, when it has its key */
    case PR_SET_PTRACER: /* as without Yama */
        return -EINVAL;
    case PR_SET_MM: /* the heap's place, and what /proc shows */
        return -EPERM;
    default:
        return CALL_FORWARD;
    }
}

/*
 * A whitelist: the FS base, CPUID faulting and the permission for large XSAVE states. %gs is the
 * monitor's, ARCH_MAP_VDSO_* maps code whose system calls Syscall User Dispatch exempts, and shadow
 * stacks and tagged addresses don't know of the gate. arch/x86/include/uapi/asm/prctl.h.
 */
long handle_ARCH_PRCTL(UNUSED struct thread *thread, const struct user_registers *call)
{
    static const uint32_t allowed[] = {
        ARCH_SET_FS,         ARCH_GET_FS,         ARCH_GET_CPUID,      ARCH_SET_CPUID,
        ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM, ARCH_REQ_XCOMP_PERM,
    };
    if ((uint32_t)call->rdi == ARCH_GET_GS) {
        const uint64_t base = 0; /* what the program has set: nothing */
        return copy_to_user(user_pointer(call->rsi), &base, sizeof base);
    }
    if ((uint32_t)call->rdi == ARCH_SET_GS) {
        return -EPERM;
    }
    for (unsigned i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if ((uint32_t)call->rdi == allowed[i]) {
            return CALL_FORWARD;
        }
    }
    return -EINVAL;
}

/* Reading is harmless; an entry of one's own could give %gs another base, or 32-bit code. */
long handle_MODIFY_LDT(UNUSED struct thread *thread, const struct user_registers *call)
{
    bool writes = (int)call->rdi == 1 || (int)call->rdi == 0x11;
    return writes ? -EPERM : CALL_FORWARD;
}

/*
 * A registered area would have to be writable both with the program's rights and with those that a
 * signal handler starts with, and a critical section could be laid over monitor code.
 */
long handle_RSEQ(UNUSED struct thread *thread, UNUSED const struct user_registers *call)
{
    return -ENOSYS;
}

/* ---- with protection keys only ---- */

/*
 * Here the kernel, or another process, acts on memory without the rights of the thread that asks.
 * What programs probe for, to do without it, is missing; the rest is forbidden.
 */
long handle_REFUSED(UNUSED struct thread *thread, const struct user_registers *call)
{
    switch ((uint32_t)call->rax) {
    case __NR_io_setup: /* its ring, besides, would be mapped with the monitor's key */
    case __NR_io_uring_setup:
    case __NR_io_uring_enter:
    case __NR_io_uring_register:
    case NR_MAP_SHADOW_STACK: /* of no use without the arch_prctl for it */
        return -ENOSYS;
    case __NR_fanotify_init: /* opens files for the reader of its events, unless these name them */
        return (call->rdi & FANOTIFY_NAMES) != 0 && (call->rdi & FANOTIFY_CLASSES) == 0
                   ? CALL_FORWARD
                   : -EPERM;
    default:
        return -EPERM;
    }
}

/* READ_IMPLIES_EXEC would make every mapping executable, behind the back of those who ask. */
long handle_PERSONALITY(UNUSED struct thread *thread, const struct user_registers *call)
{
    bool asks = (uint32_t)call->rdi == ~0U;
    return !asks && (call->rdi & READ_IMPLIES_EXEC) != 0 ? -EPERM : CALL_FORWARD;
}

/* Who owns a user namespace mounts what it likes: files whose owner is not who it says. */
long handle_UNSHARE(UNUSED struct thread *thread, const struct user_registers *call)
{
    return (call->rdi & CLONE_NEWUSER) != 0 ? -EPERM : CALL_FORWARD;
}
