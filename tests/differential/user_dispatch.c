/*
 * A program's own Syscall User Dispatch: selector and exempt range, what the handler is shown, what
 * it may change, threads, children, exec, blocked and ignored SIGSYS, selectors that are none, and
 * seccomp filters behind it. While calls are blocked nothing is printed.
 */
#include "common.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define OFF   0
#define ON    1
#define ALLOW 0
#define BLOCK 1

#define NO_PID 42424242 /* above the largest that there can be */

/* exempt_call(number, a, b, c) and a restorer, in a range of their own; and a `syscall` that is
 * known. */
__asm__(".pushsection .text\n"
        ".balign 64\n"
        "exempt_start:\n"
        "exempt_call:\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rdi\n"
        "    mov %rdx, %rsi\n"
        "    mov %rcx, %rdx\n"
        "    xor %r10d, %r10d\n"
        "    xor %r8d, %r8d\n"
        "    syscall\n"
        "    ret\n"
        "    .balign 16\n"
        "exempt_restorer:\n"
        "    mov $15, %eax\n"
        "    syscall\n"
        "    ud2\n"
        "exempt_end:\n"
        "    .balign 64\n"
        "known_call:\n" /* (number) */
        "    mov %rdi, %rax\n"
        "    mov $1, %edi\n"
        "    mov $2, %esi\n"
        "    mov $3, %edx\n"
        "    mov $4, %r10d\n"
        "    mov $5, %r8d\n"
        "    mov $6, %r9d\n"
        "    syscall\n"
        "known_behind:\n"
        "    ret\n"
        ".popsection\n");
#define HIDDEN __attribute__((visibility("hidden")))
extern long exempt_call(long number, long a, long b, long c) HIDDEN;
extern long known_call(long number) HIDDEN;
extern const char exempt_start[], exempt_restorer[], exempt_end[], known_behind[] HIDDEN;

static volatile uint8_t selector;

static long set(long mode, const void *start, long length, const volatile void *at)
{
    return raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, mode, start, length, at);
}

static void arm(volatile uint8_t *own)
{
    CHECK_EQ(set(ON, exempt_start, exempt_end - exempt_start, own), 0, "dispatch on");
}

static void disarm(void)
{
    selector = ALLOW;
    CHECK_EQ(set(OFF, NULL, 0, NULL), 0, "dispatch off");
}

/* ---------------------------------------------------------------- what the handler sees */

static struct seen {
    int count, code, number, error, signo;
    unsigned arch;
    uint64_t rip, rax, rcx, rdi, r9, address;
    bool flags_kept;
} seen;

/* As lazypoline and Wine do: it leaves the selector blocked, and returns by an exempt restorer. */
static void emulate(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    seen.count++;
    seen.signo = signo;
    seen.code = info->si_code;
    seen.error = info->si_errno;
    seen.number = info->si_syscall;
    seen.arch = info->si_arch;
    seen.address = (uint64_t)info->si_call_addr;
    seen.rip = (uint64_t)registers[REG_RIP];
    seen.rax = (uint64_t)registers[REG_RAX];
    seen.rcx = (uint64_t)registers[REG_RCX];
    seen.rdi = (uint64_t)registers[REG_RDI];
    seen.r9 = (uint64_t)registers[REG_R9];
    seen.flags_kept = registers[REG_R11] == registers[REG_EFL];
    registers[REG_RAX] =
        info->si_syscall == SYS_getppid ? NO_PID : exempt_call(info->si_syscall, 0, 0, 0);
}

static void handle_exempt(int signo, signal_handler *handler, unsigned long flags)
{
    const struct kernel_sigaction action = {(void *)handler, SA_RESTORER | SA_SIGINFO | flags,
                                            (void *)(uintptr_t)exempt_restorer, 0};
    CHECK_EQ(raw_action(signo, &action, NULL), 0, "rt_sigaction");
}

static void say_seen(const char *what, long result)
{
    say("%s: result %ld, %d times; signal %d code %d errno %d arch %x number %d; rax %lx rdi %lx "
        "r9 "
        "%lx%s%s%s\n",
        what, result, seen.count, seen.signo, seen.code, seen.error, seen.arch, seen.number,
        seen.rax, seen.rdi, seen.r9, seen.address == seen.rip ? "" : ", another address",
        seen.rcx == seen.rip ? "" : ", another rcx", seen.flags_kept ? "" : ", other flags");
    memset(&seen, 0, sizeof seen);
}

