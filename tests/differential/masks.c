/*
 * The signal mask as the program sees it: all 64 bits are its own (SIGSYS and SIGSEGV too), what is
 * blocked stays pending, and what is unblocked arrives in the kernel's order with nothing lost.
 */
#include "common.h"
#include <pthread.h>
#include <sys/resource.h>

#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define ALL           (~NEVER_BLOCKED)

static struct {
    int signo, code, value;
    uint64_t mask;
} log_[512];
static volatile int logged;

static void record(int signo, siginfo_t *info, void *context)
{
    (void)context;
    int i = logged;
    CHECK(i < 512, "more signals than were sent");
    log_[i].signo = signo;
    log_[i].code = info->si_code;
    log_[i].value = info->si_code == SI_QUEUE ? info->si_value.sival_int : 0;
    log_[i].mask = current_mask();
    logged = i + 1;
}

static bool catchable(int signo)
{
    return signo != SIGKILL && signo != SIGSTOP;
}

static void say_log(const char *what)
{
    char line[4096] = "";
    size_t used = 0;
    for (int i = 0; i < logged && used < sizeof line - 40; i++) {
        used += (size_t)snprintf(line + used, sizeof line - used, " %d", log_[i].signo);
        if (log_[i].code == SI_QUEUE) {
            used += (size_t)snprintf(line + used, sizeof line - used, "/%d", log_[i].value);
        }
    }
    say("%s:%s\n", what, line);
    logged = 0;
}

/* ---------------------------------------------------------------- readback and errors */

static void test_readback(void)
{
    static const uint64_t patterns[] = {0, ~0ULL, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa,
                                        0x0123456789abcdef};
    for (unsigned i = 0; i < 64 + 5; i++) {
        uint64_t set = i < 64 ? 1ULL << i : patterns[i - 64];
        raw_mask(SIG_SETMASK, set);
        CHECK_EQ(current_mask(), set & ALL, "SIG_SETMASK");
        CHECK_EQ(raw_mask(SIG_BLOCK, 0xff00), set & ALL, "old of SIG_BLOCK");
        CHECK_EQ(current_mask(), (set | 0xff00) & ALL, "SIG_BLOCK");
        CHECK_EQ(raw_mask(SIG_UNBLOCK, 0xf000f), (set | 0xff00) & ALL, "old of SIG_UNBLOCK");
        CHECK_EQ(current_mask(), (set | 0xff00) & ~0xf000fULL & ALL, "SIG_UNBLOCK");
    }
    raw_mask(SIG_SETMASK, 0);
    say("readback: all bits\n");
}

static void test_errors(void)
{
    char *pages = map_pages(8192, PROT_READ | PROT_WRITE);
    MUST(mprotect(pages + 4096, 4096, PROT_NONE));
    uint64_t set = SIGNAL_BIT(SIGHUP), old;
    uint64_t *border = (void *)(pages + 4092), *nothing = (void *)(pages + 4096);
#define MASK_CALL(how, new, old, size) raw(SYS_rt_sigprocmask, how, new, old, size)
    static const int hows[] = {-1, 3, 99, 0x7fffffff};
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(MASK_CALL(hows[i], &set, NULL, 8), -EINVAL, "how with a set");
        CHECK_EQ(MASK_CALL(hows[i], NULL, &old, 8), 0, "how without a set");
        CHECK_EQ(MASK_CALL(hows[i], NULL, NULL, 8), 0, "how with nothing");
    }
    CHECK_EQ(MASK_CALL(0x4400000000 | SIG_SETMASK, &set, NULL, 8), 0, "high half of how");
    CHECK_EQ(current_mask(), set, "mask");
    for (long size = 0; size < 20; size++) {
        long want = size == 8 ? 0 : -EINVAL;
        CHECK_EQ(MASK_CALL(SIG_SETMASK, &set, &old, size), want, "sigsetsize");
    }
    CHECK_EQ(MASK_CALL(SIG_SETMASK, border, NULL, 8), -EFAULT, "set across the border");
    CHECK_EQ(MASK_CALL(SIG_SETMASK, nothing, NULL, 8), -EFAULT, "set unreadable");
    CHECK_EQ(MASK_CALL(SIG_SETMASK, NULL, nothing, 8), -EFAULT, "old unwritable");
    CHECK_EQ(MASK_CALL(9, nothing, NULL, 8), -EFAULT, "pointer before how");
    CHECK_EQ(current_mask(), set, "mask after errors");
    set = SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGINT);
    CHECK_EQ(MASK_CALL(SIG_SETMASK, &set, nothing, 8), -EFAULT, "old unwritable, with a set");
    CHECK_EQ(current_mask(), set, "the mask is set before the old one is written");
    /* one place for both, and unaligned */
    uint64_t *same = (void *)(pages + 1);
    memcpy(same, &(uint64_t){SIGNAL_BIT(SIGSEGV)}, 8);
    CHECK_EQ(MASK_CALL(SIG_SETMASK, same, same, 8), 0, "same place");
    memcpy(&old, same, 8);
    CHECK_EQ(old, set, "old in place of the set");
    CHECK_EQ(current_mask(), SIGNAL_BIT(SIGSEGV), "mask from an unaligned set");
    raw_mask(SIG_SETMASK, 0);
    MUST(munmap(pages, 8192));
    say("errors: all\n");
}

