/*
 * What a system call leaves in the registers: the result in RAX, the next instruction's address in
 * RCX, the flags in R11, and everything else as it was, whatever stands around the site, in the
 * registers and in the flags. Also the red zone, the vector and x87 state, and the signal mask.
 */
#include "common.h"
#include "sites.h"
#include <sched.h>
#include <sys/syscall.h>

#define CF       0x1ULL
#define PF       0x4ULL
#define AF       0x10ULL
#define ZF       0x40ULL
#define SF       0x80ULL
#define DF       0x400ULL
#define OF       0x800ULL
#define NT       0x4000ULL
#define AC       0x40000ULL
#define ID       0x200000ULL
#define ALWAYS   0x202ULL /* bit 1, and IF that a program can't change */
#define RED_ZONE 128
#define ANY      (-1000000L)

static uint8_t stack[16384] __attribute__((aligned(64)));
static unsigned long checked;

static struct registers recognisable(long nr)
{
    struct registers in = {.rax = (uint64_t)nr,
                           .rbx = 0xb1b1b1b1b1b1b1b1,
                           .rcx = 0xc1c1c1c1c1c1c1c1,
                           .rbp = 0xb9b9b9b9b9b9b9b9,
                           .r11 = 0x1111111111111111,
                           .r12 = 0x1212121212121212,
                           .r13 = 0x1313131313131313,
                           .r14 = 0x1414141414141414,
                           .r15 = 0x1515151515151515,
                           .rflags = ALWAYS};
    in.rsp = (uint64_t)(stack + 8192);
    return in;
}

static void fill_stack(void)
{
    for (size_t i = 0; i < sizeof stack; i++) {
        stack[i] = (uint8_t)(i * 7 + 3);
    }
}

static void check_stack(const char *what)
{
    size_t low = 8192 - RED_ZONE;
    for (size_t i = low; i < sizeof stack; i++) {
        CHECK(stack[i] == (uint8_t)(i * 7 + 3),
              "%s: byte RSP%+ld of the red zone or the stack changed", what, (long)i - 8192);
    }
}

#define SAME(field)                                                                                \
    CHECK(out->field == in->field, "%s: " #field " is 0x%llx, expected 0x%llx", what,              \
          (unsigned long long)out->field, (unsigned long long)in->field)

static void check_registers(const char *what, const struct registers *in,
                            const struct registers *out, uint64_t next, bool flags_kept)
{
    SAME(rbx);
    SAME(rdx);
    SAME(rsi);
    SAME(rdi);
    SAME(rbp);
    SAME(rsp);
    SAME(r8);
    SAME(r9);
    SAME(r10);
    SAME(r12);
    SAME(r13);
    SAME(r14);
    SAME(r15);
    CHECK(out->rcx == next, "%s: RCX is 0x%llx, expected the next instruction 0x%llx", what,
          (unsigned long long)out->rcx, (unsigned long long)next);
    CHECK(out->r11 == in->rflags, "%s: R11 is 0x%llx, expected the flags 0x%llx", what,
          (unsigned long long)out->r11, (unsigned long long)in->rflags);
    if (flags_kept) {
        SAME(rflags);
    }
    checked++;
}

/* Runs one call at one site, and gives its result. */
static long at_site(const struct site *site, const char *what, const struct registers *in)
{
    struct registers out;
    char name[128];
    snprintf(name, sizeof name, "%s at %s", what, site->name);
    fill_stack();
    uint64_t mask = current_mask();
    run_site(in, &out, site->entry);
    CHECK_EQ(current_mask(), mask, "the signal mask after the call");
    check_stack(name);
    check_registers(name, in, &out, (uint64_t)site->address + site->length, site->flags_kept);
    return (long)out.rax;
}

static bool usable(const struct site *site, uint64_t rax)
{
    return site->fixed == ~0ULL || site->fixed == rax;
}

/* ---------------------------------------------------------------- many calls */

struct call {
    const char *name;
    long nr;
    uint64_t arguments[6];
    long expected;
};

static struct timespec no_time;
static int futex_word = 1;
static char scratch[4096];
#define P(pointer) ((uint64_t)(pointer))
#define BAD        0xdead000000000000ULL /* not canonical */
#define NOT_THERE  0x10ULL               /* canonical, never mapped */
#define MINUS      ((uint64_t)-1)