static void emulation(void)
{
    handle_exempt(SIGSYS, emulate, 0);
    arm(&selector);
    long allowed = known_call(SYS_getppid);
    selector = BLOCK;
    long blocked = known_call(SYS_getppid);
    long again = known_call(SYS_getppid);
    bool at_site = seen.rip == (uint64_t)known_behind;
    long own = exempt_call(SYS_getppid, 0, 0, 0);
    selector = ALLOW;
    say("allowed %d, exempt %d, at its site %d, twice %ld\n", allowed == getppid(),
        own == getppid(), at_site, again);
    say_seen("getppid", blocked);

    static const long numbers[] = {SYS_getpid, 1L << 32 | SYS_getppid, 100000,        9999,
                                   -1,         SYS_rt_sigprocmask,     SYS_arch_prctl};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        selector = BLOCK;
        long result = known_call(numbers[i]);
        selector = ALLOW;
        say_seen("a number", result == getpid() ? 1 : result);
    }
    /* Without a selector all is blocked that is not exempt. */
    arm(NULL);
    long result = known_call(SYS_getppid);
    exempt_call(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, OFF, 0);
    say("without a selector: %ld, %d times\n", result, seen.count);
    memset(&seen, 0, sizeof seen);
    disarm();
}

/* ---------------------------------------------------------------- errors of the prctl */

static void errors(void)
{
    const struct {
        long mode;
        uint64_t start, length, at;
    } asked[] = {{OFF, 1, 0, 0},
                 {OFF, 0, 1, 0},
                 {OFF, 0, 0, (uint64_t)&selector},
                 {OFF, 0, 0, 0},
                 {7, 0, 0, 0},
                 {-1, 0, 0, 0},
                 {1L << 32 | ON, 0, 0, 0},
                 {ON, 4096, 0, (uint64_t)&selector},
                 {ON, 4096, -4096UL, (uint64_t)&selector},
                 {ON, 4096, -4097UL, (uint64_t)&selector},
                 {ON, 4096, 4096, 1UL << 63},
                 {ON, 4096, 4096, -1UL},
                 {ON, 4096, 0, -1UL},
                 {ON, 0, 0, (uint64_t)&selector},
                 {ON, 0, -1UL, (uint64_t)&selector},
                 {ON, 0, 1UL << 47, 0}};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        long result = set(asked[i].mode, (const void *)asked[i].start, (long)asked[i].length,
                          (const void *)asked[i].at);
        say("asked %zu: %ld\n", i, result);
    }
    disarm();
}

/* ---------------------------------------------------------------- ends */

static void use_unhandled(void)
{
    arm(&selector);
    selector = BLOCK;
    known_call(SYS_getppid);
    exempt_call(SYS_exit_group, 3, 0, 0);
}

static void by_default(void)
{
    disposition(SIGSYS, SIG_DFL);
    use_unhandled();
}

static void ignored(void)
{
    disposition(SIGSYS, SIG_IGN);
    use_unhandled();
}

static void blocked(void)
{
    handle_exempt(SIGSYS, emulate, 0);
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGSYS));
    use_unhandled();
}

static void with_others_blocked(void)
{
    handle_exempt(SIGSYS, emulate, 0);
    raw_mask(SIG_BLOCK, ~SIGNAL_BIT(SIGSYS));
    use_unhandled();
}

static void nested(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    known_call(SYS_getppid);
}

static void in_its_own_handler(void)
{
    handle_exempt(SIGSYS, nested, 0);
    use_unhandled();
}

static void false_selector(void)
{
    handle_exempt(SIGSYS, emulate, 0);
    arm(&selector);
    selector = 2;
    known_call(SYS_getppid);
    exempt_call(SYS_exit_group, 3, 0, 0);
}

static void missing_selector(void)
{
    handle_exempt(SIGSYS, emulate, 0);
    handle_exempt(SIGSEGV, emulate, 0);
    uint8_t *page = map_pages(4096, PROT_READ);
    arm(page);
    exempt_call(SYS_munmap, (long)page, 4096, 0);
    known_call(SYS_getppid);
    exempt_call(SYS_exit_group, 3, 0, 0);
}

/* ---------------------------------------------------------------- threads, children */

static long in_thread_before, in_thread_after;
static int thread_seen;
static volatile uint8_t thread_selector;

static int run_thread(void *argument)
{
    (void)argument;
    in_thread_before = known_call(SYS_getppid); /* off at first, whatever the selector says */
    thread_seen = seen.count;
    raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, ON, exempt_start, exempt_end - exempt_start,
        &thread_selector);
    thread_selector = BLOCK;
    in_thread_after = known_call(SYS_getppid);
    thread_selector = ALLOW;
    return 0;
}

static void threads(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    static int tid = 1; /* cleared when the thread has ended */
    handle_exempt(SIGSYS, emulate, 0);
    arm(&selector);
    CHECK(raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                        CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
                    stack + sizeof stack, NULL, &tid, NULL, run_thread, NULL) > 0,
          "clone");
    while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE) != 0) {
        sched_yield();
    }
    selector = BLOCK;
    long own = known_call(SYS_getppid);
    selector = ALLOW;
    disarm();
    say("a thread: %d %d %ld, then the first %ld\n", in_thread_before == getppid(), thread_seen,
        in_thread_after, own);
    memset(&seen, 0, sizeof seen);
}

