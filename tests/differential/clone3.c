/*
 * clone3: struct sizes old and future, each field's errors, CLONE_PIDFD, CLONE_CLEAR_SIGHAND,
 * set_tid, and threads by stack and size.
 */
#include "common.h"
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define CLEAR_SIGHAND 0x100000000ULL
#define INTO_CGROUP   0x200000000ULL

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
    uint64_t future[501];
};

static struct arguments arguments;

/* A child that exits at once; gives the kernel's result in the parent. */
static long clone3(size_t size)
{
    long pid = raw(SYS_clone3, &arguments, size);
    if (pid == 0) {
        _exit(23);
    }
    return pid;
}

static void expect_child(long pid, const char *what)
{
    CHECK(pid > 0, "%s: %s", what, strerror((int)-pid));
    int status;
    CHECK_EQ(raw(SYS_wait4, pid, &status, __WALL, NULL), pid, what);
    CHECK_EQ(status, 23 << 8, what);
}

static void reset(void)
{
    memset(&arguments, 0, sizeof arguments);
    arguments.exit_signal = SIGCHLD;
}

static void test_sizes(void)
{
    static const size_t sizes[] = {0,  1,  8,  63, 64,  65,   71,   72,   79,   80,  81,
                                   87, 88, 89, 96, 100, 2048, 4000, 4088, 4096, 4097};
    void *page = map_pages(8192, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(page, 0, 4096);
        ((struct arguments *)page)->exit_signal = SIGCHLD;
        long pid = raw(SYS_clone3, page, sizes[i]);
        if (pid == 0) {
            _exit(23);
        }
        say("size %zu: %s\n", sizes[i], pid > 0 ? "a child" : strerror((int)-pid));
        if (pid > 0) {
            expect_child(pid, "size");
        }
    }
    MUST(munmap(page, 8192));
    reset();
    arguments.future[0] = 1;
    CHECK_EQ(clone3(96), -E2BIG, "a field of the future that isn't 0");
    expect_child(clone3(88), "a field beyond the size");
    uint8_t *border = map_pages(8192, PROT_READ | PROT_WRITE);
    MUST(munmap(border + 4096, 4096));
    memcpy(border + 4096 - 88, &arguments, 88);
    long pid = raw(SYS_clone3, border + 4096 - 88, 88);
    if (pid == 0) {
        _exit(23);
    }
    expect_child(pid, "at the border");
    CHECK_EQ(raw(SYS_clone3, border + 4096 - 80, 88), -EFAULT, "across the border");
    CHECK_EQ(raw(SYS_clone3, NULL, 88), -EFAULT, "no arguments");
    CHECK_EQ(raw(SYS_clone3, NULL, 8), -EINVAL, "size before pointer");
}

/* long raw_clone3(struct arguments *, size, int (*function)(void *), void *argument) */
__asm__(".pushsection .text\n"
        ".type raw_clone3, @function\n"
        "raw_clone3:\n"
        "    .cfi_startproc\n"
        "    mov %rdx, %r8\n"
        "    mov %rcx, %r9\n"
        "    mov $435, %eax\n"
        "    syscall\n"
        "    test %rax, %rax\n"
        "    jnz 1f\n"
        "    .cfi_undefined rip\n"
        "    mov %r9, %rdi\n"
        "    call *%r8\n" EXIT_OR_RETURN("raw_clone3"));
extern long raw_clone3(struct arguments *arguments, size_t size, int (*function)(void *),
                       void *argument) __attribute__((visibility("hidden")));

static char own_path[4096];

/* Whether a call of the child is answered as one of the parent is. */
static int look_at_self(void *argument)
{
    char path[4096];
    (void)argument;
    long length = raw(SYS_readlink, "/proc/self/exe", path, sizeof path - 1);
    if (length < 0) {
        return 1;
    }
    path[length] = '\0';
    for (long i = 0; i <= length; i++) {
        if (path[i] != own_path[i]) {
            return 2;
        }
    }
    return 23;
}

