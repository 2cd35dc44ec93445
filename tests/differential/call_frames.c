/*
 * The frame of a signal that comes with a system call: RIP is the instruction after the program's
 * own site, or the site itself when the call will be restarted; no stub and no gate is ever seen
 * there. User-level schedulers and cancellation in musl and glibc decide by this address.
 */
#include "frames.h"

#define CF     0x1ULL
#define DF     0x400ULL
#define ALWAYS 0x202ULL

static uint8_t stack[65536] __attribute__((aligned(64)));
static struct kernel_ucontext seen;
static volatile int calls;
static bool leave_by_cancel;
static int ends[2];

void entry_handler(int signo, siginfo_t *info, void *context)
{
    struct kernel_ucontext *own = context;
    (void)signo, (void)info;
    calls++;
    seen = *own;
    check_frame_position(own, own->mcontext.rsp, "call");
    if (leave_by_cancel) {
        own->mcontext.rip = (uint64_t)site_return;
        own->mcontext.rax = (uint64_t)-ECANCELED;
    }
}

static struct registers registers_for(long nr, uint64_t a, uint64_t b, uint64_t c)
{
    return (struct registers){.rax = (uint64_t)nr,
                              .rbx = 0xb1b1b1b1b1b1b1b1,
                              .rcx = 0xc1c1c1c1c1c1c1c1,
                              .rdi = a,
                              .rsi = b,
                              .rdx = c,
                              .rbp = 0xb9b9b9b9b9b9b9b9,
                              .rsp = (uint64_t)stack + sizeof stack - 1000,
                              .r8 = 8,
                              .r9 = 0x0909090909090909,
                              .r10 = 8,
                              .r11 = 0x1111111111111111,
                              .r12 = 0x1212121212121212,
                              .r13 = 0x1313131313131313,
                              .r14 = 0x1414141414141414,
                              .r15 = 0x1515151515151515,
                              .rflags = ALWAYS | CF | DF};
}

/* The frame's registers are those of a call that has finished, or that will be made again. */
static void check_frame(const struct site *site, const struct registers *in, long rax, bool restart,
                        const char *what)
{
    char name[128];
    snprintf(name, sizeof name, "%s at %s", what, site->name);
    const struct kernel_sigcontext *saved = &seen.mcontext;
    uint64_t after = (uint64_t)site->address + site->length;
    CHECK_EQ(calls, 1, name);
    CHECK(saved->rip == (restart ? after - 2 : after), "%s: RIP is site%+lld, expected site%+lld",
          name, (long long)(saved->rip - (uint64_t)site->address),
          (long long)site->length - (restart ? 2 : 0));
    CHECK_EQ(saved->rax, rax, name);
    CHECK_EQ(saved->rcx, after, name);
    CHECK_EQ(saved->r11, in->rflags, name);
    CHECK_EQ(saved->rflags, in->rflags, name);
    check_saved_registers(saved, in, name);
    CHECK_EQ(seen.flags, UC_FLAGS_OF_X86_64, "uc_flags");
    CHECK_EQ(entry_registers.rax, 0, "RAX in the handler");
    CHECK_EQ(entry_registers.rbx, in->rbx, "RBX in the handler");
    CHECK_EQ(entry_registers.rcx, after, "RCX in the handler");
    CHECK_EQ(entry_registers.r11, in->rflags, "R11 in the handler");
    CHECK_EQ(entry_registers.r15, in->r15, "R15 in the handler");
    CHECK_EQ(entry_registers.rbp, in->rbp, "RBP in the handler");
    CHECK_EQ(entry_registers.r10, in->r10, "R10 in the handler");
}

static void check_result(const struct site *site, const struct registers *in,
                         const struct registers *out, long rax, const char *what)
{
    CHECK_EQ(out->rax, rax, what);
    CHECK_EQ(out->rcx, (uint64_t)site->address + site->length, what);
    CHECK_EQ(out->r11, in->rflags, what);
    CHECK_EQ(out->rbx, in->rbx, what);
    CHECK_EQ(out->rsp, in->rsp, what);
    CHECK_EQ(out->r12, in->r12, what);
    if (site->flags_kept) {
        CHECK_EQ(out->rflags, in->rflags, what);
    }
}

static bool usable(const struct site *site)
{
    return site->fixed == ~0ULL;
}

