/*
 * The signal torture's program: short scenes of system calls, each entered over and over, while
 * torture_stepper sends one signal at each single instruction in turn. The results, all registers,
 * the mask and the frame that the handler sees must be right every time.
 */
#include "frames.h"
#include "torture.h"
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>

static volatile struct torture_scene scene;
static volatile int other_handled;
static uint64_t mask_outside;
static int pipe_ends[2];
static uint8_t stack[65536] __attribute__((aligned(64)));
static uint8_t alternate[65536] __attribute__((aligned(64)));
static const struct site *site_in_use;
static const uint8_t *run_time_code;

extern const char __executable_start[], etext[];

__asm__(".pushsection .text\n"
        ".type marker, @function\n"
        "marker:\n"
        "    .cfi_startproc\n"
        "    mov %rdi, %rax\n"
        "    int3\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size marker, . - marker\n"
        ".popsection\n");
extern long marker(uint64_t word, const volatile struct torture_scene *scene)
    __attribute__((visibility("hidden")));

/* RIP is the program's own, and at a site it is before the instruction or behind it. */
static void check_rip(uint64_t rip)
{
    bool own = rip >= (uint64_t)__executable_start && rip < (uint64_t)etext;
    bool made = rip >= (uint64_t)run_time_code && rip < (uint64_t)run_time_code + 64;
    CHECK(own || made || !site_in_use, "RIP in the frame is 0x%llx, outside the program",
          (unsigned long long)rip);
    if (site_in_use) {
        uint64_t offset = rip - (uint64_t)site_in_use->address;
        CHECK(offset > 40 || offset == 0 || offset >= site_in_use->length - 2,
              "RIP in the frame is inside the instruction at the site");
        if (strcmp(site_in_use->name, "int3_padding") == 0) {
            CHECK(offset == 0 || offset == 2 || offset >= 24,
                  "RIP in the frame is in the padding behind the site, at +%llu",
                  (unsigned long long)offset);
        }
    }
}

static void on_torture(int signo, siginfo_t *info, void *context)
{
    const struct kernel_ucontext *own = context;
    CHECK_EQ(signo, scene.signal, "signal");
    CHECK_EQ(info->si_code, SI_QUEUE, "si_code");
    CHECK_EQ(info->si_value.sival_int, scene.handled, "value: each once, in order");
    scene.handled++;
    CHECK_EQ(own->mcontext.cs, 0x33, "CS in the frame");
    check_rip(own->mcontext.rip);
    CHECK_EQ(current_mask() & SIGNAL_BIT(signo), SIGNAL_BIT(signo), "mask inside");
    CHECK_EQ(own->sigmask & SIGNAL_BIT(SIGHUP), SIGNAL_BIT(SIGHUP), "mask in the frame");
}

static void on_companion(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    check_rip(((const struct kernel_ucontext *)context)->mcontext.rip);
}

static void on_other(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    other_handled++;
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)info;
    CHECK_EQ(signo, SIGILL, "signal");
    ((struct kernel_ucontext *)context)->mcontext.rip += 2;
    other_handled++;
}

void entry_handler(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
}

/* ---------------------------------------------------------------- scenes */

static void scene_getpid(void)
{
    CHECK_EQ(raw(SYS_getpid), raw(SYS_gettid), "getpid");
}

static void scene_pipe(void)
{
    char byte = 'p';
    CHECK_EQ(raw(SYS_write, pipe_ends[1], &byte, 1), 1, "write");
    byte = 0;
    CHECK_EQ(raw(SYS_read, pipe_ends[0], &byte, 1), 1, "read");
    CHECK_EQ(byte, 'p', "byte");
}

static void scene_mask(void)
{
    uint64_t other = SIGNAL_BIT(SIGUSR2) | SIGNAL_BIT(SIGSYS), old = 0, now = 0;
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_BLOCK, &other, &old, 8), 0, "rt_sigprocmask");
    CHECK_EQ(old, mask_outside, "mask before");
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_SETMASK, &old, &now, 8), 0, "rt_sigprocmask");
    CHECK_EQ(now, mask_outside | other, "mask between");
}

