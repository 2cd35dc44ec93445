/*
 * A program's own seccomp filters: what seccomp(2) and prctl(2) accept, what filters are told of a
 * call, and what each of their answers does.
 */
#include "filters.h"
#include <pthread.h>
#include <sys/time.h>

/* ---------------------------------------------------------------- accepted and refused */

static void print_error(const char *what, long result)
{
    say("%s: %ld\n", what, result < 0 ? result : 0);
}

static struct sock_filter allow[] = {RETURN(SECCOMP_RET_ALLOW)};
static struct sock_fprog allow_program = {1, allow};

static void without_privileges(void)
{
    struct sock_fprog program = {0, allow};
    CHECK_EQ(raw(SYS_setresuid, 65534, 65534, 65534) == 0 || getuid() != 0, true, "setresuid");
    print_error("no program", raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL));
    print_error("length 0", raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
    program.len = 4097;
    print_error("length 4097", raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
    print_error("without no_new_privs",
                raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &allow_program));
    print_error("the same by prctl", raw(SYS_prctl, PR_SET_SECCOMP, 2, &allow_program));
    print_error("an unknown flag before that", raw(SYS_seccomp, 1, 0x8000, &allow_program));
    print_error("a Landlock ruleset", raw(SYS_landlock_restrict_self, -1L, 0));
    no_new_privs();
    print_error("the same with no_new_privs", raw(SYS_landlock_restrict_self, -1L, 0));
}

static void operations(void)
{
    print_error("operation 99", raw(SYS_seccomp, 99, 0, NULL));
    print_error("operation -1", raw(SYS_seccomp, -1L, 0, NULL));
    print_error("strict with flags", raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL));
    print_error("strict with an argument",
                raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, &allow_program));
    print_error("prctl with mode 0", raw(SYS_prctl, PR_SET_SECCOMP, 0, 0, 0, 0));
    print_error("prctl with mode 3", raw(SYS_prctl, PR_SET_SECCOMP, 3, &allow_program, 0, 0));
    static const unsigned actions[] = {
        SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,  SECCOMP_RET_ERRNO,
        SECCOMP_RET_TRACE,        SECCOMP_RET_LOG,         SECCOMP_RET_ALLOW, 0x12345678};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        say("action %#x: ", actions[i]);
        print_error("available", raw(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]));
    }
    print_error("an action at NULL", raw(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, NULL));
    print_error("an action with flags", raw(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, actions));
}

/* What is missing with protection keys, as on an older kernel. */
static void listeners(void)
{
    unsigned action = SECCOMP_RET_USER_NOTIF;
    uint16_t sizes[8];
    no_new_privs();
    print_error("USER_NOTIF", raw(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
    print_error("GET_NOTIF_SIZES", raw(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes));
    print_error("NEW_LISTENER", raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                    SECCOMP_FILTER_FLAG_NEW_LISTENER, &allow_program));
}

static void programs(void)
{
    struct sock_filter longest[4096];
    struct sock_fprog program = {1, NULL};
    no_new_privs();
    print_error("NULL instructions", raw(SYS_seccomp, 1, 0, &program));
    program.filter = (void *)8;
    print_error("instructions at 8", raw(SYS_seccomp, 1, 0, &program));
    print_error("a program without a return", FILTER(0, BPF_STMT(BPF_LD | BPF_IMM, 0)));
    print_error("a load behind the end",
                FILTER(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RETURN(SECCOMP_RET_ALLOW)));
    print_error("a division by 0",
                FILTER(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN(SECCOMP_RET_ALLOW)));
    print_error("M[] not stored",
                FILTER(0, BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN(SECCOMP_RET_ALLOW)));
    for (size_t i = 0; i < 4096; i++) {
        longest[i] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    }
    print_error("4096 instructions", install(0, longest, 4096));
    print_error("flags LOG and SPEC_ALLOW",
                install(SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW, allow, 1));
    print_error("by prctl", raw(SYS_prctl, PR_SET_SECCOMP, 2, &allow_program, 1, 2));
    say("mode %ld\n", raw(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0));
    print_error("strict behind filters", raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL));
    long result = 0;
    for (int i = 0; i < 20 && result == 0; i++) {
        result = install(0, longest, 4096);
    }
    print_error("20 of 4096 instructions", result);
    say("still there: %d\n", getpid() == (int)raw(SYS_getpid));
}