static const struct call calls[] = {
    {"read bad fd", SYS_read, {MINUS, P(scratch), 1}, -EBADF},
    {"read fd with high half", SYS_read, {0x7777777700000000, P(scratch), 1}, 0},
    {"write bad pointer", SYS_write, {1, BAD, 1}, -EFAULT},
    {"write nothing", SYS_write, {1, P(scratch), 0}, 0},
    {"open bad pointer", SYS_open, {BAD, 0, 0}, -EFAULT},
    {"open missing", SYS_open, {P("no such file"), 0, 0}, -ENOENT},
    {"openat bad dirfd", SYS_openat, {MINUS, P("x"), 0, 0}, -EBADF},
    {"openat NULL", SYS_openat, {(uint64_t)AT_FDCWD, 0, 0, 0}, -EFAULT},
    {"close", SYS_close, {MINUS}, -EBADF},
    {"close_range", SYS_close_range, {9, 3, 0}, -EINVAL},
    {"stat", SYS_stat, {NOT_THERE, P(scratch)}, -EFAULT},
    {"newfstatat", SYS_newfstatat, {(uint64_t)AT_FDCWD, P("/"), BAD, 0}, -EFAULT},
    {"fstat", SYS_fstat, {MINUS, P(scratch)}, -EBADF},
    {"lseek", SYS_lseek, {MINUS, 0, 0}, -EBADF},
    {"poll", SYS_poll, {0, 0, 0}, 0},
    {"ppoll", SYS_ppoll, {0, 0, P(&no_time), 0, 8}, 0},
    {"ppoll size", SYS_ppoll, {0, 0, P(&no_time), P(scratch), 7}, -EINVAL},
    {"select", SYS_select, {0, 0, 0, 0, P(scratch)}, 0},
    {"pselect6", SYS_pselect6, {0, 0, 0, 0, P(&no_time), 0}, 0},
    {"mmap", SYS_mmap, {0, 0, 3, 0x22, MINUS, 0}, -EINVAL},
    {"mmap bad fd", SYS_mmap, {0, 4096, 1, 2, MINUS, 0}, -EBADF},
    {"mmap offset", SYS_mmap, {0, 4096, 1, 0x22, MINUS, 5}, -EINVAL},
    {"munmap", SYS_munmap, {1, 4096}, -EINVAL},
    {"munmap huge", SYS_munmap, {0, ~0xfffULL}, -EINVAL},
    {"mprotect", SYS_mprotect, {1, 4096, 1}, -EINVAL},
    {"mprotect nothing there", SYS_mprotect, {0x10000, 4096, 1}, -ENOMEM},
    {"mremap", SYS_mremap, {1, 4096, 4096, 0, 0}, -EINVAL},
    {"madvise", SYS_madvise, {1, 4096, 0}, -EINVAL},
    {"msync", SYS_msync, {1, 4096, 0}, -EINVAL},
    {"mincore", SYS_mincore, {1, 4096, P(scratch)}, -EINVAL},
    {"mlock2", SYS_mlock2, {0, 0, 0x80}, -EINVAL},
    {"rt_sigaction", SYS_rt_sigaction, {0, 0, 0, 8}, -EINVAL},
    {"rt_sigprocmask how", SYS_rt_sigprocmask, {9, P(scratch), 0, 8}, -EINVAL},
    {"rt_sigprocmask pointer", SYS_rt_sigprocmask, {0, BAD, 0, 8}, -EFAULT},
    {"rt_sigpending size", SYS_rt_sigpending, {P(scratch), 9}, -EINVAL},
    {"rt_sigsuspend size", SYS_rt_sigsuspend, {P(scratch), 9}, -EINVAL},
    {"rt_sigtimedwait size", SYS_rt_sigtimedwait, {P(scratch), 0, 0, 7}, -EINVAL},
    {"sigaltstack", SYS_sigaltstack, {0, 0}, 0},
    {"sigaltstack pointer", SYS_sigaltstack, {BAD, 0}, -EFAULT},
    {"ioctl", SYS_ioctl, {MINUS, 0, 0}, -EBADF},
    {"access", SYS_access, {BAD, 0}, -EFAULT},
    {"pipe", SYS_pipe, {BAD}, -EFAULT},
    {"sched_yield", SYS_sched_yield, {0}, 0},
    {"dup", SYS_dup, {MINUS}, -EBADF},
    {"dup2", SYS_dup2, {MINUS, 4}, -EBADF},
    {"dup3", SYS_dup3, {1, 1, 0}, -EINVAL},
    {"nanosleep", SYS_nanosleep, {BAD, 0}, -EFAULT},
    {"nanosleep 0", SYS_nanosleep, {P(&no_time), 0}, 0},
    {"getpid", SYS_getpid, {1, 2, 3, 4, 5, 6}, ANY},
    {"gettid", SYS_gettid, {1, 2, 3, 4, 5, 6}, ANY},
    {"getppid", SYS_getppid, {1, 2, 3, 4, 5, 6}, ANY},
    {"getuid", SYS_getuid, {1, 2, 3, 4, 5, 6}, ANY},
    {"alarm", SYS_alarm, {0}, 0},
    {"socket", SYS_socket, {99, 1, 0}, -EAFNOSUPPORT},
    {"connect", SYS_connect, {MINUS, 0, 0}, -EBADF},
    {"sendto", SYS_sendto, {MINUS, 0, 0, 0, 0, 0}, -EBADF},
    {"recvmsg", SYS_recvmsg, {MINUS, 0, 0}, -EBADF},
    {"clone3", SYS_clone3, {0, 0}, -EINVAL},
    {"clone flags", SYS_clone, {0x10000, 0, 0, 0, 0}, -EINVAL},
    {"execve", SYS_execve, {BAD, 0, 0}, -EFAULT},
    {"execve missing", SYS_execve, {P("/no/such"), 0, 0}, -ENOENT},
    {"execveat", SYS_execveat, {MINUS, P(""), 0, 0, 0x1000}, -EBADF},
    {"wait4", SYS_wait4, {MINUS, 0, 0, 0}, -ECHILD},
    {"waitid", SYS_waitid, {9, 0, 0, 0, 0}, -EINVAL},
    {"kill", SYS_kill, {0x7ffffff0, 0}, -ESRCH},
    {"tgkill", SYS_tgkill, {0, 0, 0}, -EINVAL},
    {"uname", SYS_uname, {BAD}, -EFAULT},
    {"fcntl", SYS_fcntl, {MINUS, 1, 0}, -EBADF},
    {"flock", SYS_flock, {MINUS, 1}, -EBADF},
    {"getcwd", SYS_getcwd, {P(scratch), 0}, -ERANGE},
    {"chdir", SYS_chdir, {P("no such file")}, -ENOENT},
    {"rename", SYS_rename, {BAD, BAD}, -EFAULT},
    {"unlink", SYS_unlink, {P("no such file")}, -ENOENT},
    {"readlink", SYS_readlink, {P("/"), P(scratch), 8}, -EINVAL},
    {"gettimeofday", SYS_gettimeofday, {0, 0}, 0},
    {"getrlimit", SYS_getrlimit, {99, P(scratch)}, -EINVAL},
    {"times", SYS_times, {BAD}, -EFAULT},
    {"sysinfo", SYS_sysinfo, {BAD}, -EFAULT},
    {"prctl", SYS_prctl, {0x7fffffff, 0, 0, 0, 0}, -EINVAL},
    {"arch_prctl", SYS_arch_prctl, {0x7fffffff, 0}, -EINVAL},
    {"futex", SYS_futex, {P(&futex_word), 0, 2, 0, 0, 0}, -EAGAIN},
    {"futex wake", SYS_futex, {P(&futex_word), 1, 2, 0, 0, 0}, 0},
    {"sched_getaffinity", SYS_sched_getaffinity, {0, 0, P(scratch)}, -EINVAL},
    {"set_robust_list", SYS_set_robust_list, {P(scratch), 5}, -EINVAL},
    {"getdents64", SYS_getdents64, {MINUS, P(scratch), 10}, -EBADF},
    {"timer_create", SYS_timer_create, {99, 0, P(scratch)}, -EINVAL},
    {"clock_gettime", SYS_clock_gettime, {99, P(scratch)}, -EINVAL},
    {"clock_gettime 1", SYS_clock_gettime, {1, P(scratch)}, 0},
    {"clock_nanosleep", SYS_clock_nanosleep, {99, 0, P(&no_time), 0}, -EINVAL},
    {"epoll_wait", SYS_epoll_wait, {MINUS, P(scratch), 1, 0}, -EBADF},
    {"epoll_pwait", SYS_epoll_pwait, {MINUS, P(scratch), 1, 0, 0, 8}, -EBADF},
    {"signalfd4", SYS_signalfd4, {MINUS, P(scratch), 7, 0}, -EINVAL},
    {"getrandom", SYS_getrandom, {BAD, 16, 0}, -EFAULT},
    {"memfd_create", SYS_memfd_create, {BAD, 0}, -EFAULT},
    {"statx", SYS_statx, {MINUS, P("x"), 0, 0, BAD}, -EBADF},
    {"seccomp", SYS_seccomp, {99, 0, 0}, -EINVAL},
    {"get_robust_list", SYS_get_robust_list, {0, BAD, BAD}, -EFAULT},
    {"splice", SYS_splice, {MINUS, 0, MINUS, 0, 1, 0}, -EBADF},
    {"readv", SYS_readv, {0, BAD, 1}, -EFAULT},
    {"shmat", SYS_shmat, {MINUS, 0, 0}, -EINVAL},
    {"msgrcv", SYS_msgrcv, {MINUS, P(scratch), 1, 0, 0}, -EINVAL},
    {"semop", SYS_semop, {MINUS, P(scratch), 1}, -EINVAL},
    {"personality", SYS_personality, {0xffffffff}, ANY},
    /* numbers that are no calls, and how much of RAX counts */
    {"number 500", 500, {1, 2, 3, 4, 5, 6}, -ENOSYS},
    {"number 999999", 999999, {1, 2, 3, 4, 5, 6}, -ENOSYS},
    {"number -1", -1, {1, 2, 3, 4, 5, 6}, -ENOSYS},
    {"number -2", -2, {1, 2, 3, 4, 5, 6}, -ENOSYS},
    {"number INT_MAX", 0x7fffffff, {1, 2, 3, 4, 5, 6}, -ENOSYS},
    {"number INT_MIN", 0x80000000, {1, 2, 3, 4, 5, 6}, -ENOSYS},
    {"number UINT_MAX", 0xffffffff, {1, 2, 3, 4, 5, 6}, -ENOSYS},
    {"x32 getpid", 0x40000000 + 39, {0}, -ENOSYS},
    {"x32 rt_sigaction", 0x40000000 + 512, {0}, -ENOSYS},
    {"x32 number alone", 512, {0}, -ENOSYS},
    {"high half number", (long)0xdeadbeef00000000 + SYS_sched_yield, {0}, 0},
    {"all high half number", (long)0xffffffff00000000 + SYS_alarm, {0}, 0},
    {"high half unknown", 0x27000001f4, {0}, -ENOSYS},
};

