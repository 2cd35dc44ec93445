/*
 * Leaving handlers otherwise than by returning: siglongjmp and swapcontext, also out of a handler
 * that interrupted a blocking call, and from the alternate stack. A monitor that counts on each
 * handler coming back would leak, or refuse the next signal.
 */
#include "common.h"
#include <setjmp.h>
#include <sys/time.h>
#ifdef __GLIBC__
#include <ucontext.h>
#endif

#define ROUNDS 3000

static sigjmp_buf out;
static volatile int calls;
static int pipe_ends[2];
static uint8_t alternate[65536];

static void jump(int signo, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    calls++;
    siglongjmp(out, signo);
}

static uint64_t usual_mask(void)
{
    return SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGSYS);
}

/* With the mask saved it is restored; without, the handler's mask stays. */
static void test_masks(void)
{
    raw_mask(SIG_SETMASK, usual_mask());
    raw_handle(SIGUSR1, jump, SA_SIGINFO, SIGNAL_BIT(SIGINT));
    for (volatile int save = 0; save < 2; save++) {
        if (sigsetjmp(out, save) == 0) {
            raw(SYS_tkill, raw_tid(), SIGUSR1);
            CHECK(false, "the handler didn't jump");
        }
        CHECK_EQ(raw_mask(SIG_SETMASK, usual_mask()),
                 usual_mask() | (save ? 0 : SIGNAL_BIT(SIGINT) | SIGNAL_BIT(SIGUSR1)),
                 save ? "mask after siglongjmp with it" : "mask after siglongjmp without it");
    }
    say("masks: as saved\n");
}

/* Thousands of jumps: from calls, from faults, from the alternate stack. */
static void test_many_jumps(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, now;
    MUST(sigaltstack(&stack, NULL));
    raw_handle(SIGUSR1, jump, SA_SIGINFO | SA_ONSTACK, 0);
    raw_handle(SIGUSR2, jump, SA_SIGINFO, 0);
    raw_handle(SIGSEGV, jump, SA_SIGINFO | SA_ONSTACK, 0);
    raw_handle(SIGILL, jump, SA_SIGINFO, 0);
    calls = 0;
    for (volatile int i = 0; i < ROUNDS; i++) {
        int signo = sigsetjmp(out, 1);
        if (signo == 0) {
            switch (i % 4) {
            case 0:
                raw(SYS_tkill, raw_tid(), SIGUSR1);
                break;
            case 1:
                raw(SYS_tgkill, getpid(), raw_tid(), SIGUSR2);
                break;
            case 2:
                __asm__ volatile("movb $1, 8");
                break;
            default:
                __asm__ volatile("ud2");
            }
            CHECK(false, "the handler didn't jump");
        }
        static const int expected[] = {SIGUSR1, SIGUSR2, SIGSEGV, SIGILL};
        CHECK_EQ(signo, expected[i % 4], "signal");
        MUST(sigaltstack(NULL, &now));
        CHECK_EQ(now.ss_flags, 0, "alternate stack in use after the jump");
    }
    CHECK_EQ(calls, ROUNDS, "handler calls");
    CHECK_EQ(current_mask(), usual_mask(), "mask");
    say("%d jumps\n", ROUNDS);
}

static void nest(int signo, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    calls++;
    if (signo == 60) {
        siglongjmp(out, signo);
    }
    raw(SYS_tkill, raw_tid(), signo + 1);
    CHECK(false, "came back into a handler that was left");
}

static void test_nested(void)
{
    for (int signo = 40; signo <= 60; signo++) {
        raw_handle(signo, nest, SA_SIGINFO | (signo % 3 == 0 ? SA_ONSTACK : 0), 0);
    }
    for (volatile int i = 0; i < 100; i++) {
        if (sigsetjmp(out, 1) == 0) {
            raw(SYS_tkill, raw_tid(), 40);
        }
    }
    CHECK_EQ(current_mask(), usual_mask(), "mask");
    say("out of 21 nested handlers: 100 times\n");
}

