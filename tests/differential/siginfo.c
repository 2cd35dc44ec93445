/*
 * The siginfo that handlers get, all 128 bytes, from every kind of sender; also those that imitate
 * what a monitor lives by: a program may send itself a SIGSYS that says SYS_USER_DISPATCH or a
 * SIGSEGV that says SEGV_PKUERR, and must get it in its handler like any other.
 */
#include "common.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <ucontext.h>

#ifndef F_SETSIG
#define F_SETSIG 10
#endif

static union {
    siginfo_t info;
    uint8_t bytes[128];
    int words[32];
} got;
static volatile int calls, got_signo;

static void record(int signo, siginfo_t *info, void *context)
{
    (void)context;
    memcpy(&got, info, sizeof got);
    got_signo = signo;
    calls++;
}

static void expect_calls(int expected, const char *what)
{
    for (int i = 0; i < 20000 && calls < expected; i++) {
        sleep_ms(1);
    }
    CHECK_EQ(calls, expected, what);
    calls = 0;
}

/* Everything from `first` (in words of 4 bytes) on must be zero. */
static void expect_zero_from(unsigned first, const char *what)
{
    for (unsigned i = first; i < 32; i++) {
        CHECK(got.words[i] == 0, "%s: word %u of the siginfo is 0x%x, expected 0", what, i,
              (unsigned)got.words[i]);
    }
}

static void expect_head(int signo, int code, const char *what)
{
    CHECK_EQ(got_signo, signo, what);
    CHECK_EQ(got.info.si_signo, signo, what);
    CHECK_EQ(got.info.si_errno, 0, what);
    CHECK_EQ(got.info.si_code, code, what);
}

static void expect_sender(const char *what)
{
    CHECK_EQ(got.info.si_pid, getpid(), what);
    CHECK_EQ(got.info.si_uid, getuid(), what);
}

/* ---------------------------------------------------------------- kill and its relatives */

static void test_kills(void)
{
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        if (signo == SIGKILL || signo == SIGSTOP) {
            continue;
        }
        struct kernel_sigaction first;
        raw_action(signo, NULL, &first);
        raw_handle(signo, record, SA_SIGINFO, 0);
        raw(SYS_kill, getpid(), signo);
        expect_calls(1, "kill");
        expect_head(signo, SI_USER, "kill");
        expect_sender("kill");
        expect_zero_from(6, "kill");
        raw(SYS_tkill, raw_tid(), signo);
        expect_calls(1, "tkill");
        expect_head(signo, SI_TKILL, "tkill");
        expect_sender("tkill");
        expect_zero_from(6, "tkill");
        raw(SYS_tgkill, getpid(), raw_tid(), signo);
        expect_calls(1, "tgkill");
        expect_head(signo, SI_TKILL, "tgkill");
        expect_sender("tgkill");
        expect_zero_from(6, "tgkill");
        raw_action(signo, &first, NULL);
    }
    raw_handle(SIGUSR1, record, SA_SIGINFO, 0);
    MUST(raise(SIGUSR1));
    expect_calls(1, "raise");
    expect_head(SIGUSR1, SI_TKILL, "raise");
    raw(SYS_kill, 0, 0);
    MUST(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = (void *)0x123456789abcdef0}));
    expect_calls(1, "sigqueue");
    expect_head(SIGUSR1, SI_QUEUE, "sigqueue");
    expect_sender("sigqueue");
    CHECK(got.info.si_value.sival_ptr == (void *)0x123456789abcdef0, "sigqueue value");
    expect_zero_from(8, "sigqueue");
    say("kill, tkill, tgkill, raise, sigqueue: exact\n");
}

