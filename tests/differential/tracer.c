/*
 * What a tracer sees of its tracee by waitpid(2): the signals that it sends itself, those of its
 * own faults, the errors of its calls as nothing at all, and its end.
 */
#include "common.h"
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOWHERE 0x1000 /* below where the kernel maps anything */

static volatile int faults;

static void pass_over(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    faults++;
    /* Behind the load: mov (%rax), %al. */
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

/* Calls that the kernel answers by EFAULT, and some that it does not look at. */
static void call_with_bad_pointers(void)
{
    static const long numbers[] = {
        SYS_openat, SYS_rt_sigaction, SYS_sigaltstack, SYS_rt_sigprocmask, SYS_execve,
        SYS_write,  SYS_newfstatat,   SYS_getppid,     SYS_nanosleep,      SYS_seccomp,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        long first =
            numbers[i] == SYS_execve || numbers[i] == SYS_nanosleep || numbers[i] == SYS_sigaltstack
                ? NOWHERE
                : 1;
        raw(numbers[i], first, NOWHERE, NOWHERE, 8);
    }
}

static void tracee(void)
{
    struct sigaction action = {.sa_sigaction = pass_over, .sa_flags = SA_SIGINFO};
    MUST(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    raise(SIGSTOP);
    call_with_bad_pointers();
    MUST(sigaction(SIGSEGV, &action, NULL));
    raise(SIGUSR2);
    __asm__ volatile("movb (%%rax), %%al" : : "a"(NOWHERE) : "memory");
    call_with_bad_pointers();
    _exit(40 + faults);
}

int main(void)
{
    pid_t pid = MUST(fork());
    if (pid == 0) {
        signal(SIGUSR2, SIG_IGN);
        tracee();
    }
    for (;;) {
        int status;
        CHECK_EQ(waitpid(pid, &status, 0), pid, "waitpid");
        if (!WIFSTOPPED(status)) {
            say("%s\n", ending(status));
            return 0;
        }
        siginfo_t info;
        MUST(ptrace(PTRACE_GETSIGINFO, pid, NULL, &info));
        say("stopped by %s, code %d\n", strsignal(WSTOPSIG(status)), info.si_code);
        MUST(ptrace(PTRACE_CONT, pid, NULL, WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status)));
    }
}
