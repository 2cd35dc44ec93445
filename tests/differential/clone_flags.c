/*
 * clone(2) with the flags that threads and processes are made of: thread ids written where asked,
 * memory cleared and a futex woken at the end, TLS, shared and separate tables, and the errors.
 */
#include "common.h"
#include <linux/futex.h>
#include <sched.h>
#include <sys/stat.h>

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define STACK  65536

static uint8_t stack[STACK] __attribute__((aligned(64)));
static volatile int parent_tid, child_tid;
static volatile struct {
    int tid, pid, child_tid;
    uint64_t fs_word, mask;
    long result;
} seen;

static uint64_t fs_word(void)
{
    uint64_t word;
    __asm__ volatile("mov %%fs:16, %0" : "=r"(word));
    return word;
}

static int look(void *argument)
{
    seen.tid = (int)raw(SYS_gettid);
    seen.pid = (int)raw(SYS_getpid);
    seen.child_tid = child_tid;
    seen.fs_word = argument ? fs_word() : 0;
    uint64_t mask = 0;
    raw(SYS_rt_sigprocmask, 0, NULL, &mask, 8);
    seen.mask = mask;
    return 0;
}

/* Waits as pthread_join does, for the kernel's write of 0 and its wake-up. */
static void join(volatile int *tid)
{
    for (int value; (value = *tid) != 0;) {
        long result = raw(SYS_futex, tid, FUTEX_WAIT, value, NULL, NULL, 0);
        CHECK(result == 0 || result == -EAGAIN || result == -EINTR, "futex: %ld", result);
    }
}

static void test_thread_ids(void)
{
    uint64_t tls[16] = {0};
    tls[0] = (uint64_t)tls;
    tls[2] = 0x1122334455667788;
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGHUP));
    for (int i = 0; i < 200; i++) {
        parent_tid = child_tid = -1;
        bool own_tls = i % 2;
        long tid = raw_clone(THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                                 CLONE_CHILD_CLEARTID | (own_tls ? CLONE_SETTLS : 0),
                             stack + STACK, (int *)&parent_tid, (int *)&child_tid, tls, look,
                             own_tls ? tls : NULL);
        CHECK(tid > 0, "clone: %ld", tid);
        CHECK_EQ(parent_tid, tid, "CLONE_PARENT_SETTID");
        join(&child_tid);
        CHECK_EQ(seen.tid, tid, "gettid in the thread");
        CHECK_EQ(seen.child_tid, tid, "CLONE_CHILD_SETTID");
        CHECK_EQ(seen.pid, getpid(), "getpid in the thread");
        CHECK_EQ(seen.fs_word, own_tls ? tls[2] : 0, "a word of the thread's TLS");
        CHECK_EQ(seen.mask, SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGHUP), "mask of the thread");
    }
    raw_mask(SIG_SETMASK, 0);
    say("thread ids and TLS: 200 threads\n");
}

/* set_tid_address moves the word that is cleared; it returns the thread's id. */
static volatile int other_word = 77;

static int move_word(void *argument)
{
    (void)argument;
    seen.result = raw(SYS_set_tid_address, &other_word);
    seen.tid = (int)raw(SYS_gettid);
    return 0;
}

static void test_set_tid_address(void)
{
    child_tid = 55;
    long tid = raw_clone(THREAD | CLONE_CHILD_CLEARTID, stack + STACK, NULL, (int *)&child_tid,
                         NULL, move_word, NULL);
    CHECK(tid > 0, "clone: %ld", tid);
    join(&other_word);
    CHECK_EQ(child_tid, 55, "the first word isn't cleared");
    CHECK_EQ(seen.result, tid, "set_tid_address returns the tid");
    say("set_tid_address: moves the word\n");
}

/* ---------------------------------------------------------------- processes */

/* In a fork the ids are written to each side's own memory. */
static void test_fork_ids(void)
{
    parent_tid = child_tid = -1;
    long pid = raw(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &parent_tid,
                   &child_tid, 0);
    if (pid == 0) {
        _exit(child_tid == raw_tid() && getpid() == raw_tid() ? 3 : 4);
    }
    CHECK_EQ(parent_tid, pid, "CLONE_PARENT_SETTID");
    CHECK_EQ(child_tid, -1, "CLONE_CHILD_SETTID in the parent's memory");
    CHECK_EQ(wait_for((pid_t)pid), 3 << 8, "the child");
    say("fork ids: each side its own\n");
}

