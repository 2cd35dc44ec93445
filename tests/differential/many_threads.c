/*
 * Many threads: a thousand alive at once, twenty thousand one after another, on small stacks, each
 * making calls and taking a signal. What a monitor keeps for a thread must be given back.
 */
#include "common.h"
#include <limits.h>
#include <pthread.h>

#define ALIVE   1000
#define CREATED 20000
#define STACK   16384

static pthread_barrier_t all_started, all_checked;
static volatile int handled;
static __thread int own;

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    __atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

static void *live(void *argument)
{
    own = (int)(long)argument;
    int tid = raw_tid();
    CHECK_EQ(raw(SYS_tgkill, getpid(), tid, SIGUSR1), 0, "tgkill");
    pthread_barrier_wait(&all_started);
    pthread_barrier_wait(&all_checked);
    CHECK_EQ(raw(SYS_gettid), tid, "gettid");
    CHECK_EQ(own, (long)argument, "thread-local variable");
    return (void *)(long)(own * 2);
}

static int count_tasks(void)
{
    char line[256];
    int threads = -1;
    FILE *status = fopen("/proc/self/status", "re");
    CHECK(status, "/proc/self/status");
    while (fgets(line, sizeof line, status)) {
        sscanf(line, "Threads: %d", &threads);
    }
    fclose(status);
    return threads;
}

static void test_alive(pthread_attr_t *attributes)
{
    static pthread_t threads[ALIVE];
    CHECK_EQ(pthread_barrier_init(&all_started, NULL, ALIVE + 1), 0, "barrier");
    CHECK_EQ(pthread_barrier_init(&all_checked, NULL, ALIVE + 1), 0, "barrier");
    for (long i = 0; i < ALIVE; i++) {
        CHECK_EQ(pthread_create(&threads[i], attributes, live, (void *)i), 0, "pthread_create");
    }
    pthread_barrier_wait(&all_started);
    CHECK_EQ(count_tasks(), ALIVE + 1, "threads in /proc/self/status");
    pthread_barrier_wait(&all_checked);
    for (long i = 0; i < ALIVE; i++) {
        void *result;
        CHECK_EQ(pthread_join(threads[i], &result), 0, "pthread_join");
        CHECK_EQ((long)result, i * 2, "result");
    }
    CHECK_EQ(handled, ALIVE, "signals");
    say("alive at once: %d\n", ALIVE);
}

static void *pass(void *argument)
{
    return (void *)((long)argument + raw(SYS_getuid) * 0);
}

static void test_created(pthread_attr_t *attributes)
{
    for (long i = 0; i < CREATED; i++) {
        pthread_t thread;
        void *result;
        CHECK_EQ(pthread_create(&thread, attributes, pass, (void *)i), 0, "pthread_create");
        CHECK_EQ(pthread_join(thread, &result), 0, "pthread_join");
        CHECK_EQ((long)result, i, "result");
    }
    say("created: %d\n", CREATED);
}

static volatile int detached;

static void *vanish(void *argument)
{
    __atomic_fetch_add(&detached, 1, __ATOMIC_SEQ_CST);
    return argument;
}

static void test_detached(pthread_attr_t *attributes)
{
    CHECK_EQ(pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED), 0, "detached");
    for (int i = 0; i < 2000; i++) {
        pthread_t thread;
        while (pthread_create(&thread, attributes, vanish, NULL) != 0) {
            sleep_ms(1); /* those before are still going */
        }
    }
    while (detached < 2000 || count_tasks() > 1) {
        sleep_ms(1);
    }
    CHECK_EQ(detached, 2000, "detached threads");
    say("detached: 2000\n");
}

/* Threads that make threads, and die at the same time as others are born. */
static void *breed(void *argument)
{
    long depth = (long)argument;
    long born = 1;
    if (depth > 0) {
        pthread_t left, right;
        void *of_left, *of_right;
        CHECK_EQ(pthread_create(&left, NULL, breed, (void *)(depth - 1)), 0, "pthread_create");
        CHECK_EQ(pthread_create(&right, NULL, breed, (void *)(depth - 1)), 0, "pthread_create");
        pthread_join(left, &of_left);
        pthread_join(right, &of_right);
        born += (long)of_left + (long)of_right;
    }
    return (void *)born;
}

int main(void)
{
    pthread_attr_t attributes;
    raw_handle(SIGUSR1, count, SA_SIGINFO | SA_RESTART, 0);
    CHECK_EQ(pthread_attr_init(&attributes), 0, "attributes");
    CHECK_EQ(pthread_attr_setstacksize(&attributes, STACK), 0, "stack size");
    test_alive(&attributes);
    test_created(&attributes);
    CHECK_EQ((long)breed((void *)9), 1023, "threads born of threads");
    say("born of threads: 1023\n");
    test_detached(&attributes);
    return 0;
}
