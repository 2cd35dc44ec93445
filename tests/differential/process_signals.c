/*
 * Signals where processes are made and replaced: fork, vfork and spawn in handlers and under a rain
 * of signals, what a vfork child does to its own signals, and what is pending across exec.
 */
#include "common.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/time.h>

extern char **environ;
static char *program;
static volatile int calls;
static volatile pid_t handled_in, made;

/* Those that a monitor may hold itself, and one that it may not. */
static const int signals[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGSYS};
#define SIGNALS (int)(sizeof signals / sizeof *signals)

struct kernel_altstack {
    void *sp;
    int flags, pad;
    size_t size;
};

static uint8_t area[65536] __attribute__((aligned(4096)));

static void use_area(int flags)
{
    struct kernel_altstack stack = {area, flags, 0, sizeof area};
    CHECK_EQ(raw(SYS_sigaltstack, &stack, NULL), 0, "sigaltstack");
}

static int stack_flags(void)
{
    struct kernel_altstack stack = {.flags = -1};
    raw(SYS_sigaltstack, NULL, &stack);
    return stack.flags;
}

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    handled_in = (pid_t)raw(SYS_getpid);
    calls++;
}

#define EXPECT_OUTPUT(part) say(#part ": %s\n", ending(in_child(part)))

/* ---------------------------------------------------------------- in handlers */

static void fork_here(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    made = (pid_t)raw(SYS_fork);
    calls = stack_flags();
}

/* Both sides are on the alternate stack in the handler, and off it behind. */
static void fork_on_alternate_stack(void)
{
    use_area(0);
    for (int i = 0; i < SIGNALS; i++) {
        raw_handle(signals[i], fork_here, SA_SIGINFO | SA_ONSTACK, 0);
        raw(SYS_tkill, raw_tid(), signals[i]);
        CHECK_EQ(calls, SS_ONSTACK, "state of the stack in the handler");
        CHECK_EQ(stack_flags(), 0, "state of the stack behind it");
        CHECK_EQ(current_mask(), 0, "mask");
        if (made == 0) {
            _exit(24);
        }
        CHECK_EQ(wait_for(made), 24 << 8, "the child");
    }
}

static void vfork_here(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    pid_t pid = vfork();
    if (pid == 0) {
        struct kernel_altstack off = {.flags = SS_DISABLE};
        int flags = stack_flags();
        _exit(flags * 10 + (raw(SYS_sigaltstack, &off, NULL) == -EPERM));
    }
    made = pid;
}

static void vfork_on_alternate_stack(void)
{
    use_area(0);
    raw_handle(SIGUSR1, vfork_here, SA_SIGINFO | SA_ONSTACK, 0);
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(wait_for(made), (SS_ONSTACK * 10 + 1) << 8, "the child is on the stack");
    CHECK_EQ(stack_flags(), 0, "state of the stack behind the handler");
}

static void exec_here(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    execl(program, program, "look", NULL);
}

/* In a handler of a fault, on a stack that is disarmed meanwhile. */
static void exec_on_alternate_stack(void)
{
    use_area((int)(1U << 31)); /* SS_AUTODISARM */
    raw_handle(SIGSEGV, exec_here, SA_SIGINFO | SA_ONSTACK, SIGNAL_BIT(SIGBUS));
    __asm__ volatile("movb $1, 8");
}

static void system_here(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls = system("exit 7");
}

static void system_in_handler(void)
{
    use_area(0);
    for (int i = 0; i < SIGNALS; i++) {
        raw_handle(signals[i], system_here, SA_SIGINFO | SA_ONSTACK, 0);
        calls = 0;
        raw(SYS_tkill, raw_tid(), signals[i]);
        CHECK_EQ(calls, 7 << 8, "system");
        CHECK_EQ(current_mask(), 0, "mask");
    }
}

#define GENERATIONS 50

