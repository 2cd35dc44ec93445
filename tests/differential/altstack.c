/*
 * The program's alternate signal stack: a monitor has the kernel's for itself, and must play every
 * part of it: readback, errors, SS_AUTODISARM, where frames lie, what happens when it overflows.
 */
#include "frames.h"
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#define AUTODISARM (1 << 31)
#define SIZE       65536

struct kernel_altstack {
    void *sp;
    int flags;
    int pad;
    size_t size;
};

static uint8_t area[SIZE] __attribute__((aligned(4096)));
static uint8_t other_area[SIZE] __attribute__((aligned(4096)));
static struct kernel_altstack in_handler, in_frame;
static volatile uint64_t handler_rsp;
static volatile int calls;

static long set_stack(void *sp, int flags, size_t size)
{
    struct kernel_altstack stack = {sp, flags, 0, size};
    return raw(SYS_sigaltstack, &stack, NULL);
}

static struct kernel_altstack get_stack(void)
{
    struct kernel_altstack stack;
    memset(&stack, 0xee, sizeof stack);
    CHECK_EQ(raw(SYS_sigaltstack, NULL, &stack), 0, "sigaltstack");
    return stack;
}

static void expect_stack(const struct kernel_altstack *stack, void *sp, int flags, size_t size,
                         const char *what)
{
    CHECK(stack->sp == sp && stack->flags == flags && stack->size == size,
          "%s: %p flags 0x%x size %zu, expected %p flags 0x%x size %zu", what, stack->sp,
          (unsigned)stack->flags, stack->size, sp, (unsigned)flags, size);
}

static void record(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    calls++;
    handler_rsp = (uint64_t)__builtin_frame_address(0);
    in_handler = get_stack();
    memcpy(&in_frame, &((struct kernel_ucontext *)context)->stack, sizeof in_frame);
}

static bool within(uint64_t address, const uint8_t *stack)
{
    return address >= (uint64_t)stack && address < (uint64_t)stack + SIZE;
}

/* ---------------------------------------------------------------- readback and errors */

static void test_readback(void)
{
    struct kernel_altstack now = get_stack();
    expect_stack(&now, NULL, SS_DISABLE, 0, "at the start");
    static const struct {
        int set, read;
    } flags[] = {
        {0, 0}, {SS_ONSTACK, 0}, {AUTODISARM, AUTODISARM}, {AUTODISARM | SS_ONSTACK, AUTODISARM}};
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(set_stack(area + i, flags[i].set, SIZE - i * 3), 0, "sigaltstack");
        now = get_stack();
        say("flags 0x%x: read back 0x%x\n", (unsigned)flags[i].set, (unsigned)now.flags);
        expect_stack(&now, area + i, now.flags, SIZE - i * 3, "readback");
    }
    struct kernel_altstack set = {other_area, 0, 0, SIZE}, old;
    CHECK_EQ(raw(SYS_sigaltstack, &set, &old), 0, "set and read");
    CHECK(old.sp == area + 3, "the old stack");
    CHECK_EQ(set_stack((void *)0x1234, SS_DISABLE, 99), 0, "disable");
    now = get_stack();
    expect_stack(&now, NULL, SS_DISABLE, 0, "disabled");
    CHECK_EQ(set_stack((void *)0x1234, SS_DISABLE | AUTODISARM, 99), 0, "disable and disarm");
    now = get_stack();
    say("disabled with SS_AUTODISARM: flags 0x%x\n", (unsigned)now.flags);
}

