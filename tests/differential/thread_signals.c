/*
 * Signals among threads: directed at one, or at the process and taken by any that has them open.
 * None is lost, none arrives twice, each comes with its value; threads that sleep in calls are
 * woken.
 */
#include "common.h"
#include <pthread.h>
#include <sched.h>

#define THREADS  8
#define EACH_MAX 2000

static volatile int tids[THREADS], handled_by[THREADS], stop;
static volatile int values_seen[THREADS * EACH_MAX];
static __thread int own_index = -1;
static int each = EACH_MAX; /* signals to a thread */

static int total(void)
{
    int sum = 0;
    for (int i = 0; i < THREADS; i++) {
        sum += handled_by[i];
    }
    return sum;
}

static void note_value(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    int value = info->si_value.sival_int;
    CHECK(value >= 0 && value < THREADS * each, "a value %d that nobody sent", value);
    __atomic_fetch_add(&values_seen[value], 1, __ATOMIC_SEQ_CST);
    if (own_index >= 0) {
        __atomic_fetch_add(&handled_by[own_index], 1, __ATOMIC_SEQ_CST);
    }
}

static void queue(long tid, int signo, int value)
{
    int info[32] = {signo, 0, SI_QUEUE, 0, getpid(), (int)getuid(), value};
    long result;
    do {
        result = tid ? raw(SYS_rt_tgsigqueueinfo, getpid(), tid, signo, info)
                     : raw(SYS_rt_sigqueueinfo, getpid(), signo, info);
    } while (result == -EAGAIN);
    CHECK_EQ(result, 0, "queueing a signal");
}

/* Works in calls of all kinds until told to stop. */
static void *work(void *argument)
{
    own_index = (int)(long)argument;
    int ends[2];
    MUST(pipe(ends));
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGHUP));
    tids[own_index] = raw_tid();
    while (!stop) {
        char byte = 'a';
        CHECK_EQ(write(ends[1], &byte, 1), 1, "write");
        CHECK_EQ(raw(SYS_read, ends[0], &byte, 1), 1, "read");
        CHECK_EQ(raw(SYS_gettid), tids[own_index], "gettid");
        CHECK_EQ(raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGHUP)), SIGNAL_BIT(SIGHUP), "mask");
        struct timespec little = {0, 20000};
        nanosleep(&little, NULL);
    }
    close(ends[0]);
    close(ends[1]);
    return NULL;
}

static pthread_t threads[THREADS];

static void start(void *(*function)(void *))
{
    stop = 0;
    memset((void *)tids, 0, sizeof tids);
    memset((void *)handled_by, 0, sizeof handled_by);
    memset((void *)values_seen, 0, sizeof values_seen);
    for (long i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, function, (void *)i), 0, "pthread_create");
    }
    for (int i = 0; i < THREADS; i++) {
        while (tids[i] == 0) {
            sched_yield();
        }
    }
}

static void finish(int expected)
{
    for (int i = 0; i < 100000 && total() < expected; i++) {
        sleep_ms(1);
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQ(total(), expected, "signals handled");
    for (int i = 0; i < expected; i++) {
        CHECK_EQ(values_seen[i], 1, "times that a value was seen");
    }
}

static void test_directed(void)
{
    start(work);
    for (int i = 0; i < each; i++) {
        for (int thread = 0; thread < THREADS; thread++) {
            queue(tids[thread], 40 + i % 4, i * THREADS + thread);
        }
    }
    finish(THREADS * each);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(handled_by[i], each, "signals of one thread");
    }
    say("directed: %d to each of %d threads\n", each, THREADS);
}

static void test_process_directed(void)
{
    start(work);
    raw_mask(SIG_BLOCK, 0xfULL << 39);
    for (int i = 0; i < THREADS * each / 2; i++) {
        queue(0, 40 + i % 4, i);
    }
    finish(THREADS * each / 2);
    raw_mask(SIG_SETMASK, 0);
    say("for the process: %d taken by any\n", THREADS * each / 2);
}

/* ---------------------------------------------------------------- only one has it open */

static void *sleep_closed(void *argument)
{
    own_index = (int)(long)argument;
    raw_mask(SIG_SETMASK, own_index == 5 ? 0 : ~0ULL);
    tids[own_index] = raw_tid();
    while (!stop) {
        struct timespec little = {0, 500000};
        nanosleep(&little, NULL);
    }
    return NULL;
}