/* Out of a blocked call, which must be over: the byte written later is still in the pipe. */
static void test_out_of_blocked_calls(void)
{
    raw_handle(SIGALRM, jump, SA_SIGINFO | SA_RESTART, 0);
    calls = 0;
    for (volatile int i = 0; i < 40; i++) {
        struct itimerval soon = {.it_value = {0, 2000}};
        char byte = 0;
        if (sigsetjmp(out, 1) == 0) {
            MUST(setitimer(ITIMER_REAL, &soon, NULL));
            switch (i % 4) {
            case 0:
                raw(SYS_read, pipe_ends[0], &byte, 1);
                break;
            case 1:
                raw(SYS_ppoll, NULL, 0, NULL, (&(uint64_t){0}), 8);
                break;
            case 2:
                raw(SYS_rt_sigsuspend, (&(uint64_t){0}), 8);
                break;
            default:
                raw(SYS_wait4, getppid(), NULL, 0, NULL);
                for (;;) {
                    sleep_ms(1000);
                }
            }
            CHECK(false, "the call came back");
        }
        CHECK_EQ(write(pipe_ends[1], "z", 1), 1, "write");
        CHECK_EQ(read(pipe_ends[0], &byte, 1), 1, "read");
        CHECK_EQ(byte, 'z', "byte");
        CHECK_EQ(current_mask(), usual_mask(), "mask after the jump out of a call with a mask");
    }
    CHECK_EQ(calls, 40, "handler calls");
    say("out of blocked calls: 40 times\n");
}

#ifdef __GLIBC__
/* ---------------------------------------------------------------- user-level threads */

#define TASKS 4
static ucontext_t scheduler, tasks[TASKS];
static volatile long progress[TASKS];
static long progress_before[TASKS];
static struct itimerval often;
static volatile int current, switches;

/* Counts, with calls in between, and never yields: the timer's handler does. */
static void work(int task)
{
    for (;;) {
        progress[task]++;
        CHECK_EQ(raw(SYS_getpid), getpid(), "getpid");
        CHECK_EQ(task, current, "another task's context");
        volatile double x = task * 1.25;
        for (int i = 0; i < 50; i++) {
            x = x * 1.0 + 0.0;
        }
        CHECK(x == task * 1.25, "a task's floating point registers changed");
    }
}

static void preempt(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    int from = current;
    if (progress[from] == progress_before[from]) {
        /*
         * Still inside swapcontext, which opens the mask before it loads the registers: to store
         * this in the task's place would lose the task. Or the machine is too slow for the timer.
         */
        if (often.it_interval.tv_usec < 500000) {
            often.it_interval.tv_usec *= 2;
            MUST(setitimer(ITIMER_REAL, &often, NULL));
        }
        return;
    }
    progress_before[from] = progress[from];
    if (switches == 150) {
        swapcontext(&tasks[from], &scheduler);
        return;
    }
    switches++;
    current = (from + 1) % TASKS;
    swapcontext(&tasks[from], &tasks[current]);
    current = from;
}

static void test_preemption(void)
{
    static uint8_t stacks[TASKS][65536];
    raw_handle(SIGALRM, preempt, SA_SIGINFO | SA_RESTART, 0);
    for (int i = 0; i < TASKS; i++) {
        MUST(getcontext(&tasks[i]));
        tasks[i].uc_stack.ss_sp = stacks[i];
        tasks[i].uc_stack.ss_size = sizeof stacks[i];
        tasks[i].uc_link = &scheduler;
        makecontext(&tasks[i], (void (*)(void))work, 1, i);
    }
    struct itimerval never = {{0, 0}, {0, 0}};
    often = (struct itimerval){{0, 1000}, {0, 1000}};
    MUST(setitimer(ITIMER_REAL, &often, NULL));
    current = 0;
    MUST(swapcontext(&scheduler, &tasks[0]));
    MUST(setitimer(ITIMER_REAL, &never, NULL));
    for (int i = 0; i < TASKS; i++) {
        CHECK(progress[i] > 0, "task %d never ran", i);
    }
    CHECK_EQ(switches, 150, "switches");
    CHECK_EQ(current_mask(), usual_mask(), "mask");
    say("tasks preempted by swapcontext in a handler: %d switches\n", switches);
}

