/*
 * Seccomp filters under a fuzzer: the monitor must take and refuse the programs that the kernel
 * takes and refuses, and answer calls as the kernel answers them. A child installs the program and
 * makes the calls; what it meets it writes to shared memory, since it may be left without calls.
 *
 * Each 4 bytes of the input are an instruction:
 *   1 byte    index of the code in `codes`; 255: the next two are the code, k is 0
 *   1 byte    jt, and index of k in `constants`
 *   1 byte    jf, and what is added to k
 *   1 byte    bit 0: a return's value is made one that tells the low bits of A or k
 */
#include "hosted.h"
#include <sys/mman.h>
#include <unistd.h>

#include "../../policy/filter.c" /* NOLINT(bugprone-suspicious-include) */

static const uint16_t codes[] = {
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_W | BPF_LEN,
    BPF_LDX | BPF_W | BPF_LEN,
    BPF_LD | BPF_IMM,
    BPF_LDX | BPF_IMM,
    BPF_LD | BPF_MEM,
    BPF_LDX | BPF_MEM,
    BPF_ST,
    BPF_STX,
    BPF_MISC | BPF_TAX,
    BPF_MISC | BPF_TXA,
    BPF_ALU | BPF_ADD | BPF_K,
    BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K,
    BPF_ALU | BPF_SUB | BPF_X,
    BPF_ALU | BPF_MUL | BPF_K,
    BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X,
    BPF_ALU | BPF_AND | BPF_K,
    BPF_ALU | BPF_AND | BPF_X,
    BPF_ALU | BPF_OR | BPF_K,
    BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,
    BPF_ALU | BPF_XOR | BPF_X,
    BPF_ALU | BPF_LSH | BPF_K,
    BPF_ALU | BPF_LSH | BPF_X,
    BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X,
    BPF_ALU | BPF_NEG,
    BPF_JMP | BPF_JA,
    BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K,
    BPF_JMP | BPF_JGE | BPF_X,
    BPF_JMP | BPF_JGT | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,
    BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X,
    BPF_RET | BPF_A,
    BPF_RET | BPF_K,
    BPF_ALU | BPF_MOD | BPF_K,
    BPF_LD | BPF_W | BPF_IND,
    BPF_LDX | BPF_B | BPF_MSH,
    BPF_LD | BPF_H | BPF_ABS,
    BPF_RET | BPF_X,
};

static const uint32_t constants[] = {
    0,          1,          2,          4,          8,          15,         16,         31,
    32,         56,         60,         64,         0x7fff,     0x8000,     0xffff,     0x7fffffff,
    0x80000000, 0xffffffff, 0xfffffffe, 0xdeadbeef, 0x00030000, 0x00050000, 0x7ff00000, 0x7ffc0000,
    0x7fff0000, 0x7fc00000, 0xfffff000, 0xc000003e, 39,         0x00010001,
};

#define INSTRUCTIONS_MAX 128U
#define CALLS            8U
/* Answers that the kernel gives by other means than a result. */
#define TRAPPED 0x100000000L
#define KILLED  0x200000000L

/* Harmless whatever the arguments: getpid, and numbers that nobody has. */
static const struct {
    int64_t number;
    uint64_t arguments[6];
} calls[CALLS] = {
    {__NR_getpid, {0}},
    {__NR_getpid, {1, 2, 3, 4, 5, 6}},
    {__NR_getpid, {~0UL, ~0UL, 0x80000000, 0x7fffffff, 0x100000000, 0xdeadbeefcafebabe}},
    {-1, {0}},
    {1000, {39, 0, 0, 0, 0, 0x8000000000000000}},
    {0x7fffffff, {31, 32, 33}},
    {-0x80000000L, {0xffff, 0x10000}},
    {0x500000000L + __NR_getpid, {7}},
};

extern const char site_behind[];

static struct shared {
    bool accepted;
    volatile unsigned made;
    volatile int64_t answers[CALLS];
} * shared;
static void *behind_trap[5];

