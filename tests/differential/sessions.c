/*
 * Process groups, sessions and a terminal: who may move where, and the signals of job control as a
 * shell and its jobs see them.
 */
#include "common.h"
#include <sys/ioctl.h>
#include <termios.h>

static int master;
static char slave_name[64];
static volatile int calls, last;

static void note(int signo, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    calls++;
    last = signo;
}

static void test_groups(char **argv)
{
    CHECK_EQ(getpgrp(), getpid(), "the runner makes the program lead its group");
    CHECK_EQ(raw(SYS_setsid), -EPERM, "setsid of a group leader");
    CHECK_EQ(raw(SYS_setpgid, -1, 0), -EINVAL, "setpgid -1");
    CHECK_EQ(raw(SYS_setpgid, 0, -1), -EINVAL, "setpgid to -1");
    CHECK_EQ(raw(SYS_setpgid, getppid(), 0), -ESRCH, "setpgid of the parent");
    CHECK_EQ(raw(SYS_setpgid, 0, 0x7fff0000), -EPERM, "setpgid to no group");
    CHECK_EQ(raw(SYS_getpgid, 0x7fff0000), -ESRCH, "getpgid");
    CHECK_EQ(raw(SYS_getsid, 0x7fff0000), -ESRCH, "getsid");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        CHECK_EQ(getpgrp(), getppid(), "the child's group");
        CHECK_EQ(raw(SYS_setsid), getpid(), "setsid");
        CHECK_EQ(getsid(0), getpid(), "getsid");
        CHECK_EQ(getpgrp(), getpid(), "getpgrp");
        CHECK_EQ(raw(SYS_setpgid, 0, 0), -EPERM, "setpgid of a session leader");
        CHECK_EQ(open("/dev/tty", O_RDWR) == -1 ? errno : 0, ENXIO, "no terminal");
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, "the child");
    /* a child that has executed a program can't be moved any more */
    int ends[2];
    MUST(pipe(ends));
    pid = MUST(fork());
    if (pid == 0) {
        char fd[16];
        snprintf(fd, sizeof fd, "%d", ends[1]);
        execv(argv[0], (char *[]){argv[0], (char *)"wait", fd, NULL});
        _exit(1);
    }
    close(ends[1]);
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 1, "read");
    CHECK_EQ(raw(SYS_setpgid, pid, pid), -EACCES, "setpgid after exec");
    MUST(kill(pid, SIGKILL));
    wait_for(pid);
    say("groups and sessions: all\n");
}

/* ---------------------------------------------------------------- a shell with jobs */

static void take_terminal(void)
{
    setsid();
    int fd = MUST(open(slave_name, O_RDWR));
    MUST(ioctl(fd, TIOCSCTTY, 0));
    dup2(fd, 0);
}

static void type(const char *text)
{
    CHECK_EQ(write(master, text, strlen(text)), (long)strlen(text), "write to the terminal");
}

/* How many of its reads the job has behind it; shared with the shell. */
static volatile int *reads_done;

/* A job that sleeps may be in the read of before: the terminal takes its time to send a signal. */
static void wait_until_reading_again(pid_t pid, int reads)
{
    for (int i = 0; *reads_done < reads; i++) {
        CHECK(i < 30000, "the job has %d reads behind it, not %d", *reads_done, reads);
        sleep_ms(1);
    }
    wait_until_blocked(pid, pid);
}

static void job(void)
{
    char line[64];
    setpgid(0, 0);
    raw_handle(SIGINT, note, SA_SIGINFO, 0);
    raw_handle(SIGQUIT, note, SA_SIGINFO, 0);
    raw_handle(SIGWINCH, note, SA_SIGINFO | SA_RESTART, 0);
    /* in the background: reading stops the job */
    ssize_t length = read(0, line, sizeof line);
    CHECK(length == 6 && memcmp(line, "hello\n", 6) == 0, "line read: %zd bytes", length);
    *reads_done = 1;
    CHECK(read(0, line, sizeof line) == -1 && errno == EINTR && last == SIGINT, "SIGINT: %d", last);
    *reads_done = 2;
    CHECK(read(0, line, sizeof line) == -1 && errno == EINTR && last == SIGQUIT, "SIGQUIT: %d",
          last);
    *reads_done = 3;
    /* stopped by the terminal, then continued */
    CHECK_EQ(read(0, line, sizeof line), 6, "read after having been stopped");
    CHECK_EQ(calls, 3, "handler calls");
    _exit(5);
}