/* Blocks the torture's signal for a while: it waits, and comes at the end. */
static void scene_blocked(void)
{
    uint64_t all = ~0ULL, old = 0;
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_BLOCK, &all, &old, 8), 0, "rt_sigprocmask");
    long before = scene.handled;
    raw(SYS_getpid);
    CHECK_EQ(scene.handled, before, "handled while blocked");
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8), 0, "rt_sigprocmask");
    CHECK_EQ(old, mask_outside, "mask before");
}

static void scene_ppoll(void)
{
    uint64_t mask = SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGUSR2);
    struct timespec none = {0, 0};
    struct pollfd fd = {pipe_ends[0], POLLIN, 0};
    long result = raw(SYS_ppoll, &fd, 1, &none, &mask, 8);
    CHECK(result == 0 || result == -EINTR, "ppoll: %ld", result);
    CHECK_EQ(current_mask(), mask_outside, "mask after ppoll");
}

static void scene_sigsuspend(void)
{
    uint64_t mask = SIGNAL_BIT(SIGHUP), blocked = SIGNAL_BIT(SIGUSR1);
    other_handled = 0;
    raw(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, NULL, 8);
    raw(SYS_tkill, raw(SYS_gettid), SIGUSR1);
    while (other_handled == 0) {
        CHECK_EQ(raw(SYS_rt_sigsuspend, &mask, 8), -EINTR, "sigsuspend");
    }
    raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask_outside, NULL, 8);
    CHECK_EQ(other_handled, 1, "the other signal");
}

static void scene_kill(void)
{
    other_handled = 0;
    CHECK_EQ(raw(SYS_tkill, raw(SYS_gettid), SIGUSR1), 0, "tkill");
    CHECK_EQ(other_handled, 1, "the other signal");
}

static volatile int held_handled[2];

static void on_held(int signo, siginfo_t *info, void *context)
{
    (void)context;
    CHECK_EQ(info->si_code, SI_TKILL, "si_code");
    held_handled[signo == SIGSEGV]++;
}

/* Sent while they are blocked: each comes once, with its own siginfo, when they are not. */
static void scene_held(void)
{
    uint64_t held = mask_outside | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS);
    bool both = scene.signal != SIGBUS;
    held_handled[0] = held_handled[1] = 0;
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_SETMASK, &held, NULL, 8), 0, "rt_sigprocmask");
    if (both) {
        CHECK_EQ(raw(SYS_tkill, raw(SYS_gettid), SIGBUS), 0, "tkill");
    }
    CHECK_EQ(raw(SYS_tkill, raw(SYS_gettid), SIGSEGV), 0, "tkill");
    CHECK_EQ(held_handled[0] + held_handled[1], 0, "handled while blocked");
    CHECK_EQ(raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask_outside, NULL, 8), 0, "rt_sigprocmask");
    CHECK_EQ(held_handled[0], both, "SIGBUS");
    CHECK_EQ(held_handled[1], 1, "SIGSEGV");
}

static void scene_memory(void)
{
    long page =
        raw(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page > 0, "mmap: %ld", page);
    *(volatile long *)page = 5;
    CHECK_EQ(raw(SYS_mprotect, page, 4096, PROT_READ), 0, "mprotect");
    CHECK_EQ(raw(SYS_munmap, page, 4096), 0, "munmap");
}

static void scene_brk(void)
{
    long now = raw(SYS_brk, 0);
    CHECK_EQ(raw(SYS_brk, now + 8192), now + 8192, "brk");
    CHECK_EQ(raw(SYS_brk, now), now, "brk");
}

static void scene_fork(void)
{
    long pid = raw(SYS_fork);
    if (pid == 0) {
        raw(SYS_exit_group, 9);
    }
    int status = 0;
    long got;
    do {
        got = raw(SYS_wait4, pid, &status, 0, NULL);
    } while (got == -EINTR);
    CHECK_EQ(got, pid, "wait4");
    CHECK_EQ(status, 9 << 8, "status");
}

static void scene_vfork(void)
{
    long pid = vfork();
    if (pid == 0) {
        _exit(8);
    }
    int status = 0;
    CHECK_EQ(raw(SYS_wait4, pid, &status, 0, NULL), pid, "wait4");
    CHECK_EQ(status, 8 << 8, "status");
}

static volatile int thread_word, thread_ran;

static int thread_body(void *argument)
{
    thread_ran = (int)(long)argument;
    return 0;
}

