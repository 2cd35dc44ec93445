/*
 * What a handler writes into its frame is what the program goes on with: registers, flags, vectors,
 * the alternate stack; also rt_sigreturn on frames that no signal made, and on bad ones.
 */
#include "frames.h"

#define ARITHMETIC 0x8d5ULL /* CF PF AF ZF SF OF */
#define DF         0x400ULL
#define AC         0x40000ULL
#define ID         0x200000ULL
#define ALWAYS     0x202ULL

static uint8_t stack[65536] __attribute__((aligned(64)));
static struct registers wanted;
static struct vectors wanted_vectors;
static volatile int calls;
static void (*edit)(struct kernel_ucontext *context);

void entry_handler(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    calls++;
    edit(context);
}

static struct registers pattern(uint64_t seed)
{
    struct registers registers;
    uint64_t *values = (uint64_t *)&registers;
    for (unsigned i = 0; i < sizeof registers / 8; i++) {
        values[i] = seed * (i + 1) ^ seed << 32;
    }
    registers.rsp = (uint64_t)stack + sizeof stack - 4096 + (seed & 0xf8);
    registers.rflags = ALWAYS | (seed & (ARITHMETIC | DF));
    return registers;
}

static void edit_registers(struct kernel_ucontext *context)
{
    struct kernel_sigcontext *to = &context->mcontext;
    to->rax = wanted.rax, to->rbx = wanted.rbx, to->rcx = wanted.rcx, to->rdx = wanted.rdx;
    to->rsi = wanted.rsi, to->rdi = wanted.rdi, to->rbp = wanted.rbp, to->rsp = wanted.rsp;
    to->r8 = wanted.r8, to->r9 = wanted.r9, to->r10 = wanted.r10, to->r11 = wanted.r11;
    to->r12 = wanted.r12, to->r13 = wanted.r13, to->r14 = wanted.r14, to->r15 = wanted.r15;
    to->rflags = wanted.rflags;
    to->rip = (uint64_t)site_return;
}

static void check_wanted(const struct registers *out, const char *what)
{
    const uint64_t *got = (const uint64_t *)out, *want = (const uint64_t *)&wanted;
    static const char names[][7] = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "RSP",   "R8",
                                    "R9",  "R10", "R11", "R12", "R13", "R14", "R15", "RFLAGS"};
    for (unsigned i = 0; i < sizeof wanted / 8; i++) {
        CHECK(got[i] == want[i], "%s: %s is 0x%llx, the handler wrote 0x%llx", what, names[i],
              (unsigned long long)got[i], (unsigned long long)want[i]);
    }
}

/* From a call, at every site, and from a fault: every register, RCX and R11 too. */
static void test_registers(void)
{
    edit = edit_registers;
    for (uint64_t seed = 0x9e3779b97f4a7c15, round = 0; round < 8; round++, seed *= seed | 1) {
        for (const struct site *site = sites; site->name; site++) {
            if (site->fixed != ~0ULL) {
                continue;
            }
            struct registers out, in = pattern(seed + 0x123456789);
            in.rax = SYS_tgkill;
            in.rdi = (uint64_t)getpid();
            in.rsi = (uint64_t)raw_tid();
            in.rdx = SIGUSR1;
            wanted = pattern(seed);
            run_site(&in, &out, site->entry);
            check_wanted(&out, site->name);
        }
        for (const struct fault *fault = faults; fault->name; fault++) {
            struct registers out, in = pattern(seed + 0x123456789);
            in.rsi = 0x123456789000;
            in.rbx = fault->uses_divisor ? 0 : in.rbx;
            wanted = pattern(seed);
            run_site(&in, &out, fault->entry);
            check_wanted(&out, fault->name);
        }
    }
    CHECK(calls > 100, "the handler ran %d times", calls);
    say("registers: as written\n");
}

/* Bits of RFLAGS that a program may not change are kept or dropped. */
static void edit_flags(struct kernel_ucontext *context)
{
    context->mcontext.rflags = wanted.rflags;
}