/* Beyond what is known today zeros are nothing: a child like any other. All else is refused. */
static void test_future_sizes(void)
{
    static const size_t sizes[] = {88, 89, 96, 128, 2048, 4096};
    long length = raw(SYS_readlink, "/proc/self/exe", own_path, sizeof own_path - 1);
    CHECK(length > 0, "readlink: %ld", length);
    static uint8_t stack[65536] __attribute__((aligned(64)));
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        reset();
        long pid = raw(SYS_clone3, &arguments, sizes[i]);
        if (pid == 0) {
            _exit(look_at_self(NULL));
        }
        expect_child(pid, "a child with its own memory");
        arguments.flags = CLONE_VM | CLONE_VFORK;
        arguments.stack = (uint64_t)stack;
        arguments.stack_size = sizeof stack;
        expect_child(raw_clone3(&arguments, sizes[i], look_at_self, NULL),
                     "a child with its parent's memory");
    }
    uint8_t *page = map_pages(8192, PROT_READ | PROT_WRITE);
    for (size_t at = 88; at < 4096; at += at < 256 ? 1 : 64) {
        reset();
        memcpy(page, &arguments, 4096);
        page[at] = 1;
        CHECK_EQ(raw(SYS_clone3, page, 4096), -E2BIG, "a byte of the future that isn't 0");
        if (at + 1 < 4096) {
            CHECK_EQ(raw(SYS_clone3, page, at + 1), -E2BIG, "the last byte isn't 0");
        }
    }
    page[4095] = 1;
    CHECK_EQ(raw(SYS_clone3, page, 4096), -E2BIG, "the last byte of a page isn't 0");
    CHECK_EQ(raw(SYS_clone3, page, 4097), -E2BIG, "more than a page");
    reset();
    MUST(munmap(page + 4096, 4096));
    memcpy(page + 4096 - 88, &arguments, 88);
    CHECK_EQ(raw(SYS_clone3, page + 4096 - 88, 96), -EFAULT, "the future is unreadable");
    MUST(munmap(page, 4096));
    CHECK_EQ(raw(SYS_wait4, -1, NULL, __WALL, NULL), -ECHILD, "children left by failed clones");
    say("sizes of the future: zeros alone\n");
}

static void test_field_errors(void)
{
    static uint8_t stack[65536];
    static const struct {
        const char *name;
        size_t field;
        uint64_t value;
    } rows[] = {
        {"exit signal 65", offsetof(struct arguments, exit_signal), 65},
        {"exit signal with flags", offsetof(struct arguments, exit_signal), 0x100 | SIGCHLD},
        {"exit signal huge", offsetof(struct arguments, exit_signal), 1ULL << 40 | SIGCHLD},
        {"exit signal in flags", offsetof(struct arguments, flags), SIGCHLD},
        {"detached", offsetof(struct arguments, flags), 0x400000},
        {"unknown flag", offsetof(struct arguments, flags), 1ULL << 60},
        {"clear and share handlers", offsetof(struct arguments, flags),
         CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM},
        {"thread with exit signal", offsetof(struct arguments, flags),
         CLONE_THREAD | CLONE_SIGHAND | CLONE_VM},
        {"stack without size", offsetof(struct arguments, stack), (uint64_t)stack},
        {"size without stack", offsetof(struct arguments, stack_size), 4096},
        {"set_tid without size", offsetof(struct arguments, set_tid), (uint64_t)stack},
        {"set_tid size without set_tid", offsetof(struct arguments, set_tid_size), 1},
        {"set_tid size 33", offsetof(struct arguments, set_tid_size), 33},
        {"cgroup without flag", offsetof(struct arguments, cgroup), 99},
        {"into a bad cgroup", offsetof(struct arguments, flags), INTO_CGROUP},
        {"pidfd to a bad address", offsetof(struct arguments, flags), CLONE_PIDFD},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        reset();
        memcpy((char *)&arguments + rows[i].field, &rows[i].value, 8);
        if (strstr(rows[i].name, "bad cgroup")) {
            arguments.cgroup = 9999;
        }
        long pid = clone3(88);
        say("%s: %s\n", rows[i].name, pid > 0 ? "a child" : strerror((int)-pid));
        if (pid > 0) {
            expect_child(pid, rows[i].name);
        }
    }
    int taken = getpid();
    reset();
    arguments.set_tid = (uint64_t)&taken;
    arguments.set_tid_size = 1;
    long result = clone3(88);
    CHECK(result == -EPERM || result == -EEXIST, "set_tid to a pid in use: %ld", result);
    reset();
    arguments.set_tid = 8;
    arguments.set_tid_size = 1;
    CHECK_EQ(clone3(88), -EFAULT, "set_tid unreadable");
    CHECK_EQ(raw(SYS_wait4, -1, NULL, __WALL, NULL), -ECHILD, "children left by failed clones");
}

