/*
 * S7: the stack pointer inside the monitor's part when a signal comes: the frame is to stand there,
 * over what the monitor keeps. Natively over a page of the program's.
 */
#include "attack.h"

#define ROUNDS 100 /* by then the call is made in the usual way */

static uint64_t *target;
static volatile unsigned *rounds; /* shared: how many calls were made */

static void look(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    for (size_t i = 0; i < PAGE / sizeof *target; i++) {
        if (target[i] != 0) {
            raw(SYS_exit_group, 0);
        }
    }
    raw(SYS_exit_group, 1);
}

/* In a call that the monitor may make with its own rights, which the kernel's frame would have too.
 */
static void attempt_in_call(void)
{
    raw_handle(SIGALRM, look, SA_SIGINFO, 0);
    __asm__ volatile("mov %[stack], %%rsp\n"
                     "1: mov %[number], %%eax\n"
                     "syscall\n"
                     "incl (%[rounds])\n"
                     "jmp 1b\n"
                     :
                     : [stack] "r"(target + PAGE / sizeof *target), [number] "i"(SYS_sched_yield),
                       [rounds] "r"(rounds)
                     : "rax", "rcx", "r11", "memory", "cc");
}

/* The signals come once the stack pointer is where it is to be. */
static int end_in_call(void)
{
    rounds = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(rounds != MAP_FAILED, "mmap: %s", strerror(errno));
    pid_t pid = MUST(fork()), ended;
    if (pid == 0) {
        attempt_in_call();
    }
    int status;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
        if (*rounds >= ROUNDS) {
            MUST(kill(pid, SIGALRM));
        }
        sleep_ms(1);
    }
    CHECK_EQ(ended, pid, "waitpid");
    return status;
}

static void attempt_by_itself(void)
{
    raw_handle(SIGUSR1, look, SA_SIGINFO, 0);
    register long r10 __asm__("r10") = 0;
    __asm__ volatile("mov %[stack], %%rsp\n"
                     "syscall\n"
                     "ud2\n"
                     :
                     : [stack] "r"(target + PAGE / sizeof *target), "a"(SYS_tgkill), "D"(getpid()),
                       "S"(raw_tid()), "d"(SIGUSR1), "r"(r10)
                     : "rcx", "r11", "memory");
}

int main(void)
{
    /* Room for the whole frame: the vector state alone may be larger than a page. */
    uint64_t *pages = map_pages(16 * PAGE, PROT_READ | PROT_WRITE);
    target = under_monitor() ? target_page() : pages + 15 * PAGE / sizeof *pages;
    int succeeded = 0, status = 0;
    for (int i = 0; i < 2; i++) {
        status = i == 0 ? end_in_call() : in_child(attempt_by_itself);
        succeeded += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        CHECK(succeeded == 0 || succeeded == i + 1, "attempt %d ended otherwise", i);
    }
    if (succeeded > 0) {
        reached();
    }
    not_reached("%s", ending_word(status));
}