static void test_from_another_process(void)
{
    raw_handle(SIGUSR2, record, SA_SIGINFO, 0);
    pid_t self = getpid(), pid = MUST(fork());
    if (pid == 0) {
        MUST(sigqueue(self, SIGUSR2, (union sigval){.sival_int = 77}));
        _exit(0);
    }
    wait_for(pid);
    expect_calls(1, "sigqueue from a child");
    expect_head(SIGUSR2, SI_QUEUE, "sigqueue from a child");
    CHECK_EQ(got.info.si_pid, pid, "si_pid");
    CHECK_EQ(got.info.si_value.sival_int, 77, "si_value");
    say("from another process: exact\n");
}

/* ---------------------------------------------------------------- imitations */

static void test_imitations(void)
{
    static const struct {
        const char *name;
        int signo, code;
    } rows[] = {
        {"SIGSYS SYS_SECCOMP", SIGSYS, 1}, {"SIGSYS SYS_USER_DISPATCH", SIGSYS, 2},
        {"SIGSYS negative", SIGSYS, -6},   {"SIGSYS kernel", SIGSYS, 0x80},
        {"SIGSEGV MAPERR", SIGSEGV, 1},    {"SIGSEGV ACCERR", SIGSEGV, 2},
        {"SIGSEGV PKUERR", SIGSEGV, 4},    {"SIGSEGV kernel", SIGSEGV, 0x80},
        {"SIGTRAP TRACE", SIGTRAP, 2},     {"SIGTRAP BRKPT", SIGTRAP, 1},
        {"SIGTRAP kernel", SIGTRAP, 0x80}, {"SIGBUS ADRALN", SIGBUS, 1},
        {"SIGILL ILLOPN", SIGILL, 2},      {"SIGFPE INTDIV", SIGFPE, 1},
        {"SIGCHLD EXITED", SIGCHLD, 1},    {"SIGALRM timer", SIGALRM, -2},
        {"SIGRTMAX user", 64, 0},          {"SIG 33 tkill", 33, -6},
        {"SIGUSR1 async io", SIGUSR1, -4},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kernel_sigaction first;
        raw_action(rows[i].signo, NULL, &first);
        raw_handle(rows[i].signo, record, SA_SIGINFO, 0);
        int sent[32] = {rows[i].signo, 0x55, rows[i].code, 0x66};
        for (int word = 4; word < 12; word++) {
            sent[word] = 0x1010101 * word;
        }
        for (int directed = 0; directed < 2; directed++) {
            long result = directed
                              ? raw(SYS_rt_tgsigqueueinfo, getpid(), raw_tid(), rows[i].signo, sent)
                              : raw(SYS_rt_sigqueueinfo, getpid(), rows[i].signo, sent);
            CHECK_EQ(result, 0, rows[i].name);
            expect_calls(1, rows[i].name);
            CHECK(memcmp(got.words, sent, sizeof sent) == 0, "%s: siginfo isn't what was sent",
                  rows[i].name);
        }
        /* the same one blocked and left pending for a while */
        raw_mask(SIG_BLOCK, SIGNAL_BIT(rows[i].signo));
        CHECK_EQ(raw(SYS_rt_sigqueueinfo, getpid(), rows[i].signo, sent), 0, rows[i].name);
        for (int j = 0; j < 10; j++) {
            raw(SYS_getpid);
        }
        CHECK_EQ(calls, 0, "calls while blocked");
        raw_mask(SIG_UNBLOCK, SIGNAL_BIT(rows[i].signo));
        expect_calls(1, rows[i].name);
        CHECK(memcmp(got.words, sent, sizeof sent) == 0, "%s: siginfo isn't what was sent",
              rows[i].name);
        raw_action(rows[i].signo, &first, NULL);
    }
    say("imitations: delivered as sent\n");
}

static volatile int imitation_code;

/* An imitated fault with the signal ignored or blocked kills nobody: it wasn't forced. */
static void imitated_fault_ignored(void)
{
    disposition(SIGSEGV, SIG_IGN);
    disposition(SIGSYS, SIG_IGN);
    int segv[32] = {SIGSEGV, 0, imitation_code}, sys[32] = {SIGSYS, 0, 2};
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, segv), 0, "rt_sigqueueinfo");
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, getpid(), SIGSYS, sys), 0, "rt_sigqueueinfo");
    CHECK_EQ(raw(SYS_getpid), getpid(), "getpid afterwards");
}

