/*
 * Helpers shared by the differential programs: checks that say what was expected, a transcript
 * without buffering (nothing is printed twice by a forked child), and system calls that are issued
 * by the program's own `syscall` instruction instead of libc's.
 */
#ifndef DIFFERENTIAL_COMMON_H
#define DIFFERENTIAL_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* Kernel facts that libc headers hide or rename. */
#define KERNEL_SIGSET_BYTES 8
#define KERNEL_NSIG         64
#ifndef SA_RESTORER
#define SA_RESTORER 0x04000000
#endif
#define SIGNAL_BIT(signo) (1ULL << ((signo)-1))

/* What rt_sigaction(2) reads and writes; libc's struct sigaction has another order and size. */
struct kernel_sigaction {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

/* What rt_sigqueueinfo(2) and timer_create(2) take, as the kernel lays them out. */
struct kernel_sigevent {
    union sigval value;
    int signo;
    int notify;
    int tid;
    int pad[11];
};

/* ------------------------------------------------------------------ transcript and checks */

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
    char line[8192];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    size_t left = (size_t)length < sizeof line ? (size_t)length : sizeof line - 1;
    for (const char *next = line; left > 0;) {
        ssize_t written = write(STDOUT_FILENO, next, left);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            _exit(2);
        }
        next += written;
        left -= (size_t)written;
    }
}

__attribute__((format(printf, 3, 4), noreturn)) static inline void
fail_at(const char *file, int line, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "%s:%d: %s\n", file, line, message);
    _exit(1);
}

/* A statement that must hold; the text tells what was expected, with the values that were met. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fail_at(__FILE_NAME__, __LINE__, __VA_ARGS__);                                         \
        }                                                                                          \
    } while (0)

/* A value that must be as expected. `what` names it. */
#define CHECK_EQ(got, want, what)                                                                  \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        CHECK(got_ == want_, "%s: got %lld (0x%llx), expected %lld (0x%llx)", what, got_,          \
              (unsigned long long)got_, want_, (unsigned long long)want_);                         \
    } while (0)

/* A call of libc that must not return -1; yields its value. */
#define MUST(call)                                                                                 \
    __extension__({                                                                                \
        __auto_type result_ = (call);                                                              \
        CHECK((long)result_ != -1L, "%s: expected success, got %s", #call, strerror(errno));       \
        result_;                                                                                   \
    })

#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

/* ------------------------------------------------------------------ the program's own sites */

static inline __attribute__((always_inline)) long raw_call(long nr, long a, long b, long c, long d,
                                                           long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* raw(SYS_x, arguments...): the kernel's result, a negative errno on failure. */
#define RAW7(nr, a, b, c, d, e, f)                                                                 \
    raw_call((long)(nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW6(nr, a, b, c, d, e)                  RAW7(nr, a, b, c, d, e, 0)
#define RAW5(nr, a, b, c, d)                     RAW7(nr, a, b, c, d, 0, 0)
#define RAW4(nr, a, b, c)                        RAW7(nr, a, b, c, 0, 0, 0)
#define RAW3(nr, a, b)                           RAW7(nr, a, b, 0, 0, 0, 0)
#define RAW2(nr, a)                              RAW7(nr, a, 0, 0, 0, 0, 0)
#define RAW1(nr)                                 RAW7(nr, 0, 0, 0, 0, 0, 0)
#define RAW_PICK(a, b, c, d, e, f, g, name, ...) name
#define raw(...)                                 RAW_PICK(__VA_ARGS__, RAW7, RAW6, RAW5, RAW4, RAW3, RAW2, RAW1, none)(__VA_ARGS__)

static inline uint64_t raw_mask(int how, uint64_t set)
{
    uint64_t old = 0;
    CHECK_EQ(raw(SYS_rt_sigprocmask, how, &set, &old, KERNEL_SIGSET_BYTES), 0, "rt_sigprocmask");
    return old;
}

static inline uint64_t current_mask(void)
{
    uint64_t old = 0;
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, KERNEL_SIGSET_BYTES), 0,
             "rt_sigprocmask");
    return old;
}

static inline uint64_t pending_signals(void)
{
    uint64_t pending = 0;
    CHECK_EQ(raw(SYS_rt_sigpending, &pending, KERNEL_SIGSET_BYTES), 0, "rt_sigpending");
    return pending;
}

static inline int raw_tid(void)
{
    return (int)raw(SYS_gettid);
}

/* The kernel's part of a ucontext's mask; libc's sigset_t is longer than what the kernel wrote. */
static inline uint64_t context_mask(const void *context)
{
    uint64_t mask;
    memcpy(&mask, &((const ucontext_t *)context)->uc_sigmask, sizeof mask);
    return mask;
}

static inline void set_context_mask(void *context, uint64_t mask)
{
    memcpy(&((ucontext_t *)context)->uc_sigmask, &mask, sizeof mask);
}

/* The end of an assembly function: the child exits with what was returned to it, the parent's at 1.
 */
#define EXIT_OR_RETURN(name)                                                                       \
    "    mov %eax, %edi\n"                                                                         \
    "    mov $60, %eax\n"                                                                          \
    "    syscall\n"                                                                                \
    "    ud2\n"                                                                                    \
    "1:  ret\n"                                                                                    \
    "    .cfi_endproc\n"                                                                           \
    ".size " name ", . - " name "\n"                                                               \
    ".popsection\n"

/*
 * clone(2) without libc: the child runs function(argument) on its own stack and exits by exit(2)
 * with its result. Such a child may have no TLS of its own, so it uses raw() alone, never libc.
 */
__asm__(".pushsection .text\n"
        ".type raw_clone, @function\n"
        "raw_clone:\n"
        "    .cfi_startproc\n"
        "    mov 8(%rsp), %rax\n"
        "    and $-16, %rsi\n"
        "    sub $16, %rsi\n"
        "    mov %r9, (%rsi)\n"
        "    mov %rax, 8(%rsi)\n"
        "    mov %rcx, %r10\n"
        "    mov $56, %eax\n"
        "    syscall\n"
        "    test %rax, %rax\n"
        "    jnz 1f\n"
        "    .cfi_undefined rip\n"
        "    xor %ebp, %ebp\n"
        "    pop %rax\n"
        "    pop %rdi\n"
        "    call *%rax\n" EXIT_OR_RETURN("raw_clone"));
extern long raw_clone(long flags, void *stack_end, int *parent_tid, int *child_tid, void *tls,
                      int (*function)(void *), void *argument)
    __attribute__((visibility("hidden")));

/* ------------------------------------------------------------------ handlers, children, time */

typedef void signal_handler(int signo, siginfo_t *info, void *context);

/* Installs a handler through libc. */
static inline void handle(int signo, signal_handler *handler, int flags)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | flags};
    action.sa_sigaction = handler;
    sigemptyset(&action.sa_mask);
    MUST(sigaction(signo, &action, NULL));
}