static void scene_clone(void)
{
    static uint8_t thread_stack[16384] __attribute__((aligned(64)));
    thread_ran = 0;
    long tid =
        raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                      CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
                  thread_stack + sizeof thread_stack, (int *)&thread_word, (int *)&thread_word,
                  NULL, thread_body, (void *)3);
    CHECK(tid > 0, "clone: %ld", tid);
    for (int value; (value = thread_word) != 0;) {
        raw(SYS_futex, &thread_word, FUTEX_WAIT, value, NULL, NULL, 0);
    }
    CHECK_EQ(thread_ran, 3, "the thread");
}

static void scene_actions(void)
{
    struct kernel_sigaction set = {(void *)on_other, SA_RESTORER | SA_SIGINFO, (void *)raw_restorer,
                                   SIGNAL_BIT(SIGSYS)},
                            old;
    CHECK_EQ(raw(SYS_rt_sigaction, SIGUSR2, &set, NULL, 8), 0, "rt_sigaction");
    CHECK_EQ(raw(SYS_rt_sigaction, SIGUSR2, NULL, &old, 8), 0, "rt_sigaction");
    CHECK(memcmp(&old, &set, sizeof old) == 0, "the action read back");
    CHECK_EQ(raw(SYS_sigaltstack, NULL, &old), 0, "sigaltstack");
}

static void scene_failed_exec(void)
{
    CHECK_EQ(raw(SYS_execve, "/no/such/program", NULL, NULL), -ENOENT, "execve");
}

static void scene_fault(void)
{
    other_handled = 0;
    __asm__ volatile("ud2");
    CHECK_EQ(other_handled, 1, "SIGILL");
}

static void scene_open(void)
{
    long fd = raw(SYS_openat, AT_FDCWD, ".", O_RDONLY, 0);
    CHECK(fd >= 0, "openat: %ld", fd);
    CHECK_EQ(raw(SYS_dup3, fd, 77, O_CLOEXEC), 77, "dup3");
    CHECK_EQ(raw(SYS_close, 77), 0, "close");
    CHECK_EQ(raw(SYS_close, fd), 0, "close");
}

static void scene_run_time_code(void)
{
    long (*code)(void);
    memcpy(&code, &run_time_code, sizeof code);
    CHECK_EQ(code(), raw(SYS_getpid), "getpid");
}

static void scene_libc(void)
{
    struct timespec now;
    CHECK_EQ(getpid(), raw(SYS_getpid), "getpid");
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0, "clock_gettime");
    errno = 0;
    CHECK(close(-1) == -1 && errno == EBADF, "close: errno %d", errno);
}

/* All registers, at one site after the other. Checked after the scene: it is to be short. */
static struct registers site_in, site_out;

static void prepare_site(void)
{
    site_in = (struct registers){.rax = SYS_getpid,
                                 .rbx = 0xb1b1b1b1b1b1b1b1,
                                 .rcx = 0xc1c1c1c1c1c1c1c1,
                                 .rdx = 0xd1d1d1d1d1d1d1d1,
                                 .rsi = 0x5151515151515151,
                                 .rdi = 0xd2d2d2d2d2d2d2d2,
                                 .rbp = 0xb9b9b9b9b9b9b9b9,
                                 .rsp = (uint64_t)stack + 32768,
                                 .r8 = 0x0808080808080808,
                                 .r9 = 0x0909090909090909,
                                 .r10 = 0x1010101010101010,
                                 .r11 = 0x1111111111111111,
                                 .r12 = 0x1212121212121212,
                                 .r13 = 0x1313131313131313,
                                 .r14 = 0x1414141414141414,
                                 .r15 = 0x1515151515151515,
                                 .rflags = 0x202 | 0x8d5 | 0x400};
    memset(stack + 32768 - 128, 0x77, 256);
}

static void scene_site(void)
{
    run_site(&site_in, &site_out, site_in_use->entry);
}

