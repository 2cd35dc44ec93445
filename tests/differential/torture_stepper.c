/*
 * torture_stepper COMMAND [ARG]...
 *
 * The native tracer of the signal torture: runs a command (torture, or endorun torture) and sends it
 * one signal at each single instruction of each of its scenes, whatever code that instruction belongs
 * to: the program's, a stub's, a gate's, a signal entry's. In each round the scene is entered anew,
 * stepped to the next instruction, signalled there, and let go; at its end the signal must have been
 * handled once. Only whether all is right is printed: how many instructions there are differs.
 *
 * The program talks to its tracer by `int3` with a word in RAX (torture.c), so that no system call is
 * in the way.
 */
#include "common.h"
#include "torture.h"
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/user.h>

/* Long scenes are signalled at every instruction so far, then at every STRIDE-th. */
#define DENSE  1500
#define STRIDE 7
#define SPARSE 12000

static pid_t child;

static struct user_regs_struct registers(void)
{
    struct user_regs_struct registers;
    MUST(ptrace(PTRACE_GETREGS, child, NULL, &registers));
    return registers;
}

/* Goes on with a signal, and gives the next stop's signal; ends when the child does. */
static int go_on(enum __ptrace_request how, int signo)
{
    int status;
    MUST(ptrace(how, child, NULL, (void *)(long)signo));
    for (;;) {
        CHECK_EQ(MUST(waitpid(child, &status, __WALL)), child, "waitpid");
        if (!WIFSTOPPED(status)) {
            say("ended: %s\n", ending(status));
            exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
        }
        if (status >> 16 == 0) {
            return WSTOPSIG(status);
        }
        MUST(ptrace(how, child, NULL, NULL)); /* an exec on the way to the program */
    }
}

/* Is this stop the `int3` of a marker? */
static bool is_marker(int signo)
{
    siginfo_t info;
    if (signo != SIGTRAP) {
        return false;
    }
    MUST(ptrace(PTRACE_GETSIGINFO, child, NULL, &info));
    if (info.si_code != SI_KERNEL) {
        return false;
    }
    struct user_regs_struct now = registers();
    return (now.rax & MARKER_MASK) == MARKER_MAGIC;
}

/* A stop that is a step is over; any other signal is the program's, and delivered. */
static int signal_to_pass(int signo)
{
    siginfo_t info;
    if (signo != SIGTRAP) {
        return signo;
    }
    MUST(ptrace(PTRACE_GETSIGINFO, child, NULL, &info));
    return info.si_code == SI_KERNEL || info.si_code <= 0 ? signo : 0;
}

static struct user_regs_struct run_to_marker(int signo)
{
    while (!is_marker(signo)) {
        signo = go_on(PTRACE_CONT, signal_to_pass(signo));
    }
    return registers();
}

static void answer(long value)
{
    struct user_regs_struct now = registers();
    now.rax = (unsigned long long)value;
    MUST(ptrace(PTRACE_SETREGS, child, NULL, &now));
}

static void read_memory(unsigned long long address, void *into, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, child, (void *)(address + i), NULL);
        CHECK(errno == 0, "reading at 0x%llx: %s", address, strerror(errno));
        memcpy((char *)into + i, &word, 8);
    }
}

static void send_signal(int value)
{
    int info[32] = {TORTURE_SIGNAL, 0, SI_QUEUE, 0, getpid(), (int)getuid(), value};
    CHECK_EQ(raw(SYS_rt_tgsigqueueinfo, child, child, TORTURE_SIGNAL, info), 0, "sending");
}

/* From the scene's start: steps, then a signal. Gives false when the scene's end came first. */
static bool signal_after(int steps, int *signo)
{
    *signo = go_on(PTRACE_SINGLESTEP, 0);
    for (int step = 0; step < steps; step++) {
        if (is_marker(*signo)) {
            return false;
        }
        *signo = go_on(PTRACE_SINGLESTEP, signal_to_pass(*signo));
    }
    if (is_marker(*signo)) {
        return false;
    }
    send_signal(steps);
    return true;
}

static void torture_scene(const char *name)
{
    int rounds = 0, signo;
    for (int steps = 0;; steps += steps < DENSE ? 1 : STRIDE) {
        bool sent = signal_after(steps, &signo);
        struct user_regs_struct end = run_to_marker(signo);
        CHECK_EQ(end.rax, MARKER_END, name);
        struct torture_count count;
        read_memory(end.rsi, &count, sizeof count);
        CHECK(count.handled == (sent ? 1 : 0), "%s: signal after %d steps handled %d times", name,
              steps, count.handled);
        CHECK(!sent || count.value == steps, "%s: value %d, sent %d", name, count.value, steps);
        rounds += sent;
        bool more = sent && steps < SPARSE;
        answer(more);
        if (!more) {
            break;
        }
        CHECK_EQ(run_to_marker(go_on(PTRACE_CONT, 0)).rax, MARKER_START, name);
    }
    CHECK(rounds >= 5, "%s: only %d rounds", name, rounds);
    say("%s: right at each instruction\n", name);
}

/* Tracer and program alternate: on one processor a step is several times cheaper. */
static void stay_on_one_cpu(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    MUST(sched_setaffinity(0, sizeof set, &set));
}

int main(int argc, char **argv)
{
    CHECK(argc >= 2, "usage: torture_stepper COMMAND [ARG]...");
    stay_on_one_cpu();
    child = MUST(fork());
    if (child == 0) {
        MUST(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        raw(SYS_kill, getpid(), SIGSTOP);
        execv(argv[1], argv + 1);
        CHECK(false, "%s: %s", argv[1], strerror(errno));
    }
    int status;
    CHECK_EQ(MUST(waitpid(child, &status, __WALL)), child, "waitpid");
    MUST(ptrace(PTRACE_SETOPTIONS, child, NULL,
                (void *)(long)(PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC)));
    int signo = go_on(PTRACE_CONT, 0);
    for (;;) {
        struct user_regs_struct now = run_to_marker(signo);
        CHECK_EQ(now.rax, MARKER_START, "a scene's start");
        char name[SCENE_NAME_BYTES];
        read_memory(now.rsi, name, sizeof name);
        torture_scene(name);
        signo = go_on(PTRACE_CONT, 0);
    }
}
