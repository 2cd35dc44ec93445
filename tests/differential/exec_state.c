/*
 * What a process keeps across exec and what it loses. One process sets everything, executes itself,
 * and looks; what is waiting for it (pending signals, timers, children, locks) must still be there.
 */
#include "common.h"
#include <sched.h>
#include <sys/file.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

static void handler(int signo)
{
    (void)signo;
}

static int keep_fd, lose_fd, lock_fd, range_fd;

#define CHILD_FD 100 /* the child made before the exec ends when it is closed */

static void set_descriptors(void)
{
    keep_fd = MUST(fcntl(MUST(open("kept", O_RDWR | O_CREAT, 0600)), F_DUPFD, 20));
    lose_fd = MUST(fcntl(keep_fd, F_DUPFD_CLOEXEC, 30));
    lock_fd = MUST(fcntl(MUST(open("kept", O_RDWR)), F_DUPFD, 40));
    range_fd = MUST(fcntl(keep_fd, F_DUPFD, 50));
    MUST(flock(lock_fd, LOCK_EX));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    MUST(fcntl(keep_fd, F_SETLK, &lock));
    CHECK_EQ(write(keep_fd, "0123456789", 10), 10, "write");
    MUST(lseek(keep_fd, 4, SEEK_SET));
    CHECK_EQ(raw(SYS_close_range, 50, 60, 4 /* CLOSE_RANGE_CLOEXEC */), 0, "close_range");
}

static void set_limits(void)
{
    struct rlimit limit = {1234, 2345};
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    limit = (struct rlimit){4 << 20, 16 << 20};
    MUST(setrlimit(RLIMIT_STACK, &limit));
    limit = (struct rlimit){1000, 2000};
    MUST(setrlimit(RLIMIT_MSGQUEUE, &limit));
    MUST(setpriority(PRIO_PROCESS, 0, 7));
    struct sched_param parameter = {.sched_priority = 0};
    CHECK_EQ(raw(SYS_sched_setscheduler, 0, SCHED_BATCH, &parameter), 0, "sched_setscheduler");
    umask(037);
    MUST(mkdir("inside", 0700));
    MUST(chdir("inside"));
    MUST(personality(ADDR_NO_RANDOMIZE));
    int fd = MUST(open("/proc/self/oom_score_adj", O_WRONLY));
    CHECK_EQ(write(fd, "321", 3), 3, "oom_score_adj");
    close(fd);
}

static void set_signals(void)
{
    disposition(SIGUSR1, handler);
    disposition(SIGSEGV, handler);
    disposition(SIGTERM, SIG_IGN);
    disposition(SIGSYS, SIG_IGN);
    raw_action(62, &(struct kernel_sigaction){SIG_IGN, SA_RESTART, NULL, 0x50}, NULL);
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGCHLD) |
                              SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(50) | SIGNAL_BIT(SIGTRAP));
    raw(SYS_kill, getpid(), SIGUSR1);
    raw(SYS_tkill, raw_tid(), SIGSEGV);
    raw(SYS_tkill, raw_tid(), SIGTRAP);
    for (int i = 0; i < 5; i++) {
        MUST(sigqueue(getpid(), 50, (union sigval){.sival_int = 100 + i}));
    }
    stack_t stack = {.ss_sp = map_pages(65536, PROT_READ | PROT_WRITE), .ss_size = 65536};
    MUST(sigaltstack(&stack, NULL));
}

static void set_timers(void)
{
    struct itimerval real = {{5, 0}, {500, 0}}, virtual = {{0, 0}, {600, 0}};
    MUST(setitimer(ITIMER_REAL, &real, NULL));
    MUST(setitimer(ITIMER_VIRTUAL, &virtual, NULL));
    struct kernel_sigevent event = {.signo = 51, .notify = SIGEV_SIGNAL};
    int timer;
    CHECK_EQ(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0, "timer_create");
    struct itimerspec late = {.it_value = {500, 0}};
    CHECK_EQ(raw(SYS_timer_settime, timer, 0, &late, NULL), 0, "timer_settime");
}

static void set_process(void)
{
    MUST(prctl(PR_SET_NAME, "renamed"));
    MUST(prctl(PR_SET_PDEATHSIG, SIGUSR2));
    MUST(prctl(PR_SET_DUMPABLE, 0));
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    MUST(prctl(PR_SET_TIMERSLACK, 77777));
    MUST(prctl(PR_SET_KEEPCAPS, 1));
}

/* ---------------------------------------------------------------- after exec */

static void look_at_descriptors(void)
{
    for (int fd = 20; fd < 64; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            say("descriptor %d: offset %ld, flags %d\n", fd, (long)lseek(fd, 0, SEEK_CUR),
                fcntl(fd, F_GETFD));
        }
    }
    pid_t pid = MUST(fork());
    if (pid == 0) {
        int fd = MUST(open("../kept", O_RDWR));
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        MUST(fcntl(fd, F_GETLK, &lock));
        say("locks: flock %s, record lock %s\n", flock(fd, LOCK_EX | LOCK_NB) ? "held" : "gone",
            lock.l_type == F_UNLCK    ? "gone"
            : lock.l_pid == getppid() ? "held"
                                      : "of another");
        _exit(0);
    }
    wait_for(pid);
}