/* Each child's end makes the next, in the handler. */
static void reap_and_fork(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    while (raw(SYS_wait4, -1, NULL, WNOHANG, NULL) > 0) {
        if (++calls < GENERATIONS && raw(SYS_fork) == 0) {
            _exit(0);
        }
    }
}

static void chain_of_children(void)
{
    raw_handle(SIGCHLD, reap_and_fork, SA_SIGINFO | SA_RESTART, 0);
    if (raw(SYS_fork) == 0) {
        _exit(0);
    }
    while (calls < GENERATIONS) {
        raw(SYS_sched_yield);
    }
    CHECK_EQ(raw(SYS_wait4, -1, NULL, 0, NULL), -ECHILD, "children left");
}

/* ---------------------------------------------------------------- interrupted calls */

/* Without SA_RESTART a handler ends the call, whatever signal it is for. */
static void without_restart(void)
{
    int ends[2];
    char byte;
    MUST(pipe(ends));
    for (int i = 0; i < SIGNALS; i++) {
        raw_handle(signals[i], count, SA_SIGINFO, 0);
        pid_t self = getpid(), pid = MUST(fork());
        if (pid == 0) {
            wait_until_blocked(self, self);
            kill(self, signals[i]);
            wait_until_blocked(self, self); /* waits for this one, or goes on reading */
            CHECK_EQ(write(ends[1], "x", 1), 1, "write");
            _exit(0);
        }
        long result = raw(SYS_read, ends[0], &byte, 1);
        CHECK_EQ(wait_for(pid), 0, "the child");
        if (result < 0) {
            CHECK_EQ(read(ends[0], &byte, 1), 1, "read");
        }
        say("  read interrupted by %d: %s\n", signals[i],
            result < 0 ? strerror((int)-result) : "went on");
    }
}

/* ---------------------------------------------------------------- vfork children */

/* What SA_RESETHAND resets in the child stays with the parent. */
static void vfork_resets(void)
{
    for (volatile int i = 0; i < SIGNALS; i++) {
        int signo = signals[i];
        raw_handle(signo, count, SA_SIGINFO | SA_RESETHAND, 0);
        calls = 0;
        pid_t pid = vfork();
        if (pid == 0) {
            raw(SYS_tkill, raw(SYS_gettid), signo);
            raw(SYS_tkill, raw(SYS_gettid), signo); /* meets the default */
            _exit(1);
        }
        CHECK_EQ(wait_for(pid) & 0x7f, signo, "what ended the child");
        CHECK_EQ(calls, 1, "handler calls in the child");
        raw(SYS_tkill, raw_tid(), signo);
        CHECK_EQ(calls, 2, "handler calls in the parent");
        CHECK_EQ(handled_in, getpid(), "the process that handled the last");
    }
}

/* Pending in one is not pending in the other, in either direction. */
static void vfork_pending(void)
{
    static volatile uint64_t pending;
    for (volatile int i = 0; i < SIGNALS; i++) {
        int signo = signals[i];
        raw_handle(signo, count, SA_SIGINFO, 0);
        raw_mask(SIG_SETMASK, SIGNAL_BIT(signo));
        for (volatile int which = 0; which < 2; which++) {
            calls = 0;
            if (which) {
                raw(SYS_kill, getpid(), signo);
            }
            pid_t pid = vfork();
            if (pid == 0) {
                uint64_t now = 0;
                if (!which) {
                    raw(SYS_kill, raw(SYS_getpid), signo);
                }
                raw(SYS_rt_sigpending, &now, KERNEL_SIGSET_BYTES);
                pending = now;
                _exit(0);
            }
            CHECK_EQ(wait_for(pid), 0, "the child");
            CHECK_EQ(pending, which ? 0 : SIGNAL_BIT(signo), "pending in the child");
            CHECK_EQ(pending_signals(), which ? SIGNAL_BIT(signo) : 0, "pending in the parent");
            raw_mask(SIG_SETMASK, 0);
            CHECK_EQ(calls, which, "handler calls in the parent");
            raw_mask(SIG_SETMASK, SIGNAL_BIT(signo));
        }
        raw_mask(SIG_SETMASK, 0);
    }
}

