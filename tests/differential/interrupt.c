/*
 * Blocking calls interrupted by a handled signal: which give EINTR and which go on, with and
 * without SA_RESTART, and what is left behind (the rest of a sleep, nothing taken from a pipe).
 */
#include "common.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

static volatile int calls;
static int pipe_ends[2], full_pipe[2], pair[2], full_pair[2], listener, full_listener;
static int epoll_fd, event_fd, timer_fd, signal_fd, inotify_fd, lock_fd, timeout_pair[2];
static int queue, full_queue, semaphore;
static int *futex_word; /* shared with the child that signals */
static struct timespec rest;
static const struct timespec long_time = {500, 0}; /* never over before the call is ended */
static uint8_t buffer[1 << 20];
static struct sockaddr_un address = {AF_UNIX, "socket"}, full_address = {AF_UNIX, "full"};

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls++;
}

/* ---------------------------------------------------------------- the calls, and what ends them */

static void put_byte(int fd)
{
    CHECK_EQ(write(fd, "x", 1), 1, "write");
}

static void nothing(void)
{
}
static void feed_pipe(void)
{
    put_byte(pipe_ends[1]);
}
static void drain_pipe(void)
{
    CHECK(read(full_pipe[0], buffer, sizeof buffer) > 0, "read");
}
static void feed_pair(void)
{
    put_byte(pair[1]);
}
static void feed_timeout_pair(void)
{
    put_byte(timeout_pair[1]);
}
static void drain_pair(void)
{
    while (recv(full_pair[1], buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
    }
}
static void connect_once(void)
{
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    MUST(connect(fd, (struct sockaddr *)&address, sizeof address));
    sleep_ms(2);
}
static void accept_once(void)
{
    MUST(accept(full_listener, NULL, NULL));
}
static void feed_eventfd(void)
{
    eventfd_write(event_fd, 1);
}
static void fire_timer(void)
{
    struct itimerspec soon = {.it_value = {0, 1}};
    MUST(timerfd_settime(timer_fd, 0, &soon, NULL));
}
static void touch_file(void)
{
    MUST(close(MUST(open("touched", O_CREAT | O_WRONLY, 0600))));
}
static void open_fifo_writer(void)
{
    open("fifo", O_WRONLY | O_NONBLOCK); /* no reader after EINTR */
    sleep_ms(2);
}
static void wake_futex(void)
{
    *futex_word = 1;
    raw(SYS_futex, futex_word, FUTEX_WAKE, 10, NULL, NULL, 0);
}
static void send_message(void)
{
    struct {
        long type;
        char text[1];
    } message = {1, {0}};
    MUST(msgsnd(queue, &message, 1, 0));
}
static void take_message(void)
{
    struct {
        long type;
        char text[8192];
    } message;
    MUST(msgrcv(full_queue, &message, sizeof message.text, 0, 0));
}
static void raise_semaphore(void)
{
    struct sembuf up = {0, 1, 0};
    MUST(semop(semaphore, &up, 1));
}

static long call_read(void)
{
    return raw(SYS_read, pipe_ends[0], buffer, 1);
}
static long call_readv(void)
{
    struct iovec vector = {buffer, 1};
    return raw(SYS_readv, pipe_ends[0], &vector, 1);
}
static long call_write(void)
{
    return raw(SYS_write, full_pipe[1], buffer, 4096);
}
static long call_splice(void)
{
    return raw(SYS_splice, pipe_ends[0], NULL, full_pair[0], NULL, 1, 0);
}
static long call_accept(void)
{
    long fd = raw(SYS_accept, listener, NULL, NULL);
    return fd >= 0 ? close((int)fd) : fd;
}
static long call_accept4(void)
{
    long fd = raw(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC);
    return fd >= 0 ? close((int)fd) : fd;
}
static long call_connect(void)
{
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    long result = raw(SYS_connect, fd, &full_address, sizeof full_address);
    if (result < 0) {
        close(fd);
    }
    return result;
}
static long call_recvfrom(void)
{
    return raw(SYS_recvfrom, pair[0], buffer, 1, 0, NULL, NULL);
}
static long call_recvmsg(void)
{
    struct iovec vector = {buffer, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    return raw(SYS_recvmsg, pair[0], &message, 0);
}
static long call_recvmmsg(void)
{
    struct iovec vector = {buffer, 1};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &vector, .msg_iovlen = 1}};
    return raw(SYS_recvmmsg, pair[0], &message, 1, 0, NULL);
}
static long call_recv_with_timeout(void)
{
    return raw(SYS_recvfrom, timeout_pair[0], buffer, 1, 0, NULL, NULL);
}
static long call_sendto(void)
{
    return raw(SYS_sendto, full_pair[0], buffer, 1000, 0, NULL, 0);
}
static long call_poll(void)
{
    struct pollfd fd = {pipe_ends[0], POLLIN, 0};
    return raw(SYS_poll, &fd, 1, -1);
}
static long call_ppoll(void)
{
    struct pollfd fd = {pipe_ends[0], POLLIN, 0};
    return raw(SYS_ppoll, &fd, 1, NULL, NULL, 8);
}
static long call_select(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_ends[0], &set);
    return raw(SYS_select, pipe_ends[0] + 1, &set, NULL, NULL, NULL);
}
static long call_pselect6(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_ends[0], &set);
    return raw(SYS_pselect6, pipe_ends[0] + 1, &set, NULL, NULL, NULL, NULL);
}
static long call_epoll_wait(void)
{
    struct epoll_event event;
    return raw(SYS_epoll_wait, epoll_fd, &event, 1, -1);
}
static long call_epoll_pwait(void)
{
    struct epoll_event event;
    return raw(SYS_epoll_pwait, epoll_fd, &event, 1, -1, NULL, 8);
}
/* Each sleep is interrupted long before. */
#define SLEEP_SECONDS 500
static struct timespec sleep_time = {SLEEP_SECONDS, 0};
static long check_rest(long result)
{
    if (result == -EINTR) {
        long long left = rest.tv_sec * 1000000000LL + rest.tv_nsec;
        CHECK(left > 0 && left <= SLEEP_SECONDS * 1000000000LL, "rest of the sleep: %lld ns", left);
    }
    return result;
}
static long call_nanosleep(void)
{
    rest = (struct timespec){-1, -1};
    return check_rest(raw(SYS_nanosleep, &sleep_time, &rest));
}
static long call_nanosleep_in_place(void)
{
    rest = sleep_time;
    return check_rest(raw(SYS_nanosleep, &rest, &rest));
}
static long call_clock_nanosleep(void)
{
    rest = (struct timespec){-1, -1};
    return check_rest(raw(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &sleep_time, &rest));
}
static long call_clock_nanosleep_absolute(void)
{
    struct timespec at;
    MUST(clock_gettime(CLOCK_MONOTONIC, &at));
    at.tv_sec += SLEEP_SECONDS;
    rest = (struct timespec){-7, -7};
    long result = raw(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, &rest);
    CHECK_EQ(rest.tv_sec, -7, "the rest isn't written for an absolute time");
    return result;
}
static long call_futex(void)
{
    return raw(SYS_futex, futex_word, FUTEX_WAIT, 0, NULL, NULL, 0);
}
static long call_futex_with_time(void)
{
    return raw(SYS_futex, futex_word, FUTEX_WAIT, 0, &long_time, NULL, 0);
}
static long call_futex_bitset(void)
{
    return raw(SYS_futex, futex_word, FUTEX_WAIT_BITSET, 0, NULL, NULL, -1);
}
static pid_t sleeper;
static void end_sleeper(void)
{
    MUST(kill(sleeper, SIGKILL));
}
static void start_sleeper(void)
{
    sleeper = MUST(fork());
    if (sleeper == 0) {
        for (;;) {
            pause();
        }
    }
}
static long call_wait4(void)
{
    long result = raw(SYS_wait4, sleeper, NULL, 0, NULL);
    return result > 0 ? 1 : result;
}
static long call_waitid(void)
{
    return raw(SYS_waitid, P_PID, sleeper, NULL, WEXITED, NULL);
}
static long call_msgrcv(void)
{
    struct {
        long type;
        char text[8];
    } message;
    return raw(SYS_msgrcv, queue, &message, 8, 0, 0);
}
static long call_msgsnd(void)
{
    struct {
        long type;
        char text[8192];
    } message = {1, {0}};
    return raw(SYS_msgsnd, full_queue, &message, 8192, 0);
}
static long call_semop(void)
{
    struct sembuf down = {0, -1, 0};
    return raw(SYS_semop, semaphore, &down, 1);
}
static long call_semtimedop(void)
{
    struct sembuf down = {0, -1, 0};
    return raw(SYS_semtimedop, semaphore, &down, 1, &long_time);
}
static int locked_fd;
static void hold_lock(void)
{
    locked_fd = MUST(open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    MUST(flock(locked_fd, LOCK_EX));
}
static void release_lock(void)
{
    MUST(flock(locked_fd, LOCK_UN));
}
static long call_flock(void)
{
    long result = raw(SYS_flock, lock_fd, LOCK_EX);
    raw(SYS_flock, lock_fd, LOCK_UN);
    return result;
}
static void hold_ofd_lock(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    locked_fd = MUST(open("lock2", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    MUST(fcntl(locked_fd, F_OFD_SETLK, &lock));
}
static void release_ofd_lock(void)
{
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    MUST(fcntl(locked_fd, F_OFD_SETLK, &lock));
}
static long call_ofd_lock(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = MUST(open("lock2", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    long result = raw(SYS_fcntl, fd, F_OFD_SETLKW, &lock);
    close(fd);
    return result;
}
static long call_sigsuspend(void)
{
    return raw(SYS_rt_sigsuspend, (&(uint64_t){0}), 8);
}
static long call_pause(void)
{
    return raw(SYS_pause);
}
static long call_sigtimedwait(void)
{
    uint64_t other = SIGNAL_BIT(SIGUSR2);
    return raw(SYS_rt_sigtimedwait, &other, NULL, NULL, 8);
}
static long call_open_fifo(void)
{
    long fd = raw(SYS_open, "fifo", O_RDONLY, 0);
    return fd >= 0 ? close((int)fd) : fd;
}
static long call_read_eventfd(void)
{
    return raw(SYS_read, event_fd, buffer, 8);
}
static long call_read_timerfd(void)
{
    return raw(SYS_read, timer_fd, buffer, 8);
}
static long call_read_inotify(void)
{
    long result = raw(SYS_read, inotify_fd, buffer, 4096);
    return result > 0 ? 1 : result;
}
static long call_read_signalfd(void)
{
    return raw(SYS_read, signal_fd, buffer, sizeof(struct signalfd_siginfo));
}
static void signal_for_signalfd(void)
{
    kill(getppid(), SIGUSR2);
}
struct row {
    const char *name;
    long (*call)(void);
    void (*finish)(void); /* in the child that signals; ends a call that goes on */
    void (*before)(void);
};

static const struct row rows[] = {
    {"read", call_read, feed_pipe, nothing},
    {"readv", call_readv, feed_pipe, nothing},
    {"write", call_write, drain_pipe, nothing},
    {"splice", call_splice, feed_pipe, drain_pair},
    {"accept", call_accept, connect_once, nothing},
    {"accept4", call_accept4, connect_once, nothing},
    {"connect", call_connect, accept_once, nothing},
    {"recvfrom", call_recvfrom, feed_pair, nothing},
    {"recvmsg", call_recvmsg, feed_pair, nothing},
    {"recvmmsg", call_recvmmsg, feed_pair, nothing},
    {"recvfrom with SO_RCVTIMEO", call_recv_with_timeout, feed_timeout_pair, nothing},
    {"sendto", call_sendto, drain_pair, nothing},
    {"poll", call_poll, feed_pipe, nothing},
    {"ppoll", call_ppoll, feed_pipe, nothing},
    {"select", call_select, feed_pipe, nothing},
    {"pselect6", call_pselect6, feed_pipe, nothing},
    {"epoll_wait", call_epoll_wait, feed_pipe, nothing},
    {"epoll_pwait", call_epoll_pwait, feed_pipe, nothing},
    {"nanosleep", call_nanosleep, nothing, nothing},
    {"nanosleep in place", call_nanosleep_in_place, nothing, nothing},
    {"clock_nanosleep", call_clock_nanosleep, nothing, nothing},
    {"clock_nanosleep absolute", call_clock_nanosleep_absolute, nothing, nothing},
    {"futex", call_futex, wake_futex, nothing},
    {"futex with a time", call_futex_with_time, wake_futex, nothing},
    {"futex bitset", call_futex_bitset, wake_futex, nothing},
    {"wait4", call_wait4, end_sleeper, start_sleeper},
    {"waitid", call_waitid, end_sleeper, start_sleeper},
    {"msgrcv", call_msgrcv, send_message, nothing},
    {"msgsnd", call_msgsnd, take_message, nothing},
    {"semop", call_semop, raise_semaphore, nothing},
    {"semtimedop", call_semtimedop, raise_semaphore, nothing},
    {"flock", call_flock, release_lock, hold_lock},
    {"F_OFD_SETLKW", call_ofd_lock, release_ofd_lock, hold_ofd_lock},
    {"sigsuspend", call_sigsuspend, nothing, nothing},
    {"pause", call_pause, nothing, nothing},
    {"sigtimedwait", call_sigtimedwait, nothing, nothing},
    {"open of a FIFO", call_open_fifo, open_fifo_writer, nothing},
    {"read of an eventfd", call_read_eventfd, feed_eventfd, nothing},
    {"read of a timerfd", call_read_timerfd, fire_timer, nothing},
    {"read of inotify", call_read_inotify, touch_file, nothing},
    {"read of a signalfd", call_read_signalfd, signal_for_signalfd, nothing},
};

/* ---------------------------------------------------------------- the run */

static void fill_non_blocking(int fd)
{
    int flags = MUST(fcntl(fd, F_GETFL));
    MUST(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    while (write(fd, buffer, 4096) > 0) {
    }
    while (write(fd, buffer, 1) > 0) {
    }
    MUST(fcntl(fd, F_SETFL, flags));
}

static void drain(int fd)
{
    while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
    }
}

static void drain_read(int fd)
{
    struct pollfd poll_fd = {fd, POLLIN, 0};
    while (poll(&poll_fd, 1, 0) == 1 && read(fd, buffer, sizeof buffer) > 0) {
    }
}

/* Everything empty that must be empty, and full that must be full. */
static void restore_state(void)
{
    drain_read(pipe_ends[0]);
    fill_non_blocking(full_pipe[1]);
    drain(pair[0]);
    drain(timeout_pair[0]);
    fill_non_blocking(full_pair[0]);
    drain_read(event_fd);
    drain_read(timer_fd);
    drain_read(inotify_fd);
    drain_read(signal_fd);
    *futex_word = 0;
    struct {
        long type;
        char text[8192];
    } message = {1, {0}};
    while (msgrcv(queue, &message, sizeof message.text, 0, IPC_NOWAIT) > 0) {
    }
    message.type = 1;
    while (msgsnd(full_queue, &message, sizeof message.text, IPC_NOWAIT) == 0) {
    }
    MUST(semctl(semaphore, 0, SETVAL, 0));
    struct pollfd waiting = {listener, POLLIN, 0};
    while (poll(&waiting, 1, 0) == 1) {
        close(MUST(accept(listener, NULL, NULL)));
    }
    /* a full backlog: connect until it would block */
    for (;;) {
        int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (connect(fd, (struct sockaddr *)&full_address, sizeof full_address) < 0) {
            close(fd);
            break;
        }
    }
}

static int new_listener(const struct sockaddr_un *name)
{
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    MUST(bind(fd, (const struct sockaddr *)name, sizeof *name));
    MUST(listen(fd, 1));
    return fd;
}

static void set_up(void)
{
    MUST(pipe2(pipe_ends, O_CLOEXEC));
    MUST(pipe2(full_pipe, O_CLOEXEC));
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, full_pair));
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, timeout_pair));
    struct {
        long seconds, microseconds;
    } time = {500, 0};
    MUST(setsockopt(timeout_pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    listener = new_listener(&address);
    full_listener = new_listener(&full_address);
    epoll_fd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event = {.events = EPOLLIN};
    MUST(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_ends[0], &event));
    event_fd = MUST(eventfd(0, EFD_CLOEXEC));
    timer_fd = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    inotify_fd = MUST(inotify_init1(IN_CLOEXEC));
    MUST(inotify_add_watch(inotify_fd, ".", IN_CREATE | IN_OPEN));
    lock_fd = MUST(open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    MUST(mkfifo("fifo", 0600));
    queue = MUST(msgget(IPC_PRIVATE, 0600));
    full_queue = MUST(msgget(IPC_PRIVATE, 0600));
    semaphore = MUST(semget(IPC_PRIVATE, 1, 0600));
    uint64_t usr2 = SIGNAL_BIT(SIGUSR2);
    raw_mask(SIG_BLOCK, usr2);
    signal_fd = (int)raw(SYS_signalfd4, -1, &usr2, 8, SFD_CLOEXEC);
    futex_word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(futex_word != MAP_FAILED, "mmap");
}

static void tear_down(void)
{
    msgctl(queue, IPC_RMID, NULL);
    msgctl(full_queue, IPC_RMID, NULL);
    semctl(semaphore, 0, IPC_RMID);
}

/* Interrupts one call when it sleeps; ends it when it sleeps again (or the parent waits for us). */
static long interrupted(const struct row *row)
{
    restore_state();
    row->before();
    calls = 0;
    pid_t self = getpid(), pid = MUST(fork());
    if (pid == 0) {
        wait_until_blocked(self, self);
        kill(self, SIGUSR1);
        wait_until_blocked(self, self);
        row->finish();
        _exit(0);
    }
    long result = row->call();
    if (row->before == hold_lock || row->before == hold_ofd_lock) {
        close(locked_fd);
    }
    CHECK(wait_for(pid) == 0, "the child that signals failed");
    CHECK_EQ(calls, 1, row->name);
    if (sleeper) {
        waitpid(sleeper, NULL, 0);
        sleeper = 0;
    }
    return result;
}

static void interrupt_all(void)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        long results[2];
        for (int restart = 0; restart < 2; restart++) {
            raw_handle(SIGUSR1, count, SA_SIGINFO | (restart ? SA_RESTART : 0), 0);
            results[restart] = interrupted(&rows[i]);
            CHECK_EQ(current_mask(), SIGNAL_BIT(SIGUSR2), "mask after the call");
        }
        say("%s: %ld, with SA_RESTART %ld\n", rows[i].name, results[0], results[1]);
    }
}

/* In a child, so that System V queues don't outlive a failure. */
int main(void)
{
    set_up();
    int status = in_child(interrupt_all);
    tear_down();
    return status == 0 ? 0 : 1;
}