#endif

/* ---------------------------------------------------------------- out of 32-bit code */

/* What a far jump takes from memory. */
struct far_pointer {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed));

/*
 * At 4 GiB at most: what 32-bit code waits for, the code, and its stack. Both ways by jumps: QEMU
 * 7.2 makes of a far return out of 32-bit code another one than processors do.
 */
struct low_memory {
    volatile uint32_t handled;
    struct far_pointer behind;
    uint8_t wait[28], back[32]; /* 32-bit: till handled; 64-bit: off this stack */
    uint32_t stack[64];
};
static struct low_memory *low;
static volatile unsigned frame_cs;

static void note_segments(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    uint16_t cs, ss;
    __asm__ volatile("mov %%cs, %0\n mov %%ss, %1" : "=r"(cs), "=r"(ss));
    CHECK_EQ(cs, 0x33, "CS in the handler");
    CHECK_EQ(ss, 0x2b, "SS in the handler");
    frame_cs = ((ucontext_t *)context)->uc_mcontext.gregs[REG_CSGSFS] & 0xffff;
    low->handled++;
}

/* A signal interrupts code that runs in the 32-bit mode of a 64-bit process. */
static void test_out_of_32_bit_code(void)
{
    low = mmap(NULL, sizeof *low, PROT_READ | PROT_WRITE | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(low != MAP_FAILED, "mmap: %s", strerror(errno));
    uint32_t flag = (uint32_t)(uintptr_t)&low->handled;
    uint32_t behind = (uint32_t)(uintptr_t)&low->behind;
    memcpy(low->wait, "\x83\x3d\0\0\0\0\0\x74\xf7\xff\x2d", 11); /* cmpl $0, flag; je; ljmp * */
    memcpy(low->wait + 2, &flag, sizeof flag);
    memcpy(low->wait + 11, &behind, sizeof behind);
    memcpy(low->back, "\x48\x89\xdc\xc3", 4); /* mov %rbx, %rsp; ret */
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    MUST(sigaltstack(&stack, NULL));
    raw_handle(SIGALRM, note_segments, SA_SIGINFO | SA_ONSTACK, 0);
    int in_32_bit_code = 0;
    for (uint32_t i = 0; i < 20; i++) {
        low->handled = 0;
        low->behind = (struct far_pointer){(uint32_t)(uintptr_t)low->back, 0x33};
        struct far_pointer entry = {(uint32_t)(uintptr_t)low->wait, 0x23};
        struct itimerval soon = {{0, 0}, {0, 3000}};
        MUST(setitimer(ITIMER_REAL, &soon, NULL));
        __asm__ volatile("sub $128, %%rsp\n"
                         "lea 1f(%%rip), %%rax\n"
                         "push %%rax\n"
                         "mov %%rsp, %%rbx\n"
                         "mov $0x2b, %%eax\n"
                         "mov %%eax, %%ds\n"
                         "mov %%eax, %%es\n"
                         "mov %0, %%rsp\n"
                         "ljmp *(%1)\n"
                         "1: add $128, %%rsp\n"
                         :
                         : "r"(&low->stack[60]), "r"(&entry)
                         : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
                           "r14", "r15", "memory", "cc");
        CHECK_EQ(low->handled, 1, "handler calls");
        in_32_bit_code += frame_cs == 0x23; /* not if the signal was there first */
    }
    CHECK(in_32_bit_code > 0, "no signal came in 32-bit code");
    MUST(munmap(low, sizeof *low));
    say("out of 32-bit code: 20 times, and back into it\n");
}

int main(void)
{
    MUST(pipe2(pipe_ends, O_CLOEXEC));
    test_masks();
    test_many_jumps();
    test_nested();
    test_out_of_blocked_calls();
    test_out_of_32_bit_code();
#ifdef __GLIBC__
    test_preemption();
#endif
    return 0;
}
