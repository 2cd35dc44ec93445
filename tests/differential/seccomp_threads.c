/*
 * Seccomp filters and threads: who inherits them, SECCOMP_FILTER_FLAG_TSYNC, and filters that come
 * and go while threads are made, fork and end.
 */
#include "filters.h"
#include <pthread.h>
#include <sched.h>

#define ODD_NUMBER 0x7777U
#define ODD_ERRNO  77

static const unsigned tsync = SECCOMP_FILTER_FLAG_TSYNC;
static const unsigned tsync_esrch = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;

#define ANSWER_ALL(flags, number, answer)                                                          \
    FILTER(flags, LOAD(nr), IF_EQUAL(number, answer), RETURN(SECCOMP_RET_ALLOW))

static bool is_filtered(void)
{
    return raw(ODD_NUMBER) == -ODD_ERRNO;
}

static void filter_odd_number(void)
{
    no_new_privs();
    ANSWER(ODD_NUMBER, ERRNO(ODD_ERRNO));
}

/* A thread that does one thing after another, when it is told to, and gives a result. */
struct worker {
    pthread_t thread;
    long (*volatile task)(void);
    volatile long result;
    volatile int tid;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    worker->tid = raw_tid();
    for (;;) {
        while (worker->task == NULL) {
            sched_yield();
        }
        worker->result = worker->task();
        worker->task = NULL;
    }
    return NULL;
}

static void start(struct worker *worker)
{
    worker->task = NULL;
    worker->tid = 0;
    CHECK_EQ(pthread_create(&worker->thread, NULL, work, worker), 0, "a thread");
    while (worker->tid == 0) {
        sched_yield();
    }
}

static long tell(struct worker *worker, long (*task)(void))
{
    worker->task = task;
    while (worker->task != NULL) {
        sched_yield();
    }
    return worker->result;
}

static long task_is_filtered(void)
{
    return is_filtered();
}

static long task_no_new_privs(void)
{
    return raw(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static long task_mode(void)
{
    return raw(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0);
}

static long task_installs(void)
{
    return ANSWER_ALL(0, ODD_NUMBER + 1, ERRNO(3));
}

static long task_is_killed(void)
{
    return raw(ODD_NUMBER + 2);
}

/* ---------------------------------------------------------------- who has which */

static void one_thread_alone(void)
{
    struct worker other;
    start(&other);
    filter_odd_number();
    say("the other: %ld, this one: %d\n", tell(&other, task_is_filtered), is_filtered());
    struct worker younger;
    start(&younger);
    say("a younger one: %ld\n", tell(&younger, task_is_filtered));
    CHECK_EQ(tell(&other, task_mode), 0, "the other's mode");
    CHECK_EQ(tell(&younger, task_mode), 2, "the younger one's mode");
}

static void all_threads(void)
{
    struct worker others[3];
    for (int i = 0; i < 3; i++) {
        start(&others[i]);
    }
    CHECK_EQ(tell(&others[0], task_no_new_privs), 0, "no_new_privs before");
    no_new_privs();
    CHECK_EQ(tell(&others[0], task_no_new_privs), 0, "no_new_privs, of the first thread alone");
    CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER, ERRNO(ODD_ERRNO)), 0, "TSYNC");
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(tell(&others[i], task_is_filtered), 1, "filtered");
        CHECK_EQ(tell(&others[i], task_no_new_privs), 1, "no_new_privs");
        CHECK_EQ(tell(&others[i], task_mode), 2, "the mode");
    }
    CHECK_EQ(tell(&others[1], task_installs), 0, "a filter of its own");
    CHECK_EQ(raw(ODD_NUMBER + 1), -ENOSYS, "not ours");
    CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER, ERRNO(1)), others[1].tid, "TSYNC: the tid");
    CHECK_EQ(ANSWER_ALL(tsync_esrch, ODD_NUMBER, ERRNO(1)), -ESRCH, "TSYNC_ESRCH");
    CHECK_EQ(is_filtered(), 1, "nothing has changed");
    say("all threads, and one apart\n");
}

/* An ancestor's filters are no hindrance. */
static void threads_behind(void)
{
    struct worker other;
    filter_odd_number();
    start(&other);
    ANSWER(ODD_NUMBER + 1, ERRNO(1));
    CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER + 2, ERRNO(2)), 0, "TSYNC");
    CHECK_EQ(tell(&other, task_is_killed), -2, "the newest, of another thread");
    CHECK_EQ(tell(&other, task_is_filtered), 1, "the oldest");
    say("a thread behind caught up\n");
}

static void other_processes(void)
{
    struct worker other;
    start(&other);
    pid_t pid = MUST(fork());
    if (pid == 0) {
        no_new_privs();
        CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER, ERRNO(ODD_ERRNO)), 0, "TSYNC, alone");
        CHECK_EQ(is_filtered(), 1, "filtered");
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, "the child");
    CHECK_EQ(is_filtered(), 0, "not the parent");
    filter_odd_number();
    pid = MUST(fork());
    if (pid == 0) {
        _exit(is_filtered() ? 21 : 22);
    }
    say("a forked child: %s\n", ending(wait_for(pid)));
}