static int change_things(void *argument)
{
    int fd = *(int *)argument;
    raw(SYS_close, fd);
    raw(SYS_chdir, "/");
    raw(SYS_umask, 0);
    struct kernel_sigaction action = {SIG_IGN, 0, NULL, 0};
    raw(SYS_rt_sigaction, SIGUSR2, &action, NULL, 8);
    return 9;
}

static void test_shared_tables(void)
{
    static const int flag_sets[] = {0, CLONE_FILES, CLONE_FS, CLONE_FILES | CLONE_FS};
    char cwd[4096];
    umask(022);
    CHECK(getcwd(cwd, sizeof cwd), "getcwd");
    for (unsigned i = 0; i < 4; i++) {
        int fd = MUST(dup(1));
        /* the child gets a copy of the memory, so its stack may be any */
        long pid =
            raw_clone(flag_sets[i] | SIGCHLD, stack + STACK, NULL, NULL, NULL, change_things, &fd);
        CHECK(pid > 0, "clone: %ld", pid);
        CHECK_EQ(wait_for((pid_t)pid), 9 << 8, "the child");
        char now[4096];
        CHECK(getcwd(now, sizeof now), "getcwd");
        struct kernel_sigaction action;
        raw_action(SIGUSR2, NULL, &action);
        mode_t mask = umask(022);
        say("flags 0x%x: descriptor %s, directory %s, umask %03o, action %s\n",
            (unsigned)flag_sets[i], fcntl(fd, F_GETFD) < 0 ? "closed" : "open",
            strcmp(cwd, now) == 0 ? "kept" : "changed", (unsigned)mask,
            action.handler ? "changed" : "kept");
        MUST(chdir(cwd));
        close(fd);
    }
}

/* ---------------------------------------------------------------- exit signals and waiting */

static volatile int calls, last_code;

static void count(int signo, siginfo_t *info, void *context)
{
    (void)context;
    calls += signo == SIGUSR1;
    last_code = info->si_code;
}

static void test_exit_signal(void)
{
    raw_handle(SIGUSR1, count, SA_SIGINFO | SA_RESTART, 0);
    static const struct {
        const char *name;
        int exit_signal, wait_options;
    } rows[] = {{"SIGUSR1", SIGUSR1, 0},
                {"SIGUSR1 with __WCLONE", SIGUSR1, (int)__WCLONE},
                {"SIGUSR1 with __WALL", SIGUSR1, __WALL},
                {"none", 0, 0},
                {"none with __WCLONE", 0, (int)__WCLONE},
                {"none with __WALL", 0, __WALL},
                {"SIGCHLD with __WCLONE", SIGCHLD, (int)__WCLONE}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        calls = 0;
        last_code = 0;
        long pid = raw(SYS_clone, rows[i].exit_signal, 0, NULL, NULL, 0);
        if (pid == 0) {
            _exit(6);
        }
        int status = 0;
        long got = raw(SYS_wait4, pid, &status, rows[i].wait_options, NULL);
        int found = status;
        if (got != pid) { /* its signal comes before this can find it */
            CHECK_EQ(raw(SYS_wait4, pid, &status, __WALL, NULL), pid, "__WALL");
        }
        say("exit signal %s: wait4 %s, status 0x%x, handler calls %d, code %d\n", rows[i].name,
            got == pid ? "finds it" : strerror((int)-got), (unsigned)found, calls, last_code);
    }
    disposition(SIGUSR1, SIG_DFL);
}

/*
 * A child's end announced by a signal that faults raise: it comes in the middle of calls, and its
 * siginfo has the codes of SIGCHLD, which mean faults to the others.
 */
static volatile int announced;

static void count_end(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    announced += info->si_code == CLD_EXITED;
}