/* The call raises the signal itself: it has finished when the handler runs. */
static void test_signals_raised_by_the_call(void)
{
    uint64_t open_mask = 0;
    for (const struct site *site = sites; site->name; site++) {
        if (!usable(site)) {
            continue;
        }
        struct registers out,
            in = registers_for(SYS_tgkill, (uint64_t)getpid(), (uint64_t)raw_tid(), SIGUSR1);
        calls = 0;
        run_site(&in, &out, site->entry);
        check_frame(site, &in, 0, false, "tgkill");
        check_result(site, &in, &out, 0, "tgkill");

        raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1));
        raw(SYS_tkill, raw_tid(), SIGUSR1);
        in = registers_for(SYS_rt_sigprocmask, SIG_SETMASK, (uint64_t)&open_mask, 0);
        calls = 0;
        run_site(&in, &out, site->entry);
        check_frame(site, &in, 0, false, "rt_sigprocmask");
        check_result(site, &in, &out, 0, "rt_sigprocmask");

        raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1));
        raw(SYS_tkill, raw_tid(), SIGUSR1);
        in = registers_for(SYS_rt_sigsuspend, (uint64_t)&open_mask, 8, 0);
        calls = 0;
        run_site(&in, &out, site->entry);
        check_frame(site, &in, -EINTR, false, "rt_sigsuspend");
        check_result(site, &in, &out, -EINTR, "rt_sigsuspend");
        raw_mask(SIG_SETMASK, 0);
    }
    say("signals raised by the call: the frame is after the site\n");
}

/* A call that fails with EFAULT or ENOSYS and finds a signal pending behind it shows its own
 * result. */
static void test_result_in_frame(void)
{
    static const long numbers[] = {500, SYS_close};
    static const long results[] = {-ENOSYS, -EBADF};
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *page = map_pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
        memcpy(page, "\x0f\x05\xff\x25\0\0\0\0", 8);
        memcpy(page + 8, &site_return, 8);
        struct site site = {"run-time code", page, page, 2, ~0ULL, 1};
        struct registers out, in = registers_for(numbers[i], (uint64_t)-1, 0, 0);
        run_site(&in, &out, site.entry);
        check_result(&site, &in, &out, results[i], "run-time code");
        in = registers_for(SYS_tkill, (uint64_t)raw_tid(), SIGUSR1, 0);
        calls = 0;
        run_site(&in, &out, site.entry);
        check_frame(&site, &in, 0, false, "tkill");
        MUST(munmap(page, 4096));
    }
    say("run-time code: the frame is after the site\n");
}

/* A child that signals when this process sleeps, and sends a byte when it was told so. */
static pid_t signal_when_blocked(bool byte)
{
    pid_t self = getpid(), pid = MUST(fork());
    if (pid == 0) {
        wait_until_blocked(self, self);
        kill(self, SIGUSR1);
        if (byte) {
            wait_until_blocked(self, self);
            CHECK_EQ(write(ends[1], "y", 1), 1, "write");
        }
        _exit(0);
    }
    return pid;
}

static void test_blocked_call(const char *what, unsigned long flags, struct registers in,
                              bool restarts)
{
    for (const struct site *site = sites; site->name; site++) {
        if (!usable(site)) {
            continue;
        }
        struct registers out;
        raw_handle(SIGUSR1, entry_recorder, SA_SIGINFO | flags, 0);
        calls = 0;
        pid_t pid = signal_when_blocked(restarts && !leave_by_cancel);
        run_site(&in, &out, site->entry);
        wait_for(pid);
        check_frame(site, &in, restarts ? (long)in.rax : -EINTR, restarts, what);
        if (leave_by_cancel) {
            CHECK_EQ(out.rax, -ECANCELED, what);
        } else {
            check_result(site, &in, &out, restarts ? 1 : -EINTR, what);
        }
    }
    say("%s: RIP %s, RAX %s\n", what, restarts ? "at the site" : "after the site",
        restarts ? "the number" : "-EINTR");
}

int main(void)
{
    static char byte;
    static struct timespec long_time = {100, 0}, rest;
    MUST(pipe2(ends, O_CLOEXEC));
    raw_handle(SIGUSR1, entry_recorder, SA_SIGINFO, 0);
    test_signals_raised_by_the_call();
    test_result_in_frame();
    struct registers in = registers_for(SYS_read, (uint64_t)ends[0], (uint64_t)&byte, 1);
    test_blocked_call("read without SA_RESTART", 0, in, false);
    test_blocked_call("read with SA_RESTART", SA_RESTART, in, true);
    in = registers_for(SYS_nanosleep, (uint64_t)&long_time, (uint64_t)&rest, 0);
    test_blocked_call("nanosleep with SA_RESTART", SA_RESTART, in, false);
    in = registers_for(SYS_pause, 0, 0, 0);
    test_blocked_call("pause with SA_RESTART", SA_RESTART, in, false);
    /* A handler that leaves instead of restarting: the call is never made again. */
    leave_by_cancel = true;
    in = registers_for(SYS_read, (uint64_t)ends[0], (uint64_t)&byte, 1);
    test_blocked_call("read left by the handler", SA_RESTART, in, true);
    return 0;
}
