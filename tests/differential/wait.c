/*
 * wait4 and waitid with every option and kind of id: what is reported, what is left, what is an
 * error.
 */
#include "common.h"
#include <limits.h>
#include <pthread.h>
#include <sys/resource.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif

static pid_t child(int status)
{
    pid_t pid = MUST(fork());
    if (pid == 0) {
        _exit(status);
    }
    return pid;
}

static pid_t sleeper(void)
{
    pid_t pid = MUST(fork());
    if (pid == 0) {
        for (;;) {
            pause();
        }
    }
    return pid;
}

static void finish(pid_t pid)
{
    MUST(kill(pid, SIGKILL));
    wait_for(pid);
}

static void test_wait4(void)
{
    int status = -1;
    struct rusage usage;
    CHECK_EQ(raw(SYS_wait4, -1, &status, 0, NULL), -ECHILD, "no children");
    CHECK_EQ(raw(SYS_wait4, -1, &status, WNOHANG, NULL), -ECHILD, "no children, WNOHANG");
    CHECK_EQ(raw(SYS_wait4, getpid(), &status, 0, NULL), -ECHILD, "oneself");
    CHECK_EQ(raw(SYS_wait4, getppid(), &status, 0, NULL), -ECHILD, "the parent");
    CHECK_EQ(raw(SYS_wait4, INT_MIN, &status, 0, NULL), -ESRCH, "INT_MIN");
    CHECK_EQ(raw(SYS_wait4, -1, &status, 0x100, NULL), -EINVAL, "an unknown option");
    CHECK_EQ(raw(SYS_wait4, -1, &status, WEXITED, NULL), -EINVAL, "WEXITED");
    CHECK_EQ(status, -1, "status after errors");

    pid_t pid = sleeper();
    CHECK_EQ(raw(SYS_wait4, pid, &status, WNOHANG, &usage), 0, "WNOHANG with a living child");
    finish(pid);
    pid = child(200);
    memset(&usage, 0xee, sizeof usage);
    CHECK_EQ(raw(SYS_wait4, pid, &status, 0, &usage), pid, "wait4");
    CHECK_EQ(status, 200 << 8, "status");
    CHECK(usage.ru_maxrss >= 0 && usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_usec >= 0 &&
              usage.ru_utime.tv_usec < 1000000,
          "rusage isn't filled");
    pid = child(201);
    CHECK_EQ(raw(SYS_wait4, 0, NULL, 0, NULL), pid, "own group, no status");
    pid = child(202);
    CHECK_EQ(raw(SYS_wait4, -getpgrp(), &status, __WALL, NULL), pid, "group by number");
    pid = child(203);
    CHECK_EQ(raw(SYS_wait4, pid, (void *)8, 0, NULL), -EFAULT, "bad status pointer");
    CHECK_EQ(raw(SYS_wait4, pid, &status, 0, NULL), -ECHILD, "the child is gone all the same");
    pid = child(204);
    CHECK_EQ(raw(SYS_wait4, -0x7fff0000, &status, 0, NULL), -ECHILD, "no such group");
    CHECK_EQ(raw(SYS_wait4, 0x1200000000 | pid, &status, 0, NULL), pid, "high half of the pid");
    say("wait4: all\n");
}

static void expect_info(const siginfo_t *info, pid_t pid, int code, int status, const char *what)
{
    CHECK_EQ(info->si_signo, SIGCHLD, what);
    CHECK_EQ(info->si_errno, 0, what);
    CHECK_EQ(info->si_code, code, what);
    CHECK_EQ(info->si_pid, pid, what);
    CHECK_EQ(info->si_uid, getuid(), what);
    CHECK_EQ(info->si_status, status, what);
}