static void test_errors(void)
{
    void *nothing = map_pages(4096, PROT_NONE);
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    static const int bad_flags[] = {3, 4, 8, 0x1000, 1 << 30, -1};
    for (unsigned i = 0; i < 6; i++) {
        CHECK_EQ(set_stack(area, bad_flags[i], SIZE), -EINVAL, "bad flags");
    }
    CHECK_EQ(raw(SYS_sigaltstack, nothing, NULL), -EFAULT, "unreadable");
    CHECK_EQ(raw(SYS_sigaltstack, NULL, nothing), -EFAULT, "unwritable");
    struct kernel_altstack set = {other_area, 0, 0, SIZE}, now;
    CHECK_EQ(raw(SYS_sigaltstack, &set, nothing), -EFAULT, "set, and old unwritable");
    now = get_stack();
    say("set with the old one unwritable: %s\n", now.sp == other_area ? "set" : "not set");
    size_t low = 0, high = SIZE;
    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        long result = set_stack(area, 0, middle);
        CHECK(result == 0 || result == -ENOMEM, "size %zu: %ld", middle, result);
        *(result == 0 ? &high : &low) = middle;
    }
    say("smallest size accepted: %zu; AT_MINSIGSTKSZ %lu\n", high, getauxval(51));
    set = (struct kernel_altstack){area, 0, 0, SIZE};
    CHECK_EQ(raw(SYS_sigaltstack, &set, &set), 0, "the same place for both");
    now = get_stack();
    expect_stack(&now, area, 0, SIZE, "set from the place that the old one went to");
    CHECK_EQ(set_stack((void *)0xdead000000000000, 0, SIZE), 0, "any address");
    CHECK_EQ(set_stack((void *)~0ULL, 0, SIZE), 0, "an address that wraps");
    CHECK_EQ(set_stack(NULL, SS_DISABLE, 0), 0, "disable");
    MUST(munmap(nothing, 4096));
    say("errors: all\n");
}

/* ---------------------------------------------------------------- where handlers run */

static void change_inside(int signo, siginfo_t *info, void *context)
{
    record(signo, info, context);
    CHECK_EQ(set_stack(other_area, 0, SIZE), -EPERM, "changing the stack in use");
    CHECK_EQ(set_stack(area, 0, SIZE), -EPERM, "setting the stack in use again");
    CHECK_EQ(set_stack(NULL, SS_DISABLE, 0), -EPERM, "disabling the stack in use");
}

static void test_on_stack(void)
{
    raw_handle(SIGUSR1, change_inside, SA_SIGINFO | SA_ONSTACK, 0);
    raw_handle(SIGUSR2, record, SA_SIGINFO, 0);
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK(within(handler_rsp, area), "the handler doesn't run on the alternate stack");
    expect_stack(&in_handler, area, SS_ONSTACK, SIZE, "read in the handler");
    expect_stack(&in_frame, area, 0, SIZE, "in the frame");
    raw(SYS_tkill, raw_tid(), SIGUSR2);
    CHECK(!within(handler_rsp, area), "a handler without SA_ONSTACK runs on the alternate stack");
    expect_stack(&in_handler, area, 0, SIZE, "read in a handler without SA_ONSTACK");
    struct kernel_altstack now = get_stack();
    expect_stack(&now, area, 0, SIZE, "after the handlers");
    say("SA_ONSTACK: on it and only then\n");
}

static struct kernel_ucontext *place;

void entry_handler(int signo, siginfo_t *info, void *context)
{
    place = context;
    record(signo, info, context);
    struct kernel_frame *frame = frame_of(context);
    CHECK((void *)info == &frame->info, "siginfo isn't in the frame");
    /* The frame is at the top, without a red zone, for any address and size of the stack. */
    check_frame_position(context, (uint64_t)in_frame.sp + in_frame.size + 128, "alternate stack");
}

static void test_position(void)
{
    raw_handle(SIGUSR1, entry_recorder, SA_SIGINFO | SA_ONSTACK, 0);
    for (unsigned offset = 0; offset < 130; offset += 7) {
        CHECK_EQ(set_stack(area + offset, 0, SIZE - offset - offset / 2), 0, "sigaltstack");
        raw(SYS_tkill, raw_tid(), SIGUSR1);
        CHECK_EQ(entry_registers.rsp & 15, 8, "alignment of the handler's RSP");
    }
    say("position: exact\n");
}

/* A second SA_ONSTACK handler goes below the first, with the red zone in between. */
static void nested_inner(int signo, siginfo_t *info, void *context)
{
    const struct kernel_ucontext *own = context;
    record(signo, info, context);
    CHECK(within(handler_rsp, area), "the inner handler doesn't run on the alternate stack");
    check_frame_position(own, own->mcontext.rsp, "nested");
    expect_stack(&in_frame, area, 0, SIZE, "inner frame");
    expect_stack(&in_handler, area, SS_ONSTACK, SIZE, "read in the inner handler");
}