static void test_only_one_open(void)
{
    static const int signals[] = {40, SIGSYS, SIGSEGV, SIGTRAP, SIGUSR1};
    struct kernel_sigaction first[5];
    for (unsigned i = 0; i < 5; i++) {
        raw_action(signals[i], NULL, &first[i]);
        raw_handle(signals[i], note_value, SA_SIGINFO | SA_RESTART, 0);
    }
    start(sleep_closed);
    raw_mask(SIG_SETMASK, ~0ULL);
    for (int i = 0; i < 100; i++) {
        int before = total();
        queue(0, signals[i % 5], i);
        while (total() == before) {
            sched_yield();
        }
    }
    finish(100);
    CHECK_EQ(handled_by[5], 100, "signals of the one thread that has them open");
    raw_mask(SIG_SETMASK, 0);
    for (unsigned i = 0; i < 5; i++) {
        raw_action(signals[i], &first[i], NULL);
    }
    say("the one that has them open gets them\n");
}

/* ---------------------------------------------------------------- threads that signal each other
 */

static void *storm(void *argument)
{
    own_index = (int)(long)argument;
    tids[own_index] = raw_tid();
    for (int i = 0; i < THREADS; i++) {
        while (tids[i] == 0) {
            sched_yield();
        }
    }
    for (int i = 0; i < each / 2; i++) {
        queue(tids[(own_index + 1 + i % (THREADS - 1)) % THREADS], 40 + i % 20,
              own_index * each / 2 + i);
    }
    while (!stop) {
        sched_yield();
    }
    return NULL;
}

static void test_storm(void)
{
    start(storm);
    finish(THREADS * each / 2);
    say("storm: %d from each of %d threads\n", each / 2, THREADS);
}

/* ---------------------------------------------------------------- sleeping threads are woken */

static volatile long results[THREADS];
static int ends[2];

static void note(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    __atomic_fetch_add(&handled_by[own_index], 1, __ATOMIC_SEQ_CST);
}

static void *block(void *argument)
{
    own_index = (int)(long)argument;
    tids[own_index] = raw_tid();
    char byte;
    struct timespec long_time = {50, 0};
    results[own_index] =
        own_index % 2 ? raw(SYS_read, ends[0], &byte, 1) : raw(SYS_nanosleep, &long_time, NULL);
    return NULL;
}

static void test_woken(void)
{
    MUST(pipe(ends));
    raw_handle(SIGUSR2, note, SA_SIGINFO, 0);
    start(block);
    for (int i = 0; i < THREADS; i++) {
        wait_until_blocked(getpid(), tids[i]);
    }
    for (int i = THREADS - 1; i >= 0; i--) {
        CHECK_EQ(handled_by[i], 0, "handler calls before");
        CHECK_EQ(raw(SYS_tgkill, getpid(), tids[i], SIGUSR2), 0, "tgkill");
        pthread_join(threads[i], NULL);
        CHECK_EQ(results[i], -EINTR, "result");
        CHECK_EQ(handled_by[i], 1, "handler calls");
        while (raw(SYS_tgkill, getpid(), tids[i], 0) == 0) {
            sched_yield(); /* joined, and about to vanish */
        }
        CHECK_EQ(raw(SYS_tgkill, getpid(), tids[i], SIGUSR2), -ESRCH, "tgkill to a dead thread");
    }
    say("woken: each by its own signal\n");
}

/* ---------------------------------------------------------------- timers of threads */

static void *own_timer(void *argument)
{
    own_index = (int)(long)argument;
    tids[own_index] = raw_tid();
    struct kernel_sigevent event = {.signo = 45, .notify = 4, .tid = raw_tid()};
    int timer;
    CHECK_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0, "timer_create");
    for (int i = 1; i <= 200; i++) {
        struct itimerspec soon = {.it_value = {0, 1000 + i * 100}};
        CHECK_EQ(raw(SYS_timer_settime, timer, 0, &soon, NULL), 0, "timer_settime");
        while (handled_by[own_index] < i) {
            raw(SYS_sched_yield);
        }
        CHECK_EQ(handled_by[own_index], i, "expirations");
    }
    CHECK_EQ(raw(SYS_timer_delete, timer), 0, "timer_delete");
    return NULL;
}

static void test_thread_timers(void)
{
    raw_handle(45, note, SA_SIGINFO | SA_RESTART, 0);
    start(own_timer);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQ(handled_by[i], 200, "expirations");
    }
    say("timers: 200 for each of %d threads\n", THREADS);
}

/* ---------------------------------------------------------------- storms over one thread */

static volatile int stormed;

/* How far the target of a storm is: see burst_is_over(). */
static volatile int steps;

static void count_storm(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    stormed++;
}

struct sender {
    pthread_t thread;
    pid_t target;
    int signo;
    volatile int sent;
};

/* Doesn't wait for the handler: merging is no loss. */
static void *send_on(void *argument)
{
    struct sender *sender = argument;
    struct burst burst = {0};
    raw_mask(SIG_SETMASK, ~0ULL);
    while (!stop) {
        struct timespec little = {0, 20000};
        if (!burst_is_over(&burst, steps)) {
            CHECK_EQ(raw(SYS_tgkill, getpid(), sender->target, sender->signo), 0, "tgkill");
        }
        raw(SYS_nanosleep, &little, NULL);
    }
    return NULL;
}

