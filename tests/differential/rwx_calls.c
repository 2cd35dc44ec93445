/*
 * The kernel writes to memory that is writable and executable, and that was executed just before:
 * what a call is given to fill is filled, whole, whatever the program has run there. Signal frames
 * and the thread that ends are such writes too.
 */
#include "code.h"
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <linux/futex.h>

#define PAGES 4

static uint8_t *code; /* code at the end of each page, data before it */

/* All pages have been executed since they were last written to, but those that may not be. */
static void execute_all(void)
{
    for (int i = 0; i < PAGES; i++) {
        if (!holds_unsafe(code + i * PAGE, PAGE)) {
            CHECK_EQ(run(code + (i + 1) * PAGE - 64), i, "code beside data");
        }
    }
}

static void make_code(void)
{
    memset(code, 0, PAGES * PAGE); /* what calls have left may hold what may not be executed */
    for (int i = 0; i < PAGES; i++) {
        put_constant(code + (i + 1) * PAGE - 64, (uint32_t)i);
    }
}

static void expect_text(const char *at, const char *text, const char *what)
{
    CHECK(memcmp(at, text, strlen(text)) == 0, "%s: not there", what);
}

/* ---------------------------------------------------------------- bytes */

static void test_reads(void)
{
    static char bytes[2 * PAGE];
    int ends[2];
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "begin", 5);
    memcpy(bytes + sizeof bytes - 70, "end", 3);
    int fd = MUST(open("data", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    CHECK_EQ(write(fd, bytes, sizeof bytes), (long)sizeof bytes, "write");
    /* across a border of pages, all of it in one call */
    char *target = (char *)code + 100;
    make_code();
    execute_all();
    CHECK_EQ(pread(fd, target, PAGE, 0), PAGE, "pread");
    expect_text(target, "begin", "pread");
    make_code();
    execute_all();
    struct iovec pieces[] = {{code, 5}, {code + PAGE, 5}, {code + 2 * PAGE, 2 * PAGE - 64 - 10}};
    MUST(lseek(fd, 0, SEEK_SET));
    CHECK_EQ(readv(fd, pieces, 3), 2 * PAGE - 64, "readv");
    expect_text((char *)code, "begin", "readv");
    expect_text((char *)code + PAGE, "xxxxx", "readv");
    make_code();
    execute_all();
    CHECK_EQ(preadv(fd, pieces, 3, 0), 2 * PAGE - 64, "preadv");
    expect_text((char *)code, "begin", "preadv");
    make_code();
    execute_all();
    struct iovec *inside = (struct iovec *)(code + 3 * PAGE); /* read from there */
    memcpy(inside, pieces, sizeof pieces);
    execute_all();
    CHECK_EQ(preadv(fd, inside, 2, 0), 10, "preadv");
    CHECK_EQ(pwritev(fd, inside, 2, 0), 10, "pwritev");
    MUST(pipe(ends));
    CHECK_EQ(write(ends[1], "from a pipe", 11), 11, "write");
    execute_all();
    CHECK_EQ(read(ends[0], code + PAGE, 100), 11, "read");
    expect_text((char *)code + PAGE, "from a pipe", "read");
    execute_all();
    CHECK_EQ(write(ends[1], code + PAGE, 11), 11, "written from there");
    execute_all();
    int count = -1;
    MUST(ioctl(ends[0], FIONREAD, &count));
    MUST(ioctl(ends[0], FIONREAD, code + PAGE));
    CHECK_EQ(*(int *)(code + PAGE), count, "ioctl");
    close(ends[0]);
    close(ends[1]);
    close(fd);
    say("read: all of it\n");
}

/* ---------------------------------------------------------------- what is lost when it fails */

static void test_messages(void)
{
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(send(ends[1], "message", 7, 0), 7, "send");
    }
    execute_all();
    CHECK_EQ(recv(ends[0], code, 100, 0), 7, "recv");
    expect_text((char *)code, "message", "recv");
    struct sockaddr_storage *name = (struct sockaddr_storage *)(code + PAGE);
    socklen_t *size = (socklen_t *)(code + 2 * PAGE);
    *size = sizeof *name;
    execute_all();
    CHECK_EQ(recvfrom(ends[0], code, 100, 0, (struct sockaddr *)name, size), 7, "recvfrom");
    struct iovec piece = {code + PAGE, 100};
    struct msghdr *header = (struct msghdr *)(code + 3 * PAGE);
    *header = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1};
    header->msg_control = code + 2 * PAGE;
    header->msg_controllen = 100;
    execute_all();
    CHECK_EQ(recvmsg(ends[0], header, 0), 7, "recvmsg");
    expect_text((char *)code + PAGE, "message", "recvmsg");
    CHECK_EQ(send(ends[1], "one", 3, 0), 3, "send");
    CHECK_EQ(send(ends[1], "two", 3, 0), 3, "send");
    struct mmsghdr *many = (struct mmsghdr *)(code + 3 * PAGE);
    struct iovec pieces[2] = {{code, 100}, {code + PAGE, 100}};
    for (int i = 0; i < 2; i++) {
        many[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
    }
    execute_all();
    CHECK_EQ(recvmmsg(ends[0], many, 2, 0, NULL), 2, "recvmmsg");
    expect_text((char *)code, "one", "recvmmsg");
    expect_text((char *)code + PAGE, "two", "recvmmsg");
    CHECK_EQ(many[1].msg_len, 3, "recvmmsg");
    close(ends[0]);
    close(ends[1]);

    int counter = MUST(eventfd(5, 0));
    execute_all();
    CHECK_EQ(read(counter, code, 8), 8, "read");
    CHECK_EQ(*(uint64_t *)code, 5, "an event counter");
    close(counter);

    pid_t pid = MUST(fork());
    if (pid == 0) {
        _exit(7);
    }
    execute_all();
    CHECK_EQ(waitpid(pid, (int *)code, 0), pid, "waitpid");
    CHECK_EQ(WEXITSTATUS(*(int *)code), 7, "waitpid");
    say("messages, counters, children: none is lost\n");
}

