/*
 * S7: the stack pointer inside the monitor's part when a signal comes: the frame is to stand there,
 * over what the monitor keeps. Natively over a page of the program's.
 */
#include "attack.h"

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

static void attempt(void)
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
    int status = in_child(attempt);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        reached();
    }
    not_reached("%s", ending_word(status));
}