/* A program that reads its mask between two handlers sees its own, never what a monitor set. */
static void test_masks_in_a_storm(void)
{
    struct sender senders[2];
    raw_handle(SIGUSR1, count_storm, SA_SIGINFO | SA_RESTART, 0);
    for (int change = 0; change < 2; change++) {
        stop = stormed = 0;
        for (int i = 0; i < 2; i++) {
            senders[i] = (struct sender){.target = raw_tid(), .signo = SIGUSR1};
            CHECK_EQ(pthread_create(&senders[i].thread, NULL, send_on, &senders[i]), 0,
                     "pthread_create");
        }
        int enough = fewer_when_emulated(5000);
        while (stormed < enough) {
            if (change) {
                CHECK_EQ(raw_mask(SIG_SETMASK, 0), 0, "mask when it is set");
            }
            CHECK_EQ(current_mask(), 0, "mask in a storm");
            steps++;
        }
        stop = 1;
        for (int i = 0; i < 2; i++) {
            pthread_join(senders[i].thread, NULL);
        }
    }
    say("storm over one thread: its mask stays\n");
}

/* One at a time: each must be handled before the next is sent. */
static void *send_and_await(void *argument)
{
    struct sender *sender = argument;
    struct burst burst = {0};
    raw_mask(SIG_SETMASK, ~0ULL);
    while (!stop) {
        if (burst_is_over(&burst, steps)) {
            continue;
        }
        int before = stormed;
        sender->sent++;
        CHECK_EQ(raw(SYS_tgkill, getpid(), sender->target, sender->signo), 0, "tgkill");
        while (stormed == before) {
            sched_yield();
        }
    }
    return NULL;
}

/* A fault's signal that somebody sends while the process forks is neither lost nor leaves a mask.
 */
static void test_sent_while_forking(void)
{
    static const int signals[] = {SIGUSR1, SIGSEGV, SIGBUS};
    for (volatile int i = 0; i < 6; i++) {
        int signo = signals[i / 2];
        struct kernel_sigaction first;
        struct sender sender = {.target = raw_tid(), .signo = signo};
        raw_action(signo, NULL, &first);
        raw_handle(signo, count_storm, SA_SIGINFO | SA_RESTART, 0);
        stop = stormed = 0;
        CHECK_EQ(pthread_create(&sender.thread, NULL, send_and_await, &sender), 0,
                 "pthread_create");
        volatile int times = fewer_when_emulated(150);
        for (volatile int forks = 0; forks < times; forks++) {
            pid_t pid = i % 2 ? vfork() : fork();
            if (pid == 0) {
                _exit(0);
            }
            CHECK(pid > 0, "fork: %s", strerror(errno));
            CHECK_EQ(wait_for(pid), 0, "the child");
            CHECK_EQ(current_mask(), 0, "mask after a fork");
            steps++;
        }
        stop = 1;
        pthread_join(sender.thread, NULL);
        CHECK_EQ(stormed, sender.sent, "signals handled");
        raw_action(signo, &first, NULL);
    }
    say("sent while the process forks: each once\n");
}

/* A thread opens and blocks while others send: at whatever instruction one comes, it is handled. */
static volatile int stormed_by[64];

static void count_by_signal(int signo, siginfo_t *info, void *context)
{
    (void)context;
    CHECK_EQ(info->si_signo, signo, "si_signo");
    CHECK_EQ(info->si_code, SI_TKILL, "si_code");
    CHECK_EQ(info->si_pid, getpid(), "si_pid");
    stormed_by[signo]++;
}

static void *send_and_await_signal(void *argument)
{
    struct sender *sender = argument;
    struct burst burst = {0};
    raw_mask(SIG_SETMASK, ~0ULL);
    while (!stop) {
        if (burst_is_over(&burst, steps)) {
            continue;
        }
        int before = stormed_by[sender->signo];
        sender->sent++;
        CHECK_EQ(raw(SYS_tgkill, getpid(), sender->target, sender->signo), 0, "tgkill");
        while (stormed_by[sender->signo] == before) {
            sched_yield();
        }
    }
    return NULL;
}