static void imitated_sigsys_kills(void)
{
    int sys[32] = {SIGSYS, 0, 2};
    raw(SYS_rt_sigqueueinfo, getpid(), SIGSYS, sys);
}

static void imitated_fault_kills(void)
{
    int segv[32] = {SIGSEGV, 0, 4};
    raw(SYS_rt_tgsigqueueinfo, getpid(), raw_tid(), SIGSEGV, segv);
}

static void test_queueinfo_errors(void)
{
    int sent[32] = {SIGUSR1, 0, SI_QUEUE};
    void *nothing = map_pages(4096, PROT_NONE);
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, nothing), -EFAULT, "bad pointer");
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, getpid(), 65, sent), -EINVAL, "bad signal");
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, 0x7ffffff0, SIGUSR1, sent), -ESRCH, "no process");
    sent[2] = SI_USER;
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, getppid(), 0, sent), -EPERM, "SI_USER to another");
    sent[2] = SI_TKILL;
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, getppid(), 0, sent), -EPERM, "SI_TKILL to another");
    sent[2] = -99;
    sent[30] = 1;
    CHECK_EQ(raw(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, sent), -E2BIG, "bytes past the layout");
    CHECK_EQ(raw(SYS_tgkill, getpid(), raw_tid(), 65), -EINVAL, "tgkill");
    CHECK_EQ(raw(SYS_tgkill, getpid() + 1000000, raw_tid(), 0), -ESRCH, "tgkill");
    CHECK_EQ(raw(SYS_tkill, -1, 0), -EINVAL, "tkill");
    CHECK_EQ(raw(SYS_tkill, raw_tid(), 0), 0, "tkill 0");
    CHECK_EQ(raw(SYS_kill, getpid(), -1), -EINVAL, "kill");
    MUST(munmap(nothing, 4096));
    say("sending errors: all\n");
}

/* ---------------------------------------------------------------- the kernel as sender */

static void test_sigpipe(void)
{
    int ends[2];
    raw_handle(SIGPIPE, record, SA_SIGINFO, 0);
    MUST(pipe(ends));
    close(ends[0]);
    CHECK_EQ(raw(SYS_write, ends[1], "x", 1), -EPIPE, "write");
    expect_calls(1, "SIGPIPE");
    expect_head(SIGPIPE, SI_USER, "SIGPIPE");
    expect_sender("SIGPIPE");
    expect_zero_from(6, "SIGPIPE");
    close(ends[1]);
    say("SIGPIPE: exact\n");
}

static void test_itimer(void)
{
    static const struct {
        int which, signo;
    } rows[] = {{ITIMER_REAL, SIGALRM}, {ITIMER_VIRTUAL, SIGVTALRM}, {ITIMER_PROF, SIGPROF}};
    for (unsigned i = 0; i < 3; i++) {
        raw_handle(rows[i].signo, record, SA_SIGINFO, 0);
        struct itimerval soon = {.it_value = {0, 3000}}, left;
        MUST(setitimer(rows[i].which, &soon, NULL));
        for (unsigned long spin = 0; calls == 0 && spin < 4000000000UL; spin++) {
            __asm__ volatile("pause");
        }
        expect_calls(1, "setitimer");
        expect_head(rows[i].signo, SI_KERNEL, "setitimer");
        expect_zero_from(4, "setitimer");
        do { /* it can show a rest for a moment */
            MUST(getitimer(rows[i].which, &left));
        } while (left.it_value.tv_sec != 0 || left.it_value.tv_usec != 0);
    }
    say("setitimer: exact\n");
}

static int timer_to_stop;

/* One that comes before its handler has returned would keep the program where it is. */
static void record_and_stop_timer(int signo, siginfo_t *info, void *context)
{
    struct itimerspec never = {0};
    CHECK_EQ(raw(SYS_timer_settime, timer_to_stop, 0, &never, NULL), 0, "timer_settime");
    record(signo, info, context);
}

