/*
 * pthread_cancel: both libcs decide by the address that a signal interrupted, glibc by the frame of
 * its cancellation signal, musl by comparing RIP with the bounds of its own system call stub. A
 * stub of a rewriter that showed through would make cancellation too early, or never.
 */
#include "common.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/un.h>

static int ends[2], full[2], listener;
static volatile int tid, cleaned, value;
static sem_t semaphore;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void clean(void *argument)
{
    cleaned += *(int *)argument;
}

static void block_read(void)
{
    char byte;
    MUST(read(ends[0], &byte, 1));
}
static void block_write(void)
{
    static char bytes[4096];
    for (;;) {
        MUST(write(full[1], bytes, sizeof bytes));
    }
}
static void block_nanosleep(void)
{
    struct timespec time = {50, 0};
    nanosleep(&time, NULL);
}
static void block_sleep(void)
{
    sleep(50);
}
static void block_pause(void)
{
    pause();
}
static void block_poll(void)
{
    poll(NULL, 0, -1);
}
static void block_accept(void)
{
    accept(listener, NULL, NULL);
}
static void block_wait(void)
{
    sem_wait(&semaphore);
}
static void unlock(void *argument)
{
    pthread_mutex_unlock(argument);
}
static void block_condition(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(1);
}
static void block_sigsuspend(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigsuspend(&none);
}
static void block_waitpid(void)
{
    waitpid(value, NULL, 0);
}
static void block_testcancel(void)
{
    for (;;) {
        pthread_testcancel();
        raw(SYS_sched_yield);
    }
}
static const struct {
    const char *name;
    void (*block)(void);
    bool sleeps;
} points[] = {
    {"read", block_read, true},           {"write", block_write, true},
    {"nanosleep", block_nanosleep, true}, {"sleep", block_sleep, true},
    {"pause", block_pause, true},         {"poll", block_poll, true},
    {"accept", block_accept, true},       {"sem_wait", block_wait, true},
    {"cond_wait", block_condition, true}, {"sigsuspend", block_sigsuspend, true},
    {"waitpid", block_waitpid, true},     {"testcancel", block_testcancel, false},
};

static void *run_point(void *argument)
{
    int one = 1;
    tid = raw_tid();
    pthread_cleanup_push(clean, &one);
    points[(long)argument].block();
    pthread_cleanup_pop(0);
    return argument;
}

static void cancel_and_join(pthread_t thread, const char *what)
{
    void *result;
    CHECK_EQ(pthread_cancel(thread), 0, "pthread_cancel");
    CHECK_EQ(pthread_join(thread, &result), 0, "pthread_join");
    CHECK(result == PTHREAD_CANCELED, "%s: the thread returned instead of being cancelled", what);
}

/* When it sleeps, and at any time before. */
static void test_points(void)
{
    for (long i = 0; i < (long)(sizeof points / sizeof *points); i++) {
        for (int asleep = 0; asleep < 12; asleep++) {
            pthread_t thread;
            tid = cleaned = 0;
            CHECK_EQ(pthread_create(&thread, NULL, run_point, (void *)i), 0, "pthread_create");
            while (tid == 0) {
                sched_yield();
            }
            for (int spin = 0; spin < asleep * 40; spin++) {
                __asm__ volatile("pause");
            }
            if (asleep == 0 && points[i].sleeps) {
                wait_until_blocked(getpid(), tid);
            }
            cancel_and_join(thread, points[i].name);
            CHECK_EQ(cleaned, 1, "cleanup handlers run");
        }
        say("%s: cancelled\n", points[i].name);
    }
}

/* Many times at all distances from the blocking call. */
static void test_hammer(void)
{
    int times = fewer_when_emulated(1500);
    for (int i = 0; i < times; i++) {
        pthread_t thread;
        tid = cleaned = 0;
        CHECK_EQ(pthread_create(&thread, NULL, run_point, (void *)0), 0, "pthread_create");
        while (i % 3 && tid == 0) {
            sched_yield();
        }
        for (int spin = 0; spin < i % 200; spin++) {
            __asm__ volatile("pause");
        }
        cancel_and_join(thread, "read");
    }
    say("read: cancelled %d times\n", times);
}

static void *disabled(void *argument)
{
    int old;
    CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old), 0, "disable");
    tid = raw_tid();
    char byte;
    while (read(ends[0], &byte, 1) != 1) {
    }
    value = byte;
    CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old), 0, "enable");
    pthread_testcancel();
    return argument;
}

static void test_disabled(void)
{
    pthread_t thread;
    tid = 0;
    CHECK_EQ(pthread_create(&thread, NULL, disabled, NULL), 0, "pthread_create");
    while (tid == 0) {
        sched_yield();
    }
    wait_until_blocked(getpid(), tid);
    CHECK_EQ(pthread_cancel(thread), 0, "pthread_cancel");
    sleep_ms(2);
    CHECK_EQ(write(ends[1], "k", 1), 1, "write");
    void *result;
    CHECK_EQ(pthread_join(thread, &result), 0, "pthread_join");
    CHECK(result == PTHREAD_CANCELED, "not cancelled after being enabled");
    CHECK_EQ(value, 'k', "byte read while disabled");
    say("disabled: cancelled when enabled\n");
}

static volatile unsigned long spins;

static void *asynchronous(void *argument)
{
    int old;
    CHECK_EQ(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old), 0, "asynchronous");
    tid = raw_tid();
    for (;;) {
        spins++;
        if (argument) {
            raw(SYS_getpid);
        }
    }
    return NULL;
}

static void test_asynchronous(void)
{
    int times = fewer_when_emulated(400);
    for (int i = 0; i < times; i++) {
        pthread_t thread;
        tid = 0;
        CHECK_EQ(pthread_create(&thread, NULL, asynchronous, (void *)(long)(i % 2)), 0,
                 "pthread_create");
        while (tid == 0) {
            sched_yield();
        }
        cancel_and_join(thread, "asynchronous");
    }
    say("asynchronous: %d times, in a loop and in calls\n", times);
}

int main(void)
{
    MUST(pipe2(ends, O_CLOEXEC));
    MUST(pipe2(full, O_CLOEXEC));
    struct sockaddr_un address = {AF_UNIX, "socket"};
    listener = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    MUST(bind(listener, (struct sockaddr *)&address, sizeof address));
    MUST(listen(listener, 1));
    CHECK_EQ(sem_init(&semaphore, 0, 0), 0, "sem_init");
    value = MUST(fork());
    pid_t sleeper = value;
    if (sleeper == 0) {
        for (;;) {
            pause();
        }
    }
    test_points();
    MUST(kill(sleeper, SIGKILL));
    wait_for(sleeper);
    test_hammer();
    test_disabled();
    test_asynchronous();
    return 0;
}