static int in_vfork_child(void)
{
    pid_t pid = MUST(vfork());
    if (pid == 0) {
        if (raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            ANSWER_ALL(tsync, ODD_NUMBER, ERRNO(ODD_ERRNO)) != 0) {
            _exit(1);
        }
        _exit(is_filtered() ? 31 : 32);
    }
    return wait_for(pid);
}

static void a_vfork_child(void)
{
    struct worker other;
    start(&other);
    say("a vfork child: %s\n", ending(in_vfork_child()));
    say("its parent: %d, and another thread: %ld\n", is_filtered(), tell(&other, task_is_filtered));
}

/* The kill of one thread leaves the others, and its filters, in order. */
static void a_thread_is_killed(void)
{
    struct worker others[2];
    start(&others[0]);
    start(&others[1]);
    no_new_privs();
    CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER, ERRNO(ODD_ERRNO)), 0, "TSYNC");
    CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER + 2, SECCOMP_RET_KILL_THREAD), 0, "TSYNC");
    others[0].task = task_is_killed;
    wait_until_gone(&others[0].tid);
    CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER + 1, ERRNO(4)), 0, "TSYNC, one thread less");
    CHECK_EQ(tell(&others[1], task_is_filtered), 1, "filtered");
    struct worker next;
    start(&next);
    CHECK_EQ(tell(&next, task_is_filtered), 1, "a new thread");
    say("one thread was killed\n");
}

/* ---------------------------------------------------------------- at the same time */

static volatile bool synced, done;

static void *short_life(void *nothing)
{
    (void)nothing;
    bool then = synced;
    return (void *)(long)(then && !is_filtered());
}

static void *makes_threads(void *nothing)
{
    (void)nothing;
    long wrong = 0;
    while (!done) {
        pthread_t thread;
        void *result = NULL;
        bool then = synced;
        if (pthread_create(&thread, NULL, short_life, NULL) == 0) {
            pthread_join(thread, &result);
            wrong += (long)result;
        }
        wrong += then && !is_filtered();
    }
    return (void *)wrong;
}

static void *makes_processes(void *nothing)
{
    (void)nothing;
    long wrong = 0;
    while (!done) {
        bool then = synced;
        pid_t pid = fork();
        if (pid == 0) {
            _exit(then && !is_filtered());
        }
        int status = 1;
        wrong += pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
    }
    return (void *)wrong;
}

/* A thread blocked in a call, or between two, when the filter comes: its next call is filtered. */
static void *calls(void *nothing)
{
    (void)nothing;
    long wrong = 0;
    while (!done) {
        bool then = synced;
        wrong += then && !is_filtered();
    }
    return (void *)wrong;
}

static void while_threads_are_made(void)
{
    static void *(*const lives[])(void *) = {makes_threads, makes_processes, calls, makes_threads};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, lives[i], NULL), 0, "a thread");
    }
    sleep_ms(long_beside_calls_ms(5));
    no_new_privs();
    CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER, ERRNO(ODD_ERRNO)), 0, "TSYNC");
    synced = true;
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(ANSWER_ALL(tsync, ODD_NUMBER + 1 + (unsigned)i, ERRNO(i)), 0, "TSYNC");
        sleep_ms(1);
    }
    done = true;
    for (int i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        CHECK_EQ((long)wrong, 0, "unfiltered calls");
    }
}

static void *install_and_end(void *nothing)
{
    (void)nothing;
    for (int i = 0; i < 4; i++) {
        ANSWER(ODD_NUMBER, ERRNO(i + 1));
    }
    return (void *)(raw(ODD_NUMBER) + 4);
}

/* What threads install goes with them. */
static void thousands_of_filters(void)
{
    no_new_privs();
    for (int i = 0; i < fewer_when_emulated(2000); i++) {
        pthread_t thread;
        void *result = NULL;
        CHECK_EQ(pthread_create(&thread, NULL, install_and_end, NULL), 0, "a thread");
        pthread_join(thread, &result);
        CHECK_EQ((long)result, 0, "the newest answer");
    }
    CHECK_EQ(raw(ODD_NUMBER), -ENOSYS, "the first thread has none");
}

int main(void)
{
    EXPECT_ENDING(one_thread_alone, "exit 0");
    EXPECT_ENDING(all_threads, "exit 0");
    EXPECT_ENDING(threads_behind, "exit 0");
    EXPECT_ENDING(other_processes, "exit 0");
    EXPECT_ENDING(a_vfork_child, "exit 0");
    EXPECT_ENDING(a_thread_is_killed, "exit 0");
    for (int i = 0; i < (getenv("ENDORUN_VM") ? 1 : 5); i++) {
        EXPECT_ENDING(while_threads_are_made, "exit 0");
    }
    EXPECT_ENDING(thousands_of_filters, "exit 0");
    return 0;
}
