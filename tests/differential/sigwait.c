/*
 * Taking signals without a handler: rt_sigtimedwait and signalfd. What a monitor has queued must be
 * found by them, in the kernel's order, with the kernel's siginfo, and not be delivered besides.
 */
#include "common.h"
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>

static volatile int calls;

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls++;
}

static long take(uint64_t set, siginfo_t *info, long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    return raw(SYS_rt_sigtimedwait, &set, info, milliseconds < 0 ? NULL : &time, 8);
}

static void test_every_signal(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        if (signo == SIGKILL || signo == SIGSTOP) {
            continue;
        }
        struct kernel_sigaction first;
        raw_action(signo, NULL, &first);
        raw_handle(signo, count, SA_SIGINFO, 0);
        siginfo_t info;
        CHECK_EQ(take(SIGNAL_BIT(signo), &info, 0), -EAGAIN, "nothing pending");
        CHECK_EQ(raw(SYS_kill, getpid(), signo), 0, "kill");
        CHECK_EQ(take(~SIGNAL_BIT(signo), &info, 0), -EAGAIN, "another one pending");
        memset(&info, 0xee, sizeof info);
        CHECK_EQ(take(SIGNAL_BIT(signo), &info, -1), signo, "sigwaitinfo");
        CHECK(info.si_signo == signo && info.si_code == SI_USER && info.si_pid == getpid(),
              "signal %d: siginfo %d %d %d", signo, info.si_signo, info.si_code, info.si_pid);
        CHECK_EQ(raw(SYS_tkill, raw_tid(), signo), 0, "tkill");
        CHECK_EQ(take(~0ULL, NULL, 1000), signo, "sigtimedwait without an info");
        CHECK_EQ(pending_signals(), 0, "pending");
        raw_action(signo, &first, NULL);
    }
    raw_mask(SIG_SETMASK, 0);
    CHECK_EQ(calls, 0, "handler calls for signals that were waited for");
    say("every signal: taken once\n");
}

static void test_order(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    for (int i = 0; i < 5; i++) {
        for (int signo = 62; signo >= 58; signo -= 2) {
            MUST(sigqueue(getpid(), signo, (union sigval){.sival_int = i}));
        }
    }
    raw(SYS_kill, getpid(), SIGUSR1);
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    raw(SYS_tkill, raw_tid(), SIGSEGV);
    raw(SYS_kill, getpid(), SIGHUP);
    siginfo_t info;
    for (long signo; (signo = take(~0ULL, &info, 0)) > 0;) {
        say("taken %ld code %d value %d\n", signo, info.si_code,
            info.si_code == SI_QUEUE ? info.si_value.sival_int : -1);
    }
    raw_mask(SIG_SETMASK, 0);
}

static void test_errors(void)
{
    void *nothing = map_pages(4096, PROT_NONE);
    uint64_t set = SIGNAL_BIT(SIGUSR1);
    struct timespec negative = {-1, 0}, large = {0, 1000000000}, zero = {0, 0};
    CHECK_EQ(raw(SYS_rt_sigtimedwait, &set, NULL, &zero, 4), -EINVAL, "size");
    CHECK_EQ(raw(SYS_rt_sigtimedwait, nothing, NULL, &zero, 8), -EFAULT, "set");
    CHECK_EQ(raw(SYS_rt_sigtimedwait, &set, NULL, nothing, 8), -EFAULT, "time");
    CHECK_EQ(raw(SYS_rt_sigtimedwait, &set, NULL, &negative, 8), -EINVAL, "negative time");
    CHECK_EQ(raw(SYS_rt_sigtimedwait, &set, NULL, &large, 8), -EINVAL, "a billion ns");
    raw_mask(SIG_BLOCK, set);
    raw(SYS_kill, getpid(), SIGUSR1);
    CHECK_EQ(raw(SYS_rt_sigtimedwait, &set, nothing, &zero, 8), -EFAULT, "info unwritable");
    CHECK_EQ(pending_signals(), 0, "the signal was taken all the same");
    raw_mask(SIG_SETMASK, 0);
    MUST(munmap(nothing, 4096));
    say("errors: all\n");
}

