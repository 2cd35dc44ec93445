/*
 * Calls across SIGSTOP and SIGCONT without a handler: the kernel restarts them by itself, those
 * with a relative time through restart_syscall with what is left of it. Nothing of that may show.
 */
#include "common.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>

static int pipe_ends[2], pair[2];
static volatile int calls;
static long time_ms;
static struct timespec time_, rest;

static long call_nanosleep(void)
{
    return raw(SYS_nanosleep, &time_, &rest);
}
static long call_clock_nanosleep(void)
{
    return raw(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time_, &rest);
}
static long call_clock_nanosleep_absolute(void)
{
    struct timespec at;
    MUST(clock_gettime(CLOCK_MONOTONIC, &at));
    at.tv_sec += time_.tv_sec + (at.tv_nsec + time_.tv_nsec) / 1000000000;
    at.tv_nsec = (at.tv_nsec + time_.tv_nsec) % 1000000000;
    return raw(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}
static long call_poll(void)
{
    struct pollfd fd = {pipe_ends[0], POLLIN, 0};
    return raw(SYS_poll, &fd, 1, (int)time_ms);
}
static long call_ppoll(void)
{
    struct pollfd fd = {pipe_ends[0], POLLIN, 0};
    struct timespec time = time_;
    return raw(SYS_ppoll, &fd, 1, &time, (&(uint64_t){0}), 8);
}
static long call_select(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_ends[0], &set);
    struct {
        long seconds, microseconds;
    } time = {time_ms / 1000, time_ms % 1000 * 1000};
    return raw(SYS_select, pipe_ends[0] + 1, &set, NULL, NULL, &time);
}
static long call_pselect6(void)
{
    struct timespec time = time_;
    return raw(SYS_pselect6, 0, NULL, NULL, NULL, &time, NULL);
}
static long call_epoll_wait(void)
{
    struct epoll_event event;
    int fd = MUST(epoll_create1(0));
    return raw(SYS_epoll_wait, fd, &event, 1, (int)time_ms);
}
static long call_epoll_pwait(void)
{
    struct epoll_event event;
    int fd = MUST(epoll_create1(0));
    uint64_t mask = SIGNAL_BIT(SIGHUP);
    return raw(SYS_epoll_pwait, fd, &event, 1, (int)time_ms, &mask, 8);
}
static long call_futex(void)
{
    int word = 0;
    return raw(SYS_futex, &word, FUTEX_WAIT, 0, &time_, NULL, 0);
}
static long call_semtimedop(void)
{
    int semaphore = MUST(semget(IPC_PRIVATE, 1, 0600));
    struct sembuf down = {0, -1, 0};
    long result = raw(SYS_semtimedop, semaphore, &down, 1, &time_);
    semctl(semaphore, 0, IPC_RMID);
    return result;
}
static long call_sigtimedwait(void)
{
    uint64_t other = SIGNAL_BIT(SIGUSR2);
    return raw(SYS_rt_sigtimedwait, &other, NULL, &time_, 8);
}
static long call_recv(void)
{
    struct {
        long seconds, microseconds;
    } time = {time_ms / 1000, time_ms % 1000 * 1000};
    MUST(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    return raw(SYS_recvfrom, pair[0], (char[1]){0}, 1, 0, NULL, NULL);
}
static long call_read(void)
{
    char byte;
    return raw(SYS_read, pipe_ends[0], &byte, 1);
}
static long call_pause(void)
{
    raw_mask(SIG_SETMASK, 0);
    return raw(SYS_pause);
}
static long call_sigsuspend(void)
{
    return raw(SYS_rt_sigsuspend, (&(uint64_t){0}), 8);
}

static const struct {
    const char *name;
    long (*call)(void);
    bool timed;
} rows[] = {
    {"nanosleep", call_nanosleep, true},
    {"clock_nanosleep", call_clock_nanosleep, true},
    {"clock_nanosleep absolute", call_clock_nanosleep_absolute, true},
    {"poll", call_poll, true},
    {"ppoll", call_ppoll, true},
    {"select", call_select, true},
    {"pselect6", call_pselect6, true},
    {"epoll_wait", call_epoll_wait, false},
    {"epoll_pwait", call_epoll_pwait, false},
    {"futex", call_futex, true},
    {"semtimedop", call_semtimedop, false},
    {"sigtimedwait", call_sigtimedwait, false},
    {"recvfrom with SO_RCVTIMEO", call_recv, false},
    {"read", call_read, false},
    {"pause", call_pause, false},
    {"sigsuspend", call_sigsuspend, false},
};

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls++;
}