/* Without libc, whose variables a sanitizer guards by calls; the label tells the instruction. */
static __attribute__((noinline, no_sanitize("address", "undefined"))) long make_call(unsigned i)
{
    const uint64_t *arguments = calls[i].arguments;
    register uint64_t r10 __asm__("r10") = arguments[3];
    register uint64_t r8 __asm__("r8") = arguments[4];
    register uint64_t r9 __asm__("r9") = arguments[5];
    long result;
    __asm__ volatile("syscall\n"
                     "site_behind:"
                     : "=a"(result)
                     : "a"(calls[i].number), "D"(arguments[0]), "S"(arguments[1]),
                       "d"(arguments[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static noreturn __attribute__((no_sanitize("address", "undefined"))) void
note_trap(int signal, struct kernel_siginfo *info)
{
    (void)signal;
    shared->answers[shared->made] = TRAPPED | info->si_errno;
    __builtin_longjmp(behind_trap, 1); /* rt_sigreturn may be forbidden */
}

static __attribute__((no_sanitize("address", "undefined"))) void make_calls(void)
{
    while (shared->made < CALLS) {
        if (__builtin_setjmp(behind_trap) == 0) {
            shared->answers[shared->made] = KILLED;
            shared->answers[shared->made] = make_call(shared->made);
        }
        shared->made++;
    }
}

static noreturn void run_in_kernel(struct sock_filter *program, uint32_t length)
{
    const struct sock_fprog installed = {(unsigned short)length, program};
    const struct kernel_sigaction action = {.handler = (uint64_t)note_trap,
                                            .restorer = (uint64_t)note_trap, /* never used */
                                            .flags = SA_SIGINFO | SA_NODEFER | SA_RESTORER};
    const struct kernel_sigaction by_default = {0}; /* the fuzzer's own would want calls */
    demand(SYS4(__NR_rt_sigaction, SIGSYS, &action, 0, sizeof(sigset)) == 0 &&
               SYS4(__NR_rt_sigaction, SIGILL, &by_default, 0, sizeof(sigset)) == 0 &&
               SYS4(__NR_rt_sigaction, SIGSEGV, &by_default, 0, sizeof(sigset)) == 0,
           "rt_sigaction");
    demand(SYS5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    SYS5(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); /* the ends to come are no news */
    shared->accepted = SYS3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &installed) == 0;
    if (shared->accepted) {
        make_calls();
    }
    for (;;) {
        __asm__ volatile("ud2"); /* the end without a call */
    }
}

static int64_t expected_answer(const struct sock_filter *program, unsigned i, int64_t pid)
{
    union filter_input input = {.data = {.nr = (int32_t)calls[i].number,
                                         .arch = AUDIT_ARCH_X86_64,
                                         .instruction_pointer = (uint64_t)site_behind}};
    for (int a = 0; a < 6; a++) {
        input.data.args[a] = calls[i].arguments[a];
    }
    uint32_t result = filter_run(program, &input), data = result & SECCOMP_RET_DATA;
    switch (result & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
        return (int32_t)calls[i].number == __NR_getpid ? pid : -ENOSYS;
    case SECCOMP_RET_ERRNO:
        return -(int64_t)(data < 4095 ? data : 4095);
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_USER_NOTIF:
        return -ENOSYS;
    case SECCOMP_RET_TRAP:
        return TRAPPED | data;
    default:
        return KILLED;
    }
}

static void make_program(struct sock_filter *program, uint32_t length, const uint8_t *bytes)
{
    for (uint32_t i = 0; i < length; i++) {
        const uint8_t *from = bytes + 4UL * i;
        uint32_t k = constants[from[1] % (sizeof constants / sizeof constants[0])] + from[2];
        program[i] = (struct sock_filter){codes[from[0] % (sizeof codes / sizeof codes[0])],
                                          from[1], from[2], k};
        if (from[0] == 255) {
            program[i] = (struct sock_filter){(uint16_t)(from[1] << 8 | from[2]), 0, 0, 0};
        } else if (BPF_CLASS(program[i].code) == BPF_RET && (from[3] & 1) != 0) {
            program[i].k = SECCOMP_RET_TRAP | (k & SECCOMP_RET_DATA);
        } else if (BPF_CLASS(program[i].code) == BPF_JMP) { /* most lead somewhere */
            program[i].jt %= 8;
            program[i].jf %= 8;
            program[i].k = program[i].code == (BPF_JMP | BPF_JA) ? k % 8 : k;
        } else if (BPF_MODE(program[i].code) == BPF_MEM || BPF_CLASS(program[i].code) == BPF_ST) {
            program[i].k = k % (BPF_MEMWORDS + 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint32_t length = (uint32_t)(size / 4 < INSTRUCTIONS_MAX ? size / 4 : INSTRUCTIONS_MAX);
    if (length == 0) {
        return 0;
    }
    if (shared == 0) {
        shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        demand(shared != MAP_FAILED, "no shared memory");
    }
    /* Of its own: one instruction beyond is an error. */
    struct sock_filter *program = calloc(length, sizeof *program);
    demand(program != 0, "no memory");
    make_program(program, length, bytes);
    memset(shared, 0, sizeof *shared);
    pid_t pid = (pid_t)SYS0(__NR_fork);
    for (int tries = 0; pid == -EAGAIN && tries < 1000; tries++) { /* other tests fill the limit */
        usleep(10000);
        pid = (pid_t)SYS0(__NR_fork);
    }
    if (pid == 0) {
        run_in_kernel(program, length);
    }
    demand(pid > 0, "no child");
    int status = 0;
    long waited;
    do {
        waited = SYS4(__NR_wait4, pid, &status, 0, 0);
    } while (waited == -EINTR); /* by libFuzzer's clock */
    demand(waited == pid, "a child is lost");
    bool accepted = filter_check(program, length);
    demand(accepted == shared->accepted,
           accepted ? "the kernel refuses it" : "the kernel takes it");
    for (unsigned i = 0; accepted && i < CALLS; i++) {
        int64_t answer = expected_answer(program, i, pid);
        demand(answer == shared->answers[i], "the kernel answers a call in another way");
        if (answer == KILLED) {
            break;
        }
    }
    free(program);
    return 0;
}