static void test_flags(void)
{
    edit = edit_flags;
    static const uint64_t values[] = {0, ~0ULL & ~0x100ULL, AC, ID, 0x3000, 0x4000, 0x20000, 0x200};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        struct registers out, in = pattern(3);
        in.rax = SYS_tgkill;
        in.rdi = (uint64_t)getpid();
        in.rsi = (uint64_t)raw_tid();
        in.rdx = SIGUSR1;
        wanted.rflags = values[i];
        run_site(&in, &out, sites[0].entry);
        say("flags 0x%llx written over 0x%llx: 0x%llx\n", (unsigned long long)values[i],
            (unsigned long long)in.rflags, (unsigned long long)out.rflags);
    }
}

/* ---------------------------------------------------------------- extended state */

static void edit_vectors(struct kernel_ucontext *context)
{
    struct kernel_fpstate *fp = context->mcontext.fpstate;
    fp->mxcsr = wanted_vectors.mxcsr;
    fp->control = wanted_vectors.x87_control;
    for (int i = 0; i < 16; i++) {
        memcpy(fp->xmm[i], wanted_vectors.zmm[i], 16);
    }
    fp->xstate_bv |= 3;
    context->mcontext.rip = (uint64_t)site_return;
}

static void forget_avx(struct kernel_ucontext *context)
{
    context->mcontext.fpstate->xstate_bv &= ~4ULL;
    context->mcontext.rip = (uint64_t)site_return;
}

static void forget_extension(struct kernel_ucontext *context)
{
    context->mcontext.fpstate->magic1 = 0;
    context->mcontext.rip = (uint64_t)site_return;
}

static void forget_all(struct kernel_ucontext *context)
{
    context->mcontext.fpstate = NULL;
    context->mcontext.rip = (uint64_t)site_return;
}

static void run_with_vectors(void (*how)(struct kernel_ucontext *), struct vectors *before,
                             struct vectors *after)
{
    __builtin_cpu_init();
    int level = __builtin_cpu_supports("avx") ? 1 : 0;
    for (size_t i = 0; i < sizeof *before; i++) {
        ((uint8_t *)before)[i] = (uint8_t)(i * 3 + 1);
        ((uint8_t *)&wanted_vectors)[i] = (uint8_t)(i * 5 + 2);
    }
    for (int i = 0; i < 8; i++) {
        before->st[i] = i;
    }
    before->mxcsr = 0x1f80;
    before->x87_control = 0x37f;
    wanted_vectors.mxcsr = 0x3fa1;
    wanted_vectors.x87_control = 0xb7f;
    struct registers out, in = pattern(7);
    edit = how;
    run_site_with_vectors(&in, &out, faults[0].entry, before, after, level);
}

/* Upper halves of the AVX registers: 'K' kept, '0' zero, '?' else. */
static char upper_halves(const struct vectors *before, const struct vectors *after)
{
    static const uint8_t zero[16];
    bool kept = true, cleared = true;
    for (int i = 0; i < 16; i++) {
        kept &= memcmp(before->zmm[i] + 16, after->zmm[i] + 16, 16) == 0;
        cleared &= memcmp(after->zmm[i] + 16, zero, 16) == 0;
    }
    return kept ? 'K' : cleared ? '0' : '?';
}

static void test_vectors(void)
{
    static struct vectors before, after;
    run_with_vectors(edit_vectors, &before, &after);
    for (int i = 0; i < 16; i++) {
        CHECK(memcmp(after.zmm[i], wanted_vectors.zmm[i], 16) == 0, "XMM%d isn't as written", i);
    }
    CHECK_EQ(after.mxcsr, 0x3fa1, "MXCSR as written");
    CHECK_EQ(after.x87_control, 0xb7f, "x87 control word as written");
    CHECK(memcmp(before.st, after.st, sizeof before.st) == 0, "the x87 stack changed");
    say("vectors written: upper halves %c\n", upper_halves(&before, &after));
    run_with_vectors(forget_avx, &before, &after);
    say("AVX bit cleared: upper halves %c\n", upper_halves(&before, &after));
    run_with_vectors(forget_extension, &before, &after);
    say("magic cleared: upper halves %c\n", upper_halves(&before, &after));
    run_with_vectors(forget_all, &before, &after);
    say("no state: upper halves %c, MXCSR 0x%x, x87 control 0x%x\n", upper_halves(&before, &after),
        after.mxcsr, after.x87_control);
}

/* ---------------------------------------------------------------- frames made elsewhere */

static struct kernel_frame kept;
static uint8_t kept_xstate[65536] __attribute__((aligned(64)));

