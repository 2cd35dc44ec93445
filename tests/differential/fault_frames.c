/*
 * The frame that a handler sees when an instruction faults: every register, the address, code, trap
 * number and error code, where the frame lies, and the registers that the handler starts with. Also
 * for instructions that stand beside a system call, which a rewriter may have moved.
 */
#include "frames.h"
#include <sys/time.h>

#define CF     0x1ULL
#define DF     0x400ULL
#define RF     0x10000ULL
#define ALWAYS 0x202ULL
#define BAD    0x123456789000ULL

extern const struct fault faults_after_call[];

static uint8_t stack[65536] __attribute__((aligned(64)));
static struct kernel_ucontext seen;
static struct kernel_fpstate seen_fp;
static uint8_t *seen_xstate;
static siginfo_t seen_info;
static volatile int calls;

void entry_handler(int signo, siginfo_t *info, void *context)
{
    struct kernel_ucontext *own = context;
    (void)signo;
    calls++;
    seen = *own;
    seen_info = *info;
    seen_fp = *own->mcontext.fpstate;
    if (seen_xstate) {
        memcpy(seen_xstate, own->mcontext.fpstate, own->mcontext.fpstate->extended_size);
    }
    own->mcontext.rip = (uint64_t)site_return;
    own->mcontext.rflags &= ~RF;
}

static struct registers recognisable(void)
{
    return (struct registers){.rax = 0xa1a1a1a1a1a1a1a1,
                              .rbx = 0xb1b1b1b1b1b1b1b1,
                              .rcx = 0xc1c1c1c1c1c1c1c1,
                              .rdx = 0xd1d1d1d1d1d1d1d1,
                              .rsi = BAD,
                              .rdi = 0xd2d2d2d2d2d2d2d2,
                              .rbp = 0xb9b9b9b9b9b9b9b9,
                              .rsp = (uint64_t)stack + sizeof stack - 1024,
                              .r8 = 0x0808080808080808,
                              .r9 = 0x0909090909090909,
                              .r10 = 0x1010101010101010,
                              .r11 = 0x1111111111111111,
                              .r12 = 0x1212121212121212,
                              .r13 = 0x1313131313131313,
                              .r14 = 0x1414141414141414,
                              .r15 = 0x1515151515151515,
                              .rflags = ALWAYS | CF | DF};
}

/* The error code of `int $0xfe`: the gate's place in the table, and that it is of the IDT. */
#define INT_FE_ERROR (0xfe * 8 + 2)

/* A handler starts with the interrupted registers, but for its arguments, RAX, RSP and flags. */
static void check_entry(const struct kernel_sigcontext *saved, const char *what)
{
    const struct registers *in = &entry_registers;
    SAME_IN_FRAME(rbx);
    SAME_IN_FRAME(rcx);
    SAME_IN_FRAME(rbp);
    SAME_IN_FRAME(r8);
    SAME_IN_FRAME(r9);
    SAME_IN_FRAME(r10);
    SAME_IN_FRAME(r11);
    SAME_IN_FRAME(r12);
    SAME_IN_FRAME(r13);
    SAME_IN_FRAME(r14);
    SAME_IN_FRAME(r15);
    CHECK_EQ(in->rax, 0, "RAX at the handler's entry");
    CHECK_EQ(in->rsp & 15, 8, "alignment of RSP at the handler's entry");
    CHECK_EQ(in->rsi - in->rdx,
             offsetof(struct kernel_frame, info) - offsetof(struct kernel_frame, context),
             "distance of siginfo and ucontext");
    CHECK_EQ(in->rdx - in->rsp, offsetof(struct kernel_frame, context), "ucontext above RSP");
    CHECK_EQ(in->rflags & (DF | 0x100), 0, "DF and TF at the handler's entry");
    const struct kernel_fpstate *fp = &entry_fxsave;
    CHECK_EQ(fp->mxcsr, 0x1f80, "MXCSR at the handler's entry");
    CHECK_EQ(fp->control, 0x37f, "x87 control word at the handler's entry");
    CHECK_EQ(fp->tag & 0xff, 0, "x87 tags at the handler's entry");
    for (int i = 0; i < 16; i++) {
        static const uint8_t zero[16];
        CHECK(memcmp(fp->xmm[i], zero, 16) == 0, "%s: XMM%d isn't 0 at the handler's entry", what,
              i);
    }
}

