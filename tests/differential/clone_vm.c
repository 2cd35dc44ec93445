/*
 * Processes that share their memory without being threads: CLONE_VM without CLONE_THREAD. Each has
 * its own pid, mask and (without CLONE_SIGHAND) handlers.
 */
#include "common.h"
#include <sched.h>

#define STACK 65536
static uint8_t stacks[8][STACK] __attribute__((aligned(64)));
static volatile int shared, handler_pid, stage;

static void note(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    handler_pid = (int)raw(SYS_getpid);
}

static int child(void *argument)
{
    int pid = (int)raw(SYS_getpid);
    __atomic_fetch_add(&shared, 1 + (int)(long)argument, __ATOMIC_SEQ_CST);
    struct kernel_sigaction action = {(void *)note, SA_SIGINFO | SA_RESTORER, (void *)raw_restorer,
                                      0};
    raw(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
    raw(SYS_kill, pid, SIGUSR1);
    uint64_t mask = SIGNAL_BIT(SIGTERM);
    raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
    return handler_pid == pid && raw(SYS_gettid) == pid ? 17 : 18;
}

static void test_flags(long flags, const char *name)
{
    disposition(SIGUSR1, SIG_DFL);
    for (int i = 0; i < 50; i++) {
        shared = 0;
        long pid =
            raw_clone(flags | SIGCHLD, stacks[0] + STACK, NULL, NULL, NULL, child, (void *)4);
        CHECK(pid > 0, "clone: %ld", pid);
        CHECK_EQ(wait_for((pid_t)pid), 17 << 8, name);
        CHECK_EQ(shared, 5, "memory is shared");
        CHECK_EQ(current_mask(), 0, "the mask is not");
    }
    struct kernel_sigaction action;
    raw_action(SIGUSR1, NULL, &action);
    say("%s: handlers %s\n", name, action.handler ? "shared" : "separate");
}

static int spin_together(void *argument)
{
    for (int i = 0; i < 20000; i++) {
        __atomic_fetch_add(&shared, 1, __ATOMIC_SEQ_CST);
        if (i % 16 == 0) {
            raw(SYS_sched_yield);
        }
    }
    return (int)(long)argument;
}

static void test_at_once(void)
{
    long pids[8];
    shared = 0;
    for (long i = 0; i < 8; i++) {
        pids[i] = raw_clone(CLONE_VM | SIGCHLD, stacks[i] + STACK, NULL, NULL, NULL, spin_together,
                            (void *)(i + 10));
        CHECK(pids[i] > 0, "clone: %ld", pids[i]);
    }
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(wait_for((pid_t)pids[i]), (i + 10) << 8, "status");
    }
    CHECK_EQ(shared, 160000, "counted together");
    say("eight at once\n");
}

static int die(void *argument)
{
    (void)argument;
    raw(SYS_kill, raw(SYS_getpid), SIGKILL);
    return 0;
}

/* One that is killed takes nobody with it. */
static void test_killed(void)
{
    long pid = raw_clone(CLONE_VM | SIGCHLD, stacks[0] + STACK, NULL, NULL, NULL, die, NULL);
    CHECK(pid > 0, "clone: %ld", pid);
    CHECK_EQ(wait_for((pid_t)pid), SIGKILL, "status");
    CHECK_EQ(raw(SYS_getpid), getpid(), "getpid afterwards");
    say("killed: alone\n");
}

int main(void)
{
    test_flags(CLONE_VM, "CLONE_VM");
    test_flags(CLONE_VM | CLONE_FILES | CLONE_FS, "CLONE_VM with tables");
    test_flags(CLONE_VM | CLONE_VFORK, "CLONE_VM with CLONE_VFORK");
    test_flags(CLONE_VM | CLONE_SIGHAND, "CLONE_VM with CLONE_SIGHAND");
    test_at_once();
    test_killed();
    return 0;
}
