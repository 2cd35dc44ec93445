/*
 * bench_count COMMAND [ARG]...: counts by single steps what a call costs, where no clock would
 * tell: in an emulated machine. The command runs bench_counted, which marks its calls by `int3`.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 512

struct cost {
    unsigned long instructions; /* from the one that leaves the program to the one that returns */
    unsigned long entries;      /* into the kernel: system calls, signals, page faults */
};

static pid_t child;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_count: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct user_regs_struct registers(void)
{
    struct user_regs_struct registers;

    if (ptrace(PTRACE_GETREGS, child, NULL, &registers) != 0)
        fail("PTRACE_GETREGS");
    return registers;
}

static unsigned long page_faults(void)
{
    char path[64], line[1024];
    unsigned long faults = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", child);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof(line), file) ||
        sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %lu", &faults) != 1)
        fail(path);
    fclose(file);
    return faults;
}

/* Lets it go on until its next stop, and gives the signal of that; the program's end is ours. */
static int go_on(enum __ptrace_request how, int signal)
{
    int status;

    if (ptrace(how, child, NULL, (void *)(long)signal) != 0)
        fail("ptrace");
    if (waitpid(child, &status, __WALL) != child)
        fail("waitpid");
    if (WIFSTOPPED(status))
        return WSTOPSIG(status);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench_count: the program ended with wait status 0x%x\n", status);
        exit(1);
    }
    return 0;
}

static int is_mark(int signal)
{
    siginfo_t info;

    if (signal != SIGTRAP)
        return 0;
    if (ptrace(PTRACE_GETSIGINFO, child, NULL, &info) != 0)
        fail("PTRACE_GETSIGINFO");
    return info.si_code == SI_KERNEL;
}

static int at_syscall(void)
{
    errno = 0;
    long bytes = ptrace(PTRACE_PEEKTEXT, child, (void *)registers().rip, NULL);

    return errno == 0 && (bytes & 0xffff) == 0x050f;
}

/* From one mark to the next. */
static struct cost count(void)
{
    struct cost cost = {0, 0};
    unsigned long faults = page_faults();

    for (int signal = 0;;) {
        int enters = signal == 0 && at_syscall();

        signal = go_on(PTRACE_SINGLESTEP, signal);
        if (signal == 0)
            fail("the program ended in a call");
        if (is_mark(signal))
            break;
        cost.entries += (unsigned long)(enters || signal != SIGTRAP);
        cost.instructions += signal == SIGTRAP;
        if (signal == SIGTRAP)
            signal = 0;
    }
    cost.entries += page_faults() - faults;
    return cost;
}

int main(int argc, char **argv)
{
    static struct cost costs[CALLS];
    int signal = 0;

    if (argc < 2) {
        fputs("usage: bench_count COMMAND [ARG]...\n", stderr);
        return 2;
    }
    child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            fail("PTRACE_TRACEME");
        execv(argv[1], argv + 1);
        fail(argv[1]);
    }
    if (child < 0 || waitpid(child, NULL, __WALL) != child)
        fail("fork");
    while ((signal = go_on(PTRACE_CONT, signal)) != 0) {
        if (is_mark(signal)) {
            unsigned long number = registers().rax;

            if (number != SYS_exit_group)
                costs[number % CALLS] = count();
        }
        if (signal == SIGTRAP) /* a mark, or an exec on the way to the program */
            signal = 0;
    }
    if (costs[SYS_munmap].instructions == 0) {
        fputs("bench_count: no call was marked\n", stderr);
        return 1;
    }
    printf("path_getppid %lu\n", costs[SYS_getppid].instructions);
    printf("path_clock_gettime %lu\n", costs[SYS_clock_gettime].instructions);
    printf("path_mmap_1m %lu\n", costs[SYS_mmap].instructions + costs[SYS_munmap].instructions);
    printf("entries_mmap_1m %lu entries lower\n",
           costs[SYS_mmap].entries + costs[SYS_munmap].entries);
    return 0;
}