static void nested_outer(int signo, siginfo_t *info, void *context)
{
    record(signo, info, context);
    raw(SYS_tkill, raw_tid(), SIGUSR2);
    raw(SYS_tkill, raw_tid(), SIGSEGV);
    raw(SYS_tkill, raw_tid(), SIGSYS);
}

static void test_nested(void)
{
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    raw_handle(SIGUSR1, nested_outer, SA_SIGINFO | SA_ONSTACK, 0);
    raw_handle(SIGUSR2, nested_inner, SA_SIGINFO | SA_ONSTACK, 0);
    raw_handle(SIGSEGV, nested_inner, SA_SIGINFO, 0);
    raw_handle(SIGSYS, nested_inner, SA_SIGINFO | SA_ONSTACK, 0);
    calls = 0;
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(calls, 4, "handler calls");
    disposition(SIGSEGV, SIG_DFL);
    disposition(SIGSYS, SIG_DFL);
    say("nested: below the first\n");
}

/* ---------------------------------------------------------------- SS_AUTODISARM */

static void disarmed_inner(int signo, siginfo_t *info, void *context)
{
    record(signo, info, context);
    CHECK(within(handler_rsp, area), "the inner handler left the stack that the outer one is on");
    expect_stack(&in_frame, NULL, SS_DISABLE, 0, "inner frame");
}

static void disarmed_outer(int signo, siginfo_t *info, void *context)
{
    record(signo, info, context);
    CHECK(within(handler_rsp, area), "the handler doesn't run on the alternate stack");
    expect_stack(&in_handler, NULL, SS_DISABLE, 0, "read in the handler");
    expect_stack(&in_frame, area, AUTODISARM, SIZE, "in the frame");
    raw(SYS_tkill, raw_tid(), SIGUSR2);
    CHECK_EQ(set_stack(other_area, 0, SIZE), 0, "another stack while disarmed");
    raw_handle(SIGUSR2, record, SA_SIGINFO | SA_ONSTACK, 0);
    raw(SYS_tkill, raw_tid(), SIGUSR2);
    CHECK(within(handler_rsp, other_area), "the inner handler doesn't run on the other stack");
    expect_stack(&in_handler, other_area, SS_ONSTACK, SIZE, "read on the other stack");
}

static void test_autodisarm(void)
{
    CHECK_EQ(set_stack(area, AUTODISARM, SIZE), 0, "sigaltstack");
    raw_handle(SIGUSR1, disarmed_outer, SA_SIGINFO | SA_ONSTACK, 0);
    raw_handle(SIGUSR2, disarmed_inner, SA_SIGINFO | SA_ONSTACK, 0);
    calls = 0;
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK_EQ(calls, 3, "handler calls");
    struct kernel_altstack now = get_stack();
    expect_stack(&now, area, AUTODISARM, SIZE, "armed again after the handler");
    CHECK_EQ(set_stack(NULL, SS_DISABLE, 0), 0, "disable");
    say("SS_AUTODISARM: disarmed inside, armed again after\n");
}

/* ---------------------------------------------------------------- RSP on it without a signal */

static void test_on_it_by_hand(void)
{
    struct kernel_altstack old;
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    static const struct {
        const char *name;
        long offset;
    } rows[] = {{"at the bottom", 0},        {"one above", 1},     {"in the middle", SIZE / 2},
                {"below the top", SIZE - 8}, {"at the top", SIZE}, {"one above the top", SIZE + 1}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct registers out, in = {.rax = SYS_sigaltstack, .rsi = (uint64_t)&old, .rflags = 0x202};
        in.rsp = (uint64_t)area + (uint64_t)rows[i].offset;
        run_site(&in, &out, sites[0].entry);
        CHECK_EQ(out.rax, 0, "sigaltstack");
        struct kernel_altstack none = {NULL, SS_DISABLE, 0, 0};
        in = (struct registers){.rax = SYS_sigaltstack, .rdi = (uint64_t)&none, .rflags = 0x202};
        in.rsp = (uint64_t)area + (uint64_t)rows[i].offset;
        run_site(&in, &out, sites[0].entry);
        say("RSP %s: flags %d, disabling gives %ld\n", rows[i].name, old.flags, (long)out.rax);
        CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    }
    CHECK_EQ(set_stack(NULL, SS_DISABLE, 0), 0, "disable");
}