static void expect_stop(pid_t pid, int by)
{
    int status;
    CHECK_EQ(MUST(waitpid(pid, &status, WUNTRACED)), pid, "waitpid");
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == by, "expected a stop by %d, got %s", by,
          ending(status));
    say("job stopped by %d\n", by);
}

static void shell(void)
{
    take_terminal();
    reads_done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(reads_done != MAP_FAILED, "mmap: %s", strerror(errno));
    disposition(SIGTTOU, SIG_IGN);
    pid_t pid = MUST(fork());
    if (pid == 0) {
        disposition(SIGTTOU, SIG_DFL);
        job();
    }
    setpgid(pid, pid);
    expect_stop(pid, SIGTTIN);
    MUST(tcsetpgrp(0, pid));
    CHECK_EQ(tcgetpgrp(0), pid, "tcgetpgrp");
    MUST(kill(-pid, SIGCONT));
    type("hello\n");
    wait_until_reading_again(pid, 1);
    type("\003");
    wait_until_reading_again(pid, 2);
    type("\034");
    wait_until_reading_again(pid, 3);
    struct winsize size = {.ws_row = 10, .ws_col = 20};
    MUST(ioctl(master, TIOCSWINSZ, &size));
    sleep_ms(5);
    type("\032");
    expect_stop(pid, SIGTSTP);
    MUST(tcsetpgrp(0, getpgrp()));
    MUST(kill(-pid, SIGCONT));
    expect_stop(pid, SIGTTIN);
    MUST(tcsetpgrp(0, pid));
    MUST(kill(-pid, SIGCONT));
    type("again\n");
    CHECK_EQ(wait_for(pid), 5 << 8, "status of the job");
    MUST(tcsetpgrp(0, getpgrp()));
    _exit(0);
}

/* The leader's end hangs up: its stopped jobs get SIGHUP and SIGCONT. */
static void leader_with_stopped_job(void)
{
    take_terminal();
    pid_t pid = MUST(fork());
    if (pid == 0) {
        setpgid(0, 0);
        raw_handle(SIGHUP, note, SA_SIGINFO, 0);
        raw(SYS_kill, getpid(), SIGSTOP);
        for (int i = 0; i < 2000 && calls == 0; i++) {
            sleep_ms(1);
        }
        say("orphaned job: SIGHUP %s\n", last == SIGHUP ? "came" : "didn't come");
        _exit(0);
    }
    setpgid(pid, pid);
    expect_stop(pid, SIGSTOP);
    _exit(0);
}

static void open_terminal(void)
{
    master = MUST(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    MUST(grantpt(master));
    MUST(unlockpt(master));
    const char *name = ptsname(master);
    CHECK(name, "ptsname");
    snprintf(slave_name, sizeof slave_name, "%s", name);
    /* keep one end open, so that the terminal isn't hung up between the tests */
    int slave = MUST(open(slave_name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    struct termios settings;
    MUST(tcgetattr(slave, &settings));
    settings.c_lflag &= ~(tcflag_t)ECHO;
    MUST(tcsetattr(slave, TCSANOW, &settings));
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "wait") == 0) {
        CHECK_EQ(write(atoi(argv[2]), "x", 1), 1, "write");
        for (;;) {
            pause();
        }
    }
    test_groups(argv);
    open_terminal();
    EXPECT_ENDING(shell, "exit 0");
    int ends[2];
    MUST(pipe(ends));
    pid_t pid = MUST(fork());
    if (pid == 0) {
        leader_with_stopped_job();
    }
    CHECK_EQ(wait_for(pid), 0, "the session leader");
    close(ends[1]);
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 0, "the end of the orphaned job");
    return 0;
}