/* The child makes the call; its exit status is the negative result and the number of handler calls.
 */
static void make_call(unsigned row, bool with_handler)
{
    if (with_handler) {
        raw_handle(SIGCONT, count, SA_SIGINFO | SA_RESTART, 0);
    }
    raw_handle(SIGUSR1, count, SA_SIGINFO, 0);
    long long start = monotonic_ns();
    long result = rows[row].call();
    if (result == 0 && rows[row].timed) {
        CHECK(monotonic_ns() - start >= time_ms * 1000000, "%s came back too early",
              rows[row].name);
    }
    result = result < 0 ? -result : result;
    _exit((int)(calls * 64 + (result == ETIMEDOUT ? 62 : result == EAGAIN ? 61 : result % 64)));
}

/* Stops a child that sleeps in its call. False: it has ended, since the call's time was over
 * before. */
static bool stop(pid_t pid, int by)
{
    int status;
    MUST(kill(pid, by));
    CHECK_EQ(MUST(waitpid(pid, &status, WUNTRACED)), pid, "waitpid");
    CHECK(WIFEXITED(status) || (WIFSTOPPED(status) && WSTOPSIG(status) == by),
          "expected a stop by %d: %s", by, ending(status));
    return WIFSTOPPED(status);
}

static bool stop_in_call(pid_t pid, int by)
{
    if (!wait_until_blocked_or_ended(pid)) {
        wait_for(pid);
        return false;
    }
    return stop(pid, by);
}

/*
 * A stop that comes when the call's time is over does not come in the call, although it is told all
 * the same. False: it may have been so, since the child was made at `start`; it has ended then.
 */
static bool is_in_time(unsigned row, pid_t pid, long long start)
{
    if (rows[row].call == call_read || rows[row].call == call_pause ||
        rows[row].call == call_sigsuspend || monotonic_ns() - start < time_ms * 1000000) {
        return true;
    }
    MUST(kill(pid, SIGCONT));
    wait_for(pid);
    return false;
}

static void set_time(long milliseconds)
{
    time_ms = milliseconds;
    time_ = (struct timespec){time_ms / 1000, time_ms % 1000 * 1000000};
}

/* The machine is slower than was thought. */
static void take_more_time(void)
{
    set_time(time_ms * 2);
    CHECK(time_ms <= 64000, "the calls end before they can be stopped");
}

/* A child whose call ends with EINTR may have exited before we look. */
static void expect_continued(pid_t pid)
{
    siginfo_t info;
    MUST(kill(pid, SIGCONT));
    MUST(waitid(P_PID, (id_t)pid, &info, WCONTINUED | WEXITED | WNOWAIT));
    CHECK(info.si_code == CLD_CONTINUED || info.si_code == CLD_EXITED,
          "expected a continued child: code %d", info.si_code);
    if (info.si_code == CLD_CONTINUED) {
        waitid(P_PID, (id_t)pid, &info, WCONTINUED | WNOHANG);
    }
}