static struct registers registers_for(const struct call *call)
{
    struct registers in = recognisable(call->nr);
    in.rdi = call->arguments[0];
    in.rsi = call->arguments[1];
    in.rdx = call->arguments[2];
    in.r10 = call->arguments[3];
    in.r8 = call->arguments[4];
    in.r9 = call->arguments[5];
    return in;
}

static void test_calls(void)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const struct call *call = &calls[i];
        struct registers in = registers_for(call);
        long first = ANY;
        for (const struct site *site = sites; site->name; site++) {
            if (!usable(site, in.rax)) {
                continue;
            }
            long result = at_site(site, call->name, &in);
            if (call->expected != ANY) {
                CHECK(result == call->expected, "%s at %s: result %ld, expected %ld", call->name,
                      site->name, result, call->expected);
            }
            CHECK(first == ANY || result == first, "%s at %s: result %ld, elsewhere %ld",
                  call->name, site->name, result, first);
            first = result;
        }
        say("%s: %s\n", call->name,
            call->expected == ANY ? "same everywhere" : strerror((int)-call->expected));
    }
}

/* ---------------------------------------------------------------- flags */

static void test_flags(void)
{
    static const uint64_t bits[] = {CF, PF, AF, ZF, SF, OF, DF, AC, NT, ID};
    const unsigned count = sizeof bits / sizeof bits[0];
    for (unsigned pattern = 0; pattern < 1U << count; pattern++) {
        struct registers in = recognisable(SYS_getpid);
        for (unsigned bit = 0; bit < count; bit++) {
            in.rflags |= pattern >> bit & 1 ? bits[bit] : 0;
        }
        for (const struct site *site = sites; site->name; site++) {
            CHECK_EQ(at_site(site, "getpid with flags", &in), getpid(), "getpid");
        }
    }
    say("flags: %u patterns\n", 1U << count);
}