/* ---------------------------------------------------------------- overflow */

static void raise_again(int signo, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    raw(SYS_tkill, raw_tid(), signo);
}

static void overflow_by_nesting(void)
{
    raw_handle(SIGUSR1, raise_again, SA_SIGINFO | SA_ONSTACK | SA_NODEFER, 0);
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    raw(SYS_tkill, raw_tid(), SIGUSR1);
}

static void overflow_with_segv_handler(void)
{
    raw_handle(SIGSEGV, record, SA_SIGINFO | SA_ONSTACK, 0);
    overflow_by_nesting();
}

static void stack_is_unmapped(void)
{
    raw_handle(SIGUSR1, record, SA_SIGINFO | SA_ONSTACK, 0);
    CHECK_EQ(set_stack((void *)0x123456780000, 0, SIZE), 0, "sigaltstack");
    raw(SYS_tkill, raw_tid(), SIGUSR1);
}

static void stack_is_read_only(void)
{
    raw_handle(SIGUSR1, record, SA_SIGINFO | SA_ONSTACK, 0);
    CHECK_EQ(set_stack(map_pages(SIZE, PROT_READ), 0, SIZE), 0, "sigaltstack");
    raw(SYS_tkill, raw_tid(), SIGUSR1);
}

static void stack_is_too_small_for_the_frame(void)
{
    raw_handle(SIGUSR1, record, SA_SIGINFO | SA_ONSTACK, 0);
    CHECK_EQ(set_stack(area, 0, 2048), 0, "sigaltstack");
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    /* no extended state beyond AVX: the frame fits */
    say("the frame fits in 2048 bytes\n");
    raw(SYS_tkill, raw_tid(), SIGKILL);
}

/* A SIGSEGV handler on the program's stack, and RSP pointing nowhere: no place for the frame. */
static void no_stack_at_all(void)
{
    raw_handle(SIGSEGV, record, SA_SIGINFO, 0);
    struct registers out, in = {.rsp = 0x123456780000, .rsi = 8, .rflags = 0x202};
    const struct fault *load = faults;
    while (strcmp(load->name, "load") != 0) {
        load++;
    }
    run_site(&in, &out, load->entry);
}

static void signal_with_no_stack(void)
{
    raw_handle(SIGUSR1, record, SA_SIGINFO, 0);
    struct registers out, in = {.rax = SYS_tkill,
                                .rdi = (uint64_t)raw_tid(),
                                .rsi = SIGUSR1,
                                .rsp = 0x123456780000,
                                .rflags = 0x202};
    run_site(&in, &out, sites[0].entry);
}

/* The SIGSEGV for the frame that had no place is itself handled on a good alternate stack. */
static void after_failed_frame(int signo, siginfo_t *info, void *context)
{
    const struct kernel_ucontext *own = context;
    CHECK_EQ(signo, SIGSEGV, "signal");
    CHECK_EQ(info->si_code, SI_KERNEL, "si_code");
    CHECK_EQ((long)info->si_addr, 0, "si_addr");
    CHECK_EQ(own->mcontext.rsp, 0x123456780000, "RSP in the frame");
    CHECK_EQ(own->mcontext.rip, (uint64_t)sites[0].address + 2, "RIP in the frame");
    CHECK_EQ(own->mcontext.rax, 0, "RAX in the frame");
    _exit(55);
}

static void failed_frame_is_handled(void)
{
    raw_handle(SIGSEGV, after_failed_frame, SA_SIGINFO | SA_ONSTACK, 0);
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    signal_with_no_stack();
}

static sigjmp_buf recovery;

static void recover(int signo, siginfo_t *info, void *context)
{
    record(signo, info, context);
    siglongjmp(recovery, 1);
}