static void test_posix_timer(void)
{
    static const int notifies[] = {SIGEV_SIGNAL, 4 /* SIGEV_THREAD_ID */};
    for (unsigned i = 0; i < 2; i++) {
        struct kernel_sigevent event = {.signo = 45, .notify = notifies[i], .tid = raw_tid()};
        raw_handle(45, record, SA_SIGINFO, 0);
        event.value.sival_ptr = (void *)0x1122334455667788;
        int timer = -1;
        CHECK_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0, "timer_create");
        struct itimerspec soon = {.it_value = {0, 1000000}};
        CHECK_EQ(raw(SYS_timer_settime, timer, 0, &soon, NULL), 0, "timer_settime");
        expect_calls(1, "timer");
        expect_head(45, SI_TIMER, "timer");
        CHECK_EQ(got.words[4], timer, "si_timerid");
        CHECK_EQ(got.words[5], 0, "si_overrun");
        CHECK(got.info.si_value.sival_ptr == event.value.sival_ptr, "timer value");
        /* si_sys_private, the kernel's own, must have been hidden */
        expect_zero_from(8, "timer");
        /* expirations while blocked are counted */
        raw_mask(SIG_BLOCK, SIGNAL_BIT(45));
        timer_to_stop = timer;
        raw_handle(45, record_and_stop_timer, SA_SIGINFO, 0);
        struct itimerspec often = {.it_value = {0, 100000}, .it_interval = {0, 100000}};
        CHECK_EQ(raw(SYS_timer_settime, timer, 0, &often, NULL), 0, "timer_settime");
        sleep_ms(10);
        raw_mask(SIG_UNBLOCK, SIGNAL_BIT(45));
        while (calls == 0) {
            sleep_ms(1);
        }
        CHECK_EQ(raw(SYS_timer_delete, timer), 0, "timer_delete");
        calls = 0;
    }
    struct kernel_sigevent event = {.signo = 45, .notify = SIGEV_SIGNAL};
    int timer;
    CHECK_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0, "timer_create");
    struct itimerspec often = {.it_value = {0, 100000}, .it_interval = {0, 100000}};
    raw_mask(SIG_BLOCK, SIGNAL_BIT(45));
    CHECK_EQ(raw(SYS_timer_settime, timer, 0, &often, NULL), 0, "timer_settime");
    sleep_ms(10);
    struct itimerspec never = {0};
    const uint64_t wanted = SIGNAL_BIT(45);
    CHECK_EQ(raw(SYS_rt_sigtimedwait, &wanted, &got, NULL, 8), 45, "rt_sigtimedwait");
    CHECK(got.words[5] >= 20, "overrun is %d after 100 periods", got.words[5]);
    CHECK(raw(SYS_timer_getoverrun, timer) >= 20, "timer_getoverrun");
    CHECK_EQ(raw(SYS_timer_settime, timer, 0, &never, NULL), 0, "timer_settime");
    CHECK_EQ(raw(SYS_timer_delete, timer), 0, "timer_delete");
    raw(SYS_rt_sigtimedwait, &wanted, NULL, (&(struct timespec){0, 0}), 8);
    raw_mask(SIG_SETMASK, 0);
    calls = 0;
    say("timer_create: exact, overruns counted\n");
}