/* ---------------------------------------------------------------- what filters are told */

#define REST       RETURN(SECCOMP_RET_ALLOW)
#define ODD_NUMBER 0x7777U

extern const char known_site[];

static __attribute__((noinline)) long call_at_known_site(long number)
{
    __asm__ volatile("syscall\n"
                     "known_site:"
                     : "+a"(number)
                     :
                     : "rcx", "r11", "memory");
    return number;
}

static void check_told(const char *what, long result, long expected)
{
    CHECK_EQ(result, expected, what);
    say("%s: as expected\n", what);
}

static void what_is_told(void)
{
    no_new_privs();
    /* An odd number with these arguments, from that place. */
    static const uint64_t given[6] = {0x1111111122222222, 0x3333333344444444, 0x5555555566666666,
                                      0x7777777788888888, 0x99999999aaaaaaaa, 0xbbbbbbbbcccccccc};
    for (unsigned i = 0; i < 6; i++) {
        unsigned low = (unsigned)given[i], high = (unsigned)(given[i] >> 32);
        unsigned at = (unsigned)(offsetof(struct seccomp_data, args) + i * 8);
        INSTALL(LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ODD_NUMBER + i, 0, 5),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + 4),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 1), RETURN(ERRNO(200 + i)), REST);
        check_told("an argument",
                   raw(ODD_NUMBER + i, given[0], given[1], given[2], given[3], given[4], given[5]),
                   -200 - (long)i);
    }
    uint64_t place = (uint64_t)known_site;
    INSTALL(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)place, 0, 3),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(place >> 32), 0, 1), RETURN(ERRNO(99)),
            REST);
    check_told("the instruction pointer", call_at_known_site(SYS_getuid), -99);
    INSTALL(LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 1, 0),
            RETURN(SECCOMP_RET_KILL_PROCESS), REST);
    check_told("the architecture", raw(SYS_getpid) > 0, 1);
}

/* The kernel takes 32 bits of a number, and so do filters. */
static void numbers(void)
{
    static const long asked[] = {-1,
                                 -2,
                                 -4096,
                                 -4097,
                                 -4098,
                                 SYS_getpid | 0x100000000,
                                 0x40000000 | SYS_getpid,
                                 512,
                                 65535,
                                 65536,
                                 0x7fffffff,
                                 0x80000000L,
                                 0xffffffffL};
    no_new_privs();
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        say("%#lx: %ld, ", asked[i], raw(asked[i]) > 0 ? 1 : raw(asked[i]));
        ANSWER((unsigned)asked[i], ERRNO(300 + i));
        say("then %ld\n", raw(asked[i]));
    }
}

/* ---------------------------------------------------------------- answers */

static void errno_values(void)
{
    no_new_privs();
    static const unsigned values[] = {0, 1, 38, 4094, 4095, 4096, 65535};
    for (unsigned i = 0; i < 7; i++) {
        ANSWER(ODD_NUMBER + i, ERRNO(values[i]));
        say("errno %u: %ld\n", values[i], raw(ODD_NUMBER + i));
    }
    /* Calls that the monitor handles by itself, and some that it forwards. */
    static const int numbers[] = {SYS_clone,         SYS_fork,   SYS_execve,      SYS_mmap,
                                  SYS_brk,           SYS_ppoll,  SYS_sigaltstack, SYS_arch_prctl,
                                  SYS_rt_sigpending, SYS_ptrace, SYS_rseq,        SYS_wait4,
                                  SYS_openat,        SYS_read,   SYS_gettid};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ANSWER((unsigned)numbers[i], ERRNO(500 + i));
        check_told("a call", raw(numbers[i], 0, 0, 0, 0, 0, 0), -500 - (long)i);
    }
}

