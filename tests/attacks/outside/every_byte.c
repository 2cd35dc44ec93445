/*
 * I4, from outside: jumps to every byte of the monitor's executable mapping, with several contents
 * of the registers. `every_byte ENDORUN` runs itself under endorun with protection keys and is the
 * tracer of that process. It sets registers and RIP, lets go, and looks where control turns up:
 *
 *   - inside the monitor's text, by a fault: that ends the process, which the second part checks.
 * It is taken back here, so that one process does for thousands of jumps. Nothing that the monitor
 * keeps may have changed.
 *   - in the program: with the program's rights, and no others.
 *   - at a system call: with the program's rights or the monitor's, and never the call that the
 *     monitor refuses, whose number stands in RAX or R11.
 *
 * In the second part the monitor gets the signals: it must end the process, or give it back with
 * the program's rights. That costs a process for most jumps.
 *
 * Ordinary runs try each byte of the gates and every sixteenth of the rest, not the same with each
 * set; in the second part a fourth of the gates' bytes with each set of registers, also with the
 * trap flag, and every 256th of the rest. Full runs (ENDORUN_TEST_FULL=1): all bytes; in the second
 * part all of the gates', and every 16th of the rest.
 */
#include "../attack.h"
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>

#define NT_X86_XSTATE_NOTE 0x202
#define PKRU_PROGRAM       0x55555549U /* monitor/abi.h */
#define PKRU_MONITOR       0x55555540U
#define REFUSED_CALL       SYS_ptrace /* with PTRACE_TRACEME: refused whatever its arguments are */
#define BATCH              256
#define RANGES_MAX         64
#define STOPS_MAX          64 /* of one jump */

/* ------------------------------------------------------------------ the traced program */

/* What it shows to its tracer, in RBX at its first `int3`. */
struct shown {
    uint64_t landing;  /* an `int3` */
    uint64_t handler;  /* of all signals: another */
    uint64_t stack;    /* the middle of memory that is full of .landing */
    uint64_t block;    /* the thread block */
    struct range text; /* of the monitor */
    struct range gates;
    uint64_t last_calls; /* where the gates' last ones begin */
};

__asm__(".pushsection .text\n"
        "landing: int3\n"
        "ud2\n"
        "landing_handler: int3\n"
        "ud2\n"
        "show: int3\n" /* (shown) */
        "ud2\n"
        ".popsection\n");
extern const uint8_t landing[] __attribute__((visibility("hidden")));
extern const uint8_t landing_handler[] __attribute__((visibility("hidden")));
extern void show(void) __attribute__((visibility("hidden")));

static void handle_all(void)
{
    static uint8_t stack[65536];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    MUST(sigaltstack(&alternate, NULL));
    static const int faults[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGUSR1};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        raw_handle(faults[i], (signal_handler *)(uintptr_t)landing_handler,
                   SA_SIGINFO | SA_ONSTACK | SA_NODEFER, 0);
    }
}

__attribute__((noreturn)) static void be_traced(void)
{
    static const uint8_t wrpkru[] = {0x0f, 0x01, 0xef};
    uintptr_t sites[32];
    size_t count = find_in_image(wrpkru, sizeof wrpkru, sites, 32);
    CHECK(count > 0 && count < 32, "%zu WRPKRU", count);
    static const uint8_t call[] = {0x0f, 0x05};
    static uintptr_t found[1024];
    size_t call_count = find_in_image(call, sizeof call, found, 1024);
    CHECK(call_count > 100 && call_count < 1024, "%zu calls", call_count);
    uint64_t *pages = map_pages(32 * PAGE, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < 32 * PAGE / sizeof *pages; i++) {
        pages[i] = (uint64_t)landing;
    }
    static struct shown shown;
    shown = (struct shown){.landing = (uint64_t)landing,
                           .handler = (uint64_t)landing_handler,
                           .stack = (uint64_t)(pages + 16 * PAGE / sizeof *pages),
                           .block = (uint64_t)thread_block(),
                           .text = monitor_image("r-xp"),
                           .gates = {sites[0] - 0x600, sites[count - 1] + 0x100},
                           .last_calls = found[call_count - 2] - 32};
    for (;;) { /* as often as the monitor ends one */
        pid_t pid = MUST(fork());
        if (pid == 0) {
            handle_all();
            raw(SYS_getpid);
            __asm__ volatile("jmp show" : : "b"(&shown) : "memory");
            __builtin_unreachable();
        }
        wait_for(pid);
    }
}

/* ------------------------------------------------------------------ its tracer */