static void *other_thread(void *inherited)
{
    CHECK_EQ(current_mask(), *(uint64_t *)inherited, "mask of a new thread");
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGQUIT));
    return NULL;
}

static void test_threads(void)
{
    uint64_t mask = SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(50);
    raw_mask(SIG_SETMASK, mask);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, other_thread, &mask), 0, "pthread_create");
    pthread_join(thread, NULL);
    CHECK_EQ(current_mask(), mask, "mask after another thread set its own");
    raw_mask(SIG_SETMASK, 0);
    say("threads: a mask each\n");
}

/* ---------------------------------------------------------------- pending */

static void test_pending(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        if (!catchable(signo)) {
            continue;
        }
        struct kernel_sigaction first;
        raw_action(signo, NULL, &first);
        raw_handle(signo, record, SA_SIGINFO, 0);
        for (int directed = 0; directed < 2; directed++) {
            long sent = directed ? raw(SYS_tgkill, getpid(), raw_tid(), signo)
                                 : raw(SYS_kill, getpid(), signo);
            CHECK_EQ(sent, 0, "sending");
            CHECK_EQ(pending_signals(), SIGNAL_BIT(signo), "pending while blocked");
            CHECK_EQ(logged, 0, "handler calls while blocked");
            raw_mask(SIG_UNBLOCK, SIGNAL_BIT(signo));
            CHECK_EQ(logged, 1, "handler calls after unblocking");
            CHECK_EQ(log_[0].signo, signo, "signal number");
            CHECK_EQ(log_[0].mask, ALL, "mask in the handler");
            CHECK_EQ(pending_signals(), 0, "pending after delivery");
            CHECK_EQ(current_mask(), ALL & ~SIGNAL_BIT(signo), "mask after delivery");
            raw_mask(SIG_SETMASK, ~0ULL);
            logged = 0;
        }
        raw_action(signo, &first, NULL);
    }
    long sizes[] = {0, 4, 7, 8, 9, 128};
    for (unsigned i = 0; i < 6; i++) {
        uint64_t set = 0;
        CHECK_EQ(raw(SYS_rt_sigpending, &set, sizes[i]), sizes[i] > 8 ? -EINVAL : 0,
                 "rt_sigpending takes up to 8 bytes");
    }
    CHECK_EQ(raw(SYS_rt_sigpending, NULL, 8), -EFAULT, "rt_sigpending");
    raw_mask(SIG_SETMASK, 0);
    say("pending: all signals\n");
}

/* ---------------------------------------------------------------- order */

static const int shuffled[] = {31, 5,  64, 10, 11, 1,  34, 7,  12, 40, 3,  8, 35,
                               13, 15, 4,  23, 36, 24, 25, 63, 26, 27, 29, 2, 30};
#define SHUFFLED (int)(sizeof shuffled / sizeof shuffled[0])

static void send_shuffled(bool directed)
{
    for (int i = 0; i < SHUFFLED; i++) {
        CHECK_EQ(directed ? raw(SYS_tkill, raw_tid(), shuffled[i])
                          : raw(SYS_kill, getpid(), shuffled[i]),
                 0, "sending");
    }
}

/* With a full mask handlers run in the order of delivery; with an empty one each interrupts the
 * last. */
