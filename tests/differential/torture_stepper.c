/*
 * torture_stepper COMMAND [ARG]...
 *
 * The native tracer of the signal torture: runs a command (torture, or endorun torture) and sends
 * it a signal at each single instruction of each of its scenes, whatever code that instruction
 * belongs to: the program's, a stub's, a gate's, a signal entry's. Only whether all is right is
 * printed: how many instructions there are differs.
 *
 * A scene is stepped from its start marker to its end marker. Where the program stands at an
 * instruction that had no signal yet, one is sent; then a hardware breakpoint is set at that
 * instruction, and the program let go: it comes back there when the handler has returned, or at
 * once when the signal has to wait. An instruction is known by RIP and RSP, and the first few times
 * that it comes by (in a loop, or in one call after another) count each. What can't be had in one
 * round is had in the next: the second time of an instruction, too many signals waiting, or a call
 * that went on elsewhere, since it was interrupted.
 *
 * Where the kernel keeps the signal back, since its handler or a monitor runs, the instruction has
 * not been tried in earnest. So there are rounds more for those shortly before a system call or the
 * way back into the program: once, in whatever scene, a signal must have got in there.
 *
 * That is no trial of what the monitor does with such signals kept back. For that each scene is
 * played again with one that the kernel is never told to block, at those same instructions. A
 * second one would be lost while one waits, so only one is sent at a time: alone, and once more
 * with a companion of the other kind at the instruction before.
 *
 * With TORTURE_SHARE=N only each N-th instruction is tried, once, of all scenes; which they are
 * depends on where the programs were mapped, so it is another share in each run. Nor are there more
 * rounds than it takes to come by each once: what takes the time is stepping through a scene again.
 * For the emulated machine, where all of them take hours.
 *
 * The program speaks by `int3` with a word in RAX (torture.c), so that no system call is in the
 * way.
 */
#include "common.h"
#include "torture.h"
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define INSTRUCTIONS 65536 /* of one scene, a power of two */
#define TIMES        4     /* that each is signalled at */
#define EDGE         16    /* instructions */
#define STEPS        60000 /* of one round; then it runs on alone: a wait that is always interrupted */
#define WAITING      200 /* signals at once, when none of them is let in */
#define ROUNDS       2000

static pid_t child;
static int torture_signal; /* in the scene that is played */
static unsigned share = 1; /* one in so many instructions is tried */
static unsigned offset;    /* another share, where a scene has nothing in this one */

struct instruction {
    unsigned long long rip, rsp;
    unsigned signalled; /* a bit for each time that the signal got in; or ALONE... */
    bool near_edge;     /* a system call or the program's own text follows soon */
    bool call, own;     /* `syscall` stands there; in the program's own text */
    int round, times;   /* that it came by in this round */
    bool sent;          /* in this round */
    struct instruction *next;
};
static struct instruction instructions[INSTRUCTIONS];

enum { ALONE = 1, COMPANION_SENT = 2, ACCOMPANIED = 4 };

enum stop { STEPPED, MARKED, BREAKPOINT, SIGNALLED };

static struct user_regs_struct registers(void)
{
    struct user_regs_struct registers;
    MUST(ptrace(PTRACE_GETREGS, child, NULL, &registers));
    return registers;
}

static long read_word(unsigned long long address)
{
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, child, (void *)address, NULL);
    CHECK(errno == 0, "reading at 0x%llx: %s", address, strerror(errno));
    return word;
}

/* Debug register 0: an instruction's address, or none. */
static void set_breakpoint(unsigned long long address)
{
    size_t registers_at = offsetof(struct user, u_debugreg);
    MUST(ptrace(PTRACE_POKEUSER, child, registers_at + 7 * 8, NULL));
    if (address) {
        MUST(ptrace(PTRACE_POKEUSER, child, registers_at, (void *)address));
        MUST(ptrace(PTRACE_POKEUSER, child, registers_at + 7 * 8, (void *)1L));
    }
}