/* The strongest answer counts, of equally strong ones the newest. */
static void chains(void)
{
    no_new_privs();
    ANSWER(ODD_NUMBER, ERRNO(1));
    ANSWER(ODD_NUMBER, SECCOMP_RET_LOG);
    check_told("errno before log", raw(ODD_NUMBER), -1);
    ANSWER(ODD_NUMBER, ERRNO(2));
    check_told("the newest errno", raw(ODD_NUMBER), -2);
    ANSWER(ODD_NUMBER, SECCOMP_RET_TRACE);
    ANSWER(ODD_NUMBER, SECCOMP_RET_USER_NOTIF);
    check_told("errno before tracers and listeners", raw(ODD_NUMBER), -2);
    ANSWER(SYS_getpid, SECCOMP_RET_LOG);
    check_told("log allows", raw(SYS_getpid) > 0, 1);
    ANSWER(SYS_getppid, SECCOMP_RET_TRACE);
    check_told("no tracer", raw(SYS_getppid), -ENOSYS);
    ANSWER(SYS_getuid, SECCOMP_RET_USER_NOTIF);
    check_told("no listener", raw(SYS_getuid), -ENOSYS);
}

static volatile int thread_tid;

static void *call_in_thread(void *number)
{
    thread_tid = raw_tid();
    raw((long)number);
    return NULL;
}

static void killed_by(unsigned action)
{
    no_new_privs();
    ANSWER(SYS_getppid, action);
    raw(SYS_getppid);
    _exit(3);
}

static void kill_thread(void)
{
    killed_by(SECCOMP_RET_KILL_THREAD);
}

static void kill_process(void)
{
    killed_by(SECCOMP_RET_KILL_PROCESS);
}

static void unknown_action(void)
{
    killed_by(0x00010000);
}

static void division_by_zero(void)
{
    no_new_privs();
    INSTALL(LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
            BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), REST);
    raw(SYS_getppid);
}

static void in_a_thread(unsigned action)
{
    pthread_t thread;
    no_new_privs();
    ANSWER(SYS_getppid, action);
    CHECK_EQ(pthread_create(&thread, NULL, call_in_thread, (void *)SYS_getppid), 0, "a thread");
    wait_until_gone(&thread_tid);
    _exit(4);
}

static void kill_thread_of_two(void)
{
    in_a_thread(SECCOMP_RET_KILL_THREAD);
}

static void kill_process_of_two(void)
{
    in_a_thread(SECCOMP_RET_KILL_PROCESS);
}

static void wait_until_the_first_thread_is_dead(void)
{
    while (wait_until_blocked_or_ended(getpid())) {
    }
}

static void *outlive(void *nothing)
{
    (void)nothing;
    wait_until_the_first_thread_is_dead();
    raw(SYS_exit, 0);
    return NULL;
}

static void *end_process(void *nothing)
{
    (void)nothing;
    wait_until_the_first_thread_is_dead();
    raw(SYS_exit_group, 7);
    return NULL;
}

/* The first thread is killed, another goes on: its end is the process's. */
static void first_thread_is_killed(void *(*other)(void *))
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, other, NULL), 0, "a thread");
    killed_by(SECCOMP_RET_KILL_THREAD);
}

static void kill_first_of_two(void)
{
    first_thread_is_killed(outlive);
}

static void kill_first_then_exit(void)
{
    first_thread_is_killed(end_process);
}

/* ---------------------------------------------------------------- traps */

static volatile int traps, usr1_calls;
static uint64_t inside_mask;

static void emulate(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    CHECK_EQ(signo, SIGSYS, "signal");
    CHECK_EQ(info->si_code, 1 /* SYS_SECCOMP */, "si_code");
    CHECK_EQ(info->si_errno, 77, "si_errno");
    CHECK_EQ((unsigned)info->si_arch, 0xc000003eU, "si_arch");
    CHECK_EQ((int)info->si_syscall, (int)registers[REG_RAX], "si_syscall and RAX");
    CHECK(info->si_call_addr == (void *)registers[REG_RIP], "si_call_addr is not RIP");
    CHECK_EQ(registers[REG_RCX], registers[REG_RIP], "RCX");
    inside_mask = current_mask();
    registers[REG_RAX] = registers[REG_RDI] + registers[REG_RSI] + registers[REG_RDX] +
                         registers[REG_R10] + registers[REG_R8] + registers[REG_R9];
    traps++;
}

static void count_usr1(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    usr1_calls++;
}

#define TRAP_77 (SECCOMP_RET_TRAP | 77)