static inline void disposition(int signo, void (*handler)(int))
{
    struct sigaction action = {.sa_flags = 0};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    MUST(sigaction(signo, &action, NULL));
}

/*
 * The program's own way back from a handler. The bytes are not those of libc's restorer: a monitor
 * that knew rt_sigreturn by its usual bytes alone would miss it.
 */
__asm__(".pushsection .text\n"
        ".balign 16\n"
        ".type raw_restorer, @function\n"
        "raw_restorer:\n"
        "    mov $15, %eax\n"
        "    syscall\n"
        "    ud2\n"
        ".size raw_restorer, . - raw_restorer\n"
        ".popsection\n");
extern void raw_restorer(void) __attribute__((visibility("hidden")));

/* Reads or sets an action without libc: the kernel's result. */
static inline long raw_action(int signo, const struct kernel_sigaction *action,
                              struct kernel_sigaction *old)
{
    return raw(SYS_rt_sigaction, signo, action, old, KERNEL_SIGSET_BYTES);
}

/* Installs a handler without libc, which changes flags and hides signals. */
static inline void raw_handle(int signo, signal_handler *handler, unsigned long flags,
                              uint64_t mask)
{
    struct kernel_sigaction action = {(void *)handler, SA_RESTORER | flags, (void *)raw_restorer,
                                      mask};
    CHECK_EQ(raw_action(signo, &action, NULL), 0, "rt_sigaction");
}

/* How a child ended, as one line of text in a static buffer. */
static inline const char *ending(int status)
{
    static char text[64];
    if (WIFEXITED(status)) {
        snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
    } else if (WIFSTOPPED(status)) {
        snprintf(text, sizeof text, "stopped %d", WSTOPSIG(status));
    } else {
        snprintf(text, sizeof text, "status 0x%x", (unsigned)status);
    }
    return text;
}

