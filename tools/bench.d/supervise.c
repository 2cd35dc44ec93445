/*
 * bench_supervise MODE -- PROGRAM [ARG]...: what else can stand between a program and the kernel,
 * to compare with, each doing nothing but let the calls through:
 *
 *   allow        a seccomp filter that allows all
 *   notify       seccomp user notification: another process is asked about every call
 *   ptrace       a tracer that stops the program at the entry and the exit of every call
 *   give-filter  no supervision: PROGRAM finds a seccomp filter to apply at descriptor 9, for bwrap
 *
 * Children, threads and what they execute are under the same. It ends with PROGRAM's exit status or
 * signal, once all that PROGRAM has started has ended too: what is supervised can't do without it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_FAILURE 125
#define FILTER_FILE 9

/* Newer than the headers of Debian 12: Linux 6.6. */
#define NOTIFY_SET_FLAGS    _IOW('!', 4, __u64)
#define NOTIFY_SYNC_WAKE_UP 1UL

#define X32_BIT 0x40000000U

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define GIVE(value) BPF_STMT(BPF_RET | BPF_K, value)
#define GIVE_UNLESS(condition, operand, value)                                                     \
    BPF_JUMP(BPF_JMP | (condition) | BPF_K, operand, 1, 0), GIVE(value)
#define GIVE_IF(condition, operand, value)                                                         \
    BPF_JUMP(BPF_JMP | (condition) | BPF_K, operand, 0, 1), GIVE(value)
#define REFUSE(number) GIVE_IF(BPF_JEQ, number, SECCOMP_RET_ERRNO | EPERM)
#define ACCEPT(family) GIVE_IF(BPF_JEQ, family, SECCOMP_RET_ALLOW)

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_supervise: %s: %s\n", what, strerror(errno));
    exit(OWN_FAILURE);
}

static _Noreturn void execute(char **command)
{
    execvp(command[0], command);
    fail(command[0]);
}