static void keep_frame(struct kernel_ucontext *context)
{
    kept = *frame_of(context);
    memcpy(kept_xstate, context->mcontext.fpstate, context->mcontext.fpstate->extended_size);
    kept.context.mcontext.fpstate = (void *)kept_xstate;
    kept.context.mcontext.rip = (uint64_t)site_return;
    context->mcontext.rip = (uint64_t)site_return;
}

static void enter_kept_frame(void)
{
    return_by_frame(&kept);
}

/* A frame saved by one handler is returned by long after, from no handler at all. */
static void test_frame_copy(void)
{
    edit = keep_frame;
    struct registers out, in = pattern(11);
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGHUP));
    run_site(&in, &out, faults[0].entry);
    raw_mask(SIG_SETMASK, 0);
    for (int i = 0; i < 100; i++) {
        wanted = pattern((uint64_t)i * 0x9e3779b97f4a7c15 + 1);
        struct kernel_sigcontext fp = kept.context.mcontext;
        edit_registers(&kept.context);
        kept.context.mcontext.fpstate = fp.fpstate;
        kept.context.sigmask = SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGSYS) | (uint64_t)i << 40;
        /* run_site enters a function that never returns to C: the frame leads to site_return */
        in = pattern(13);
        in.rsp = (in.rsp & ~15ULL) - 8;
        run_site(&in, &out, (const void *)enter_kept_frame);
        check_wanted(&out, "a copied frame");
        CHECK_EQ(raw_mask(SIG_SETMASK, 0), kept.context.sigmask, "mask of a copied frame");
    }
    say("copied frame: as written\n");
}

static void edit_stack(struct kernel_ucontext *context)
{
    context->stack.sp = stack + 1024;
    context->stack.size = 32768;
    context->stack.flags = 0;
}

static void edit_stack_too_small(struct kernel_ucontext *context)
{
    edit_stack(context);
    context->stack.size = 2047;
}

/* A return whose number no analysis finds: it is rewritten as any other call is. */
static volatile long number_of_return = SYS_rt_sigreturn;
__asm__(".pushsection .text\n"
        ".balign 64\n"
        ".type other_restorer, @function\n"
        "other_restorer:\n"
        "    .cfi_startproc\n"
        "    movq number_of_return(%rip), %rax\n"
        "    syscall\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size other_restorer, . - other_restorer\n"
        ".balign 64, 0x90\n"
        ".popsection\n");
extern void other_restorer(void) __attribute__((visibility("hidden")));

static void count_call(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    calls++;
}

static void test_other_restorer(void)
{
    struct kernel_sigaction before,
        action = {(void *)count_call, SA_RESTORER | SA_SIGINFO, (void *)other_restorer, 0};
    CHECK_EQ(number_of_return, SYS_rt_sigreturn, "the number");
    calls = 0;
    raw_action(SIGUSR1, &action, &before);
    for (int i = 0; i < 5; i++) {
        raw(SYS_kill, getpid(), SIGUSR1);
        raise(SIGUSR1);
    }
    raw_action(SIGUSR1, &before, NULL);
    say("another restorer: %d calls\n", calls);
}

static void test_stack_in_frame(void)
{
    edit = edit_stack;
    struct kernel_altstack {
        void *sp;
        int flags, pad;
        size_t size;
    } now = {0};
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(raw(SYS_sigaltstack, NULL, &now), 0, "sigaltstack");
    CHECK(now.sp == stack + 1024 && now.size == 32768 && now.flags == 0,
          "the alternate stack isn't the frame's: %p %zu %d", now.sp, now.size, now.flags);
    edit = edit_stack_too_small;
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(raw(SYS_sigaltstack, NULL, &now), 0, "sigaltstack");
    CHECK(now.size == 32768, "a stack that sigaltstack refuses was taken: %zu", now.size);
    now.flags = SS_DISABLE;
    CHECK_EQ(raw(SYS_sigaltstack, &now, NULL), 0, "sigaltstack");
    say("uc_stack: taken by rt_sigreturn\n");
}

/* ---------------------------------------------------------------- bad frames */

static int damage;