static void test_exit_signals_of_faults(void)
{
    static const int signals[] = {SIGFPE, SIGTRAP, SIGILL, SIGBUS, SIGSEGV, SIGSYS};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct kernel_sigaction first;
        raw_action(signals[i], NULL, &first);
        raw_handle(signals[i], count_end, SA_SIGINFO | SA_RESTART, 0);
        announced = 0;
        for (int round = 1; round <= 200; round++) {
            long pid = raw(SYS_clone, signals[i], 0, NULL, NULL, 0);
            if (pid == 0) {
                _exit(0);
            }
            int status = -1;
            CHECK(pid > 0, "clone: %s", strerror((int)-pid));
            CHECK_EQ(raw(SYS_wait4, pid, &status, __WALL, NULL), pid, "wait4");
            CHECK_EQ(status, 0, "status");
            raw(SYS_getpid);
            CHECK_EQ(announced, round, "handler calls");
            CHECK_EQ(current_mask(), 0, "mask");
        }
        say("exit signal %d: 200 children\n", signals[i]);
        raw_action(signals[i], &first, NULL);
    }
}

/* CLONE_PARENT: a sibling, not a child. */
static void with_sibling(void)
{
    long pid = raw(SYS_clone, CLONE_PARENT | SIGCHLD, 0, NULL, NULL, 0);
    if (pid == 0) {
        _exit(21);
    }
    CHECK(pid > 0, "clone: %ld", pid);
    CHECK_EQ(raw(SYS_wait4, pid, NULL, 0, NULL), -ECHILD, "a sibling can't be waited for");
    _exit(20);
}

static void test_sibling(void)
{
    pid_t pid = MUST(fork());
    if (pid == 0) {
        with_sibling();
    }
    int status, sum = 0;
    for (int i = 0; i < 2; i++) {
        MUST(waitpid(-1, &status, 0));
        CHECK(WIFEXITED(status), "%s", ending(status));
        sum += WEXITSTATUS(status);
    }
    CHECK_EQ(sum, 41, "statuses of the child and of its sibling");
    say("CLONE_PARENT: a sibling\n");
}

static void test_errors(void)
{
    static const struct {
        const char *name;
        long flags;
    } rows[] = {{"SIGHAND without VM", CLONE_SIGHAND},
                {"THREAD without SIGHAND", CLONE_THREAD | CLONE_VM},
                {"THREAD alone", CLONE_THREAD},
                {"NEWNS with FS", CLONE_NEWNS | CLONE_FS},
                {"NEWUSER with FS", CLONE_NEWUSER | CLONE_FS},
                {"NEWPID with THREAD", CLONE_NEWPID | THREAD},
                {"NEWIPC with SYSVSEM", CLONE_NEWIPC | CLONE_SYSVSEM},
                {"PIDFD with PARENT_SETTID", CLONE_PIDFD | CLONE_PARENT_SETTID},
                {"PIDFD with DETACHED", CLONE_PIDFD | 0x400000}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        long result = raw(SYS_clone, rows[i].flags, 0, &parent_tid, &child_tid, 0);
        if (result == 0) {
            _exit(0);
        }
        CHECK(result < 0, "%s: clone succeeded", rows[i].name);
        say("%s: %s\n", rows[i].name, strerror((int)-result));
    }
    CHECK_EQ(raw(SYS_wait4, -1, NULL, __WALL, NULL), -ECHILD, "children left by failed clones");
}

/* The thread that a bad TLS or a bad id address makes: what the kernel does with them. */
static void test_bad_pointers(void)
{
    long pid = raw(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, (void *)8, NULL, 0);
    if (pid == 0) {
        _exit(1);
    }
    say("PARENT_SETTID to a bad address: %s\n", pid > 0 ? "a child" : strerror((int)-pid));
    if (pid > 0) {
        wait_for((pid_t)pid);
    }
    pid =
        raw(SYS_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0, NULL, (void *)8, 0);
    if (pid == 0) {
        _exit(1);
    }
    say("CHILD_SETTID to a bad address: %s\n", pid > 0 ? "a child" : strerror((int)-pid));
    if (pid > 0) {
        CHECK_EQ(wait_for((pid_t)pid), 1 << 8, "the child");
    }
    long tid = raw_clone(THREAD | CLONE_SETTLS, stack + STACK, NULL, NULL,
                         (void *)0xdead000000000000, look, NULL);
    say("TLS not canonical: %s\n", tid > 0 ? "a thread" : strerror((int)-tid));
}

int main(void)
{
    test_thread_ids();
    test_set_tid_address();
    test_fork_ids();
    test_shared_tables();
    test_exit_signal();
    test_exit_signals_of_faults();
    test_sibling();
    test_errors();
    test_bad_pointers();
    return 0;
}