static void test_order(void)
{
    for (int full = 1; full >= 0; full--) {
        for (int directed = 0; directed < 2; directed++) {
            for (int i = 0; i < SHUFFLED; i++) {
                raw_handle(shuffled[i], record, SA_SIGINFO, full ? ~0ULL : 0);
            }
            raw_mask(SIG_SETMASK, ~0ULL);
            send_shuffled(directed);
            raw_mask(SIG_SETMASK, 0);
            CHECK_EQ(logged, SHUFFLED, "signals delivered");
            say_log(full ? "order with full masks" : "order with empty masks");
        }
    }
    /* thread-directed before process-directed */
    raw_mask(SIG_SETMASK, ~0ULL);
    for (int i = 0; i < SHUFFLED; i++) {
        raw_handle(shuffled[i], record, SA_SIGINFO, ~0ULL);
    }
    raw(SYS_kill, getpid(), SIGHUP);
    raw(SYS_tkill, raw_tid(), SIGUSR2);
    raw(SYS_tkill, raw_tid(), SIGHUP);
    raw(SYS_kill, getpid(), SIGUSR2);
    raw_mask(SIG_SETMASK, 0);
    say_log("order of directed and process signals");
}

/* Unblocking some at a time, from inside a handler too, by the mask in the frame. */
static void test_partial_unblock(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    send_shuffled(false);
    for (int group = 0; group < 4; group++) {
        raw_mask(SIG_UNBLOCK, 0x1111111111111111ULL << group);
        say_log("unblocked by quarters");
    }
    CHECK_EQ(pending_signals(), 0, "pending after all were unblocked");
    raw_mask(SIG_SETMASK, 0);
}

static void queue_value(int signo, int value)
{
    MUST(sigqueue(getpid(), signo, (union sigval){.sival_int = value}));
}

static void test_realtime_queue(void)
{
    raw_mask(SIG_SETMASK, ~0ULL);
    for (int round = 0; round < 30; round++) {
        for (int signo = 60; signo >= 56; signo -= 2) {
            raw_handle(signo, record, SA_SIGINFO, ~0ULL);
            queue_value(signo, round * 100 + signo);
        }
    }
    raw_mask(SIG_SETMASK, 0);
    CHECK_EQ(logged, 90, "realtime signals delivered");
    for (int i = 0; i < 90; i++) {
        CHECK_EQ(log_[i].signo, 56 + i / 30 * 2, "lowest number first");
        CHECK_EQ(log_[i].value, i % 30 * 100 + log_[i].signo, "first in, first out");
    }
    logged = 0;
    say("realtime: 90 in order\n");
}

/* A standard signal is pending once; the first siginfo stays. */
static void test_standard_once(void)
{
    raw_handle(SIGUSR1, record, SA_SIGINFO, ~0ULL);
    raw_mask(SIG_SETMASK, ~0ULL);
    queue_value(SIGUSR1, 111);
    queue_value(SIGUSR1, 222);
    raw(SYS_kill, getpid(), SIGUSR1);
    raw_mask(SIG_SETMASK, 0);
    CHECK_EQ(logged, 1, "deliveries of a standard signal sent three times");
    CHECK_EQ(log_[0].value, 111, "value of the first");
    logged = 0;
    /* Once for the process and once for the thread is twice. */
    raw_mask(SIG_SETMASK, ~0ULL);
    raw(SYS_kill, getpid(), SIGUSR1);
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    raw_mask(SIG_SETMASK, 0);
    CHECK_EQ(logged, 2, "deliveries of one for the process and one for the thread");
    CHECK_EQ(log_[0].code, SI_TKILL, "the thread's comes first");
    CHECK_EQ(log_[1].code, SI_USER, "then the process's");
    logged = 0;
    say("standard: once each\n");
}

/* Many, far more than a monitor might have thought of in a fixed table. */
static void test_many_queued(void)
{
    static volatile int *count = &logged;
    raw_handle(50, record, SA_SIGINFO, 0);
    raw_mask(SIG_BLOCK, SIGNAL_BIT(50));
    for (int i = 0; i < 500; i++) {
        queue_value(50, i);
    }
    raw_mask(SIG_UNBLOCK, SIGNAL_BIT(50));
    CHECK_EQ(*count, 500, "queued signals delivered");
    for (int i = 0; i < 500; i++) {
        CHECK_EQ(log_[i].value, i, "value");
        CHECK_EQ(log_[i].mask, SIGNAL_BIT(50), "mask");
    }
    logged = 0;
    say("500 queued: in order\n");
}