/* A signal to the whole group is handled by each, the parent when it runs again. */
static void vfork_group(void)
{
    MUST(setpgid(0, 0));
    for (volatile int i = 0; i < SIGNALS; i++) {
        raw_handle(signals[i], count, SA_SIGINFO, 0);
        calls = 0;
        pid_t pid = vfork();
        if (pid == 0) {
            raw(SYS_kill, 0, signals[i]);
            _exit(calls);
        }
        CHECK_EQ(wait_for(pid), 1 << 8, "handler calls until the child's end");
        CHECK_EQ(calls, 2, "handler calls");
        CHECK_EQ(handled_in, getpid(), "the process that handled the last");
    }
}

/* Timers are not shared, although the memory is. */
static void vfork_timers(void)
{
    struct itimerval soon = {.it_value = {0, 1000}}, later = {.it_value = {0, 200000}};
    raw_handle(SIGALRM, count, SA_SIGINFO, 0);
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGALRM)); /* the parent's may come before the child's */
    MUST(setitimer(ITIMER_REAL, &later, NULL));
    pid_t pid = vfork();
    if (pid == 0) {
        raw_mask(SIG_UNBLOCK, SIGNAL_BIT(SIGALRM));
        raw(SYS_setitimer, ITIMER_REAL, &soon, NULL);
        while (calls == 0) {
            raw(SYS_getppid);
        }
        _exit(handled_in == (pid_t)raw(SYS_getpid) ? 6 : 7);
    }
    raw_mask(SIG_UNBLOCK, SIGNAL_BIT(SIGALRM));
    while (calls < 2) {
        raw(SYS_sched_yield);
    }
    CHECK_EQ(wait_for(pid), 6 << 8, "the process that handled the child's alarm");
    CHECK_EQ(handled_in, getpid(), "the process that handled the parent's alarm");
}

/* The child stops itself while the parent waits for it; somebody else lets it go on. */
static void vfork_stops(void)
{
    static int ends[2];
    pid_t child;
    int status;
    MUST(pipe(ends));
    pid_t middle = MUST(fork());
    if (middle == 0) {
        pid_t pid = vfork();
        if (pid == 0) {
            pid_t self = (pid_t)raw(SYS_getpid);
            raw(SYS_write, ends[1], &self, sizeof self);
            raw(SYS_kill, self, SIGSTOP);
            _exit(5);
        }
        _exit(WEXITSTATUS(wait_for(pid)));
    }
    CHECK_EQ(read(ends[0], &child, sizeof child), (long)sizeof child, "read");
    char path[64], text[512], *state;
    snprintf(path, sizeof path, "/proc/%d/stat", child);
    do {
        int fd = MUST(open(path, O_RDONLY));
        ssize_t length = read(fd, text, sizeof text - 1);
        close(fd);
        CHECK(length > 0, "reading %s", path);
        text[length] = '\0';
        state = strrchr(text, ')');
    } while (!state || state[2] != 'T');
    CHECK_EQ(waitpid(middle, &status, WNOHANG), 0, "the parent while its child is stopped");
    MUST(kill(child, SIGCONT));
    CHECK_EQ(wait_for(middle), 5 << 8, "status of the child");
}

/* ---------------------------------------------------------------- under a rain of signals */

static void *never_ends(void *argument)
{
    for (;;) {
        pause();
    }
    return argument;
}

