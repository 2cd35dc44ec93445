/*
 * A program that steps itself: TF set, a SIGTRAP handler that records where it is. The trace over
 * calls at sites of all kinds must be the native one, instruction by instruction: a monitor's
 * stubs, gates and traps are no instructions of the program.
 */
#include "frames.h"

#define TF 0x100ULL

struct trace {
    unsigned count, outside;
    int64_t offsets[512];
};

static struct trace trace;
static uint64_t base, limit;
static volatile int other_calls;
static uint8_t stack[65536] __attribute__((aligned(64)));

void entry_handler(int signo, siginfo_t *info, void *context)
{
    struct kernel_ucontext *own = context;
    CHECK_EQ(signo, SIGTRAP, "signal");
    CHECK_EQ(info->si_code, 2 /* TRAP_TRACE */, "si_code of a step");
    CHECK_EQ((uint64_t)info->si_addr, own->mcontext.rip, "si_addr of a step");
    CHECK_EQ(own->mcontext.trapno, 1, "trap number of a step");
    if (own->mcontext.rip >= base && own->mcontext.rip < limit) {
        CHECK(trace.count < 512, "steps without end");
        trace.offsets[trace.count++] = (int64_t)(own->mcontext.rip - base);
    } else {
        trace.outside++;
    }
    if (own->mcontext.rip == (uint64_t)site_return) {
        own->mcontext.rflags &= ~TF;
    }
}

static void say_trace(const char *name)
{
    char line[4096] = "";
    size_t used = 0;
    for (unsigned i = 0; i < trace.count && used < sizeof line - 20; i++) {
        used +=
            (size_t)snprintf(line + used, sizeof line - used, " %lld", (long long)trace.offsets[i]);
    }
    say("%s:%s; outside %u\n", name, line, trace.outside);
}

static void start_trace(const void *from, size_t size)
{
    memset(&trace, 0, sizeof trace);
    base = (uint64_t)from;
    limit = base + size;
}

/* ---------------------------------------------------------------- one call at each site */

static void test_sites(void)
{
    static const long numbers[] = {SYS_getpid, SYS_close, 500};
    for (const struct site *site = sites; site->name; site++) {
        for (unsigned i = 0; i < 3; i++) {
            if (site->fixed != ~0ULL && site->fixed != (uint64_t)numbers[i]) {
                continue;
            }
            struct registers out, in = {.rax = (uint64_t)numbers[i], .rdi = ~0ULL};
            in.rflags = 0x202 | TF;
            in.rsp = (uint64_t)stack + sizeof stack - 1024;
            /* the neighbours that do nothing are left out of the transcript */
            start_trace((const char *)site->address - 8, 8 + site->length + 8);
            run_site(&in, &out, site->entry);
            CHECK_EQ(out.rax, i == 0 ? getpid() : i == 1 ? -EBADF : -ENOSYS, site->name);
            CHECK_EQ(out.rcx, (uint64_t)site->address + site->length, site->name);
            CHECK_EQ(out.r11, 0x202 | TF, site->name);
            char what[64];
            snprintf(what, sizeof what, "%s %ld", site->name, numbers[i]);
            say_trace(what);
        }
    }
}

/* ---------------------------------------------------------------- a function with several calls */

__asm__(".pushsection .text\n"
        ".balign 64\n"
        ".type stepped, @function\n"
        "stepped:\n"
        "    .cfi_startproc\n"
        "    pushfq\n"
        "    orl $0x100, (%rsp)\n"
        "    popfq\n"
        "stepped_begin:\n"
        "    mov $39, %eax\n"
        "    syscall\n"
        "    mov $-1, %edi\n"
        "    mov $3, %eax\n"
        "    syscall\n"
        "    mov %rax, %rsi\n"
        "    mov $24, %eax\n"
        "    syscall\n"
        "    mov $24, %eax\n"
        "    syscall\n"
        "    mov $500, %eax\n"
        "    syscall\n"
        "    nop\n"
        "    nop\n"
        "    mov %esi, %eax\n"
        "    pushfq\n"
        "    andl $0xfffffeff, (%rsp)\n"
        "    popfq\n"
        "    nop\n"
        "stepped_end:\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size stepped, . - stepped\n"
        ".popsection\n");
extern int stepped(void) __attribute__((visibility("hidden")));
extern const char stepped_begin[] __attribute__((visibility("hidden")));
extern const char stepped_end[] __attribute__((visibility("hidden")));

static void test_function(void)
{
    start_trace(stepped_begin, (size_t)(stepped_end - stepped_begin) + 1);
    CHECK_EQ(stepped(), -EBADF, "result");
    say_trace("function");
}

/* ---------------------------------------------------------------- calls that change what is
 * stepped */

/* With SIGTRAP's own mask changed by the stepped call itself, and by an unblocked pending signal.
 */