static void test_pidfd(void)
{
    int pidfd = -1, parent_tid = -1, child_tid = -1;
    reset();
    arguments.flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID;
    arguments.pidfd = (uint64_t)&pidfd;
    arguments.parent_tid = (uint64_t)&parent_tid;
    arguments.child_tid = (uint64_t)&child_tid;
    int lowest = MUST(dup(1));
    close(lowest);
    long pid = raw(SYS_clone3, &arguments, 88);
    if (pid == 0) {
        CHECK_EQ(child_tid, raw_tid(), "CLONE_CHILD_SETTID");
        for (;;) {
            pause();
        }
    }
    CHECK(pid > 0, "clone3: %ld", pid);
    CHECK_EQ(parent_tid, pid, "CLONE_PARENT_SETTID");
    CHECK_EQ(pidfd, lowest, "the pidfd is the lowest free descriptor");
    CHECK_EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC, "the pidfd is closed on exec");
    struct pollfd poll_fd = {pidfd, POLLIN, 0};
    CHECK_EQ(poll(&poll_fd, 1, 0), 0, "poll of a living child");
    CHECK_EQ(raw(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0), 0, "pidfd_send_signal");
    CHECK_EQ(poll(&poll_fd, 1, -1), 1, "poll of a dead child");
    siginfo_t info = {0};
    CHECK_EQ(raw(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED, NULL), 0, "waitid");
    CHECK(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM,
          "siginfo of waitid on a pidfd");
    CHECK_EQ(raw(SYS_pidfd_send_signal, pidfd, 0, NULL, 0), -ESRCH, "after it was waited for");
    close(pidfd);
    say("CLONE_PIDFD: a descriptor for the child\n");
}

static void handler(int signo)
{
    (void)signo;
}

static void test_clear_handlers(void)
{
    static const int signals[] = {SIGUSR1, SIGSYS, SIGSEGV, SIGTRAP, 40};
    for (int clear = 0; clear < 2; clear++) {
        for (unsigned i = 0; i < 5; i++) {
            disposition(signals[i], handler);
        }
        disposition(SIGUSR2, SIG_IGN);
        reset();
        arguments.flags = clear ? CLEAR_SIGHAND : 0;
        long pid = raw(SYS_clone3, &arguments, 88);
        if (pid == 0) {
            int handled = 0;
            struct kernel_sigaction action;
            for (unsigned i = 0; i < 5; i++) {
                raw_action(signals[i], NULL, &action);
                handled += action.handler != SIG_DFL;
            }
            raw_action(SIGUSR2, NULL, &action);
            _exit(handled + (action.handler == SIG_IGN ? 100 : 0));
        }
        CHECK_EQ(wait_for((pid_t)pid), (clear ? 100 : 105) << 8, "handlers left in the child");
    }
    for (unsigned i = 0; i < 5; i++) {
        disposition(signals[i], SIG_DFL);
    }
    disposition(SIGUSR2, SIG_DFL);
    /* a default SIGSYS must kill such a child */
    reset();
    arguments.flags = CLEAR_SIGHAND;
    long pid = raw(SYS_clone3, &arguments, 88);
    if (pid == 0) {
        raw(SYS_kill, raw(SYS_getpid), SIGSYS);
        _exit(0);
    }
    CHECK_EQ(wait_for((pid_t)pid) & 0x7f, SIGSYS, "status");
    say("CLONE_CLEAR_SIGHAND: handlers gone, ignored kept\n");
}

static volatile int tid_word, seen_tid;
static volatile uintptr_t seen_stack;

static int look(void *argument)
{
    seen_tid = (int)raw(SYS_gettid);
    seen_stack = (uintptr_t)__builtin_frame_address(0);
    return (int)(long)argument;
}

/* The stack is given by its low end and size; the new thread's RSP is the sum of both. */
static void test_threads(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    for (int i = 0; i < 200; i++) {
        memset(&arguments, 0, sizeof arguments);
        bool process = i % 4 == 3;
        arguments.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM |
                          CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_THREAD;
        arguments.child_tid = arguments.parent_tid = (uint64_t)&tid_word;
        arguments.stack = (uint64_t)stack;
        arguments.stack_size = sizeof stack;
        if (process) {
            arguments.flags = CLONE_VM | CLONE_VFORK;
            arguments.exit_signal = SIGCHLD;
        }
        long tid = raw_clone3(&arguments, i % 2 ? 64 : 88, look, (void *)12);
        CHECK(tid > 0, "clone3: %s", strerror((int)-tid));
        if (process) {
            CHECK_EQ(wait_for((pid_t)tid), 12 << 8, "status");
        } else {
            for (int value; (value = tid_word) != 0;) {
                raw(SYS_futex, &tid_word, FUTEX_WAIT, value, NULL, NULL, 0);
            }
        }
        CHECK_EQ(seen_tid, tid, "gettid");
        CHECK(seen_stack > (uintptr_t)stack + sizeof stack - 256 &&
                  seen_stack < (uintptr_t)stack + sizeof stack,
              "the stack is at %#lx, expected below %p", (unsigned long)seen_stack,
              (void *)(stack + sizeof stack));
    }
    say("threads: 200 by stack and size\n");
}

int main(void)
{
    test_sizes();
    test_future_sizes();
    test_field_errors();
    test_pidfd();
    test_clear_handlers();
    test_threads();
    return 0;
}