static void check_info(const struct fault *fault)
{
    CHECK_EQ(seen_info.si_signo, fault->signo, fault->name);
    CHECK_EQ(seen_info.si_code, fault->code, fault->name);
    CHECK_EQ(seen_info.si_errno, 0, fault->name);
    uint64_t address = fault->address == 1   ? BAD
                       : fault->address == 2 ? (uint64_t)fault->reported
                                             : 0;
    CHECK((uint64_t)seen_info.si_addr == address, "%s: si_addr is %p, expected 0x%llx", fault->name,
          seen_info.si_addr, (unsigned long long)address);
}

static void check_fault(const struct fault *fault, const struct registers *in, bool after_call)
{
    const struct kernel_sigcontext *saved = &seen.mcontext;
    const char *what = fault->name;
    check_info(fault);
    check_saved_registers(saved, in, what);
    CHECK(saved->rip == (uint64_t)fault->reported, "%s: RIP is 0x%llx, expected 0x%llx", what,
          (unsigned long long)saved->rip, (unsigned long long)fault->reported);
    CHECK_EQ(saved->trapno, fault->trapno, "trap number");
    /* QEMU's own emulation counts 16 bytes for a gate in the error code of `int n`; processors
     * count 8. */
    bool emulated = fault->err == INT_FE_ERROR && getenv("ENDORUN_VM");
    CHECK_EQ(saved->err, emulated ? 0xfe * 16 + 2 : fault->err, "error code");
    uint64_t flags =
        saved->rflags & ~RF; /* RF tells that it was a fault; checked in the transcript */
    CHECK_EQ(flags, in->rflags, "flags in the frame");
    if (fault->address == 1) {
        CHECK_EQ(saved->cr2, BAD, "CR2");
    }
    if (after_call) {
        CHECK_EQ(saved->r11, in->rflags, "R11 after the call");
        CHECK_EQ(saved->rax, getpid(), "RAX after the call");
    } else {
        SAME_IN_FRAME(rax);
        SAME_IN_FRAME(rcx);
        SAME_IN_FRAME(r11);
    }
    CHECK_EQ(seen.flags, UC_FLAGS_OF_X86_64, "uc_flags");
    CHECK_EQ((long)seen.link, 0, "uc_link");
    CHECK_EQ(seen.sigmask, SIGNAL_BIT(SIGHUP), "uc_sigmask");
    CHECK_EQ(seen.stack.flags, 0, "uc_stack flags: never set is 0, not SS_DISABLE");
    CHECK_EQ((long)seen.stack.sp, 0, "uc_stack pointer");
    CHECK_EQ(seen.stack.size, 0, "uc_stack size");
    CHECK_EQ(saved->oldmask, SIGNAL_BIT(SIGHUP), "oldmask");
    check_entry(saved, what);
    say("%s: signal %d code %d trap %llu err %llu rf %d\n", what, seen_info.si_signo,
        seen_info.si_code, (unsigned long long)saved->trapno, (unsigned long long)saved->err,
        (saved->rflags & RF) != 0);
}

static void fill_stack(void)
{
    memset(stack, 0x5a, sizeof stack);
}

static void check_red_zone(const struct registers *in, const char *what)
{
    const uint8_t *rsp = (const uint8_t *)in->rsp;
    for (int i = -128; i < 1024; i++) {
        CHECK(rsp[i] == 0x5a, "%s: the byte at RSP%+d was changed", what, i);
    }
}