static void look_at_limits(void)
{
    struct rlimit limit;
    static const int limits[] = {RLIMIT_NOFILE, RLIMIT_STACK, RLIMIT_MSGQUEUE};
    for (int i = 0; i < 3; i++) {
        MUST(getrlimit((__typeof__(RLIMIT_MSGQUEUE))limits[i], &limit));
        say("limit %d: %lu %lu\n", limits[i], (unsigned long)limit.rlim_cur,
            (unsigned long)limit.rlim_max);
    }
    char cwd[4096], text[32] = "";
    CHECK(getcwd(cwd, sizeof cwd), "getcwd");
    int fd = MUST(open("/proc/self/oom_score_adj", O_RDONLY));
    CHECK(read(fd, text, sizeof text - 1) > 0, "oom_score_adj");
    close(fd);
    say("priority %d scheduler %d umask %03o directory %s personality 0x%x oom_score_adj %s",
        getpriority(PRIO_PROCESS, 0), (int)raw(SYS_sched_getscheduler, 0), (unsigned)umask(022),
        strrchr(cwd, '/'), (unsigned)personality(0xffffffff), text);
}

static void look_at_signals(void)
{
    say("mask 0x%llx pending 0x%llx\n", (unsigned long long)current_mask(),
        (unsigned long long)pending_signals());
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        struct kernel_sigaction action;
        raw_action(signo, NULL, &action);
        if (signo == 32 || signo == 33) {
            continue; /* inherited from whoever runs the tests */
        }
        if (action.handler || action.flags || action.mask || action.restorer) {
            say("action %d: handler %p flags 0x%lx mask 0x%llx\n", signo, action.handler,
                action.flags, (unsigned long long)action.mask);
        }
    }
    stack_t stack;
    MUST(sigaltstack(NULL, &stack));
    say("alternate stack: flags %d size %zu\n", stack.ss_flags, stack.ss_size);
    siginfo_t info;
    uint64_t all = ~0ULL & ~SIGNAL_BIT(SIGCHLD);
    for (long signo;
         (signo = raw(SYS_rt_sigtimedwait, &all, &info, (&(struct timespec){0, 0}), 8)) > 0;) {
        say("waiting: %ld code %d value %d\n", signo, info.si_code,
            info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
        CHECK_EQ(info.si_pid, getpid(), "si_pid");
    }
}

static void look_at_timers(void)
{
    struct itimerval left;
    static const int which[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
    for (int i = 0; i < 3; i++) {
        MUST(getitimer((__typeof__(ITIMER_REAL))which[i], &left));
        say("timer %d: %s, interval %ld\n", which[i], left.it_value.tv_sec > 300 ? "runs" : "off",
            (long)left.it_interval.tv_sec);
    }
    struct itimerspec value;
    say("timer_create's: %s\n",
        raw(SYS_timer_gettime, 0, &value) == -EINVAL ? "deleted" : "still there");
}

static void look_at_process(pid_t child)
{
    char name[32] = "";
    int death_signal = -1, subreaper = -1;
    MUST(prctl(PR_GET_NAME, name));
    MUST(prctl(PR_GET_PDEATHSIG, &death_signal));
    MUST(prctl(PR_GET_CHILD_SUBREAPER, &subreaper));
    say("name %s death signal %d dumpable %d subreaper %d slack %d keepcaps %d\n", name,
        death_signal, prctl(PR_GET_DUMPABLE), subreaper, prctl(PR_GET_TIMERSLACK),
        prctl(PR_GET_KEEPCAPS));
    close(CHILD_FD);
    say("child made before exec: %s\n", ending(wait_for(child)));
}

static int look(char **argv)
{
    CHECK_EQ(getpid(), atoi(argv[2]), "pid after exec");
    CHECK_EQ(getppid(), atoi(argv[3]), "parent after exec");
    CHECK_EQ(raw_tid(), getpid(), "thread id after exec");
    look_at_signals();
    look_at_descriptors();
    look_at_limits();
    look_at_timers();
    look_at_process(atoi(argv[4]));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return look(argv);
    }
    int ends[2];
    char byte;
    MUST(pipe(ends));
    pid_t child = MUST(fork());
    if (child == 0) { /* its SIGCHLD is not to be seen before look_at_process() */
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 13 : 14);
    }
    close(ends[0]);
    MUST(dup2(ends[1], CHILD_FD));
    close(ends[1]);
    char pid[16], parent[16], of_child[16];
    snprintf(pid, sizeof pid, "%d", getpid());
    snprintf(parent, sizeof parent, "%d", getppid());
    snprintf(of_child, sizeof of_child, "%d", child);
    set_descriptors();
    set_limits();
    set_signals();
    set_timers();
    set_process();
    execv(argv[0], (char *[]){argv[0], (char *)"look", pid, parent, of_child, NULL});
    CHECK(false, "exec: %s", strerror(errno));
}