static inline int wait_for(pid_t pid)
{
    int status = 0;
    pid_t got;
    do {
        got = waitpid(pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    CHECK_EQ(got, pid, "waitpid");
    return status;
}

/* Runs a part of a test in a child, and gives its wait status. */
static inline int in_child(void (*part)(void))
{
    pid_t pid = MUST(fork());
    if (pid == 0) {
        part();
        _exit(0);
    }
    return wait_for(pid);
}

/* The child must end as the text says ("exit 0", "signal 11"). */
#define EXPECT_ENDING(part, text)                                                                  \
    do {                                                                                           \
        int status_ = in_child(part);                                                              \
        CHECK(strcmp(ending(status_), text) == 0, "%s: ended by %s, expected %s", #part,           \
              ending(status_), text);                                                              \
        say("%s: %s\n", #part, text);                                                              \
    } while (0)

static inline void sleep_ms(long milliseconds)
{
    struct timespec left = {milliseconds / 1000, (milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

static inline long long monotonic_ns(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now));
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/*
 * A time that is long beside what comes meanwhile: a few calls, a fork, a signal. The emulated
 * machine of tests/vm is slow.
 */
static inline long long_beside_calls_ms(long milliseconds)
{
    return getenv("ENDORUN_VM") ? milliseconds * 20 : milliseconds;
}

/* How often to repeat what the emulated machine is slowest at: execs, and threads that get in the
 * way. */
static inline int fewer_when_emulated(int times)
{
    return getenv("ENDORUN_VM") ? times / 10 : times;
}

/*
 * A signal that is sent again while its handler runs comes before the target's next instruction,
 * natively too: who sends faster than the target handles would keep it where it is for ever. So the
 * target of a storm counts the steps that it makes, and each sender sends a few for each of them,
 * and waits for the next then.
 */
#define BURST 4

struct burst {
    int step, sent;
};

/* True when the share of that step is sent; the caller looks again. */
static inline bool burst_is_over(struct burst *burst, int step)
{
    if (burst->step != step) {
        *burst = (struct burst){step, 0};
    }
    if (burst->sent == BURST) {
        sched_yield();
        return true;
    }
    burst->sent++;
    return false;
}

/* The file that says in which state a thread is. */
static inline int open_thread_state(pid_t pid, pid_t tid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
    return MUST(open(path, O_RDONLY | O_CLOEXEC));
}

/* Waits until that file says that the thread sleeps in a call: true; or that it is a zombie: false.
   Opens nothing: the numbers of descriptors stay for the threads that are watched. */
static inline bool wait_until_state_settled(int fd)
{
    char stat[512];
    for (int sleeping = 0; sleeping < 3;) {
        ssize_t length = pread(fd, stat, sizeof stat - 1, 0);
        CHECK(length > 0, "reading a thread's state");
        stat[length] = '\0';
        const char *state = strrchr(stat, ')');
        CHECK(state, "no state in %s", stat);
        if (state[2] == 'Z') {
            return false;
        }
        sleeping = state[2] == 'S' ? sleeping + 1 : 0;
        sleep_ms(1);
    }
    return true;
}

static inline void wait_until_state_blocked(int fd)
{
    CHECK(wait_until_state_settled(fd), "ended, and was to sleep in a call");
}

/*
 * Waits until a thread of this process (or another process) sleeps in a system call: state S in
 * its stat file. A test that wants to interrupt a blocked call waits for this, not for a time.
 */
static inline void wait_until_blocked(pid_t pid, pid_t tid)
{
    int fd = open_thread_state(pid, tid);
    wait_until_state_blocked(fd);
    close(fd);
}

/* Waits until a child sleeps in a system call, or has ended, which is for the caller to find out.
 */
static inline bool wait_until_blocked_or_ended(pid_t pid)
{
    int fd = open_thread_state(pid, pid);
    bool blocked = wait_until_state_settled(fd);
    close(fd);
    return blocked;
}

/* The number that the next descriptor will have. */
static inline int first_free_descriptor(void)
{
    int fd = MUST(open("/dev/null", O_RDONLY));
    close(fd);
    return fd;
}

/* A new file with that content. */
static inline void make_file(const char *name, const void *content, size_t size, mode_t mode)
{
    unlink(name);
    int fd = MUST(open(name, O_CREAT | O_WRONLY | O_TRUNC, 0700));
    CHECK_EQ(write(fd, content, size), (long)size, "write");
    MUST(fchmod(fd, mode));
    close(fd);
}

/* A private anonymous mapping that must succeed. */
static inline void *map_pages(size_t bytes, int protection)
{
    void *pages = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED, "mmap of %zu bytes: %s", bytes, strerror(errno));
    return pages;
}

#endif