static pid_t server, child;
static struct shown shown;
static struct user_regs_struct ready;
static uint8_t ready_xstate[16384], memory_before[4 << 20], memory_now[4 << 20];
static size_t xstate_size;
static uint32_t pkru_offset;
static struct iovec kept[RANGES_MAX]; /* what the monitor keeps */
static int kept_count;
static long jumps, deaths, landings, calls;
static long jump_of_tick; /* one that lasts from one tick of the clock to the next is a loop */

static void get_xstate(void *target, size_t *size)
{
    struct iovec vector = {target, *size};
    MUST(ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE_NOTE, &vector));
    *size = vector.iov_len;
}

static uint32_t rights(void)
{
    uint8_t image[4096];
    uint32_t value;
    size_t size = (pkru_offset + 15) & ~7UL;
    get_xstate(image, &size);
    memcpy(&value, image + pkru_offset, sizeof value);
    return value;
}

static void read_child(void *target, uint64_t from, size_t size)
{
    const struct iovec here = {target, size}, there = {(void *)from, size};
    CHECK_EQ(process_vm_readv(child, &here, 1, &there, 1, 0), (ssize_t)size, "process_vm_readv");
}

/* All private memory that may be written and has key 0. */
static void find_kept(void)
{
    char path[64], line[512], rights_given[8] = "";
    struct range range = {0, 0};
    snprintf(path, sizeof path, "/proc/%d/smaps", child);
    FILE *maps = fopen(path, "re");
    CHECK(maps != NULL, "%s: %s", path, strerror(errno));
    kept_count = 0;
    int key;
    while (fgets(line, sizeof line, maps)) {
        sscanf(line, "%lx-%lx %7s", &range.start, &range.end, rights_given);
        if (sscanf(line, "ProtectionKey: %d", &key) == 1 && key == 0 &&
            strcmp(rights_given, "rw-p") == 0 && kept_count < RANGES_MAX) {
            kept[kept_count++] = (struct iovec){(void *)range.start, range.end - range.start};
        }
    }
    fclose(maps);
    CHECK(kept_count > 0, "the monitor has no memory");
}

/* The block and its neighbours, and all of the image's own. */
static size_t read_kept(uint8_t *target)
{
    size_t size = 0;
    for (int i = 0; i < kept_count; i++) {
        size_t length = kept[i].iov_len;
        if (length + size <= sizeof memory_now) {
            read_child(target + size, (uint64_t)kept[i].iov_base, length);
            size += length;
        }
    }
    return size;
}

/* Waits for the child's next stop, for no longer than a moment; starts with the server are passed
 * on. */
static bool next_stop(int *status)
{
    for (;;) {
        int got;
        pid_t pid = waitpid(-1, &got, __WALL);
        if (pid < 0 && errno == EINTR) {
            if (jump_of_tick == jumps) {
                ptrace(PTRACE_INTERRUPT, child, 0, 0);
            }
            jump_of_tick = jumps;
            continue;
        }
        CHECK(pid > 0, "waitpid: %s", strerror(errno));
        if (pid == child) {
            *status = got;
            return WIFSTOPPED(got);
        }
        CHECK(WIFSTOPPED(got), "the program ended: %s", ending(got));
        int signal_given = got >> 16 == 0 ? WSTOPSIG(got) & 0x7f : 0;
        MUST(ptrace(PTRACE_CONT, pid, 0, signal_given));
    }
}

static void on_alarm(int signo)
{
    (void)signo;
}

/* The next child, at its `int3`. */
static void take_child(void)
{
    child = 0;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR) {
            continue;
        }
        CHECK(pid > 0 && (WIFSTOPPED(status) || pid != server), "the program ended: %s",
              ending(status));
        if (!WIFSTOPPED(status)) {
            continue;
        }
        int signal_given = status >> 16 == 0 ? WSTOPSIG(status) : 0;
        if (pid != server && signal_given == SIGTRAP) {
            child = pid;
            break;
        }
        MUST(ptrace(PTRACE_CONT, pid, 0, signal_given));
    }
    MUST(ptrace(PTRACE_GETREGS, child, 0, &ready));
    read_child(&shown, ready.rbx, sizeof shown);
    CHECK_EQ(rights(), PKRU_PROGRAM, "the program's rights");
    xstate_size = sizeof ready_xstate;
    get_xstate(ready_xstate, &xstate_size);
    if (kept_count == 0) {
        find_kept();
    }
}

static void drop_child(void)
{
    int status;
    kill(child, SIGKILL);
    while (next_stop(&status)) {
        ptrace(PTRACE_CONT, child, 0, 0);
    }
}