static void test_waitid(void)
{
    siginfo_t info;
    struct rusage usage;
    CHECK_EQ(raw(SYS_waitid, P_ALL, 0, &info, WEXITED, NULL), -ECHILD, "no children");
    CHECK_EQ(raw(SYS_waitid, P_ALL, 0, &info, 0, NULL), -EINVAL, "no options");
    CHECK_EQ(raw(SYS_waitid, P_ALL, 0, &info, WNOHANG, NULL), -EINVAL, "WNOHANG alone");
    CHECK_EQ(raw(SYS_waitid, 99, 0, &info, WEXITED, NULL), -EINVAL, "bad kind of id");
    CHECK_EQ(raw(SYS_waitid, P_PID, 0, &info, WEXITED, NULL), -EINVAL, "pid 0");
    CHECK_EQ(raw(SYS_waitid, P_PID, -1, &info, WEXITED, NULL), -EINVAL, "pid -1");
    CHECK_EQ(raw(SYS_waitid, P_PIDFD, 999, &info, WEXITED, NULL), -EBADF, "bad pidfd");

    pid_t pid = sleeper();
    memset(&info, 0xee, sizeof info);
    CHECK_EQ(raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG, NULL), 0, "WNOHANG");
    CHECK_EQ(info.si_pid, 0, "si_pid when nothing has happened");
    CHECK_EQ(info.si_signo, 0, "si_signo when nothing has happened");
    MUST(kill(pid, SIGSTOP));
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(raw(SYS_waitid, P_PID, pid, &info, WSTOPPED | (i ? 0 : WNOWAIT), NULL), 0, "stop");
        expect_info(&info, pid, CLD_STOPPED, SIGSTOP, "WSTOPPED");
    }
    CHECK_EQ(raw(SYS_waitid, P_PID, pid, &info, WSTOPPED | WNOHANG, NULL), 0, "taken already");
    CHECK_EQ(info.si_pid, 0, "si_pid");
    MUST(kill(pid, SIGCONT));
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(raw(SYS_waitid, P_ALL, 0, &info, WCONTINUED | (i ? 0 : WNOWAIT), NULL), 0, "cont");
        expect_info(&info, pid, CLD_CONTINUED, SIGCONT, "WCONTINUED");
    }
    MUST(kill(pid, SIGSYS));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, &usage), 0, "WNOWAIT");
        expect_info(&info, pid, info.si_code == CLD_DUMPED ? CLD_DUMPED : CLD_KILLED, SIGSYS,
                    "WNOWAIT");
    }
    CHECK_EQ(raw(SYS_kill, pid, SIGKILL), 0, "kill of a zombie");
    CHECK_EQ(raw(SYS_waitid, P_PGID, getpgrp(), NULL, WEXITED, NULL), 0, "no info");
    CHECK_EQ(raw(SYS_waitid, P_PID, pid, &info, WEXITED, NULL), -ECHILD, "gone");
    CHECK_EQ(raw(SYS_kill, pid, 0), -ESRCH, "kill of what is gone");

    pid = child(77);
    int pidfd = (int)raw(SYS_pidfd_open, pid, 0);
    CHECK(pidfd >= 0, "pidfd_open: %d", pidfd);
    CHECK_EQ(raw(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED, NULL), 0, "P_PIDFD");
    expect_info(&info, pid, CLD_EXITED, 77, "P_PIDFD");
    close(pidfd);
    pid = child(78);
    CHECK_EQ(raw(SYS_waitid, P_PGID, 0, &info, WEXITED, NULL), 0, "P_PGID 0");
    expect_info(&info, pid, CLD_EXITED, 78, "P_PGID 0");
    pid = child(79);
    CHECK_EQ(raw(SYS_waitid, P_PID, pid, (void *)8, WEXITED, NULL), -EFAULT, "bad info pointer");
    CHECK_EQ(raw(SYS_waitid, P_PID, pid, &info, WEXITED, NULL), -ECHILD, "gone all the same");
    say("waitid: all\n");
}

/* Only the children of the group asked for. */
static void test_groups(void)
{
    pid_t other = MUST(fork());
    if (other == 0) {
        setpgid(0, 0);
        _exit(11);
    }
    setpgid(other, other);
    siginfo_t info;
    CHECK_EQ(raw(SYS_waitid, P_PID, other, &info, WEXITED | WNOWAIT, NULL), 0, "wait");
    pid_t pid = child(12);
    int status;
    CHECK_EQ(raw(SYS_wait4, 0, &status, 0, NULL), pid, "own group first");
    CHECK_EQ(raw(SYS_wait4, -other, &status, 0, NULL), other, "the other group");
    CHECK_EQ(status, 11 << 8, "status");
    say("groups: apart\n");
}

static void *wait_elsewhere(void *argument)
{
    int status;
    pid_t pid = *(pid_t *)argument;
    CHECK_EQ(raw(SYS_wait4, pid, &status, __WNOTHREAD | WNOHANG, NULL), -ECHILD, "__WNOTHREAD");
    CHECK_EQ(raw(SYS_wait4, pid, &status, 0, NULL), pid, "another thread's child");
    CHECK_EQ(status, 13 << 8, "status");
    return NULL;
}

static void test_threads(void)
{
    pid_t pid = child(13);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, wait_elsewhere, &pid), 0, "pthread_create");
    pthread_join(thread, NULL);
    CHECK_EQ(raw(SYS_wait4, -1, NULL, 0, NULL), -ECHILD, "no children left");
    say("threads: any may wait\n");
}

/* wait(-1) sees each child exactly once, and no other process. */
static void test_many(void)
{
    static pid_t pids[100];
    for (int i = 0; i < 100; i++) {
        pids[i] = child(i);
    }
    for (int i = 0; i < 100; i++) {
        int status;
        pid_t pid = MUST(wait(&status));
        CHECK(WIFEXITED(status), "%s", ending(status));
        CHECK_EQ(pids[WEXITSTATUS(status)], pid, "the child with this status");
        pids[WEXITSTATUS(status)] = 0;
    }
    CHECK_EQ(raw(SYS_wait4, -1, NULL, 0, NULL), -ECHILD, "no children left");
    say("a hundred children: each once\n");
}

int main(void)
{
    test_wait4();
    test_waitid();
    test_groups();
    test_threads();
    test_many();
    return 0;
}