/* Another signal's handler ends the wait; SA_RESTART doesn't matter. */
static void test_interrupted(void)
{
    raw_handle(SIGUSR2, count, SA_SIGINFO | SA_RESTART, 0);
    pid_t self = getpid();
    for (int timed = 0; timed < 2; timed++) {
        calls = 0;
        pid_t pid = MUST(fork());
        if (pid == 0) {
            wait_until_blocked(self, self);
            kill(self, SIGUSR2);
            _exit(0);
        }
        raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1));
        CHECK_EQ(take(SIGNAL_BIT(SIGUSR1), NULL, timed ? 1000000 : -1), -EINTR, "sigtimedwait");
        raw_mask(SIG_SETMASK, 0);
        wait_for(pid);
        CHECK_EQ(calls, 1, "handler calls");
    }
    long long start = monotonic_ns();
    CHECK_EQ(take(SIGNAL_BIT(SIGUSR1), NULL, 30), -EAGAIN, "time over");
    CHECK(monotonic_ns() - start >= 30000000, "sigtimedwait came back too early");
    say("interrupted: EINTR\n");
}

/* The signal comes from outside while the call waits, for signals not blocked as well. */
static void test_arrives_while_waiting(void)
{
    static const int signals[] = {SIGUSR1, SIGSYS, SIGSEGV, SIGTRAP, SIGCHLD, 33, 64};
    pid_t self = getpid();
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        for (int blocked = 0; blocked < 2; blocked++) {
            struct kernel_sigaction first;
            raw_action(signals[i], NULL, &first);
            raw_handle(signals[i], count, SA_SIGINFO, 0);
            raw_mask(SIG_SETMASK, blocked ? SIGNAL_BIT(signals[i]) | SIGNAL_BIT(SIGCHLD) : 0);
            calls = 0;
            pid_t pid = MUST(fork());
            if (pid == 0) {
                wait_until_blocked(self, self);
                MUST(sigqueue(self, signals[i], (union sigval){.sival_int = 5}));
                for (;;) {
                    pause(); /* its end is a SIGCHLD too */
                }
            }
            siginfo_t info;
            CHECK_EQ(take(SIGNAL_BIT(signals[i]), &info, -1), signals[i], "sigwaitinfo");
            CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == 5 && info.si_pid == pid,
                  "signal %d: siginfo differs", signals[i]);
            CHECK_EQ(calls, 0, "handler calls");
            MUST(kill(pid, SIGKILL));
            wait_for(pid);
            raw_action(signals[i], &(struct kernel_sigaction){SIG_IGN, 0, NULL, 0}, NULL);
            raw_mask(SIG_SETMASK, 0);
            raw_action(signals[i], &first, NULL);
        }
    }
    say("while waiting: taken, no handler\n");
}

/* ---------------------------------------------------------------- signalfd */

static void test_signalfd(void)
{
    static const int signals[] = {SIGUSR1, SIGTRAP, 33, 64};
    uint64_t all = ~0ULL;
    raw_mask(SIG_SETMASK, all);
    int fd = (int)raw(SYS_signalfd4, -1, &all, 8, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(fd >= 0, "signalfd4: %s", strerror(-fd));
    struct signalfd_siginfo info[4];
    CHECK_EQ(raw(SYS_read, fd, info, sizeof info), -EAGAIN, "read with nothing pending");
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        MUST(sigqueue(getpid(), signals[i], (union sigval){.sival_int = 1000 + (int)i}));
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        CHECK_EQ(poll(&poll_fd, 1, 1000), 1, "poll on a signalfd");
        memset(info, 0xee, sizeof info);
        CHECK_EQ(raw(SYS_read, fd, info, sizeof info), (long)sizeof info[0], "read");
        CHECK(info[0].ssi_signo == (unsigned)signals[i] && info[0].ssi_code == SI_QUEUE &&
                  info[0].ssi_int == 1000 + (int)i && info[0].ssi_pid == (unsigned)getpid(),
              "signal %d: siginfo read from the signalfd differs", signals[i]);
        CHECK_EQ(pending_signals(), 0, "pending after the read");
    }
    raw(SYS_kill, getpid(), SIGTERM);
    raw(SYS_tkill, raw_tid(), SIGHUP);
    raw(SYS_tkill, raw_tid(), SIGTRAP);
    CHECK_EQ(raw(SYS_read, fd, info, sizeof info), 3 * (long)sizeof info[0], "read of three");
    for (int i = 0; i < 3; i++) {
        say("signalfd: %u code %d\n", info[i].ssi_signo, info[i].ssi_code);
    }
    close(fd);
    raw_mask(SIG_SETMASK, 0);
}