static void note(int signo, siginfo_t *info, void *context)
{
    const struct kernel_ucontext *own = context;
    (void)signo, (void)info;
    other_calls++;
    CHECK_EQ(own->mcontext.rflags & TF, TF, "TF in the frame of another signal");
}

static void test_signals(void)
{
    static const struct {
        const char *name;
        long number;
    } rows[] = {{"a signal raised by the call", SYS_tkill}, {"sigprocmask", SYS_rt_sigprocmask}};
    uint64_t none = 0;
    raw_handle(SIGUSR1, note, SA_SIGINFO, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct registers out, in = {.rax = (uint64_t)rows[i].number, .rflags = 0x202 | TF};
        in.rsp = (uint64_t)stack + sizeof stack - 1024;
        if (i == 0) {
            in.rdi = (uint64_t)raw_tid();
            in.rsi = SIGUSR1;
        } else {
            raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1));
            raw(SYS_tkill, raw_tid(), SIGUSR1);
            in.rdi = SIG_SETMASK;
            in.rsi = (uint64_t)&none;
            in.r10 = 8;
        }
        other_calls = 0;
        start_trace((const char *)sites[0].address - 8, 24);
        run_site(&in, &out, sites[0].entry);
        CHECK_EQ(out.rax, 0, rows[i].name);
        CHECK_EQ(other_calls, 1, rows[i].name);
        say_trace(rows[i].name);
    }
}

/* A fork while stepping: the child steps on by itself. */
static void test_fork(void)
{
    struct registers out, in = {.rax = SYS_fork, .rflags = 0x202 | TF};
    in.rsp = (uint64_t)stack + sizeof stack - 1024;
    start_trace((const char *)sites[0].address - 8, 24);
    run_site(&in, &out, sites[0].entry);
    if (out.rax == 0) {
        say_trace("fork, child");
        _exit(0);
    }
    CHECK_EQ(wait_for((pid_t)out.rax), 0, "the child");
    say_trace("fork, parent");
}

/* Stepping switched on by a handler's edit of its frame. */
static void step_from_here(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    ((struct kernel_ucontext *)context)->mcontext.rflags |= TF;
}

static void test_switched_on(void)
{
    raw_handle(SIGUSR2, step_from_here, SA_SIGINFO, 0);
    struct registers out, in = {.rax = SYS_tkill, .rdi = (uint64_t)raw_tid(), .rsi = SIGUSR2};
    in.rflags = 0x202;
    in.rsp = (uint64_t)stack + sizeof stack - 1024;
    start_trace((const char *)sites[0].address - 8, 24);
    run_site(&in, &out, sites[0].entry);
    CHECK_EQ(out.rax, 0, "tkill");
    say_trace("switched on by a handler");
}

/* A step over a fault: the fault's signal comes, then stepping goes on behind it. */
static void skip_fault(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    other_calls++;
    ((struct kernel_ucontext *)context)->mcontext.rip = (uint64_t)site_return;
}

static void test_fault(void)
{
    raw_handle(SIGILL, skip_fault, SA_SIGINFO, 0);
    struct registers out, in = {.rflags = 0x202 | TF};
    in.rsp = (uint64_t)stack + sizeof stack - 1024;
    other_calls = 0;
    start_trace(faults[0].entry, 16);
    run_site(&in, &out, faults[0].entry);
    CHECK_EQ(other_calls, 1, "SIGILL");
    say_trace("fault");
}

/* Code made at run time. */
static void test_run_time_code(void)
{
    uint8_t *page = map_pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(page, "\x90\x0f\x05\x90\x90\xff\x25\0\0\0\0", 11);
    memcpy(page + 11, &site_return, 8);
    struct registers out, in = {.rax = SYS_getpid, .rflags = 0x202 | TF};
    in.rsp = (uint64_t)stack + sizeof stack - 1024;
    start_trace(page, 64);
    run_site(&in, &out, page);
    CHECK_EQ(out.rax, getpid(), "getpid");
    say_trace("run-time code");
    MUST(munmap(page, 4096));
}

/* SIGTRAP blocked while stepping: forced, and deadly. */
static void step_while_blocked(void)
{
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGTRAP));
    stepped();
}

static void step_while_ignored(void)
{
    disposition(SIGTRAP, SIG_IGN);
    stepped();
}

static void step_by_default(void)
{
    disposition(SIGTRAP, SIG_DFL);
    stepped();
}

int main(void)
{
    raw_handle(SIGTRAP, entry_recorder, SA_SIGINFO, 0);
    test_sites();
    test_function();
    test_signals();
    test_fork();
    test_switched_on();
    test_fault();
    test_run_time_code();
    EXPECT_ENDING(step_while_blocked, "signal 5");
    EXPECT_ENDING(step_while_ignored, "signal 5");
    EXPECT_ENDING(step_by_default, "signal 5");
    return 0;
}