/* The frame's place is checked by the handler's arguments, for every alignment of RSP. */
static void run_fault(const struct fault *fault, bool after_call, unsigned misalignment)
{
    struct registers out, in = recognisable();
    in.rsp -= misalignment;
    if (fault->uses_divisor) {
        in.rbx = 0;
    }
    if (after_call) {
        in.rax = SYS_getpid;
    }
    fill_stack();
    calls = 0;
    run_site(&in, &out, fault->entry);
    CHECK_EQ(calls, 1, "handler calls");
    check_red_zone(&in, fault->name);
    struct kernel_ucontext *place = (void *)entry_registers.rdx;
    check_frame_position(place, in.rsp, fault->name);
    CHECK_EQ(current_mask(), SIGNAL_BIT(SIGHUP), "mask after the handler");
    if (misalignment == 0) {
        check_fault(fault, &in, after_call);
    }
}

static void test_all(const struct fault *table, bool after_call)
{
    for (const struct fault *fault = table; fault->name; fault++) {
        for (unsigned misalignment = 0; misalignment < 72; misalignment++) {
            run_fault(fault, after_call, misalignment);
        }
    }
}

/* ---------------------------------------------------------------- other faults */

/* A jump to where no code is: RIP and CR2 are the target. */
static void test_bad_jumps(void)
{
    uint8_t *data = map_pages(4096, PROT_READ | PROT_WRITE);
    data[0] = 0xc3;
    const struct {
        const char *name;
        const void *target;
        int signo, code;
    } rows[] = {{"jump to nothing", (void *)BAD, SIGSEGV, 1},
                {"jump to data", data, SIGSEGV, 2},
                {"jump to 0", NULL, SIGSEGV, 1}};
    for (unsigned i = 0; i < 3; i++) {
        struct registers out, in = recognisable();
        run_site(&in, &out, rows[i].target);
        CHECK_EQ(seen_info.si_signo, rows[i].signo, rows[i].name);
        CHECK_EQ(seen_info.si_code, rows[i].code, rows[i].name);
        CHECK_EQ(seen.mcontext.rip, (uint64_t)rows[i].target, rows[i].name);
        CHECK_EQ((uint64_t)seen_info.si_addr, (uint64_t)rows[i].target, rows[i].name);
        check_saved_registers(&seen.mcontext, &in, rows[i].name);
        say("%s: err %llu trap %llu\n", rows[i].name, (unsigned long long)seen.mcontext.err,
            (unsigned long long)seen.mcontext.trapno);
    }
    MUST(munmap(data, 4096));
}

/* Protection, end of file, and an address that can't exist. */
static void test_bad_data(void)
{
    const struct fault *store = faults, *load = faults;
    while (strcmp(store->name, "store") != 0) {
        store++;
    }
    while (strcmp(load->name, "load") != 0) {
        load++;
    }
    uint8_t *constant = map_pages(4096, PROT_READ), *none = map_pages(4096, PROT_NONE);
    int fd = MUST(open("empty", O_RDWR | O_CREAT, 0600));
    uint8_t *beyond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const struct {
        const char *name;
        const struct fault *fault;
        const void *address;
        int signo, code;
        bool address_told;
    } rows[] = {{"store to read-only", store, constant + 5, SIGSEGV, 2, true},
                {"load from PROT_NONE", load, none + 8, SIGSEGV, 2, true},
                {"load beyond the file", load, beyond + 16, SIGBUS, 2, true},
                {"store beyond the file", store, beyond + 16, SIGBUS, 2, true},
                {"load not canonical", load, (void *)0xdead000000000000, SIGSEGV, 0x80, false},
                {"load from the kernel", load, (void *)0xffffffff81000000, SIGSEGV, 1, true},
                {"load near 0", load, (void *)8, SIGSEGV, 1, true}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct registers out, in = recognisable();
        in.rsi = (uint64_t)rows[i].address;
        run_site(&in, &out, rows[i].fault->entry);
        CHECK_EQ(seen_info.si_signo, rows[i].signo, rows[i].name);
        CHECK_EQ(seen_info.si_code, rows[i].code, rows[i].name);
        CHECK_EQ((uint64_t)seen_info.si_addr, rows[i].address_told ? in.rsi : 0, rows[i].name);
        CHECK_EQ(seen.mcontext.rip, (uint64_t)rows[i].fault->reported, rows[i].name);
        say("%s: err %llu trap %llu\n", rows[i].name, (unsigned long long)seen.mcontext.err,
            (unsigned long long)seen.mcontext.trapno);
    }
    close(fd);
}

