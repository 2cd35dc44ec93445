/*
 * The calls that bring a mask of their own: sigsuspend, ppoll, pselect6, epoll_pwait, epoll_pwait2.
 * Inside, the temporary mask rules; a handler sees it (plus its own); the frame and what follows
 * have the old one; and a call that succeeds leaves a signal pending that only its mask would have
 * let in.
 */
#include "common.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static volatile int calls;
static uint64_t mask_inside, mask_in_frame;
static int pipe_ends[2], epoll_fd;

static void record(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    calls++;
    mask_inside = current_mask();
    mask_in_frame = context_mask(context);
}

/* One call with a mask: waits at most this long where the call has a timeout. */
static long short_ms;
typedef long waiting_call(const uint64_t *mask);

static const struct timespec *short_time(void)
{
    static struct timespec time; /* ppoll and pselect6 write the rest into it */
    time = (struct timespec){0, short_ms * 1000000};
    return &time;
}

static long call_sigsuspend(const uint64_t *mask)
{
    return raw(SYS_rt_sigsuspend, mask, 8);
}

static long call_ppoll(const uint64_t *mask)
{
    struct pollfd poll = {.fd = pipe_ends[0], .events = POLLIN};
    return raw(SYS_ppoll, &poll, 1, short_time(), mask, 8);
}

static long call_pselect6(const uint64_t *mask)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_ends[0], &set);
    struct {
        const uint64_t *mask;
        size_t size;
    } sixth = {mask, 8};
    return raw(SYS_pselect6, pipe_ends[0] + 1, &set, NULL, NULL, short_time(), &sixth);
}

static long call_epoll_pwait(const uint64_t *mask)
{
    struct epoll_event event;
    return raw(SYS_epoll_pwait, epoll_fd, &event, 1, (int)short_ms, mask, 8);
}

static long call_epoll_pwait2(const uint64_t *mask)
{
    struct epoll_event event;
    return raw(SYS_epoll_pwait2, epoll_fd, &event, 1, short_time(), mask, 8);
}

static const struct {
    const char *name;
    waiting_call *call;
    bool returns_without_signal;
} waits[] = {
    {"sigsuspend", call_sigsuspend, false},    {"ppoll", call_ppoll, true},
    {"pselect6", call_pselect6, true},         {"epoll_pwait", call_epoll_pwait, true},
    {"epoll_pwait2", call_epoll_pwait2, true},
};
#define WAITS (sizeof waits / sizeof waits[0])

/* The signal is pending when the call begins, blocked outside, open inside. */
static void test_pending_before(int signo, uint64_t outside, uint64_t inside, uint64_t handler_mask)
{
    raw_handle(signo, record, SA_SIGINFO | SA_RESTART, handler_mask);
    for (unsigned i = 0; i < WAITS; i++) {
        raw_mask(SIG_SETMASK, outside);
        calls = 0;
        CHECK_EQ(raw(SYS_tgkill, getpid(), raw_tid(), signo), 0, "tgkill");
        CHECK_EQ(calls, 0, "handler calls before the call");
        CHECK_EQ(waits[i].call(&inside), -EINTR, waits[i].name);
        CHECK_EQ(calls, 1, waits[i].name);
        CHECK_EQ(mask_inside, inside | handler_mask | SIGNAL_BIT(signo),
                 "the handler's mask includes the temporary one");
        CHECK_EQ(mask_in_frame, outside, "the frame's mask is the old one");
        CHECK_EQ(current_mask(), outside, "the mask after the call");
        CHECK_EQ(pending_signals(), 0, "pending after the call");
    }
    raw_mask(SIG_SETMASK, 0);
    say("pending %d before the call, EINTR: all\n", signo);
}

/* Ready at once: the call succeeds, and the signal that its mask opened stays pending. */
static void test_ready(void)
{
    uint64_t none = 0, outside = SIGNAL_BIT(SIGUSR1);
    CHECK_EQ(write(pipe_ends[1], "x", 1), 1, "write");
    for (unsigned i = 0; i < WAITS; i++) {
        if (!waits[i].returns_without_signal) {
            continue;
        }
        calls = 0;
        raw_mask(SIG_SETMASK, outside);
        raw(SYS_tkill, raw_tid(), SIGUSR1);
        long result = waits[i].call(&none);
        CHECK_EQ(current_mask(), outside, "mask after the call");
        say("%s with a ready descriptor and a signal: result %ld, handler calls %d, pending %d\n",
            waits[i].name, result, calls, (int)(pending_signals() == outside));
        raw_mask(SIG_SETMASK, 0);
        CHECK_EQ(calls, 1, "handler calls in the end");
    }
    char byte;
    CHECK_EQ(read(pipe_ends[0], &byte, 1), 1, "read");
}