static void start_server(char *endorun, char *self)
{
    server = MUST(fork());
    if (server == 0) {
        setenv("ATTACK_ENDORUN", endorun, 1);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC),
             STDERR_FILENO); /* a line for each that ends */
        raise(SIGSTOP);
        char *const arguments[] = {endorun, "--isolation=pkey", self, NULL};
        execv(endorun, arguments);
        _exit(127);
    }
    int status;
    CHECK_EQ(waitpid(server, &status, WUNTRACED), server, "waitpid");
    MUST(ptrace(PTRACE_SEIZE, server, 0,
                PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    MUST(kill(server, SIGCONT));
}

/* ------------------------------------------------------------------ jumps */

enum set {
    EAX_NONE,      /* EAX opens all; all else is in the program's memory */
    EAX_MONITOR,   /* EAX as the monitor has it; the others lead to the monitor's memory */
    CALL,          /* the refused call; the stack in the program */
    STACK_MONITOR, /* the refused call; the stack is the monitor's */
    EAX_ON_STACK,  /* EAX opens all, the stack is the monitor's */
    GARBAGE,
    SETS
};

static struct user_regs_struct prepare(enum set set, uint64_t to)
{
    struct user_regs_struct registers = ready;
    uint64_t own_stack = shown.block - 10 * PAGE;
    uint64_t fill = set == EAX_MONITOR ? shown.block + 2048
                    : set == GARBAGE   ? 0x8000000000000123
                                       : shown.stack + PAGE;
    registers.rbx = registers.rbp = registers.r8 = registers.r9 = registers.r10 = fill;
    registers.r12 = registers.r13 = registers.r14 = registers.r15 = fill;
    registers.rsi = registers.rdi = fill;
    registers.rcx = registers.rdx = set == GARBAGE ? fill : 0;
    registers.r11 = REFUSED_CALL;
    registers.rax = set == EAX_NONE || set == EAX_ON_STACK ? 0
                    : set == EAX_MONITOR                   ? PKRU_MONITOR
                    : set == GARBAGE                       ? fill
                                                           : (uint64_t)REFUSED_CALL;
    if (registers.rax == (uint64_t)REFUSED_CALL) {
        registers.rdi = PTRACE_TRACEME;
    }
    registers.rsp = set == STACK_MONITOR || set == EAX_ON_STACK ? own_stack
                    : set == GARBAGE                            ? fill
                                                                : shown.stack;
    registers.rip = to;
    registers.orig_rax = (uint64_t)-1; /* no call to be restarted */
    return registers;
}

static void hole(enum set set, uint64_t to, const char *what, uint64_t value)
{
    say("every_byte: registers %d, a jump to the monitor's text + 0x%lx: %s 0x%lx\n", (int)set,
        to - shown.text.start, what, value);
    _exit(1);
}

static bool in_text(uint64_t rip)
{
    return rip >= shown.text.start && rip < shown.text.end;
}

/* What a stop at a system call's entry may show. */
static void judge_call(enum set set, uint64_t to, const struct user_regs_struct *registers,
                       bool passed_on)
{
    calls++;
    if (registers->orig_rax == (uint64_t)REFUSED_CALL) {
        hole(set, to, "the kernel gets the refused call at", registers->rip);
    }
    /* The monitor's, where earlier jumps have left an address at which the program makes a call. */
    uint32_t pkru = rights();
    if (!passed_on && pkru != PKRU_PROGRAM && pkru != PKRU_MONITOR) {
        hole(set, to, "a call with other rights, its number", registers->orig_rax);
    }
}

enum end { INERT, LIVE, DEAD };

/* `passed_on`: the monitor gets the signals. */
static enum end jump(enum set set, uint64_t to, bool passed_on, bool stepping)
{
    struct user_regs_struct registers = prepare(set, to);
    bool in_call = false, was_interrupted = false;
    int status, signal_given = 0;
    enum end end = INERT;
    jumps++;
    if (stepping) {
        registers.eflags |= 1UL << 8;
    }
    MUST(ptrace(PTRACE_SETREGS, child, 0, &registers));
    for (int stops = 0;; stops++) {
        MUST(ptrace(PTRACE_SYSCALL, child, 0, signal_given));
        signal_given = 0;
        if (!next_stop(&status)) {
            deaths++;
            end = DEAD;
            break;
        }
        MUST(ptrace(PTRACE_GETREGS, child, 0, &registers));
        bool interrupted = status >> 16 != 0;
        if (interrupted && in_text(registers.rip)) {
            /* What rights it has on its way says nothing. Who is late goes on; a loop ends here. */
            if (!was_interrupted) {
                was_interrupted = true;
                continue;
            }
            drop_child();
            deaths++;
            end = DEAD;
            break;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            end = LIVE;
            in_call = !in_call;
            if (in_call) {
                judge_call(set, to, &registers, passed_on);
            }
        } else if (!in_text(registers.rip) || interrupted) {
            bool at_home = registers.rip == shown.landing + 1 ||
                           registers.rip == shown.handler + 1 || !passed_on || interrupted;
            if (at_home && rights() != PKRU_PROGRAM && !(interrupted && passed_on)) {
                hole(set, to, "control comes out with the rights", rights());
            }
            end = in_text(registers.rip) ? INERT : LIVE;
            landings++;
            if (at_home) {
                break;
            }
            signal_given = WSTOPSIG(status);
        } else if (!passed_on) {
            break;
        } else {
            signal_given = WSTOPSIG(status);
        }
        if (stops > STOPS_MAX) {
            drop_child();
            end = DEAD;
            break;
        }
    }
    if (end != DEAD && rights() != PKRU_PROGRAM) {
        struct iovec vector = {ready_xstate, xstate_size};
        MUST(ptrace(PTRACE_SETREGSET, child, NT_X86_XSTATE_NOTE, &vector));
        CHECK_EQ(rights(), PKRU_PROGRAM, "the program's rights again");
    }
    if (end == DEAD) {
        take_child();
    }
    return end;
}

static bool near_gates(uint64_t at)
{
    return (at >= shown.gates.start && at < shown.gates.end) || at >= shown.last_calls;
}

/*
 * A part of the text without a trace in the monitor's memory. Those that reach the monitor by its
 * gates may change it, and are left out when it is compared.
 */
static void jump_through(enum set set, uint64_t from, uint64_t to, unsigned stride)
{
    static bool live[BATCH];
    memset(live, 0, sizeof live);
    for (bool again = true; again;) {
        again = false;
        size_t size = read_kept(memory_before);
        for (uint64_t at = from + 2 * (unsigned)set % stride; at < to; at += stride) {
            if (live[at - from]) {
                continue;
            }
            long calls_before = calls;
            enum end end = jump(set, at, false, false);
            if (end == DEAD || calls != calls_before || (end == LIVE && near_gates(at))) {
                live[at - from] = again = true;
            }
        }
        if (!again &&
            (read_kept(memory_now) != size || memcmp(memory_before, memory_now, size) != 0)) {
            hole(set, from, "the monitor's memory changed by the jumps up to", to);
        }
    }
}

static void say_counts(enum set set, const char *part, long long began)
{
    say("registers %d, %s: %ld jumps, %ld landings, %ld calls, %ld ends, %lld ms\n", (int)set, part,
        jumps, landings, calls, deaths, (monotonic_ns() - began) / 1000000);
}

static void try_set(enum set set, char **argv, bool full)
{
    const struct itimerval often = {{0, 200000}, {0, 200000}};
    const struct sigaction action = {.sa_handler = on_alarm};
    long long began = monotonic_ns();
    start_server(argv[1], argv[0]);
    MUST(sigaction(SIGALRM, &action, NULL));
    MUST(setitimer(ITIMER_REAL, &often, NULL));
    take_child();
    for (uint64_t at = shown.text.start; at < shown.text.end; at += BATCH) {
        jump_through(set, at, at + BATCH,
                     full || near_gates(at) || near_gates(at + BATCH) ? 1 : 16);
    }
    say_counts(set, "taken back", began);
    for (uint64_t at = shown.text.start; at < shown.text.end; at++) {
        unsigned stride = near_gates(at) ? (full ? 1 : 4) : (full ? 16 : 256);
        if ((at + set) % stride == 0) {
            jump(set, at, true, false);
        }
        if (near_gates(at) && (at + set) % stride == stride / 2) {
            jump(set, at, true, true);
        }
    }
    say_counts(set, "passed on", began);
}

int main(int argc, char **argv)
{
    uint32_t size, c, d;
    if (under_monitor()) {
        be_traced();
    }
    CHECK(argc == 2, "usage: every_byte ENDORUN");
    if (!__get_cpuid_count(0xd, 9, &size, &pkru_offset, &c, &d) || size == 0) {
        say("SKIPPED: needs protection keys, and runs in the emulated machine\n");
        return 77;
    }
    const char *setting = getenv("ENDORUN_TEST_FULL");
    bool full = setting != NULL && strcmp(setting, "1") == 0;
    int failed = 0, status;
    for (enum set set = 0; set < SETS; set++) {
        if (MUST(fork()) == 0) {
            try_set(set, argv, full);
            _exit(0);
        }
    }
    while (wait(&status) > 0) {
        failed += status != 0;
    }
    return failed != 0;
}