__attribute__((noinline)) static int recurse(volatile int depth)
{
    volatile char waste[4096];
    waste[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + waste[0];
}

static void stack_overflow_is_survived(void)
{
    setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 1 << 20});
    raw_handle(SIGSEGV, recover, SA_SIGINFO | SA_ONSTACK, 0);
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    calls = 0;
    for (volatile int i = 0; i < 3; i++) {
        if (sigsetjmp(recovery, 1) == 0) {
            recurse(0);
        }
        CHECK(within(handler_rsp, area), "the handler wasn't on the alternate stack");
        struct kernel_altstack now = get_stack();
        expect_stack(&now, area, 0, SIZE, "after siglongjmp");
    }
    CHECK_EQ(calls, 3, "handler calls");
}

static void stack_overflow_kills(void)
{
    setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 1 << 20});
    raw_handle(SIGSEGV, record, SA_SIGINFO, 0);
    recurse(0);
}

/* ---------------------------------------------------------------- threads and processes */

static void *in_thread(void *argument)
{
    (void)argument;
    struct kernel_altstack now = get_stack();
    expect_stack(&now, NULL, SS_DISABLE, 0, "in a new thread");
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    say("frame in a new thread: uc_stack flags %d\n", in_frame.flags);
    CHECK_EQ(set_stack(other_area, 0, SIZE), 0, "sigaltstack");
    raw(SYS_tkill, raw_tid(), SIGUSR1);
    CHECK(within(handler_rsp, other_area), "the thread's handler isn't on its own stack");
    return NULL;
}

static void test_inheritance(void)
{
    raw_handle(SIGUSR1, record, SA_SIGINFO | SA_ONSTACK, 0);
    CHECK_EQ(set_stack(area, 0, SIZE), 0, "sigaltstack");
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, in_thread, NULL), 0, "pthread_create");
    pthread_join(thread, NULL);
    struct kernel_altstack now = get_stack();
    expect_stack(&now, area, 0, SIZE, "after a thread set its own");
    static const long clone_flags[] = {SIGCHLD, CLONE_VFORK | SIGCHLD,
                                       CLONE_VM | CLONE_VFORK | SIGCHLD};
    for (unsigned i = 0; i < 3; i++) {
        calls = 0;
        struct kernel_altstack *child_stack =
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (i == 2) {
            pid_t pid = vfork();
            if (pid == 0) {
                raw(SYS_sigaltstack, NULL, child_stack);
                raw(SYS_tkill, raw(SYS_gettid), SIGUSR1);
                _exit(within(handler_rsp, area) ? 33 : 34);
            }
            CHECK_EQ(wait_for(pid), 33 << 8, "the vfork child's handler runs on the same stack");
        } else {
            long pid = raw(SYS_clone, clone_flags[i], 0, NULL, NULL, 0);
            if (pid == 0) {
                raw(SYS_sigaltstack, NULL, child_stack);
                raw(SYS_tkill, raw(SYS_gettid), SIGUSR1);
                _exit(within(handler_rsp, area) ? 33 : 34);
            }
            CHECK_EQ(wait_for((pid_t)pid), 33 << 8, "the child's handler runs on the same stack");
        }
        expect_stack(child_stack, area, 0, SIZE, "in the child");
        MUST(munmap(child_stack, 4096));
    }
    CHECK_EQ(set_stack(NULL, SS_DISABLE, 0), 0, "disable");
    say("fork and vfork keep it, threads begin without\n");
}

int main(void)
{
    test_readback();
    test_errors();
    test_on_stack();
    test_position();
    test_nested();
    test_autodisarm();
    test_on_it_by_hand();
    EXPECT_ENDING(overflow_by_nesting, "signal 11");
    EXPECT_ENDING(overflow_with_segv_handler, "signal 11");
    EXPECT_ENDING(stack_is_unmapped, "signal 11");
    EXPECT_ENDING(stack_is_read_only, "signal 11");
    say("2048 bytes: %s\n", ending(in_child(stack_is_too_small_for_the_frame)));
    EXPECT_ENDING(no_stack_at_all, "signal 11");
    EXPECT_ENDING(signal_with_no_stack, "signal 11");
    EXPECT_ENDING(failed_frame_is_handled, "exit 55");
    EXPECT_ENDING(stack_overflow_is_survived, "exit 0");
    EXPECT_ENDING(stack_overflow_kills, "signal 11");
    test_inheritance();
    return 0;
}