/* A mask that closes everything: the signal doesn't end the wait. */
static void test_closed_inside(int signo)
{
    uint64_t all = ~0ULL;
    raw_handle(signo, record, SA_SIGINFO, 0);
    for (unsigned i = 0; i < WAITS; i++) {
        if (!waits[i].returns_without_signal) {
            continue;
        }
        calls = 0;
        raw_mask(SIG_SETMASK, 0);
        pid_t self = getpid(), pid = MUST(fork());
        if (pid == 0) {
            sleep_ms(5);
            kill(self, signo);
            _exit(0);
        }
        CHECK_EQ(waits[i].call(&all), 0, waits[i].name);
        CHECK_EQ(current_mask(), 0, "mask after the call");
        wait_for(pid);
        raw(SYS_getpid);
        CHECK_EQ(calls, 1, "handler calls after the call");
    }
    say("closed inside to %d: waits till the end\n", signo);
}

/* The signal comes while the call sleeps. */
static void test_while_waiting(int signo)
{
    uint64_t inside = ~SIGNAL_BIT(signo) & ~SIGNAL_BIT(SIGALRM), outside = SIGNAL_BIT(signo);
    raw_handle(signo, record, SA_SIGINFO | SA_RESTART, 0);
    for (unsigned i = 0; i < WAITS; i++) {
        calls = 0;
        raw_mask(SIG_SETMASK, outside);
        pid_t self = getpid(), pid = MUST(fork());
        if (pid == 0) {
            if (waits[i].returns_without_signal) {
                sleep_ms(4);
            } else {
                wait_until_blocked(self, self);
            }
            kill(self, signo);
            _exit(0);
        }
        long result = waits[i].call(&inside);
        wait_for(pid);
        if (calls == 0) { /* a slow machine: the time was over before the signal came */
            CHECK_EQ(result, 0, waits[i].name);
            raw_mask(SIG_SETMASK, 0);
            continue;
        }
        CHECK_EQ(result, -EINTR, waits[i].name);
        CHECK_EQ(mask_inside, (inside | outside) & ~SIGNAL_BIT(SIGKILL) & ~SIGNAL_BIT(SIGSTOP),
                 "the handler's mask");
        CHECK_EQ(mask_in_frame, outside, "the frame's mask");
        CHECK_EQ(current_mask(), outside, "the mask after the call");
    }
    raw_mask(SIG_SETMASK, 0);
    say("%d while waiting: all\n", signo);
}

/* Two signals at once inside sigsuspend: both handlers run before it returns. */
static void test_two_signals(void)
{
    raw_handle(SIGUSR1, record, SA_SIGINFO, 0);
    raw_handle(SIGUSR2, record, SA_SIGINFO, 0);
    uint64_t outside = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2), none = 0;
    for (unsigned i = 0; i < WAITS; i++) {
        calls = 0;
        raw_mask(SIG_SETMASK, outside);
        raw(SYS_kill, getpid(), SIGUSR1);
        raw(SYS_kill, getpid(), SIGUSR2);
        CHECK_EQ(waits[i].call(&none), -EINTR, waits[i].name);
        say("%s with two signals: handler calls %d, the last one saw mask 0x%llx in its frame\n",
            waits[i].name, calls, (unsigned long long)mask_in_frame);
        CHECK_EQ(current_mask(), outside, "mask after the call");
        raw_mask(SIG_SETMASK, 0);
        CHECK_EQ(calls, 2, "handler calls in the end");
    }
}

/* A handler that suspends again. */
static void suspend_inside(int signo, siginfo_t *info, void *context)
{
    uint64_t none = SIGNAL_BIT(SIGHUP);
    record(signo, info, context);
    raw(SYS_tkill, raw_tid(), SIGUSR2);
    CHECK_EQ(raw(SYS_rt_sigsuspend, &none, 8), -EINTR, "sigsuspend in a handler");
    CHECK_EQ(mask_in_frame, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2) | SIGNAL_BIT(SIGINT),
             "frame of the handler inside sigsuspend inside a handler");
}

