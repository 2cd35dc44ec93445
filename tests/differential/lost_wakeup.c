/*
 * Signals that come right before a call blocks. A program's protocols against lost wake-ups (a mask
 * opened by the call, a pipe written by the handler, a handler that looks at the interrupted RIP)
 * must hold at every instruction; one signal kept back too long, and these loops hang.
 */
#include "common.h"
#include <poll.h>
#include <pthread.h>

#define ROUNDS 20000
#define WATCH  60 /* seconds for one loop; a loop that hangs is ended by SIGALRM */

static volatile int calls;
static int pipe_ends[2];

static void count(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls++;
}

/* ---------------------------------------------------------------- two processes and sigsuspend */

static void sigsuspend_rounds(pid_t peer, bool first)
{
    uint64_t none = 0;
    if (first) {
        kill(peer, SIGUSR1);
    }
    for (int i = 1; i <= ROUNDS; i++) {
        while (calls < i) {
            CHECK_EQ(raw(SYS_rt_sigsuspend, &none, 8), -EINTR, "sigsuspend");
        }
        CHECK_EQ(calls, i, "signals");
        if (!first || i < ROUNDS) {
            kill(peer, SIGUSR1);
        }
    }
}

static void test_sigsuspend(void)
{
    raw_handle(SIGUSR1, count, SA_SIGINFO, 0);
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1));
    calls = 0;
    alarm(WATCH);
    pid_t self = getpid(), pid = MUST(fork());
    if (pid == 0) {
        alarm(WATCH);
        sigsuspend_rounds(self, false);
        _exit(0);
    }
    sigsuspend_rounds(pid, true);
    CHECK_EQ(wait_for(pid), 0, "the peer");
    alarm(0);
    raw_mask(SIG_SETMASK, 0);
    say("sigsuspend: %d each way\n", ROUNDS);
}

/* ---------------------------------------------------------------- a thread and ppoll */

static volatile int sent;
static pid_t target;

static void *send_each(void *argument)
{
    (void)argument;
    raw_mask(SIG_BLOCK, ~0ULL);
    for (int i = 1; i <= ROUNDS; i++) {
        while (calls < i - 1) {
            raw(SYS_sched_yield);
        }
        sent = i;
        CHECK_EQ(raw(SYS_tgkill, getpid(), target, SIGUSR2), 0, "tgkill");
    }
    return NULL;
}

static void test_ppoll(void)
{
    uint64_t none = 0;
    target = raw_tid();
    raw_handle(SIGUSR2, count, SA_SIGINFO, 0);
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR2));
    calls = 0;
    alarm(WATCH);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, send_each, NULL), 0, "pthread_create");
    int waits = 0;
    while (calls < ROUNDS) {
        CHECK_EQ(raw(SYS_ppoll, NULL, 0, NULL, &none, 8), -EINTR, "ppoll");
        waits++;
    }
    pthread_join(thread, NULL);
    CHECK_EQ(calls, ROUNDS, "signals");
    CHECK_EQ(waits, ROUNDS, "each ended one ppoll");
    alarm(0);
    raw_mask(SIG_SETMASK, 0);
    say("ppoll: %d\n", ROUNDS);
}

/* ---------------------------------------------------------------- timers at all times */

static int timer;

static void make_timer(int signo)
{
    struct kernel_sigevent event = {
        .signo = signo, .notify = 4 /* SIGEV_THREAD_ID */, .tid = raw_tid()};
    CHECK_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0, "timer_create");
}

static void fire_in(long nanoseconds)
{
    struct itimerspec when = {.it_value = {0, nanoseconds}};
    CHECK_EQ(raw(SYS_timer_settime, timer, 0, &when, NULL), 0, "timer_settime");
}

static uint32_t seed = 12345;

/* Spread around the time that the way into the call takes. */
static long next_delay(void)
{
    seed = seed * 1664525 + 1013904223;
    return 200 + (long)(seed >> 8) % 12000;
}

static void write_pipe(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    calls++;
    CHECK_EQ(raw(SYS_write, pipe_ends[1], "x", 1), 1, "write in the handler");
}

/* The handler writes to the pipe that the call reads: whichever comes first, the call ends. */
static void test_self_pipe(void)
{
    raw_handle(40, write_pipe, SA_SIGINFO | SA_RESTART, 0);
    make_timer(40);
    alarm(WATCH);
    calls = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char byte;
        fire_in(next_delay());
        CHECK_EQ(raw(SYS_read, pipe_ends[0], &byte, 1), 1, "read");
        CHECK_EQ(calls, i + 1, "signals");
    }
    alarm(0);
    CHECK_EQ(raw(SYS_timer_delete, timer), 0, "timer_delete");
    say("self-pipe: %d\n", ROUNDS);
}