/* Misaligned with AC set: SIGBUS. QEMU's own emulation does not look at alignment. */
static void test_alignment_check(void)
{
    if (getenv("ENDORUN_VM")) {
        return;
    }
    const struct fault *load = faults;
    while (strcmp(load->name, "load") != 0) {
        load++;
    }
    struct registers out, in = recognisable();
    in.rflags |= 0x40000;
    in.rsi = (uint64_t)stack + 1;
    run_site(&in, &out, load->entry);
    CHECK_EQ(seen_info.si_signo, SIGBUS, "misaligned with AC");
    CHECK_EQ(seen_info.si_code, BUS_ADRALN, "misaligned with AC");
    CHECK_EQ(seen.mcontext.rip, (uint64_t)load->reported, "misaligned with AC");
    CHECK_EQ(seen.mcontext.rflags & 0x40000, 0x40000, "AC in the frame");
    say("alignment check: SIGBUS\n");
}

/* ---------------------------------------------------------------- vectors in the frame */

static void xsave_component(unsigned number, unsigned *offset, unsigned *size)
{
    unsigned c, d;
    __cpuid_count(0xd, number, *size, *offset, c, d);
}

static void check_component(unsigned number, const struct vectors *before)
{
    unsigned offset, size;
    xsave_component(number, &offset, &size);
    const uint8_t *state = seen_xstate + offset;
    bool same = true;
    for (int i = 0; number == 2 && i < 16; i++) {
        same &= memcmp(state + i * 16, before->zmm[i] + 16, 16) == 0;
    }
    if (number == 5) {
        same = memcmp(state, before->k, 64) == 0;
    }
    for (int i = 0; number == 6 && i < 16; i++) {
        same &= memcmp(state + i * 32, before->zmm[i] + 32, 32) == 0;
    }
    for (int i = 0; number == 7 && i < 16; i++) {
        same &= memcmp(state + i * 64, before->zmm[16 + i], 64) == 0;
    }
    CHECK(same, "component %u of the extended state in the frame isn't the interrupted one",
          number);
}

static void test_vectors(void)
{
    static struct vectors before, after;
    for (size_t i = 0; i < sizeof before; i++) {
        ((uint8_t *)&before)[i] = (uint8_t)(i * 11 + 5);
    }
    for (int i = 0; i < 8; i++) {
        before.st[i] = 2.25 * i;
    }
    before.mxcsr = 0x5f80;
    before.x87_control = 0x77f;
    __builtin_cpu_init();
    int level = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") ? 2
                : __builtin_cpu_supports("avx")                                         ? 1
                                                                                        : 0;
    seen_xstate = map_pages(65536, PROT_READ | PROT_WRITE);
    struct registers out, in = recognisable();
    run_site_with_vectors(&in, &out, faults[0].entry, &before, &after, level);
    const struct kernel_fpstate *fp = (void *)seen_xstate;
    CHECK_EQ(fp->mxcsr, before.mxcsr, "MXCSR in the frame");
    CHECK_EQ(fp->control, before.x87_control, "x87 control word in the frame");
    CHECK_EQ(fp->tag, 0xff, "x87 tags in the frame");
    for (int i = 0; i < 16; i++) {
        CHECK(memcmp(fp->xmm[i], before.zmm[i], 16) == 0, "XMM%d in the frame", i);
    }
    if (level >= 1) {
        check_component(2, &before);
        CHECK((fp->xstate_bv & 4) == 4, "the AVX bit of XSTATE_BV isn't set");
    }
    for (unsigned number = 5; level == 2 && number <= 7; number++) {
        check_component(number, &before);
    }
    CHECK(memcmp(before.zmm, after.zmm, level == 2 ? 2048 : 0) == 0, "vectors after the handler");
    CHECK(memcmp(before.st, after.st, sizeof before.st) == 0, "x87 stack after the handler");
    CHECK_EQ(after.mxcsr, before.mxcsr, "MXCSR after the handler");
    say("vectors: xfeatures 0x%llx, size %u, xstate_bv 0x%llx, xcomp_bv 0x%llx\n",
        (unsigned long long)fp->xfeatures, fp->xstate_size, (unsigned long long)fp->xstate_bv,
        (unsigned long long)fp->xcomp_bv);
}