static void test_nested_suspend(void)
{
    uint64_t none = SIGNAL_BIT(SIGINT);
    raw_handle(SIGUSR1, suspend_inside, SA_SIGINFO, SIGNAL_BIT(SIGUSR2));
    raw_handle(SIGUSR2, record, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGUSR1));
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    calls = 0;
    CHECK_EQ(raw(SYS_rt_sigsuspend, &none, 8), -EINTR, "sigsuspend");
    CHECK_EQ(calls, 2, "handler calls");
    CHECK_EQ(current_mask(), SIGNAL_BIT(SIGUSR1), "mask at the end");
    raw_mask(SIG_SETMASK, 0);
    say("sigsuspend in a handler in sigsuspend\n");
}

static void test_errors(void)
{
    uint64_t none = 0;
    void *nothing = map_pages(4096, PROT_NONE);
    struct epoll_event event;
    struct {
        const void *mask;
        size_t size;
    } sixth = {&none, 7}, bad = {nothing, 8}, absent = {NULL, 99};
    CHECK_EQ(raw(SYS_rt_sigsuspend, &none, 7), -EINVAL, "sigsuspend size");
    CHECK_EQ(raw(SYS_rt_sigsuspend, nothing, 8), -EFAULT, "sigsuspend mask");
    CHECK_EQ(raw(SYS_ppoll, NULL, 0, short_time(), &none, 128), -EINVAL, "ppoll size");
    CHECK_EQ(raw(SYS_ppoll, NULL, 0, short_time(), nothing, 8), -EFAULT, "ppoll mask");
    CHECK_EQ(raw(SYS_ppoll, NULL, 0, nothing, &none, 8), -EFAULT, "ppoll time");
    CHECK_EQ(raw(SYS_pselect6, 0, NULL, NULL, NULL, short_time(), &sixth), -EINVAL, "pselect size");
    CHECK_EQ(raw(SYS_pselect6, 0, NULL, NULL, NULL, short_time(), &bad), -EFAULT, "pselect mask");
    CHECK_EQ(raw(SYS_pselect6, 0, NULL, NULL, NULL, short_time(), nothing), -EFAULT, "pselect arg");
    CHECK_EQ(raw(SYS_pselect6, 0, NULL, NULL, NULL, short_time(), &absent), 0, "pselect no mask");
    CHECK_EQ(raw(SYS_epoll_pwait, epoll_fd, &event, 1, 0, &none, 4), -EINVAL, "epoll size");
    CHECK_EQ(raw(SYS_epoll_pwait, epoll_fd, &event, 1, 0, nothing, 8), -EFAULT, "epoll mask");
    CHECK_EQ(raw(SYS_epoll_pwait2, epoll_fd, &event, 1, nothing, &none, 8), -EFAULT, "epoll time");
    CHECK_EQ(current_mask(), 0, "mask after errors");
    MUST(munmap(nothing, 4096));
    say("errors: all\n");
}

int main(void)
{
    short_ms = long_beside_calls_ms(20);
    MUST(pipe2(pipe_ends, O_CLOEXEC));
    epoll_fd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN};
    MUST(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_ends[0], &interest));
    static const int signals[] = {SIGUSR1, SIGSYS, SIGSEGV, SIGTRAP, SIGBUS, 33, 64};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct kernel_sigaction first;
        raw_action(signals[i], NULL, &first);
        test_pending_before(signals[i], SIGNAL_BIT(signals[i]), 0, 0);
        test_pending_before(signals[i], SIGNAL_BIT(signals[i]) | SIGNAL_BIT(SIGHUP),
                            SIGNAL_BIT(SIGSYS) & ~SIGNAL_BIT(signals[i]),
                            SIGNAL_BIT(SIGSEGV) & ~SIGNAL_BIT(signals[i]));
        test_closed_inside(signals[i]);
        test_while_waiting(signals[i]);
        raw_action(signals[i], &first, NULL);
    }
    raw_handle(SIGUSR1, record, SA_SIGINFO, 0);
    test_ready();
    test_two_signals();
    test_nested_suspend();
    test_errors();
    return 0;
}