/* ---------------------------------------------------------------- a handler that looks at RIP */

/*
 * long cancellable_read(volatile int *flag, int fd, void *buffer, long length)
 * The protocol of cancellation points: a handler that finds RIP from begin up to the system call
 * sets it to the way out. What it finds must be the truth at each instruction.
 */
__asm__(".pushsection .text\n"
        ".type cancellable_read, @function\n"
        "cancellable_read:\n"
        "    .cfi_startproc\n"
        "    mov %rdi, %r11\n"
        "    mov %esi, %edi\n"
        "    mov %rdx, %rsi\n"
        "    mov %rcx, %rdx\n"
        "cancellable_begin:\n"
        "    cmpl $0, (%r11)\n"
        "    jne cancellable_out\n"
        "    xor %eax, %eax\n"
        "    syscall\n"
        "cancellable_end:\n"
        "    ret\n"
        "cancellable_out:\n"
        "    mov $-125, %rax\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size cancellable_read, . - cancellable_read\n"
        ".popsection\n");
extern long cancellable_read(volatile int *flag, int fd, void *buffer, long length)
    __attribute__((visibility("hidden")));
extern const char cancellable_begin[] __attribute__((visibility("hidden")));
extern const char cancellable_end[] __attribute__((visibility("hidden")));
extern const char cancellable_out[] __attribute__((visibility("hidden")));

static volatile int cancelled;
static unsigned long found_inside, found_outside;

static void cancel(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    cancelled = 1;
    calls++;
    if (*rip >= (greg_t)cancellable_begin && *rip < (greg_t)cancellable_end) {
        *rip = (greg_t)cancellable_out;
        found_inside++;
    } else {
        found_outside++;
    }
}

static void test_rip_protocol(void)
{
    for (int restart = 0; restart < 2; restart++) {
        raw_handle(41, cancel, SA_SIGINFO | (restart ? SA_RESTART : 0), 0);
        make_timer(41);
        alarm(WATCH);
        calls = 0;
        for (int i = 0; i < ROUNDS; i++) {
            char byte;
            cancelled = 0;
            fire_in(next_delay());
            long result = cancellable_read(&cancelled, pipe_ends[0], &byte, 1);
            CHECK(result == -ECANCELED || (!restart && result == -EINTR),
                  "result %ld of a read that was cancelled", result);
            CHECK_EQ(calls, i + 1, "signals");
        }
        alarm(0);
        CHECK_EQ(raw(SYS_timer_delete, timer), 0, "timer_delete");
    }
    CHECK(found_inside > 0, "no signal was found inside");
    say("RIP protocol: %d with and without SA_RESTART\n", ROUNDS);
}

/* ---------------------------------------------------------------- signals among many calls */

/* A timer at all times over calls of all kinds: results and mask stay right, nothing is lost. */
static void test_storm(void)
{
    raw_handle(42, count, SA_SIGINFO | SA_RESTART, 0);
    make_timer(42);
    alarm(WATCH);
    calls = 0;
    int fired = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (calls == fired) {
            fire_in(next_delay() / 4 + 1);
            fired++;
        }
        char byte = (char)i;
        CHECK_EQ(raw(SYS_getppid), getppid(), "getppid");
        CHECK_EQ(raw(SYS_write, pipe_ends[1], &byte, 1), 1, "write");
        byte = 0;
        CHECK_EQ(raw(SYS_read, pipe_ends[0], &byte, 1), 1, "read");
        CHECK_EQ(byte, (char)i, "byte");
        CHECK_EQ(raw(SYS_close, -1), -EBADF, "close");
        CHECK_EQ(raw(500), -ENOSYS, "an unknown number");
        CHECK_EQ(raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGHUP)), 0, "mask");
        CHECK_EQ(raw_mask(SIG_SETMASK, 0), SIGNAL_BIT(SIGHUP), "mask");
        void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(page != MAP_FAILED, "mmap");
        CHECK_EQ(munmap(page, 4096), 0, "munmap");
    }
    while (calls < fired) {
        raw(SYS_sched_yield);
    }
    alarm(0);
    CHECK_EQ(calls, fired, "signals");
    CHECK_EQ(raw(SYS_timer_delete, timer), 0, "timer_delete");
    say("storm: %d rounds of 8 calls\n", ROUNDS);
}

int main(void)
{
    MUST(pipe2(pipe_ends, O_CLOEXEC));
    test_sigsuspend();
    test_ppoll();
    test_self_pipe();
    test_rip_protocol();
    test_storm();
    return 0;
}