static void spawn_in_rain(void)
{
    raw_handle(SIGUSR1, count, SA_SIGINFO | SA_RESTART, 0);
    raw_handle(SIGBUS, count, SA_SIGINFO | SA_RESTART, 0);
    volatile int *steps =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(steps != MAP_FAILED, "mmap");
    pid_t self = getpid(), rain = MUST(fork());
    if (rain == 0) {
        struct burst burst = {0};
        while (getppid() == self) {
            if (!burst_is_over(&burst, *steps)) {
                kill(self, SIGUSR1);
                kill(self, SIGBUS);
            }
            /* some bursts meet the beginning of a step, some all of it */
            nanosleep(&(struct timespec){0, 50000 * (1 + burst.step % 8)}, NULL);
        }
        _exit(0);
    }
    while (calls == 0) {
        sched_yield();
    }
    for (int i = 0; i < 40; i++) {
        char *argv[] = {(char *)"true", NULL};
        pid_t pid;
        CHECK_EQ(posix_spawnp(&pid, "true", NULL, NULL, argv, environ), 0, "posix_spawnp");
        ++*steps;
        CHECK_EQ(wait_for(pid), 0, "true");
        CHECK_EQ(current_mask(), 0, "mask");
        ++*steps;
    }
    MUST(kill(rain, SIGKILL));
    wait_for(rain);
}

/* ---------------------------------------------------------------- across exec */

static void *exec_in_thread(void *argument)
{
    execl(program, program, "look", NULL);
    return argument;
}

/* What waits for the process stays, what waits for the thread stays with the one that executes. */
static void pending_for_all(void)
{
    pthread_t thread;
    raw_mask(SIG_SETMASK, ~0ULL);
    CHECK_EQ(pthread_create(&thread, NULL, never_ends, NULL), 0, "pthread_create");
    for (int i = 0; i < SIGNALS; i++) {
        raw(SYS_kill, getpid(), signals[i]);
    }
    raw(SYS_tkill, raw_tid(), SIGUSR2);
    CHECK_EQ(pthread_create(&thread, NULL, exec_in_thread, NULL), 0, "pthread_create");
    never_ends(NULL);
}

static int kept;

/* Handled before exec and pending across it: it meets the default behind. */
static void pending_then_open(void)
{
    raw_handle(kept, count, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, SIGNAL_BIT(kept));
    raw(SYS_kill, getpid(), kept);
    execl(program, program, "open", NULL);
}

static void exec_again(int times)
{
    char number[16];
    snprintf(number, sizeof number, "%d", times);
    execl(program, program, "again", number, NULL);
}

/* An interval timer survives exec; where its signal is ignored it disturbs no start. */
static void timer_through_execs(void)
{
    struct itimerval often = {{0, 500}, {0, 500}};
    disposition(SIGALRM, SIG_IGN);
    MUST(setitimer(ITIMER_REAL, &often, NULL));
    exec_again(20);
}

static int executed(char **argv)
{
    if (strcmp(argv[1], "look") == 0) {
        say("  after exec: mask 0x%llx pending 0x%llx stack flags %d\n",
            (unsigned long long)current_mask(), (unsigned long long)pending_signals(),
            stack_flags());
    } else if (strcmp(argv[1], "open") == 0) {
        raw_mask(SIG_SETMASK, 0);
        say("  after exec: the signal was lost\n");
    } else if (atoi(argv[2]) > 0) {
        exec_again(atoi(argv[2]) - 1);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1) {
        return executed(argv);
    }
    EXPECT_OUTPUT(fork_on_alternate_stack);
    EXPECT_OUTPUT(vfork_on_alternate_stack);
    EXPECT_OUTPUT(exec_on_alternate_stack);
    EXPECT_OUTPUT(system_in_handler);
    EXPECT_OUTPUT(chain_of_children);
    EXPECT_OUTPUT(without_restart);
    EXPECT_OUTPUT(vfork_resets);
    EXPECT_OUTPUT(vfork_pending);
    EXPECT_OUTPUT(vfork_group);
    EXPECT_OUTPUT(vfork_timers);
    EXPECT_OUTPUT(vfork_stops);
    EXPECT_OUTPUT(spawn_in_rain);
    EXPECT_OUTPUT(pending_for_all);
    for (int i = 0; i < SIGNALS; i++) {
        kept = signals[i];
        say("signal %d\n", kept);
        EXPECT_OUTPUT(pending_then_open);
    }
    EXPECT_OUTPUT(timer_through_execs);
    return 0;
}