static void test_opening_and_blocking(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGUSR1};
    struct sender senders[3];
    struct kernel_sigaction first[3];
    stop = 0;
    for (int i = 0; i < 3; i++) {
        raw_action(signals[i], NULL, &first[i]);
        raw_handle(signals[i], count_by_signal, SA_SIGINFO | SA_RESTART, 0);
        senders[i] = (struct sender){.target = raw_tid(), .signo = signals[i]};
        CHECK_EQ(pthread_create(&senders[i].thread, NULL, send_and_await_signal, &senders[i]), 0,
                 "pthread_create");
    }
    uint64_t all =
        SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGHUP);
    int times = fewer_when_emulated(5000);
    for (int i = 0; i < times; i++) {
        CHECK_EQ(raw_mask(SIG_SETMASK, all), 0, "mask when it is open");
        CHECK_EQ(raw_mask(SIG_SETMASK, 0), all, "mask when it is blocked");
        steps++;
        if (i % 8 == 0) {
            raw(SYS_sched_yield);
        }
    }
    stop = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(senders[i].thread, NULL);
        CHECK_EQ(stormed_by[signals[i]], senders[i].sent, "signals handled");
        raw_action(signals[i], &first[i], NULL);
    }
    say("sent to a thread that opens and blocks: each once\n");
}

/* Of the threads that have it open, one has just ended: the other gets it. */
static void *end_at_once(void *argument)
{
    (void)argument;
    raw_mask(SIG_SETMASK, 0);
    return NULL;
}

static void *start_short_threads(void *argument)
{
    (void)argument;
    raw_mask(SIG_SETMASK, ~0ULL);
    while (!stop) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, end_at_once, NULL), 0, "pthread_create");
        pthread_join(thread, NULL);
    }
    return NULL;
}

static void *stay_open(void *argument)
{
    (void)argument;
    raw_mask(SIG_SETMASK, 0);
    while (!stop) {
        struct timespec little = {0, 1000000};
        nanosleep(&little, NULL);
    }
    return NULL;
}

static void test_takers_end(void)
{
    struct kernel_sigaction first;
    pthread_t stays, starts;
    raw_action(SIGBUS, NULL, &first);
    raw_handle(SIGBUS, count_storm, SA_SIGINFO | SA_RESTART, 0);
    raw_mask(SIG_SETMASK, ~0ULL);
    stop = stormed = 0;
    CHECK_EQ(pthread_create(&stays, NULL, stay_open, NULL), 0, "pthread_create");
    CHECK_EQ(pthread_create(&starts, NULL, start_short_threads, NULL), 0, "pthread_create");
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(raw(SYS_kill, getpid(), SIGBUS), 0, "kill");
        while (stormed == i) {
            sched_yield();
        }
        CHECK_EQ(stormed, i + 1, "signals handled");
    }
    stop = 1;
    pthread_join(stays, NULL);
    pthread_join(starts, NULL);
    raw_mask(SIG_SETMASK, 0);
    raw_action(SIGBUS, &first, NULL);
    say("sent while threads end: each once\n");
}

static volatile int target_tid;

static void *send_faults(void *argument)
{
    struct burst burst = {0};
    while (!stop) {
        if (!burst_is_over(&burst, steps)) {
            CHECK_EQ(raw(SYS_tgkill, getpid(), target_tid, SIGBUS), 0, "tgkill");
        }
    }
    return argument;
}

static void ignore_fault(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
}

/* What else runs then runs with its own flags: DF, and ID, which rt_sigreturn does not restore. */
static void test_flags_in_a_storm(void)
{
    const uint64_t flags = 1 << 10 | 1 << 21;
    pthread_t sender;
    stop = 0;
    target_tid = raw_tid();
    raw_handle(SIGBUS, ignore_fault, SA_SIGINFO | SA_RESTART, 0);
    CHECK_EQ(pthread_create(&sender, NULL, send_faults, NULL), 0, "pthread_create");
    int times = fewer_when_emulated(10000);
    for (int i = 0; i < times; i++) {
        long result;
        __asm__ volatile("pushfq\n\t"
                         "xorq %1, (%%rsp)\n\t"
                         "popfq\n\t"
                         "syscall\n\t"
                         "pushfq\n\t"
                         "xorq %1, (%%rsp)\n\t"
                         "popfq"
                         : "=a"(result)
                         : "r"(flags), "a"(SYS_getppid)
                         : "rcx", "r11", "memory", "cc");
        CHECK_EQ(result, getppid(), "getppid");
        steps++;
    }
    stop = 1;
    CHECK_EQ(pthread_join(sender, NULL), 0, "pthread_join");
    say("flags in a storm\n");
}

int main(void)
{
    each = fewer_when_emulated(EACH_MAX);
    for (int signo = 40; signo < 60; signo++) {
        raw_handle(signo, note_value, SA_SIGINFO | SA_RESTART, 0);
    }
    test_directed();
    test_process_directed();
    test_only_one_open();
    test_storm();
    test_woken();
    test_thread_timers();
    test_masks_in_a_storm();
    test_sent_while_forking();
    test_opening_and_blocking();
    test_takers_end();
    test_flags_in_a_storm();
    return 0;
}