/* Waits for the next stop; the end of the program is the end of the test. */
static enum stop next_stop(int *signo)
{
    int status;
    CHECK_EQ(MUST(waitpid(child, &status, __WALL)), child, "waitpid");
    if (!WIFSTOPPED(status)) {
        say("ended: %s\n", ending(status));
        exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    *signo = status >> 16 ? 0 : WSTOPSIG(status); /* an exec on the way to the program: no signal */
    if (*signo != SIGTRAP) {
        return SIGNALLED;
    }
    siginfo_t info;
    MUST(ptrace(PTRACE_GETSIGINFO, child, NULL, &info));
    if (info.si_code == SI_KERNEL && (registers().rax & MARKER_MASK) == MARKER_MAGIC) {
        return MARKED;
    }
    *signo = info.si_code == SI_KERNEL || info.si_code <= 0 ? SIGTRAP : 0;
    return *signo ? SIGNALLED : info.si_code == TRAP_HWBKPT ? BREAKPOINT : STEPPED;
}

/* One instruction; signals of the program's own are delivered on the way. */
/*
 * Tracer and program wake each other without end, on one processor. Under Linux 6.18 the kernel's
 * own workers there then get no turn for minutes, and who waits for them (as sealing a memfd does)
 * hangs: now and then the processor has nothing to do.
 */
static void give_way(void)
{
    static unsigned long steps;
    if (++steps % 512 == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

static enum stop step(void)
{
    int signo = 0;
    give_way();
    enum stop stop;
    do {
        MUST(ptrace(PTRACE_SINGLESTEP, child, NULL, (void *)(long)signo));
        stop = next_stop(&signo);
    } while (stop == SIGNALLED);
    return stop;
}

static enum stop go_on(void)
{
    int signo = 0;
    enum stop stop;
    do {
        MUST(ptrace(PTRACE_CONT, child, NULL, (void *)(long)signo));
        stop = next_stop(&signo);
    } while (stop == SIGNALLED || stop == STEPPED);
    return stop;
}

/* In the kernel's mask, whatever the program's is. */
static bool is_blocked(int signo)
{
    uint64_t mask;
    MUST(ptrace(PTRACE_GETSIGMASK, child, (void *)sizeof mask, &mask));
    return (mask & SIGNAL_BIT(signo)) != 0;
}

/* Instructions, of all scenes, at which a signal was not kept back. */
static unsigned long long open_at[INSTRUCTIONS];

static unsigned long long *find_open(unsigned long long rip)
{
    unsigned long long hash = rip * 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < INSTRUCTIONS; i++) {
        unsigned long long *entry = &open_at[((hash >> 40) + i) & (INSTRUCTIONS - 1)];
        if (*entry == 0 || *entry == rip) {
            return entry;
        }
    }
    CHECK(false, "scenes of more than %d instructions", INSTRUCTIONS);
}

/* What was stepped over last, the newest at steps % EDGE. */
static struct instruction *last[EDGE];

/* Of the program. */
static unsigned long long text_start, text_end;

/* Whether `syscall` stands there, behind whatever prefixes. */
static bool is_call(unsigned long long rip)
{
    unsigned long bytes = (unsigned long)read_word(rip);
    for (int i = 0; i < 6; i++, bytes >>= 8) {
        unsigned first = bytes & 0xff;
        if ((first & 0xf0) != 0x40 && first != 0x66 && first != 0xf2 && first != 0xf3 &&
            first != 0x2e) {
            break;
        }
    }
    return (bytes & 0xffff) == 0x050f;
}

/* Notes this instruction, and what it is the edge of for those before it. */
static void note_instruction(struct instruction *here, int steps)
{
    struct instruction *before = steps ? last[(steps - 1) % EDGE] : NULL;
    last[steps % EDGE] = here;
    if (here->call || (before && here->own && !before->own)) {
        for (int i = 0; i < EDGE && i <= steps; i++) {
            last[(steps - i) % EDGE]->near_edge = true;
        }
    }
}

static void send_signal(int signo, int value)
{
    int info[32] = {signo, 0, SI_QUEUE, 0, getpid(), (int)getuid(), value};
    CHECK_EQ(raw(SYS_rt_tgsigqueueinfo, child, child, signo, info), 0, "sending");
}

/* Lets a signal in, and comes back to where it was sent; MARKED when the scene ended instead. */
static enum stop let_in(const struct user_regs_struct *at)
{
    for (;;) {
        set_breakpoint(at->rip);
        enum stop stop = go_on();
        set_breakpoint(0);
        /* the handler may come by here as well, on another stack pointer */
        if (stop == MARKED || registers().rsp == at->rsp) {
            return stop;
        }
        stop = step();
        if (stop == MARKED) {
            return stop;
        }
    }
}

/* The rest of a repeated string instruction at once; any other is a step. */
static enum stop pass(const struct user_regs_struct *at)
{
    unsigned long bytes = (unsigned long)read_word(at->rip);
    unsigned length = (bytes >> 8 & 0xff) == 0x48 ? 3 : 2; /* REX.W */
    unsigned opcode = bytes >> (8 * length - 8) & 0xff;
    bool moves_or_stores = (opcode & 0xfe) == 0xa4 || (opcode & 0xfe) == 0xaa;
    if ((bytes & 0xff) != 0xf3 || !moves_or_stores) {
        return step();
    }
    set_breakpoint(at->rip + length);
    enum stop stop = go_on();
    set_breakpoint(0);
    return stop;
}

static struct instruction *find_instruction(const struct user_regs_struct *at, int round)
{
    unsigned long long hash = (at->rip * 31 + at->rsp) * 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < INSTRUCTIONS; i++) {
        struct instruction *entry = &instructions[((hash >> 40) + i) & (INSTRUCTIONS - 1)];
        if (entry->rip == 0) {
            *entry = (struct instruction){
                .rip = at->rip,
                .rsp = at->rsp,
                .round = -1,
                .call = is_call(at->rip),
                .own = at->rip >= text_start && at->rip < text_end,
            };
        }
        if (entry->rip == at->rip && entry->rsp == at->rsp) {
            if (entry->round != round) {
                entry->round = round;
                entry->times = 0;
                entry->sent = false;
            }
            return entry;
        }
    }
    CHECK(false, "a scene of more than %d instructions", INSTRUCTIONS);
}

static bool is_in_share(const struct instruction *here)
{
    return ((here->rip * 0x9e3779b97f4a7c15 >> 40) + offset) % share == 0;
}

/* Whether a signal is to be sent here: `bit` for the time that the instruction comes by. */
static bool is_wanted(const struct instruction *here, unsigned bit, bool edges)
{
    if (!is_in_share(here)) {
        return false;
    }
    if (torture_signal == TORTURE_SIGNAL_HELD) {
        return here->near_edge && !(here->signalled & bit) && !is_blocked(torture_signal);
    }
    return edges ? here->near_edge && *find_open(here->rip) == 0 && !is_blocked(torture_signal)
                 : bit && !(here->signalled & bit) && !here->sent;
}

/* Whether the companion is to be sent here, for what follows. */
static bool precedes_wanted(const struct instruction *here)
{
    const struct instruction *next = here->next;
    return torture_signal == TORTURE_SIGNAL_HELD && next && next->near_edge && is_in_share(next) &&
           next->signalled == ALONE && !is_blocked(TORTURE_COMPANION);
}

/*
 * One round, from behind the start marker to the end marker: for all instructions, or the edges.
 * Gives the number of signals sent, companions apart.
 */
static int play(unsigned long long scene, int round, bool edges, int *steps, int *companions)
{
    int sent = *companions = 0;
    bool held = torture_signal == TORTURE_SIGNAL_HELD;
    bool accompanied = false;
    struct instruction *before = NULL;
    enum stop stop = step();
    for (*steps = 0; stop != MARKED; ++*steps) {
        if (*steps == STEPS) {
            CHECK_EQ(go_on(), MARKED, "a scene's end");
            break;
        }
        struct user_regs_struct at = registers();
        struct instruction *here = find_instruction(&at, round);
        unsigned bit = held                  ? (accompanied ? ACCOMPANIED : ALONE)
                       : here->times < TIMES ? 1U << here->times
                                             : 0;
        here->times++;
        note_instruction(here, *steps);
        bool wanted = is_wanted(here, bit, edges);
        bool precedes = !wanted && precedes_wanted(here);
        /* a look at the program's memory costs as much as the step */
        long waiting = !wanted && !precedes
                           ? 0
                           : sent - read_word(scene + offsetof(struct torture_scene, handled));
        if (waiting == WAITING) {
            /* Each is three hundred instructions on its way, and none of them is due a signal now.
             */
            CHECK_EQ(go_on(), MARKED, "a scene's end");
            break;
        }
        bool send = wanted && (waiting == 0 || !held);
        if (before) {
            before->next = here;
        }
        before = here;
        accompanied = precedes && waiting == 0;
        if (send || accompanied) {
            if (!held && !is_blocked(torture_signal)) {
                *find_open(at.rip) = at.rip;
            }
            if (accompanied) {
                here->next->signalled |= COMPANION_SENT; /* once, wherever it leads */
                send_signal(TORTURE_COMPANION, 0);
                ++*companions;
            } else {
                here->signalled |= bit;
                here->sent = true;
                send_signal(torture_signal, sent++);
            }
            stop = let_in(&at);
            if (stop == MARKED) {
                break;
            }
        }
        stop = here->times > TIMES ? pass(&at) : step();
    }
    return sent;
}

/* With a share: what is at an edge is known after one round, and a companion's place after two. */
static int rounds_of_share(bool edges)
{
    return torture_signal == TORTURE_SIGNAL_HELD && !edges ? 3 : 1;
}

static void torture_scene(unsigned long long scene)
{
    char name[64];
    for (size_t i = 0; i < sizeof name; i += 8) {
        long word = read_word(scene + i);
        memcpy(name + i, &word, 8);
    }
    torture_signal = (int)read_word(scene + offsetof(struct torture_scene, signal));
    text_start = (unsigned long long)read_word(scene + offsetof(struct torture_scene, text_start));
    text_end = (unsigned long long)read_word(scene + offsetof(struct torture_scene, text_end));
    memset(instructions, 0, sizeof instructions);
    int total = 0, steps = 0, round = 0, phase_began = 0, companions;
    bool more = true;
    offset = 0;
    for (bool edges = false; more; round++) {
        CHECK(round < ROUNDS, "%s: a round more and more", name);
        int sent = play(scene, round, edges, &steps, &companions);
        total += sent;
        CHECK_EQ(registers().rax, MARKER_END, name);
        CHECK_EQ(read_word(scene + offsetof(struct torture_scene, handled)), sent, name);
        struct user_regs_struct now = registers();
        bool is_enough = share > 1 && round + 1 - phase_began >= rounds_of_share(edges);
        more = (!is_enough && (sent || companions)) || !edges;
        if (!edges && (is_enough || !sent)) {
            edges = true;
            phase_began = round + 1;
        }
        if (!more && total == 0 && ++offset < share) {
            more = true;
            edges = false;
            phase_began = round + 1;
        }
        now.rax = more;
        MUST(ptrace(PTRACE_SETREGS, child, NULL, &now));
        if (more) {
            CHECK_EQ(go_on(), MARKED, name);
            CHECK_EQ(registers().rax, MARKER_START, name);
        }
    }
    CHECK(total >= (share == 1 ? 5 : 1), "%s: only %d signals", name, total);
    if (getenv("TORTURE_COUNTS")) {
        dprintf(STDERR_FILENO, "%s: %d signals in %d rounds, the last of %d instructions\n", name,
                total, round, steps);
    }
    say("%s: right at each instruction%s\n", name, share == 1 ? "" : " of the share");
}

/* Tracer and program alternate: on one processor a step is cheaper. */
static void stay_on_one_cpu(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    MUST(sched_setaffinity(0, sizeof set, &set));
}

int main(int argc, char **argv)
{
    int status;
    CHECK(argc >= 2, "usage: torture_stepper COMMAND [ARG]...");
    if (getenv("TORTURE_SHARE") != NULL) {
        share = (unsigned)atoi(getenv("TORTURE_SHARE"));
        CHECK(share >= 1, "TORTURE_SHARE is no positive number");
    }
    stay_on_one_cpu();
    child = MUST(fork());
    if (child == 0) {
        MUST(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        raw(SYS_kill, getpid(), SIGSTOP);
        execv(argv[1], argv + 1);
        CHECK(false, "%s: %s", argv[1], strerror(errno));
    }
    CHECK_EQ(MUST(waitpid(child, &status, __WALL)), child, "waitpid");
    MUST(ptrace(PTRACE_SETOPTIONS, child, NULL,
                (void *)(long)(PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC)));
    for (;;) {
        CHECK_EQ(go_on(), MARKED, "a scene");
        CHECK_EQ(registers().rax, MARKER_START, "a scene's start");
        torture_scene(registers().rsi);
    }
}
