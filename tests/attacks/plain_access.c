/*
 * M0: the program's own loads and stores, to the monitor's memory, at each moment at which it has
 * just come back from the monitor: the rights must be the program's again on every way. What they
 * end with is an ordinary SIGSEGV, which its handler gets with SEGV_PKUERR.
 */
#include "attack.h"
#include <pthread.h>
#include <ucontext.h>

#ifndef SEGV_PKUERR
#define SEGV_PKUERR 4
#endif

static uint64_t *target;
static volatile int attempts, faults, other_faults;

/* Where an attempt is, and where it goes on when it has faulted. */
struct attempt {
    uint64_t at, behind;
};
extern const struct attempt attempts_start[] __asm__("__start_attempt_table");
extern const struct attempt attempts_end[] __asm__("__stop_attempt_table");

#define ATTEMPT(instruction, ...)                                                                  \
    __asm__ volatile("1: " instruction "\n"                                                        \
                     "2:\n\t"                                                                      \
                     ".pushsection attempt_table, \"aw\"\n\t"                                      \
                     ".quad 1b, 2b\n\t"                                                            \
                     ".popsection" __VA_ARGS__)

/* One store and one load, with nothing before them that enters the kernel. */
static inline __attribute__((always_inline)) void attempt_both(void)
{
    uint64_t loaded = FOREIGN_VALUE;
    attempts += 2;
    ATTEMPT("movq %1, (%0)", : : "r"(target), "r"(FOREIGN_VALUE) : "memory");
    ATTEMPT("movq (%1), %0", : "+r"(loaded) : "r"(target) : "memory");
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    for (const struct attempt *attempt = attempts_start; attempt < attempts_end; attempt++) {
        if ((uint64_t)*rip == attempt->at) {
            *rip = (greg_t)attempt->behind;
            faults++;
            other_faults += info->si_code != SEGV_PKUERR || info->si_addr != target;
            return;
        }
    }
    _exit(99);
}

static void on_signal(int signo)
{
    (void)signo;
    attempt_both();
}

static void *in_thread(void *argument)
{
    attempt_both();
    return argument;
}

static void attempt_in_child(long pid)
{
    if (pid == 0) {
        int before = faults;
        attempt_both();
        _exit(other_faults == 0 ? faults - before : 99);
    }
    int status;
    MUST(waitpid((pid_t)pid, &status, 0));
    CHECK(WIFEXITED(status), "the child: %s", ending_word(status));
    attempts += 2;
    faults += WEXITSTATUS(status);
}

int main(void)
{
    call_code *unseen = unseen_call();
    struct timespec now;
    uint64_t mask = 0;
    pthread_t thread;

    target = target_page_for_kernel();
    raw_handle(SIGSEGV, on_fault, SA_SIGINFO | SA_NODEFER, 0);
    attempt_both(); /* behind a call that the monitor carries out itself */
    raw(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    attempt_both();
    raw(SYS_getppid);
    attempt_both();
    raw(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, KERNEL_SIGSET_BYTES);
    attempt_both();
    unseen(0, 0, 0, 0, 0, 0, SYS_getppid);
    attempt_both();
    unseen(SIG_BLOCK, (long)&mask, 0, KERNEL_SIGSET_BYTES, 0, 0, SYS_rt_sigprocmask);
    attempt_both();
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    attempt_both();
    raw(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    attempt_both();
    raw(SYS_execve, "/no/such/program", NULL, NULL);
    attempt_both();
    attempt_in_child(raw(SYS_fork));
    attempt_both();
    CHECK_EQ(pthread_create(&thread, NULL, in_thread, NULL), 0, "pthread_create");
    pthread_join(thread, NULL);
    CHECK(faults == 0 || faults == attempts, "%d of %d attempts faulted", faults, attempts);
    if (faults == 0) {
        reached();
    }
    not_reached(other_faults == 0 ? "PKUERR" : "another-fault");
}
