/*
 * How threads end: the main thread first, the whole process from any thread, by a fault in one,
 * with robust locks held; what the parent is told, and what is left for the others.
 */
#include "common.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

static void *sleep_forever(void *argument)
{
    for (;;) {
        pause();
    }
    return argument;
}

static void start_sleepers(int count)
{
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, sleep_forever, NULL), 0, "pthread_create");
    }
}

/* ---------------------------------------------------------------- the main thread goes first */

static char thread_state(int pid, int tid)
{
    char path[64], stat[512];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        return '-';
    }
    ssize_t length = read(fd, stat, sizeof stat - 1);
    close(fd);
    CHECK(length > 0, "%s", path);
    stat[length] = '\0';
    return strrchr(stat, ')')[2];
}

static void *outlive(void *argument)
{
    while (thread_state(getpid(), getpid()) != 'Z') {
        sched_yield();
    }
    CHECK_EQ(raw(SYS_getpid), getpid(), "getpid");
    CHECK(raw_tid() != getpid(), "gettid");
    CHECK_EQ(raw(SYS_tgkill, getpid(), getpid(), 0), 0, "the dead leader can be named");
    if (argument) {
        exit(44);
    }
    raw(SYS_exit, 45);
    return NULL;
}

static void main_thread_exits_then_exit(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, outlive, (void *)1), 0, "pthread_create");
    raw(SYS_exit, 43);
}

static void *wait_for_leader(void *argument)
{
    (void)argument;
    while (thread_state(getpid(), getpid()) != 'Z') {
        sched_yield();
    }
    raw(SYS_exit, 45);
    return NULL;
}

/* All threads end by exit(2), the leader first: whose status counts depends on the kernel. */
static void all_threads_exit(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, wait_for_leader, NULL), 0, "pthread_create");
    raw(SYS_exit, 46);
}

/* ---------------------------------------------------------------- exit_group and death */

static void *end_process(void *how)
{
    sleep_ms(2);
    switch ((int)(long)how) {
    case 0:
        raw(SYS_exit_group, 47);
        break;
    case 1:
        exit(48);
        break;
    case 2:
        __asm__ volatile("movb $1, 8");
        break;
    case 3:
        raw(SYS_tkill, raw_tid(), SIGTERM);
        break;
    case 4:
        raw(SYS_tkill, raw_tid(), SIGSYS);
        break;
    default:
        abort();
    }
    return NULL;
}

static void end_by(long how)
{
    pthread_t thread;
    start_sleepers(10);
    CHECK_EQ(pthread_create(&thread, NULL, end_process, (void *)how), 0, "pthread_create");
    sleep_forever(NULL);
}

static void by_exit_group(void)
{
    end_by(0);
}
static void by_exit(void)
{
    end_by(1);
}
static void by_fault(void)
{
    end_by(2);
}
static void by_signal(void)
{
    end_by(3);
}
static void by_sigsys(void)
{
    end_by(4);
}
static void by_abort(void)
{
    end_by(5);
}

static void by_main_return(void)
{
    start_sleepers(10);
    exit(49);
}

/* exit_group from many threads at once, over and over. */
static pthread_barrier_t together;

static void *race_to_exit(void *argument)
{
    pthread_barrier_wait(&together);
    raw(SYS_exit_group, argument);
    return NULL;
}

static void exit_race(void)
{
    pthread_barrier_init(&together, NULL, 5);
    for (long i = 0; i < 4; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, race_to_exit, (void *)50L), 0, "pthread_create");
    }
    pthread_barrier_wait(&together);
    raw(SYS_exit_group, 50);
}

static void test_exit_race(void)
{
    for (int i = 0; i < 100; i++) {
        int status = in_child(exit_race);
        CHECK_EQ(status, 50 << 8, "status of a process whose threads all call exit_group");
    }
    say("exit_group by all threads at once: 100 times\n");
}

/* ---------------------------------------------------------------- robust lists */

static pthread_mutex_t *locks; /* shared with a child process */

static volatile int holder;

static void *die_holding(void *argument)
{
    holder = raw_tid();
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(pthread_mutex_lock(&locks[i]), 0, "lock");
    }
    if (argument) {
        raw(SYS_exit, 0); /* libc can't unlock or mark anything */
    }
    return NULL;
}