static void check_site(void)
{
    const uint64_t tf = 0x100; /* the tracer's, in what a stepped instruction saves of the flags */
    CHECK_EQ(site_out.rax, raw(SYS_getpid), "RAX");
    CHECK_EQ(site_out.rcx, (uint64_t)site_in_use->address + site_in_use->length, "RCX");
    CHECK_EQ(site_out.r11 & ~tf, site_in.rflags, "R11");
    site_out.rax = site_in.rax;
    site_out.rcx = site_in.rcx;
    site_out.r11 = site_in.r11;
    site_out.rflags = site_in_use->flags_kept ? site_out.rflags & ~tf : site_in.rflags;
    for (unsigned i = 0; i < sizeof site_in / 8; i++) {
        CHECK(((uint64_t *)&site_in)[i] == ((uint64_t *)&site_out)[i], "register %u changed", i);
    }
    for (int i = -128; i < 128; i++) {
        CHECK_EQ(stack[32768 + i], 0x77, "red zone and stack");
    }
}

static void nothing(void)
{
}

static const struct {
    const char *name;
    void (*run)(void);
} scenes[] = {
    {"getpid", scene_getpid},   {"pipe", scene_pipe},       {"mask", scene_mask},
    {"blocked", scene_blocked}, {"ppoll", scene_ppoll},     {"sigsuspend", scene_sigsuspend},
    {"kill", scene_kill},       {"held", scene_held},       {"memory", scene_memory},
    {"brk", scene_brk},         {"fork", scene_fork},       {"vfork", scene_vfork},
    {"clone", scene_clone},     {"actions", scene_actions}, {"failed exec", scene_failed_exec},
    {"fault", scene_fault},     {"open", scene_open},       {"run-time code", scene_run_time_code},
    {"libc", scene_libc},
};

/* Every other round the handler runs on the alternate stack. */
static void play(const char *name, void (*prepare)(void), void (*run)(void), void (*check)(void))
{
    long more = 1;
    bool held = scene.signal == TORTURE_SIGNAL_HELD;
    snprintf((char *)scene.name, sizeof scene.name, "%s%s", name, held ? ", held signal" : "");
    scene.text_start = (unsigned long)__executable_start;
    scene.text_end = (unsigned long)etext;
    for (int round = 0; more; round++) {
        raw_handle((int)scene.signal, on_torture,
                   SA_SIGINFO | SA_RESTART | (round % 2 ? SA_ONSTACK : 0), 0);
        scene.handled = 0;
        prepare();
        marker(MARKER_START, &scene);
        run();
        more = marker(MARKER_END, &scene);
        check();
        CHECK_EQ(current_mask(), mask_outside, "mask after the scene");
        CHECK_EQ(pending_signals(), 0, "pending after the scene");
    }
}

/* With arguments, only the scenes whose names begin so: for work on a failure. */
static bool wanted(const char *name, char **prefixes)
{
    for (int i = 0; prefixes[i]; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return prefixes[0] == NULL;
}

static void play_all(int signo, char **prefixes)
{
    scene.signal = signo;
    site_in_use = NULL;
    for (unsigned i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        if (wanted(scenes[i].name, prefixes)) {
            play(scenes[i].name, nothing, scenes[i].run, nothing);
        }
    }
    for (const struct site *site = sites; site->name; site++) {
        char name[64];
        snprintf(name, sizeof name, "site %s", site->name);
        if (wanted(name, prefixes)) {
            site_in_use = site;
            play(name, prepare_site, scene_site, check_site);
        }
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    MUST(pipe2(pipe_ends, O_CLOEXEC));
    uint8_t *code = map_pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(code, "\xb8\x27\0\0\0\x0f\x05\xc3", 8);
    run_time_code = code;
    raw_handle(SIGUSR1, on_other, SA_SIGINFO | SA_RESTART, 0);
    raw_handle(SIGILL, on_fault, SA_SIGINFO, 0);
    raw_handle(TORTURE_COMPANION, on_companion, SA_SIGINFO | SA_RESTART, 0);
    raw_handle(SIGSEGV, on_held, SA_SIGINFO | SA_RESTART, 0);
    raw_handle(SIGBUS, on_held, SA_SIGINFO | SA_RESTART, 0);
    stack_t other_stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    MUST(sigaltstack(&other_stack, NULL));
    mask_outside = SIGNAL_BIT(SIGHUP);
    raw_mask(SIG_SETMASK, mask_outside);
    play_all(TORTURE_SIGNAL, argv + 1);
    play_all(TORTURE_SIGNAL_HELD, argv + 1);
    return 0;
}
