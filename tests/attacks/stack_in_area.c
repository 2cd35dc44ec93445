/*
 * S7: the stack pointer inside the monitor's part when a signal comes: the frame is to stand there,
 * over what the monitor keeps. Natively over a page of the program's.
 */
#include "attack.h"
#include <sys/time.h>

static uint64_t *target;

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
    const struct itimerval soon = {{0, 1000}, {0, 1000}};
    raw_handle(SIGALRM, look, SA_SIGINFO, 0);
    MUST(setitimer(ITIMER_REAL, &soon, NULL));
    __asm__ volatile("mov %[stack], %%rsp\n"
                     "1: mov %[number], %%eax\n"
                     "syscall\n"
                     "jmp 1b\n"
                     :
                     : [stack] "r"(target + PAGE / sizeof *target), [number] "i"(SYS_sched_yield)
                     : "rax", "rcx", "r11", "memory");
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
    void (*const attempts[])(void) = {attempt_in_call, attempt_by_itself};
    int succeeded = 0, status = 0;
    for (int i = 0; i < 2; i++) {
        status = in_child(attempts[i]);
        succeeded += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        CHECK(succeeded == 0 || succeeded == i + 1, "attempt %d ended otherwise", i);
    }
    if (succeeded > 0) {
        reached();
    }
    not_reached("%s", ending_word(status));
}