static void check_owner_dead(const char *what)
{
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(pthread_mutex_lock(&locks[i]), EOWNERDEAD, what);
        CHECK_EQ(pthread_mutex_consistent(&locks[i]), 0, what);
        CHECK_EQ(pthread_mutex_unlock(&locks[i]), 0, what);
    }
}

static void test_robust(void)
{
    pthread_mutexattr_t attributes;
    locks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(locks != MAP_FAILED, "mmap");
    CHECK_EQ(pthread_mutexattr_init(&attributes), 0, "attributes");
    CHECK_EQ(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST), 0, "robust");
    CHECK_EQ(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), 0, "shared");
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(pthread_mutex_init(&locks[i], &attributes), 0, "mutex");
    }
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, die_holding, NULL), 0, "pthread_create");
    pthread_join(thread, NULL);
    check_owner_dead("a thread that returned");
    holder = 0;
    CHECK_EQ(pthread_create(&thread, NULL, die_holding, (void *)1), 0, "pthread_create");
    while (holder == 0 || raw(SYS_tgkill, getpid(), holder, 0) == 0) {
        sched_yield(); /* libc doesn't know that this one ends: it can't be joined everywhere */
    }
    check_owner_dead("a thread that called exit(2)");
    for (int killed = 0; killed < 2; killed++) {
        pid_t pid = MUST(fork());
        if (pid == 0) {
            die_holding(NULL);
            raw(SYS_kill, getpid(), killed ? SIGKILL : 0);
            _exit(0);
        }
        wait_for(pid);
        check_owner_dead(killed ? "a process that was killed" : "a process that exited");
    }
    say("robust locks: owner dead\n");
}

/* The list as the kernel has it, per thread. */
static void test_robust_list_calls(void)
{
    struct robust_list_head head = {{&head.list}, 0, NULL}, *now;
    size_t length;
    CHECK_EQ(raw(SYS_get_robust_list, 0, &now, &length), 0, "get_robust_list");
    struct robust_list_head *libc_head = now;
    CHECK_EQ(length, sizeof head, "length");
    CHECK_EQ(raw(SYS_set_robust_list, &head, sizeof head - 1), -EINVAL, "set_robust_list");
    CHECK_EQ(raw(SYS_set_robust_list, &head, sizeof head), 0, "set_robust_list");
    CHECK_EQ(raw(SYS_get_robust_list, raw_tid(), &now, &length), 0, "get_robust_list");
    CHECK(now == &head, "get_robust_list gives %p, expected %p", (void *)now, (void *)&head);
    CHECK_EQ(raw(SYS_set_robust_list, libc_head, sizeof head), 0, "set_robust_list");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        raw(SYS_get_robust_list, 0, &now, &length);
        _exit(now == NULL ? 5 : 6);
    }
    say("robust list in a forked child: %s\n",
        wait_for(pid) == 5 << 8 ? "none" : "libc has set it again");
}

/* A list whose words are bad memory must not disturb the end of the thread. */
static int bad_list(void *argument)
{
    raw(SYS_set_robust_list, argument, sizeof(struct robust_list_head));
    return 0;
}

static volatile int word;

static void test_bad_robust_list(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    static const uint64_t addresses[] = {8, 0xdead000000000000, 0xffffffff81000000};
    for (unsigned i = 0; i < 3; i++) {
        word = 1;
        long tid = raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                 CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
                             stack + sizeof stack, NULL, (int *)&word, NULL, bad_list,
                             (void *)addresses[i]);
        CHECK(tid > 0, "clone: %ld", tid);
        while (word != 0) {
            raw(SYS_futex, &word, FUTEX_WAIT, 1, NULL, NULL, 0);
        }
    }
    say("bad robust lists: the thread ends as usual\n");
}

int main(void)
{
    EXPECT_ENDING(main_thread_exits_then_exit, "exit 44");
    say("all threads exit: %s\n", ending(in_child(all_threads_exit)));
    EXPECT_ENDING(by_exit_group, "exit 47");
    EXPECT_ENDING(by_exit, "exit 48");
    EXPECT_ENDING(by_fault, "signal 11");
    EXPECT_ENDING(by_signal, "signal 15");
    EXPECT_ENDING(by_sigsys, "signal 31");
    EXPECT_ENDING(by_abort, "signal 6");
    EXPECT_ENDING(by_main_return, "exit 49");
    test_exit_race();
    test_robust();
    test_robust_list_calls();
    test_bad_robust_list();
    return 0;
}