/* ---------------------------------------------------------------- structures */

static void test_structures(void)
{
    struct stat status;
    MUST(stat("/", &status));
    execute_all();
    MUST(stat("/", (struct stat *)code));
    CHECK_EQ(((struct stat *)code)->st_ino, status.st_ino, "stat");
    execute_all();
    MUST(fstatat(AT_FDCWD, "/", (struct stat *)(code + PAGE - 72 - sizeof status), 0));
    make_code();
    execute_all();
    MUST(uname((struct utsname *)code));
    expect_text((char *)code, "Linux", "uname");
    execute_all();
    MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, (struct timespec *)(code + PAGE)));
    execute_all();
    MUST(pipe((int *)code));
    int ends[2];
    memcpy(ends, code, sizeof ends);
    struct pollfd *entry = (struct pollfd *)(code + PAGE);
    *entry = (struct pollfd){.fd = ends[1], .events = POLLOUT};
    execute_all();
    CHECK_EQ(poll(entry, 1, -1), 1, "poll");
    CHECK_EQ(entry->revents, POLLOUT, "poll");
    entry->revents = 0;
    execute_all();
    CHECK_EQ(ppoll(entry, 1, NULL, NULL), 1, "ppoll");
    fd_set *set = (fd_set *)(code + PAGE);
    FD_ZERO(set);
    FD_SET(ends[0], set);
    FD_SET(ends[1], set);
    execute_all();
    CHECK_EQ(select(ends[1] + 1, NULL, set, NULL, NULL), 1, "select");
    CHECK(!FD_ISSET(ends[0], set) && FD_ISSET(ends[1], set), "select");
    int epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event *event = (struct epoll_event *)(code + PAGE);
    *event = (struct epoll_event){.events = EPOLLOUT, .data.u64 = 99};
    execute_all();
    MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], event));
    event->data.u64 = 0;
    execute_all();
    CHECK_EQ(epoll_wait(epoll, event, 1, -1), 1, "epoll_wait");
    CHECK_EQ(event->data.u64, 99, "epoll_wait");
    close(epoll);
    close(ends[0]);
    close(ends[1]);
    int folder = MUST(open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    execute_all();
    CHECK(syscall(SYS_getdents64, folder, code, 2 * PAGE) > 0, "getdents64: %s", strerror(errno));
    close(folder);
    make_code();
    execute_all();
    CHECK(getcwd((char *)code, 200) == (char *)code, "getcwd: %s", strerror(errno));
    execute_all();
    CHECK_EQ(syscall(SYS_getrandom, code, PAGE - 64, 0), PAGE - 64, "getrandom");
    make_code();
    execute_all();
    CHECK_EQ(readlink("/proc/self", (char *)code, 100) > 0, 1, "readlink");
    say("structures: filled\n");
}

static void test_signal_calls(void)
{
    sigset_t *old = (sigset_t *)code;
    struct sigaction *action = (struct sigaction *)(code + PAGE);
    stack_t *stack = (stack_t *)(code + 2 * PAGE);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    execute_all();
    MUST(sigprocmask(SIG_BLOCK, &one, NULL));
    MUST(sigprocmask(SIG_UNBLOCK, &one, old));
    CHECK_EQ(sigismember(old, SIGUSR1), 1, "sigprocmask");
    execute_all();
    CHECK_EQ(syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, 8), 0, "rt_sigaction");
    execute_all();
    MUST(sigaltstack(NULL, stack));
    CHECK_EQ(stack->ss_flags, SS_DISABLE, "sigaltstack");
    say("masks, actions, stacks: told\n");
}