static void trap_emulates(void)
{
    no_new_privs();
    raw_handle(SIGSYS, emulate, SA_SIGINFO, SIGNAL_BIT(SIGUSR2));
    ANSWER(SYS_getppid, TRAP_77);
    ANSWER(ODD_NUMBER, TRAP_77);
    ANSWER(0xfffff000U, TRAP_77);
    ANSWER(SYS_clone, TRAP_77);
    ANSWER(SYS_rt_sigtimedwait, TRAP_77);
    static const long trapped[] = {SYS_getppid, ODD_NUMBER, 0xfffff000L, SYS_clone,
                                   SYS_rt_sigtimedwait};
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(raw(trapped[i], 1, 20, 300, 4000, 50000, 600000), 654321, "the handler's answer");
        CHECK_EQ(inside_mask, SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGUSR2), "the mask inside");
        CHECK_EQ(current_mask(), 0, "the mask behind it");
    }
    uint64_t all_but_sigsys = ~(SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    raw_mask(SIG_SETMASK, all_but_sigsys);
    CHECK_EQ(raw(SYS_getppid, 5, 0, 0, 0, 0, 0), 5, "with all other signals blocked");
    CHECK_EQ(current_mask(), all_but_sigsys, "that mask behind it");
    raw_mask(SIG_SETMASK, 0);
    say("traps: %d\n", traps);
}

/* Vector registers survive a trap. */
static void trap_keeps_vectors(void)
{
    no_new_privs();
    raw_handle(SIGSYS, emulate, SA_SIGINFO, 0);
    ANSWER(SYS_getppid, TRAP_77);
    uint64_t in[2] = {0x0123456789abcdef, 0xfedcba9876543210}, out[2] = {0, 0};
    long result = SYS_getppid;
    __asm__ volatile("movdqu %1, %%xmm9\n"
                     "xor %%edi, %%edi\n xor %%esi, %%esi\n xor %%edx, %%edx\n"
                     "xor %%r10d, %%r10d\n xor %%r8d, %%r8d\n mov $9, %%r9d\n"
                     "syscall\n"
                     "movdqu %%xmm9, %2"
                     : "+a"(result)
                     : "m"(in), "m"(out)
                     : "rcx", "r11", "rdi", "rsi", "rdx", "r10", "r8", "r9", "xmm9", "memory");
    CHECK_EQ(result, 9, "the handler's answer");
    CHECK(memcmp(in, out, sizeof in) == 0, "XMM9 changed");
}

/* The handler of a trap begins at the call, whatever other signals come at the same time. */
static void trap_under_signals(void)
{
    pid_t parent = getpid();
    no_new_privs();
    raw_handle(SIGSYS, emulate, SA_SIGINFO, 0);
    raw_handle(SIGUSR1, count_usr1, SA_SIGINFO, 0);
    volatile int *steps =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(steps != MAP_FAILED, "mmap");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        const struct timespec soon = {0, 20000};
        struct burst burst = {0};
        while (getppid() == parent) {
            if (!burst_is_over(&burst, *steps)) {
                kill(parent, SIGUSR1);
            }
            nanosleep(&soon, NULL);
        }
        _exit(0);
    }
    ANSWER(SYS_getuid, TRAP_77);
    while (usr1_calls < fewer_when_emulated(2000)) {
        CHECK_EQ(raw(SYS_getuid, 1, 2, 3, 4, 5, 6), 21, "the handler's answer");
        ++*steps;
    }
    kill(pid, SIGKILL);
    wait_for(pid);
}

static void trap_by_default(void)
{
    no_new_privs();
    ANSWER(SYS_getppid, TRAP_77);
    raw(SYS_getppid);
}

static void trap_ignored(void)
{
    disposition(SIGSYS, SIG_IGN);
    trap_by_default();
}

static void trap_blocked(void)
{
    raw_handle(SIGSYS, emulate, SA_SIGINFO, 0);
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGSYS));
    trap_by_default();
}

/* A handler's own call is trapped while SIGSYS is blocked in it. */
static void call_in_handler(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    raw(SYS_getppid);
    _exit(5);
}

static void trap_in_handler(void)
{
    raw_handle(SIGSYS, call_in_handler, SA_SIGINFO, 0);
    trap_by_default();
}

