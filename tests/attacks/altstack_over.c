/* S5: an alternate stack over the monitor's memory: the frame of a signal is to stand there. */
#include "attack.h"

#define STACK_BYTES (16 * PAGE)

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
    const uint8_t *end = (const uint8_t *)target + PAGE;
    stack_t stack = {.ss_sp = (void *)(uintptr_t)(end - STACK_BYTES), .ss_size = STACK_BYTES};
    if (sigaltstack(&stack, NULL) != 0) {
        _exit(2);
    }
    raw_handle(SIGUSR1, look, SA_SIGINFO | SA_ONSTACK, 0);
    raw(SYS_tgkill, getpid(), raw_tid(), SIGUSR1);
    _exit(3);
}

int main(void)
{
    uint64_t *pages = map_pages(STACK_BYTES, PROT_READ | PROT_WRITE);
    target = under_monitor() ? target_page() : pages + 15 * PAGE / sizeof *pages;
    int status = in_child(attempt);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        reached();
    }
    not_reached("%s", ending_word(status));
}