static void test_sigio(void)
{
    int ends[2];
    raw_handle(50, record, SA_SIGINFO, 0);
    raw_handle(SIGIO, record, SA_SIGINFO, 0);
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    MUST(fcntl(ends[0], F_SETOWN, getpid()));
    MUST(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    CHECK_EQ(write(ends[1], "x", 1), 1, "write");
    expect_calls(1, "SIGIO");
    expect_head(SIGIO, SI_KERNEL, "SIGIO without F_SETSIG");
    MUST(fcntl(ends[0], F_SETSIG, 50));
    CHECK_EQ(write(ends[1], "x", 1), 1, "write");
    expect_calls(1, "SIGIO");
    expect_head(50, POLL_IN, "F_SETSIG");
    CHECK_EQ(got.info.si_fd, ends[0], "si_fd");
    say("SIGIO: si_band 0x%lx\n", (unsigned long)got.info.si_band);
    MUST(fcntl(ends[0], F_SETFL, 0));
    close(ends[0]);
    close(ends[1]);
}

static void test_sigchld(void)
{
    static const struct {
        const char *name;
        int exit_status, kill_by, code, status;
    } rows[] = {{"exit", 9, 0, CLD_EXITED, 9},
                {"SIGKILL", 0, SIGKILL, CLD_KILLED, SIGKILL},
                {"SIGSYS", 0, SIGSYS, CLD_KILLED, SIGSYS},
                {"SIGSEGV", 0, SIGSEGV, CLD_KILLED, SIGSEGV}};
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    raw_handle(SIGCHLD, record, SA_SIGINFO | SA_RESTART, 0);
    for (unsigned i = 0; i < 4; i++) {
        pid_t pid = MUST(fork());
        if (pid == 0) {
            if (rows[i].kill_by) {
                disposition(rows[i].kill_by == SIGKILL ? SIGHUP : rows[i].kill_by, SIG_DFL);
                raw(SYS_kill, getpid(), rows[i].kill_by);
            }
            _exit(rows[i].exit_status);
        }
        wait_for(pid);
        expect_calls(1, rows[i].name);
        CHECK_EQ(got.info.si_signo, SIGCHLD, rows[i].name);
        /* CLD_DUMPED where a core file was written */
        int code = got.info.si_code == CLD_DUMPED ? CLD_KILLED : got.info.si_code;
        CHECK_EQ(code, rows[i].code, rows[i].name);
        CHECK_EQ(got.info.si_pid, pid, rows[i].name);
        CHECK_EQ(got.info.si_uid, getuid(), rows[i].name);
        CHECK_EQ(got.info.si_status, rows[i].status, rows[i].name);
        expect_zero_from(12, rows[i].name);
    }
    disposition(SIGCHLD, SIG_DFL);
    say("SIGCHLD: exact\n");
}

static void test_sigxfsz(void)
{
    struct rlimit old, small = {10, 10};
    raw_handle(SIGXFSZ, record, SA_SIGINFO, 0);
    MUST(getrlimit(RLIMIT_FSIZE, &old));
    small.rlim_max = old.rlim_max;
    int fd = MUST(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));
    MUST(setrlimit(RLIMIT_FSIZE, &small));
    CHECK_EQ(raw(SYS_pwrite64, fd, "0123456789abcdef", 16, 5), 5, "write up to the limit");
    CHECK_EQ(calls, 0, "calls");
    CHECK_EQ(raw(SYS_pwrite64, fd, "x", 1, 10), -EFBIG, "write beyond the limit");
    MUST(setrlimit(RLIMIT_FSIZE, &old));
    expect_calls(1, "SIGXFSZ");
    expect_head(SIGXFSZ, SI_USER, "SIGXFSZ");
    expect_sender("SIGXFSZ");
    close(fd);
    say("SIGXFSZ: exact\n");
}

/* ---------------------------------------------------------------- from inside handlers */

static void resend(int signo, siginfo_t *info, void *context)
{
    record(signo, info, context);
    if (info->si_value.sival_int > 0) {
        union sigval next = {.sival_int = info->si_value.sival_int - 1};
        int sent[32] = {signo, 0, SI_QUEUE, 0, getpid(), (int)getuid()};
        memcpy(&sent[6], &next, sizeof next);
        CHECK_EQ(raw(SYS_rt_tgsigqueueinfo, getpid(), raw_tid(), signo, sent), 0, "resend");
    }
}