/* Gives the listener, where `flags` ask for one. */
static int install(struct sock_filter *filter, unsigned short length, unsigned long flags)
{
    const struct sock_fprog program = {length, filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static _Noreturn void allow(char **command)
{
    struct sock_filter filter[] = {GIVE(SECCOMP_RET_ALLOW)};

    if (install(filter, 1, 0) != 0)
        fail("seccomp");
    execute(command);
}

/* The calls and families that the benchmark's policy denies (fixtures.bash). */
static _Noreturn void give_filter(char **command)
{
    const struct sock_filter filter[] = {
        LOAD(arch),
        GIVE_UNLESS(BPF_JEQ, AUDIT_ARCH_X86_64, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        GIVE_IF(BPF_JGE, X32_BIT, SECCOMP_RET_ERRNO | ENOSYS),
        REFUSE(SYS_init_module),
        REFUSE(SYS_finit_module),
        REFUSE(SYS_delete_module),
        REFUSE(SYS_ptrace),
        REFUSE(SYS_kexec_load),
        REFUSE(SYS_reboot),
        GIVE_UNLESS(BPF_JEQ, SYS_socket, SECCOMP_RET_ALLOW),
        LOAD(args[0]),
        ACCEPT(AF_UNIX),
        ACCEPT(AF_INET),
        ACCEPT(AF_INET6),
        GIVE(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
    };
    int file = memfd_create("filter", 0);

    if (file < 0 || write(file, filter, sizeof(filter)) != (ssize_t)sizeof(filter) ||
        lseek(file, 0, SEEK_SET) != 0 || dup2(file, FILTER_FILE) < 0)
        fail("the filter's file");
    if (file != FILTER_FILE)
        close(file);
    execute(command);
}

/* --- notify --------------------------------------------------------------------------------- */

/* In memory of both processes: no call can tell, each would wait for an answer. */
struct hand_over {
    volatile int done;
    volatile int listener; /* its descriptor, or -1 */
    volatile int error;
};

static _Noreturn void run_notified(char **command, struct hand_over *hand_over)
{
    struct sock_filter filter[] = {GIVE(SECCOMP_RET_USER_NOTIF)};
    const unsigned long listening = SECCOMP_FILTER_FLAG_NEW_LISTENER;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Linux 5.19: a signal does not make a call that is being answered start again. */
    int listener = install(filter, 1, listening | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    if (listener < 0 && errno == EINVAL)
        listener = install(filter, 1, listening);
    hand_over->error = errno;
    hand_over->listener = listener;
    hand_over->done = 1;
    if (listener < 0)
        _exit(OWN_FAILURE);
    execute(command);
}

static int take_listener(pid_t child, const struct hand_over *hand_over)
{
    while (!hand_over->done) {
        if (waitpid(child, NULL, WNOHANG) != 0)
            fail("the program's process ended");
        sched_yield();
    }
    errno = hand_over->error;
    if (hand_over->listener < 0)
        fail("seccomp user notification");
    /* The two take turns: an answer is to be followed by the program on the same CPU, where the
     * kernel can do that. */
    (void)ioctl(hand_over->listener, NOTIFY_SET_FLAGS, NOTIFY_SYNC_WAKE_UP);
    return hand_over->listener;
}

/* A call whose process was killed, or left it for a signal, is gone by then: ENOENT. */
static void *answer(void *argument)
{
    const int listener = *(int *)argument;

    for (;;) {
        struct seccomp_notif call = {0};
        struct seccomp_notif_resp response = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
            if (errno == EINTR || errno == ENOENT)
                continue;
            break; /* nobody is left to ask; the other thread is about to see that */
        }
        response.id = call.id;
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT)
            fail("SECCOMP_IOCTL_NOTIF_SEND");
    }
    return NULL;
}

static pid_t start_notified(char **command)
{
    static int listener; /* the thread's, as long as there is one */
    struct hand_over *hand_over =
        mmap(NULL, sizeof(*hand_over), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;

    /* Orphans are waited for too. */
    if (hand_over == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        fail("set up");
    /* A fork, but with one table of descriptors, in which the listener appears for both; exec gives
     * the program a copy without it. */
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        run_notified(command, hand_over);
    if (child < 0)
        fail("fork");
    listener = take_listener(child, hand_over);
    errno = pthread_create(&thread, NULL, answer, &listener);
    if (errno != 0)
        fail("pthread_create");
    return child;
}

/* --- ptrace --------------------------------------------------------------------------------- */

static pid_t start_traced(char **command)
{
    int gate[2];
    char byte = 0;

    if (pipe(gate) != 0)
        fail("pipe");
    pid_t child = fork();
    if (child == 0) {
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 1)
            _exit(OWN_FAILURE);
        close(gate[0]);
        execute(command);
    }
    if (child < 0)
        fail("fork");
    close(gate[0]);
    if (ptrace(PTRACE_SEIZE, child, NULL,
               (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                        PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) != 0 ||
        ptrace(PTRACE_INTERRUPT, child, NULL, NULL) != 0)
        fail("PTRACE_SEIZE");
    if (write(gate[1], &byte, 1) != 1)
        fail("write");
    close(gate[1]);
    return child;
}

static int stops_a_process(int signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* Only a signal that is on its way to the program goes on to it; a process that a signal stopped
 * stays so until it is continued. */
static void go_on(pid_t thread, int status)
{
    const int event = status >> 16, signal = WSTOPSIG(status);
    enum __ptrace_request request = PTRACE_SYSCALL;
    long delivered = 0;

    if (event == PTRACE_EVENT_STOP && stops_a_process(signal))
        request = PTRACE_LISTEN;
    else if (event == 0 && signal != (SIGTRAP | 0x80))
        delivered = signal;
    /* ESRCH: it was killed in the meantime, and the next wait tells. */
    if (ptrace(request, thread, NULL, (void *)delivered) != 0 && errno != ESRCH)
        fail("ptrace");
}

/* --- the end -------------------------------------------------------------------------------- */

/* Gives the wait status of `child`, when nobody else is left either. Only traced ones stop here. */
static int wait_for_all(pid_t child)
{
    int status, last = OWN_FAILURE << 8;
    pid_t process;

    while ((process = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (process > 0 && WIFSTOPPED(status))
            go_on(process, status);
        else if (process == child)
            last = status;
    }
    return last;
}

static int end_like(int status)
{
    static const struct rlimit no_core;
    sigset_t set;

    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    setrlimit(RLIMIT_CORE, &no_core); /* the program has left its own */
    signal(WTERMSIG(status), SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, WTERMSIG(status));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[2], "--") == 0) {
        char **command = argv + 3;

        if (strcmp(argv[1], "allow") == 0)
            allow(command);
        if (strcmp(argv[1], "give-filter") == 0)
            give_filter(command);
        if (strcmp(argv[1], "notify") == 0)
            return end_like(wait_for_all(start_notified(command)));
        if (strcmp(argv[1], "ptrace") == 0)
            return end_like(wait_for_all(start_traced(command)));
    }
    fputs("usage: bench_supervise allow|notify|ptrace|give-filter -- PROGRAM [ARG]...\n", stderr);
    return OWN_FAILURE;
}