/* Signals that a fault or a filter raises, sent by somebody: an emulation may keep them to itself.
 */
static void test_signalfd_of_faults(void)
{
    static const struct {
        int signo;
        const char *name;
    } rows[] = {{SIGSYS, "SIGSYS"}, {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}};
    uint64_t all = ~0ULL;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        raw_mask(SIG_SETMASK, all);
        int fd = (int)raw(SYS_signalfd4, -1, &all, 8, SFD_NONBLOCK | SFD_CLOEXEC);
        struct signalfd_siginfo info;
        siginfo_t taken;
        raw(SYS_tkill, raw_tid(), rows[i].signo);
        bool readable = raw(SYS_read, fd, &info, sizeof info) == sizeof info;
        say("signalfd, blocked %s: %s\n", rows[i].name, readable ? "readable" : "not readable");
        if (!readable) { /* then it is pending all the same */
            CHECK_EQ(take(SIGNAL_BIT(rows[i].signo), &taken, 0), rows[i].signo, rows[i].name);
        }
        CHECK_EQ(pending_signals(), 0, "pending afterwards");
        close(fd);
        raw_mask(SIG_SETMASK, 0);
    }
}

static const int process_signals[] = {SIGUSR1, SIGSYS, SIGSEGV, SIGBUS, SIGFPE};
#define PROCESS_SIGNALS (sizeof process_signals / sizeof *process_signals)

static void *waiter(void *signo)
{
    siginfo_t info;
    return (void *)take(SIGNAL_BIT((long)signo), &info, -1);
}

/* A process-directed signal goes to the thread that waits for it. */
static void test_waiting_thread(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    for (unsigned i = 0; i < 20 * PROCESS_SIGNALS; i++) {
        pthread_t thread;
        void *result;
        long signo = process_signals[i % PROCESS_SIGNALS];
        CHECK_EQ(pthread_create(&thread, NULL, waiter, (void *)signo), 0, "pthread_create");
        if (i % 2 == 0) {
            sleep_ms(3);
        }
        raw(SYS_kill, getpid(), signo);
        pthread_join(thread, &result);
        CHECK_EQ((long)result, signo, "taken by the waiting thread");
        CHECK_EQ(pending_signals(), 0, "pending");
    }
    raw_mask(SIG_SETMASK, 0);
    say("waiting thread: takes it\n");
}

static volatile int opened_by, step;

static void note_opener(int signo)
{
    (void)signo;
    opened_by = (int)raw_tid();
}

static void *opener(void *signo)
{
    step = 1;
    while (step == 1) {
        sched_yield();
    }
    CHECK_EQ(pending_signals(), SIGNAL_BIT((long)signo), "pending, seen by another thread");
    raw_mask(SIG_SETMASK, 0);
    CHECK_EQ(opened_by, raw_tid(), "the thread that handles it");
    return NULL;
}

/* A process-directed signal that all threads block goes to the first that opens it. */
static void test_opening_thread(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    for (unsigned i = 0; i < PROCESS_SIGNALS; i++) {
        pthread_t thread;
        long signo = process_signals[i];
        struct sigaction action = {.sa_handler = note_opener}, first;
        MUST(sigaction((int)signo, &action, &first));
        step = opened_by = 0;
        CHECK_EQ(pthread_create(&thread, NULL, opener, (void *)signo), 0, "pthread_create");
        while (step == 0) {
            sched_yield();
        }
        raw(SYS_kill, getpid(), signo);
        CHECK_EQ(pending_signals(), SIGNAL_BIT(signo), "pending");
        step = 2;
        pthread_join(thread, NULL);
        CHECK_EQ(pending_signals(), 0, "pending when it has been handled");
        raw(SYS_kill, getpid(), signo);
        action.sa_handler = SIG_IGN;
        MUST(sigaction((int)signo, &action, NULL));
        CHECK_EQ(pending_signals(), 0, "pending when it is ignored");
        MUST(sigaction((int)signo, &first, NULL));
    }
    raw_mask(SIG_SETMASK, 0);
    say("opening thread: gets it\n");
}

int main(void)
{
    test_every_signal();
    test_order();
    test_errors();
    test_interrupted();
    test_arrives_while_waiting();
    test_signalfd();
    test_signalfd_of_faults();
    test_waiting_thread();
    test_opening_thread();
    return 0;
}