/* Division in SSE and x87 with the exceptions unmasked. */
static void test_floating_point(void)
{
    static volatile double zero;
    for (int unit = 0; unit < 2; unit++) {
        pid_t pid = MUST(fork());
        if (pid == 0) {
            if (unit == 0) {
                uint32_t mxcsr = 0x1f80 & ~0x200U;
                __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
                __asm__ volatile("divsd %1, %0" ::"x"(1.0), "m"(zero));
            } else {
                uint16_t control = 0x37f & ~4;
                __asm__ volatile("fninit\n fldcw %0\n fld1\n fdivl %1\n fwait" ::"m"(control),
                                 "m"(zero));
            }
            _exit(99);
        }
        int status = wait_for(pid);
        say("floating point unit %d: %s\n", unit, ending(status));
    }
}

static void report_floating_point(int signo, siginfo_t *info, void *context)
{
    const struct kernel_ucontext *own = context;
    say("SIGFPE: code %d trap %llu\n", info->si_code, (unsigned long long)own->mcontext.trapno);
    _exit(signo);
}

/* ---------------------------------------------------------------- asynchronous */

static int stop_spinning, too_early; /* at most 200 */

static void start_timer(void)
{
    struct itimerval soon = {.it_value = {0, 1000 * (1 + too_early)}};
    MUST(setitimer(ITIMER_REAL, &soon, NULL));
}

/* On a busy machine the timer may end before the loop is reached: it is started again, with more
 * time. */
static void stop_spin(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    seen = *(struct kernel_ucontext *)context;
    check_frame_position(context, seen.mcontext.rsp, "spin");
    if (seen.mcontext.rip >= (uint64_t)spin_loop && seen.mcontext.rip < (uint64_t)spin_end) {
        stop_spinning = 1;
    } else {
        CHECK(++too_early < 200, "RIP 0x%llx isn't in the loop, for the 200th time",
              (unsigned long long)seen.mcontext.rip);
        start_timer();
    }
}

static void test_spin(void)
{
    raw_handle(SIGALRM, stop_spin, SA_SIGINFO, 0);
    for (int i = 0; i < 20; i++) {
        struct registers out, in = recognisable();
        in.rsi = (uint64_t)&stop_spinning;
        stop_spinning = 0;
        start_timer();
        run_site(&in, &out, spin_entry);
        check_saved_registers(&seen.mcontext, &in, "spin");
        CHECK(out.rax >= seen.mcontext.rax, "the count went back");
    }
    say("interrupted loop: registers exact\n");
}

int main(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        raw_handle(signals[i], entry_recorder, SA_SIGINFO, 0);
    }
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGHUP));
    test_all(faults, false);
    test_all(faults_after_call, true);
    test_bad_jumps();
    test_bad_data();
    test_alignment_check();
    test_vectors();
    raw_handle(SIGFPE, report_floating_point, SA_SIGINFO, 0);
    test_floating_point();
    test_spin();
    return 0;
}