static void test_futexes(void)
{
    uint32_t *word = (uint32_t *)code, *other = (uint32_t *)(code + PAGE);
    *word = *other = 0;
    execute_all();
    CHECK_EQ(syscall(SYS_futex, word, FUTEX_WAKE_OP, 1, 1, other, FUTEX_OP(FUTEX_OP_SET, 3, 0, 0)),
             0, "FUTEX_WAKE_OP");
    CHECK_EQ(*other, 3, "FUTEX_WAKE_OP");
    execute_all();
    MUST(syscall(SYS_futex, word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_EQ(*word, (uint32_t)syscall(SYS_gettid), "FUTEX_LOCK_PI");
    execute_all();
    MUST(syscall(SYS_futex, word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_EQ(*word, 0, "FUTEX_UNLOCK_PI");
    struct timespec soon = {0, 1000};
    execute_all();
    CHECK_EQ(syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0), -1, "FUTEX_WAIT");
    CHECK_EQ(errno, ETIMEDOUT, "FUTEX_WAIT");
    say("futexes: changed\n");
}

/* ---------------------------------------------------------------- frames */

static volatile int handled;

static void note_signal(int signo)
{
    handled = signo;
}

static void test_frames(void)
{
    stack_t stack = {.ss_sp = code, .ss_size = PAGES * PAGE - 64};
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_ONSTACK};
    MUST(sigaltstack(&stack, NULL));
    MUST(sigaction(SIGUSR1, &action, NULL));
    for (int i = 0; i < 10; i++) {
        make_code();
        put_call(code + PAGES * PAGE - 200, SYS_getpid); /* at the stack's top */
        execute_all();
        CHECK_EQ(run(code + PAGES * PAGE - 200), getpid(), "code on the alternate stack");
        handled = 0;
        MUST(raise(SIGUSR1));
        CHECK_EQ(handled, SIGUSR1, "a handler on code");
    }
    stack.ss_flags = SS_DISABLE;
    MUST(sigaltstack(&stack, NULL));
    say("frames: on executed pages\n");
}

/* ---------------------------------------------------------------- threads */

/* Code on its own stack, beside its frame and perhaps the thread's own data. */
static void *run_on_stack(void *argument)
{
    uint8_t own[64];
    put_constant(own, 5);
    __asm__ volatile("" : : "r"(own) : "memory"); /* it is used */
    if (!holds_unsafe(page_of(own), PAGE) && !holds_unsafe(page_of(own + 8), PAGE)) {
        CHECK_EQ(run(own), 5, "code on a thread's stack");
    }
    return argument;
}

/* Ends with the page executed in which the kernel is to clear its number. */
static void *end_silently(void *argument)
{
    uint32_t *number = argument;
    *number = (uint32_t)syscall(SYS_set_tid_address, number);
    execute_all();
    syscall(SYS_exit, 0);
    return NULL;
}

static void *run_forever(void *argument)
{
    const volatile int *stop = argument;
    while (!*stop) {
        run(code + PAGE - 64);
        sched_yield();
    }
    return NULL;
}

static void *write_forever(void *argument)
{
    const volatile int *stop = argument;
    for (volatile uint8_t *counter = code; !*stop;) { /* one byte: no count is an instruction */
        ++*counter;
    }
    return NULL;
}

/* What waits in the kernel when its page is executed by another thread. */
static void test_threads(void)
{
    volatile int stop = 0;
    int there[2], back[2];
    pthread_t threads[2];
    MUST(pipe(there));
    MUST(pipe(back));
    make_code();
    CHECK_EQ(pthread_create(&threads[0], NULL, run_forever, (void *)&stop), 0, "pthread_create");
    for (int i = 0; i < 50; i++) {
        pid_t pid = i % 10 == 0 ? MUST(fork()) : -1;
        if (pid == 0) { /* writes when the parent waits */
            usleep(20000);
            CHECK_EQ(write(there[1], "data", 4), 4, "write");
            _exit(0);
        }
        if (pid == -1) {
            CHECK_EQ(write(there[1], "data", 4), 4, "write");
        }
        CHECK_EQ(read(there[0], code, 100), 4, "read");
        expect_text((char *)code, "data", "read");
        if (pid != -1) {
            wait_for(pid);
        }
    }
    stop = 1;
    pthread_join(threads[0], NULL);
    say("read while another thread runs there\n");

    stop = 0;
    CHECK_EQ(pthread_create(&threads[0], NULL, write_forever, (void *)&stop), 0, "pthread_create");
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(run(code + PAGE - 64), 0, "code that another thread writes beside");
    }
    stop = 1;
    pthread_join(threads[0], NULL);
    say("run while another thread writes there\n");

    /* a stack that is executable, whose top page (the thread's own data as well) was executed */
    uint8_t *stack = map_pages(64 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    MUST(pthread_attr_setstack(&attributes, stack, 64 * PAGE));
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(pthread_create(&threads[0], &attributes, run_on_stack, NULL), 0, "pthread_create");
        CHECK_EQ(pthread_join(threads[0], NULL), 0, "pthread_join");
    }
    pthread_attr_destroy(&attributes);
    volatile uint32_t *number = (uint32_t *)code;
    *number = 1;
    CHECK_EQ(pthread_create(&threads[0], NULL, end_silently, (void *)(uintptr_t)number), 0,
             "pthread_create");
    while (*number != 0) {
        usleep(1000);
    }
    say("threads: on executable stacks\n");
}

int main(void)
{
    code = map_pages(PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    make_code();
    test_reads();
    make_code();
    test_messages();
    make_code();
    test_structures();
    make_code();
    test_signal_calls();
    make_code();
    test_futexes();
    test_frames();
    test_threads();
    return 0;
}
