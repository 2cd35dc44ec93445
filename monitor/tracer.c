/*
 * A program that traces others (gdb, strace) would stop at each SIGSYS by which Syscall User
 * Dispatch hands a call of its tracee to the monitor there, and at each SIGSEGV or SIGBUS by which
 * that monitor finds that it can't read or write what a call names. Natively there is no such stop:
 * it is passed on to the tracee in the way that the tracer let it run last; the tracer waits on.
 */
#include "calls.h"
#include "syscall.h"

#define TRACEES 256

/* How a tracee was resumed last; another one in the same place is taken for one resumed by CONT. */
static struct {
    int32_t pid, request;
} resumed[TRACEES];

long handle_PTRACE(UNUSED struct thread *thread, const struct user_registers *call)
{
    if (keys_in_use) {
        return -EPERM; /* a tracer writes past protection keys */
    }
    switch (call->rdi) {
    case PTRACE_CONT:
    case PTRACE_SINGLESTEP:
    case PTRACE_SYSCALL:
    case PTRACE_SYSEMU:
    case PTRACE_SYSEMU_SINGLESTEP:
        resumed[(uint32_t)call->rsi % TRACEES].pid = (int32_t)call->rsi;
        resumed[(uint32_t)call->rsi % TRACEES].request = (int32_t)call->rdi;
        break;
    }
    return CALL_FORWARD;
}

/* The signal by which a tracee is stopped, if it is one of the monitor's; else 0. */
static int stopped_by(int32_t status)
{
    int signal = status >> 8; /* with a ptrace event: more than a signal */
    bool may_be = signal == SIGSYS || signal == SIGSEGV || signal == SIGBUS;
    return (status & 0xff) == 0x7f && may_be ? signal : 0;
}

/*
 * Whether a tracee stands in its monitor's user_copy(). Its image lies elsewhere than this one, but
 * by whole pages, and is the same.
 */
static bool copies_for_monitor(long pid)
{
    uint64_t rip, word, own;
    const uint64_t begin = (uint64_t)user_copy_begin, size = (uint64_t)user_copy_end - begin;
    if (SYS4(__NR_ptrace, PTRACE_PEEKUSR, pid, offsetof(struct pt_regs, rip), &rip) != 0) {
        return false;
    }
    uint64_t offset = (rip - begin) & (PAGE_SIZE - 1);
    for (uint64_t i = 0; i + sizeof own <= size; i += sizeof own) {
        __builtin_memcpy(&own, (const void *)(begin + i), sizeof own);
        if (SYS4(__NR_ptrace, PTRACE_PEEKTEXT, pid, rip - offset + i, &word) != 0 || word != own) {
            return false;
        }
    }
    return offset < size;
}

/* A fault, and no signal that was sent while the monitor copies: that the tracer sees natively. */
static bool is_for_monitor(long pid, int signal)
{
    struct kernel_siginfo info;
    if (SYS4(__NR_ptrace, PTRACE_GETSIGINFO, pid, 0, &info) != 0 || info.si_signo != signal) {
        return false;
    }
    return signal == SIGSYS ? info.si_code == SYS_USER_DISPATCH
                            : info.si_code > 0 && copies_for_monitor(pid);
}

/* Lets a tracee go on that stopped by its monitor's doing. False: the tracer is to see the stop. */
static bool pass_on(long pid, int32_t status)
{
    int signal = stopped_by(status);
    if (signal == 0 || !is_for_monitor(pid, signal)) {
        return false;
    }
    uint32_t place = (uint32_t)pid % TRACEES;
    int request = resumed[place].pid == (int32_t)pid ? resumed[place].request : PTRACE_CONT;
    return SYS4(__NR_ptrace, request, pid, 0, signal) == 0;
}

long handle_WAIT4(UNUSED struct thread *thread, const struct user_registers *call)
{
    int32_t status = 0;
    if (keys_in_use) {
        return CALL_FORWARD; /* no tracer */
    }
    for (;;) {
        uint64_t place = call->rsi != 0 ? call->rsi : (uint64_t)&status;
        const unsigned long arguments[6] = {call->rdi, place, call->rdx, call->r10};
        long pid = window_syscall(__NR_wait4, arguments);
        if (pid <= 0 || copy_from_user(&status, user_pointer(place), sizeof status) != 0 ||
            !pass_on(pid, status)) {
            return pid;
        }
    }
}