static void test_queue_limit(void)
{
    struct rlimit old, none = {0, 0};
    MUST(getrlimit(RLIMIT_SIGPENDING, &old));
    none.rlim_max = old.rlim_max;
    MUST(setrlimit(RLIMIT_SIGPENDING, &none));
    raw_handle(51, record, SA_SIGINFO, 0);
    CHECK(sigqueue(getpid(), 51, (union sigval){0}) == -1 && errno == EAGAIN,
          "sigqueue over the limit: expected EAGAIN");
    raw_mask(SIG_BLOCK, SIGNAL_BIT(51) | SIGNAL_BIT(SIGUSR1));
    CHECK_EQ(raw(SYS_kill, getpid(), 51), 0, "kill over the limit");
    CHECK_EQ(raw(SYS_kill, getpid(), 51), 0, "kill over the limit");
    CHECK_EQ(raw(SYS_kill, getpid(), SIGUSR1), 0, "kill over the limit");
    raw_mask(SIG_SETMASK, 0);
    MUST(setrlimit(RLIMIT_SIGPENDING, &old));
    say_log("over RLIMIT_SIGPENDING");
}

/* ---------------------------------------------------------------- nested handlers, edited masks */

static volatile int nesting;

/* Raises the next signal from inside; it must interrupt at once, with the masks adding up. */
static void nest(int signo, siginfo_t *info, void *context)
{
    uint64_t outer = context_mask(context), want = outer | SIGNAL_BIT(signo);
    (void)info;
    nesting++;
    CHECK_EQ(current_mask(), want, "mask in a nested handler");
    if (signo < 60) {
        int before = nesting;
        raw(SYS_tkill, raw_tid(), signo + 1);
        CHECK_EQ(nesting, before + (60 - signo), "depth after the nested handlers returned");
    }
    raw(SYS_tkill, raw_tid(), signo); /* blocked: comes when this one returns */
    CHECK_EQ(pending_signals() & SIGNAL_BIT(signo), SIGNAL_BIT(signo), "pending in the handler");
    if (nesting > 200) {
        CHECK(false, "handlers called without end");
    }
    struct kernel_sigaction ignore = {SIG_IGN, 0, NULL, 0};
    raw_action(signo, &ignore, NULL);
}

static void test_nested(void)
{
    for (int signo = 40; signo <= 60; signo++) {
        raw_handle(signo, nest, SA_SIGINFO, 0);
    }
    raw(SYS_tkill, raw_tid(), 40);
    CHECK_EQ(nesting, 21, "nested handlers");
    CHECK_EQ(current_mask(), 0, "mask at the end");
    say("nested: 21 deep\n");
}

static uint64_t new_mask;

static void edit_mask(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    set_context_mask(context, new_mask);
}

/* rt_sigreturn takes the mask of the frame, all bits of it. */
static void test_edited_frame_mask(void)
{
    raw_handle(SIGUSR1, edit_mask, SA_SIGINFO, 0);
    raw_handle(SIGSYS, record, SA_SIGINFO, 0);
    static const uint64_t masks[] = {0, ~0ULL & ~SIGNAL_BIT(SIGUSR1), SIGNAL_BIT(SIGSYS),
                                     SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGSTOP), 0x5500000000};
    for (unsigned i = 0; i < 5; i++) {
        new_mask = masks[i];
        raw(SYS_tkill, raw_tid(), SIGUSR1);
        CHECK_EQ(current_mask(), masks[i] & ALL, "mask after the handler edited its frame");
    }
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGSYS));
    raw(SYS_tkill, raw_tid(), SIGSYS);
    new_mask = 0;
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    say_log("unblocked by the frame");
    /* and the mask of a handler that changes it while it runs is forgotten */
    new_mask = SIGNAL_BIT(SIGHUP);
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(raw_mask(SIG_SETMASK, 0), SIGNAL_BIT(SIGHUP), "mask");
    say("frame masks: taken\n");
}

int main(void)
{
    test_readback();
    test_errors();
    test_threads();
    test_pending();
    test_order();
    test_partial_unblock();
    test_realtime_queue();
    test_standard_once();
    test_many_queued();
    test_queue_limit();
    test_nested();
    test_edited_frame_mask();
    return 0;
}