/* A misaligned stack pointer and one that points to nothing are the program's business. */
static void test_stack_pointers(void)
{
    for (const struct site *site = sites; site->name; site++) {
        struct registers out, in = recognisable(SYS_getpid);
        static const uint64_t offsets[] = {1, 3, 8, 15};
        for (unsigned i = 0; i < 4; i++) {
            in.rsp = (uint64_t)(stack + 8192) + offsets[i];
            run_site(&in, &out, site->entry);
            check_registers(site->name, &in, &out, (uint64_t)site->address + site->length,
                            site->flags_kept);
            CHECK_EQ(out.rax, getpid(), "getpid on a misaligned stack");
        }
        static const uint64_t nowhere[] = {0, 8, 0x1000, BAD, 0x7ffffffff000, MINUS};
        for (unsigned i = 0; i < 6; i++) {
            in.rsp = nowhere[i];
            run_site(&in, &out, site->entry);
            check_registers(site->name, &in, &out, (uint64_t)site->address + site->length,
                            site->flags_kept);
            CHECK_EQ(out.rax, getpid(), "getpid without a stack");
        }
    }
    say("stack pointers: misaligned and unmapped\n");
}

/* ---------------------------------------------------------------- vectors */

static int vector_level(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
        return 2;
    }
    return __builtin_cpu_supports("avx") ? 1 : 0;
}

