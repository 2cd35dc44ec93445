/*
 * A program that traces others (gdb, strace) would stop at each SIGSYS by which Syscall User
 * Dispatch hands a call of its tracee to the monitor there. Natively there is no such stop: it is
 * passed on to the tracee in the way that the tracer let it run last, and the tracer waits on.
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

/* Stopped by the delivery of SIGSYS: WIFSTOPPED, and no ptrace event. */
static bool is_stop_by_sigsys(int32_t status)
{
    return status == (SIGSYS << 8 | 0x7f);
}

/* Lets a tracee go on that stopped for a dispatched call. False: the tracer is to see the stop. */
static bool pass_on_dispatch(long pid)
{
    struct kernel_siginfo info;
    if (SYS4(__NR_ptrace, PTRACE_GETSIGINFO, pid, 0, &info) != 0 || info.si_signo != SIGSYS ||
        info.si_code != SYS_USER_DISPATCH) {
        return false;
    }
    uint32_t place = (uint32_t)pid % TRACEES;
    int request = resumed[place].pid == (int32_t)pid ? resumed[place].request : PTRACE_CONT;
    return SYS4(__NR_ptrace, request, pid, 0, SIGSYS) == 0;
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
            !is_stop_by_sigsys(status) || !pass_on_dispatch(pid)) {
            return pid;
        }
    }
}