static void child_code(void)
{
    long parent = known_call(SYS_getppid);
    exempt_call(SYS_exit_group, seen.count == 0 && parent != NO_PID ? 1 : 2, 0, 0);
}

/* The call that makes the child is exempt, and the child is not dispatched at all. */
static void children(void)
{
    handle_exempt(SIGSYS, emulate, 0);
    arm(&selector);
    selector = BLOCK;
    long pid = exempt_call(SYS_fork, 0, 0, 0);
    if (pid == 0) {
        child_code();
    }
    long still = known_call(SYS_getppid);
    selector = ALLOW;
    disarm();
    say("fork: %s, the parent %ld\n", ending(wait_for((pid_t)pid)), still);
    memset(&seen, 0, sizeof seen);
}

static char *program;

static void executed(void)
{
    static char word[] = "executed";
    char *const arguments[] = {program, word, NULL};
    handle_exempt(SIGSYS, emulate, 0);
    arm(NULL);
    exempt_call(SYS_execve, (long)program, (long)arguments, 0);
    exempt_call(SYS_exit_group, 3, 0, 0);
}

/* ---------------------------------------------------------------- signals */

/* rt_sigreturn is caught as well: made again, it is let through. */
static void let_through(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    seen.count++;
    seen.signo = signo;
    seen.number = info->si_syscall;
    seen.address = (uint64_t)info->si_call_addr;
    registers[REG_RIP] -= 2;
    selector = ALLOW;
}

static volatile double product;

static void block_again(int signo, siginfo_t *info, void *context)
{
    (void)info;
    seen.error = signo;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_R12] = 77;
    product = product * 3.0;
    selector = BLOCK;
}

static void caught_return(void)
{
    register long r12 __asm__("r12") = 1;
    double kept = 1.5;
    handle_exempt(SIGSYS, let_through, 0);
    raw_handle(SIGUSR1, block_again, SA_SIGINFO, 0);
    arm(&selector);
    product = 7.0;
    long pid = raw(SYS_getpid), tid = raw(SYS_gettid), result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+r"(r12), "+x"(kept)
                     : "a"(SYS_tgkill), "D"(pid), "S"(tid), "d"(SIGUSR1)
                     : "rcx", "r11", "memory");
    disarm();
    say("rt_sigreturn: %d, %d times, after signal %d, r12 %ld, xmm %g, %g, result %ld\n",
        seen.number, seen.count, seen.error, r12, kept, product, result);
    memset(&seen, 0, sizeof seen);
}

static void answer_read(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    seen.count++;
    seen.number = info->si_syscall;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 5;
    selector = ALLOW;
}

/* A call that the kernel restarts is looked at once more. */
static void restarted(void)
{
    int ends[2];
    char byte;
    MUST(pipe(ends));
    handle_exempt(SIGSYS, answer_read, 0);
    handle_exempt(SIGALRM, block_again, SA_RESTART);
    static pid_t reader, interrupter; /* in memory: the handler changes a register */
    reader = getpid();
    interrupter = MUST(fork());
    if (interrupter == 0) {
        wait_until_blocked(reader, reader);
        MUST(kill(reader, SIGALRM));
        _exit(0);
    }
    arm(&selector);
    long result = raw(SYS_read, ends[0], &byte, 1);
    disarm();
    CHECK_EQ(wait_for(interrupter), 0, "the interrupter");
    say("a restarted read: %ld, number %d, %d times\n", result, seen.number, seen.count);
    memset(&seen, 0, sizeof seen);
}

/* ---------------------------------------------------------------- filters */

static void filtered(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog given = {sizeof filter / sizeof filter[0], filter};
    handle_exempt(SIGSYS, emulate, 0);
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &given));
    arm(&selector);
    long by_filter = known_call(SYS_getppid);
    selector = BLOCK;
    long by_dispatch = known_call(SYS_getppid);
    selector = ALLOW;
    say("filter %ld, dispatch before it %ld\n", by_filter, by_dispatch);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        say("executed: %d\n", known_call(SYS_getppid) == getppid());
        return 0;
    }
    program = argv[0];
    errors();
    emulation();
    EXPECT_ENDING(by_default, "signal 31");
    EXPECT_ENDING(ignored, "signal 31");
    EXPECT_ENDING(blocked, "signal 31");
    EXPECT_ENDING(with_others_blocked, "exit 3");
    EXPECT_ENDING(in_its_own_handler, "signal 31");
    EXPECT_ENDING(false_selector, "signal 31");
    EXPECT_ENDING(missing_selector, "signal 11");
    EXPECT_ENDING(executed, "exit 0");
    threads();
    children();
    caught_return();
    restarted();
    EXPECT_ENDING(filtered, "exit 0");
    return 0;
}