static void fill_vectors(struct vectors *vectors, uint32_t mxcsr, uint16_t control)
{
    uint8_t *bytes = (uint8_t *)vectors;
    for (size_t i = 0; i < sizeof *vectors; i++) {
        bytes[i] = (uint8_t)(i * 13 + 1);
    }
    for (int i = 0; i < 8; i++) {
        vectors->st[i] = 1.5 + i;
    }
    vectors->mxcsr = mxcsr;
    vectors->x87_control = control;
}

static void check_vectors(const char *name, const struct vectors *before,
                          const struct vectors *after, int level)
{
    static const size_t bytes[] = {16, 32, 64};
    for (int i = 0; i < (level == 2 ? 32 : 16); i++) {
        CHECK(memcmp(before->zmm[i], after->zmm[i], bytes[level]) == 0,
              "%s: vector register %d (%zu bytes) changed", name, i, bytes[level]);
    }
    if (level == 2) {
        CHECK(memcmp(before->k, after->k, sizeof before->k) == 0, "%s: a mask register changed",
              name);
    }
    CHECK_EQ(after->mxcsr, before->mxcsr, "MXCSR");
    CHECK_EQ(after->x87_control, before->x87_control, "x87 control word");
    CHECK_EQ(after->x87_status & 0x3800, 0, "x87 top of stack");
    CHECK(memcmp(before->st, after->st, sizeof before->st) == 0, "%s: the x87 stack changed", name);
}

static void test_vectors(void)
{
    static struct vectors before, after;
    /* rounding modes and flush-to-zero that a monitor's own use would show in */
    static const struct {
        uint32_t mxcsr;
        uint16_t control;
    } modes[] = {{0x1f80, 0x37f}, {0x7fbf, 0x27f}, {0xffc0, 0xc7f}, {0x9fa0, 0x77f}};
    static const long numbers[] = {SYS_getpid, SYS_sched_yield, 500, SYS_getuid};
    for (int level = vector_level(); level >= 0; level--) {
        for (unsigned mode = 0; mode < 4; mode++) {
            fill_vectors(&before, modes[mode].mxcsr, modes[mode].control);
            for (const struct site *site = sites; site->name; site++) {
                for (unsigned i = 0; i < 4; i++) {
                    struct registers out, in = recognisable(numbers[i]);
                    if (!usable(site, in.rax)) {
                        continue;
                    }
                    run_site_with_vectors(&in, &out, site->entry, &before, &after, level);
                    check_vectors(site->name, &before, &after, level);
                    check_registers(site->name, &in, &out, (uint64_t)site->address + site->length,
                                    site->flags_kept);
                }
            }
        }
    }
    say("vectors: all levels, %u modes\n", 4U);
}

