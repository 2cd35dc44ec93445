/* M11: an rseq area of a thread: the kernel writes it, and moves control when a thread is
 * preempted. */
#include "attack.h"

#ifndef SYS_rseq
#define SYS_rseq 334
#endif

static volatile int answer = 1;

/* A thread without libc has no area yet. */
static int attempt(void *argument)
{
    static uint8_t area[32] __attribute__((aligned(32)));
    (void)argument;
    answer = (int)raw(SYS_rseq, area, sizeof area, 0, 0x53053053);
    return 0;
}

int main(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    CHECK(
        raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
                  stack + sizeof stack, NULL, NULL, NULL, attempt, NULL) > 0,
        "clone");
    while (answer == 1) {
        sched_yield();
    }
    if (answer == 0) {
        reached();
    }
    not_reached("%s", strerrorname_np(-answer));
}