static void spoil(struct kernel_ucontext *context)
{
    struct kernel_sigcontext *to = &context->mcontext;
    struct kernel_fpstate *fp = to->fpstate;
    switch (damage) {
    case 0:
        to->rip = 0xdead000000000000;
        return;
    case 1:
        to->rip = 0xffffffff81000000;
        return;
    case 2:
        to->rip = 8;
        return;
    case 3:
        to->rsp = 0xdead000000000000;
        to->rip = (uint64_t)site_return; /* harmless: nothing is pushed */
        return;
    case 4:
        to->fpstate = (void *)8;
        return;
    case 5:
        to->fpstate = (void *)0xffffffff81000000;
        return;
    case 6:
        to->fpstate = (void *)((char *)fp + 8);
        return;
    case 7:
        fp->mxcsr = ~0U;
        return;
    case 8:
        fp->xstate_bv = ~0ULL;
        return;
    case 9:
        fp->xcomp_bv = 1ULL << 63 | 7;
        return;
    case 10:
        fp->extended_size = ~0U;
        return;
    case 11:
        fp->xstate_size = 64;
        return;
    case 12:
        context->flags = 0;
        return;
    case 13:
        context->stack.flags = 0x1234; /* sigaltstack's errors are ignored here */
        return;
    case 14:
        context->link = (void *)0x1234;
        return;
    default:
        return;
    }
}

static void raise_with_damage(void)
{
    edit = spoil;
    struct registers out, in = pattern(17);
    in.rax = SYS_tgkill;
    in.rdi = (uint64_t)getpid();
    in.rsi = (uint64_t)raw_tid();
    in.rdx = SIGUSR1;
    disposition(SIGSEGV, SIG_DFL);
    disposition(SIGILL, SIG_DFL);
    run_site(&in, &out, sites[0].entry);
}

static volatile uint64_t fault_rip;
static volatile int fault_code;

static void leave(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    struct kernel_sigcontext *to = &((struct kernel_ucontext *)context)->mcontext;
    fault_code = info->si_code;
    fault_rip = to->rip;
    to->rip = (uint64_t)site_return;
}

/* The SIGSEGV for a frame whose extended state can't be taken has a handler, and is survived. */
static void test_bad_state_handled(void)
{
    struct kernel_sigaction first;
    raw_action(SIGSEGV, NULL, &first);
    for (damage = 4; damage <= 11; damage++) {
        struct registers out, in = pattern(19);
        in.rax = SYS_tgkill;
        in.rdi = (uint64_t)getpid();
        in.rsi = (uint64_t)raw_tid();
        in.rdx = SIGUSR1;
        edit = spoil;
        fault_rip = 0;
        fault_code = 0;
        raw_handle(SIGSEGV, leave, SA_SIGINFO, 0);
        run_site(&in, &out, sites[0].entry);
        CHECK_EQ(raw(SYS_getpid), getpid(), "a call afterwards");
        uint64_t mask = raw_mask(SIG_SETMASK, 0);
        say("damage %d, handled: %s, si_code %d, mask 0x%llx, RIP %s\n", damage,
            fault_rip ? "SIGSEGV" : "none", fault_code, (unsigned long long)mask,
            fault_rip == (uint64_t)sites[0].address + 2 ? "behind the call"
            : fault_rip                                 ? "elsewhere"
                                                        : "-");
    }
    raw_action(SIGSEGV, &first, NULL);
}

static void return_by_nothing(void)
{
    return_by_frame((void *)0x10000);
}

static void return_by_the_border(void)
{
    uint8_t *pages = map_pages(8192, PROT_READ | PROT_WRITE);
    MUST(munmap(pages + 4096, 4096));
    return_by_frame((void *)(pages + 4096 - 100));
}

static void test_bad_frames(void)
{
    for (damage = 0; damage <= 14; damage++) {
        say("damage %d: %s\n", damage, ending(in_child(raise_with_damage)));
    }
    disposition(SIGSEGV, SIG_DFL);
    EXPECT_ENDING(return_by_nothing, "signal 11");
    EXPECT_ENDING(return_by_the_border, "signal 11");
}

int main(void)
{
    static const int signals[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        raw_handle(signals[i], entry_recorder, SA_SIGINFO, 0);
    }
    test_registers();
    test_flags();
    test_vectors();
    test_frame_copy();
    test_other_restorer();
    test_stack_in_frame();
    test_bad_state_handled();
    test_bad_frames();
    return 0;
}