/* ---------------------------------------------------------------- other state, other sites */

/* The child of a fork begins after the site as well, with every register but RAX as its parent's.
 */
static void test_fork(void)
{
    for (const struct site *site = sites; site->name; site++) {
        struct registers in = recognisable(SYS_fork);
        if (!usable(site, in.rax)) {
            continue;
        }
        in.rflags |= CF | DF | AC;
        long pid = at_site(site, "fork", &in);
        if (pid == 0) {
            _exit(42);
        }
        CHECK_EQ(wait_for((pid_t)pid), 42 << 8, "the forked child's status");
    }
    say("fork: both sides\n");
}

static void test_segments(void)
{
    uint16_t before[6], after[6];
    uintptr_t fs_before, fs_after;
#define SEGMENTS(into)                                                                             \
    __asm__ volatile("mov %%cs, %0\n mov %%ss, %1\n mov %%ds, %2\n mov %%es, %3\n mov %%fs, %4\n"  \
                     "mov %%gs, %5"                                                                \
                     : "=m"(into[0]), "=m"(into[1]), "=m"(into[2]), "=m"(into[3]), "=m"(into[4]),  \
                       "=m"(into[5]))
    __asm__ volatile("mov %%fs:0, %0" : "=r"(fs_before));
    SEGMENTS(before);
    raw(SYS_getpid);
    raw(SYS_sched_yield);
    SEGMENTS(after);
    __asm__ volatile("mov %%fs:0, %0" : "=r"(fs_after));
    CHECK(memcmp(before, after, sizeof before) == 0, "a segment register changed");
    CHECK_EQ(fs_after, fs_before, "the FS base");
    say("selectors: %x %x %x %x %x %x\n", after[0], after[1], after[2], after[3], after[4],
        after[5]);
}

/* The same two bytes in a page that is written at run time. */
static void test_run_time_code(void)
{
    static const uint8_t before[3][8] = {{0}, {0x90, 0x90}, {0x48, 0x89, 0xdb}};
    static const size_t before_bytes[3] = {0, 2, 3};
    uint8_t *page = map_pages(8192, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (unsigned offset = 4000; offset < 4200; offset += 5) {
        for (unsigned shape = 0; shape < 3; shape++) {
            uint8_t *next = page + offset;
            memset(page, 0xcc, 8192);
            memcpy(next, before[shape], before_bytes[shape]);
            next += before_bytes[shape];
            memcpy(next, "\x0f\x05\xff\x25\0\0\0\0", 8); /* syscall; jmp *(%rip) */
            memcpy(next + 8, &site_return, 8);
            struct site site = {"run-time code", page + offset, next, 2, ~0ULL, 1};
            struct registers in = recognisable(SYS_getpid);
            in.rflags |= DF | OF;
            CHECK_EQ(at_site(&site, "getpid", &in), getpid(), "getpid");
            CHECK(memcmp(next, "\x0f\x05", 2) == 0, "the bytes of the site changed");
        }
    }
    MUST(munmap(page, 8192));
    say("run-time code: same\n");
}

static void test_text_data(void)
{
    static const uint8_t expected[16] = {0x0f, 0x05, 0xc3, 0x90, 0x90, 0x90, 0x0f, 0x05,
                                         0xeb, 0xfe, 0x0f, 0x05, 0x0f, 0x05, 0xcc, 0x0f};
    CHECK(memcmp(text_data, expected, sizeof expected) == 0,
          "data in the text that looks like a syscall instruction was changed");
    say("data in the text: unchanged\n");
}

int main(void)
{
    test_calls();
    test_flags();
    test_stack_pointers();
    test_vectors();
    test_fork();
    test_segments();
    test_run_time_code();
    test_text_data();
    say("%lu register files checked\n", checked);
    return 0;
}