static void test_resend(void)
{
    raw_handle(SIGSYS, resend, SA_SIGINFO, 0);
    MUST(sigqueue(getpid(), SIGSYS, (union sigval){.sival_int = 100}));
    CHECK_EQ(calls, 101, "a chain of signals sent from its own handler");
    CHECK_EQ(got.info.si_value.sival_int, 0, "the last one's value");
    calls = 0;
    disposition(SIGSYS, SIG_DFL);
    say("sent from inside handlers: a chain of 101\n");
}

/* ---------------------------------------------------------------- a seccomp filter's trap */

static volatile int trapped_nr, trapped_rax;
static volatile bool trapped_at_rip;

static void answer_trap(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    CHECK_EQ(info->si_code, 1 /* SYS_SECCOMP */, "si_code");
    CHECK_EQ(signo, SIGSYS, "signal");
    trapped_nr = info->si_syscall;
    trapped_rax = (int)registers[REG_RAX];
    trapped_at_rip = info->si_call_addr == (void *)registers[REG_RIP];
    registers[REG_RAX] = -ENOTTY;
}

/* As sandboxes do that answer their own calls by SECCOMP_RET_TRAP: the handler gives the result. */
static void filter_traps(void)
{
    static const unsigned numbers[] = {SYS_getppid, SYS_openat, SYS_readlinkat, SYS_ppoll,
                                       SYS_wait4,   SYS_mremap, SYS_munmap,     SYS_pause,
                                       SYS_clone,   SYS_tgkill};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    struct sock_filter filter[2 * COUNT + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    for (unsigned i = 0; i < COUNT; i++) {
        filter[1 + 2 * i] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], 0, 1);
        filter[2 + 2 * i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    }
    filter[2 * COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {2 * COUNT + 2, filter};
    raw_handle(SIGSYS, answer_trap, SA_SIGINFO, 0);
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
    for (unsigned i = 0; i < COUNT; i++) {
        trapped_nr = -1;
        CHECK_EQ(raw(numbers[i], 0, 0, 0, 0, 0, 0), -ENOTTY, "the handler's answer");
        CHECK_EQ(trapped_nr, numbers[i], "si_syscall");
        CHECK_EQ(trapped_rax, numbers[i], "RAX in the frame");
        CHECK(trapped_at_rip, "call %u: si_call_addr is not RIP in the frame", numbers[i]);
    }
    _exit(0);
}

static void trap_getppid(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_wait4, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {5, filter};
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* Neither ignoring nor blocking SIGSYS saves from a filter's trap. */
static void ignores_filter_trap(void)
{
    disposition(SIGSYS, SIG_IGN);
    trap_getppid();
    raw(SYS_getppid);
}

static void blocks_filter_trap(void)
{
    raw_handle(SIGSYS, answer_trap, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, ~0ULL);
    trap_getppid();
    raw(SYS_getppid);
}

static void blocks_filter_trap_of_wait(void)
{
    raw_handle(SIGSYS, answer_trap, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, ~0ULL);
    trap_getppid();
    raw(SYS_wait4, -1, NULL, 0, NULL);
}

int main(void)
{
    test_kills();
    test_from_another_process();
    test_imitations();
    for (imitation_code = 1; imitation_code <= 4; imitation_code++) {
        EXPECT_ENDING(imitated_fault_ignored, "exit 0");
    }
    EXPECT_ENDING(imitated_sigsys_kills, "signal 31");
    EXPECT_ENDING(imitated_fault_kills, "signal 11");
    test_queueinfo_errors();
    test_sigpipe();
    test_itimer();
    test_posix_timer();
    test_sigio();
    test_sigchld();
    test_sigxfsz();
    test_resend();
    EXPECT_ENDING(filter_traps, "exit 0");
    EXPECT_ENDING(ignores_filter_trap, "signal 31");
    EXPECT_ENDING(blocks_filter_trap, "signal 31");
    EXPECT_ENDING(blocks_filter_trap_of_wait, "signal 31");
    return 0;
}