/* False: the call's time was too short. */
static bool stop_and_continue_once(unsigned row, bool with_handler, int stop_by)
{
    long long start = monotonic_ns();
    pid_t pid = MUST(fork());
    if (pid == 0) {
        make_call(row, with_handler);
    }
    if (!stop_in_call(pid, stop_by) || !is_in_time(row, pid, start)) {
        return false;
    }
    expect_continued(pid);
    if (rows[row].timed && !with_handler) {
        if (!stop(pid, stop_by) || !is_in_time(row, pid, start)) {
            return false;
        }
        expect_continued(pid);
    }
    /* Some end by the stop itself. */
    if (!rows[row].timed && wait_until_blocked_or_ended(pid)) {
        if (rows[row].call == call_read) {
            CHECK_EQ(write(pipe_ends[1], "x", 1), 1, "write");
        } else {
            kill(pid, SIGUSR1);
        }
    }
    int status = wait_for(pid);
    CHECK(WIFEXITED(status), "%s: %s", rows[row].name, ending(status));
    say("%s, stopped by %d%s: result %d, handler calls %d\n", rows[row].name, stop_by,
        with_handler ? ", SIGCONT handled" : "", WEXITSTATUS(status) % 64,
        WEXITSTATUS(status) / 64);
    char byte;
    MUST(fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK));
    while (read(pipe_ends[0], &byte, 1) == 1) {
    }
    MUST(fcntl(pipe_ends[0], F_SETFL, 0));
    return true;
}

static void stop_and_continue(unsigned row, bool with_handler, int stop_by)
{
    while (!stop_and_continue_once(row, with_handler, stop_by)) {
        take_more_time();
    }
}

/* A signal sent while stopped is delivered on continuing, and ends the call. */
static void test_signal_while_stopped(void)
{
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        pid_t pid;
        for (;;) {
            long long start = monotonic_ns();
            pid = MUST(fork());
            if (pid == 0) {
                make_call(row, false);
            }
            if (stop_in_call(pid, SIGSTOP) && is_in_time(row, pid, start)) {
                break;
            }
            take_more_time();
        }
        MUST(kill(pid, SIGUSR1));
        expect_continued(pid);
        int status = wait_for(pid);
        say("%s, a signal while stopped: result %d, handler calls %d\n", rows[row].name,
            WEXITSTATUS(status) % 64, WEXITSTATUS(status) / 64);
    }
}

/* A program's own way of stopping: a SIGTSTP handler that resets itself and raises it again. */
static void stop_politely(int signo, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    calls++;
    disposition(signo, SIG_DFL);
    raw_mask(SIG_UNBLOCK, SIGNAL_BIT(signo));
    raw(SYS_kill, getpid(), signo);
    raw_handle(signo, stop_politely, SA_SIGINFO | SA_RESTART, 0);
}

static void test_polite_stop(void)
{
    pid_t pid = MUST(fork());
    if (pid == 0) {
        setpgid(0, 0);
        raw_handle(SIGTSTP, stop_politely, SA_SIGINFO | SA_RESTART, 0);
        char byte;
        CHECK_EQ(raw(SYS_read, pipe_ends[0], &byte, 1), 1, "read");
        _exit(calls);
    }
    setpgid(pid, pid);
    for (int i = 0; i < 3; i++) {
        CHECK(stop_in_call(pid, SIGTSTP), "the child has ended");
        expect_continued(pid);
    }
    CHECK_EQ(write(pipe_ends[1], "x", 1), 1, "write");
    CHECK_EQ(wait_for(pid), 3 << 8, "the child's handler calls");
    say("SIGTSTP handler that stops: 3 times, the read restarted\n");
}

int main(void)
{
    MUST(pipe2(pipe_ends, O_CLOEXEC));
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    set_time(getenv("ENDORUN_VM") ? 900 : 250);
    CHECK_EQ(raw(SYS_restart_syscall), -EINTR, "restart_syscall with nothing to restart");
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        stop_and_continue(row, false, SIGSTOP);
        stop_and_continue(row, true, SIGSTOP);
    }
    stop_and_continue(0, false, SIGTTIN);
    test_signal_while_stopped();
    test_polite_stop();
    return 0;
}