/* rt_sigreturn is a call like any other. */
static void sigreturn_is_refused(void)
{
    no_new_privs();
    raw_handle(SIGUSR1, count_usr1, SA_SIGINFO, 0);
    ANSWER(SYS_gettid, ERRNO(5));
    raw(SYS_kill, getpid(), SIGUSR1);
    CHECK_EQ(usr1_calls, 1, "a handler that returns under a filter");
    ANSWER(SYS_rt_sigreturn, SECCOMP_RET_KILL_PROCESS);
    raw(SYS_kill, getpid(), SIGUSR1);
}

/* A wait whose mask opens a signal, under a filter. */
static void waits(void)
{
    uint64_t empty = 0;
    struct timespec at_once = {0, 0};
    no_new_privs();
    raw_handle(SIGUSR1, count_usr1, SA_SIGINFO, 0);
    ANSWER(ODD_NUMBER, ERRNO(5));
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGUSR1));
    raw(SYS_kill, getpid(), SIGUSR1);
    check_told("ppoll", raw(SYS_ppoll, NULL, 0, &at_once, &empty, 8), -EINTR);
    check_told("handlers", usr1_calls, 1);
}

/* ---------------------------------------------------------------- strict mode */

static int pipe_ends[2];

static void strict_allows(void)
{
    char byte = 'x';
    MUST(pipe(pipe_ends));
    struct itimerval timer = {{0, 10000}, {0, 10000}};
    raw_handle(SIGALRM, count_usr1, SA_SIGINFO, 0);
    CHECK_EQ(raw(SYS_setitimer, ITIMER_REAL, &timer, NULL), 0, "setitimer");
    CHECK_EQ(raw(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), 0, "strict");
    while (*(volatile int *)&usr1_calls < 3) {
    }
    if (raw(SYS_write, pipe_ends[1], &byte, 1) != 1 || raw(SYS_read, pipe_ends[0], &byte, 1) != 1) {
        raw(SYS_exit, 9);
    }
    raw(SYS_exit, 6);
}

static void strict_kills(void)
{
    CHECK_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL), 0, "strict");
    raw(SYS_getpid);
    raw(SYS_exit, 9);
}

static void strict_kills_exit_group(void)
{
    CHECK_EQ(raw(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL), 0, "strict");
    raw(SYS_exit_group, 9);
}

static void *strict_thread(void *nothing)
{
    (void)nothing;
    thread_tid = raw_tid();
    strict_kills();
    return NULL;
}

static void strict_kills_thread(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, strict_thread, NULL), 0, "a thread");
    wait_until_gone(&thread_tid);
    _exit(8);
}

int main(void)
{
    EXPECT_ENDING(without_privileges, "exit 0");
    EXPECT_ENDING(operations, "exit 0");
    EXPECT_ENDING(listeners, "exit 0");
    EXPECT_ENDING(programs, "exit 0");
    EXPECT_ENDING(what_is_told, "exit 0");
    EXPECT_ENDING(numbers, "exit 0");
    EXPECT_ENDING(errno_values, "exit 0");
    EXPECT_ENDING(chains, "exit 0");
    EXPECT_ENDING(kill_thread, "signal 31");
    EXPECT_ENDING(kill_process, "signal 31");
    EXPECT_ENDING(unknown_action, "signal 31");
    EXPECT_ENDING(division_by_zero, "signal 31");
    EXPECT_ENDING(kill_thread_of_two, "exit 4");
    EXPECT_ENDING(kill_process_of_two, "signal 31");
    say("kill_first_of_two: %s\n", ending(in_child(kill_first_of_two))); /* depends on the kernel */
    EXPECT_ENDING(kill_first_then_exit, "exit 7");
    EXPECT_ENDING(trap_emulates, "exit 0");
    EXPECT_ENDING(trap_keeps_vectors, "exit 0");
    EXPECT_ENDING(trap_under_signals, "exit 0");
    EXPECT_ENDING(trap_by_default, "signal 31");
    EXPECT_ENDING(trap_ignored, "signal 31");
    EXPECT_ENDING(trap_blocked, "signal 31");
    EXPECT_ENDING(trap_in_handler, "signal 31");
    EXPECT_ENDING(sigreturn_is_refused, "signal 31");
    EXPECT_ENDING(waits, "exit 0");
    EXPECT_ENDING(strict_allows, "exit 6");
    EXPECT_ENDING(strict_kills, "signal 9");
    EXPECT_ENDING(strict_kills_exit_group, "signal 9");
    EXPECT_ENDING(strict_kills_thread, "exit 8");
    return 0;
}
