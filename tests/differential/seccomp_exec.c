/*
 * Seccomp filters over exec: a program inherits what the one before it installed, in whatever way
 * it was executed. An image that is given arguments says what it finds, and ends or goes on.
 */
#include "filters.h"
#include <pthread.h>
#include <spawn.h>

#define ODD_NUMBER  0x7777U
#define GENERATIONS 5

static char *self;

static void report(void)
{
    char line[256] = "";
    for (unsigned i = 0; i < GENERATIONS; i++) {
        size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, " %ld", raw(ODD_NUMBER + i));
    }
    say("mode %ld, no_new_privs %ld, answers%s\n", raw(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0),
        raw(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), line);
}

static void execute(const char *what, const char *argument)
{
    char *const vector[] = {self, (char *)what, (char *)argument, NULL};
    execv(self, vector);
    _exit(1);
}

/* Each image adds a filter and executes the next. */
static void go_on(int generation)
{
    char next[2] = {(char)('1' + generation), 0};
    report();
    if (generation == GENERATIONS) {
        return;
    }
    ANSWER(ODD_NUMBER + (unsigned)generation, ERRNO(100 + generation));
    execute("generation", next);
}

static void generations(void)
{
    no_new_privs();
    go_on(0);
}

static void add_filter(void)
{
    no_new_privs();
    ANSWER(ODD_NUMBER + 1, ERRNO(111));
}

static void script(void)
{
    char text[512];
    snprintf(text, sizeof text, "#!%s report\n", self);
    make_file("script", text, strlen(text), 0755);
    char *const vector[] = {(char *)"script", NULL};
    add_filter();
    execv("./script", vector);
}

static void by_descriptor(void)
{
    int fd = MUST(open(self, O_RDONLY | O_CLOEXEC));
    char *const vector[] = {self, (char *)"report", NULL};
    add_filter();
    raw(SYS_execveat, fd, "", vector, environ, AT_EMPTY_PATH);
}

static void spawned(void)
{
    char *const vector[] = {self, (char *)"report", NULL};
    pid_t pid;
    add_filter();
    CHECK_EQ(posix_spawn(&pid, self, NULL, NULL, vector, environ), 0, "posix_spawn");
    CHECK_EQ(wait_for(pid), 0, "the child");
}

/* The filter of a vfork child goes to the program that it executes, and to nobody else. */
static void vforked(void)
{
    pid_t pid = MUST(vfork());
    if (pid == 0) {
        add_filter();
        execute("report", NULL);
    }
    CHECK_EQ(wait_for(pid), 0, "the child");
    report();
}

static void *execute_in_thread(void *nothing)
{
    (void)nothing;
    add_filter();
    execute("report", NULL);
    return NULL;
}

/* The filters that count are those of the thread which executes. */
static void by_a_thread(void)
{
    pthread_t thread;
    no_new_privs();
    ANSWER(ODD_NUMBER, ERRNO(1));
    CHECK_EQ(pthread_create(&thread, NULL, execute_in_thread, NULL), 0, "a thread");
    pthread_join(thread, NULL);
}

/* A failing exec changes nothing. */
static void failing(void)
{
    char *const vector[] = {(char *)"nothing", NULL};
    add_filter();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(execv("/nonexistent/file", vector), -1, "exec");
        CHECK_EQ(errno, ENOENT, "errno");
    }
    report();
}

/* More instructions than one page, or the monitor's buffers for names, would hold. */
static void large(void)
{
    struct sock_filter filter[4096];
    no_new_privs();
    for (unsigned i = 0; i < 4096; i++) {
        filter[i] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, i);
    }
    filter[4095] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(install(0, filter, 4096), 0, "4096 instructions");
    }
    ANSWER(ODD_NUMBER + 2, ERRNO(222));
    execute("report", NULL);
}

/* What is refused natively: an exec itself, and what the next image needs for its start. */
static void exec_is_refused(void)
{
    no_new_privs();
    ANSWER(SYS_execve, ERRNO(EXDEV));
    CHECK_EQ(raw(SYS_execve, self, NULL, NULL), -EXDEV, "execve");
    report();
}

static void monitors_calls_are_refused(void)
{
    static const unsigned numbers[] = {SYS_memfd_create,  SYS_fcntl,      SYS_pwritev,
                                       SYS_preadv,        SYS_unshare,    SYS_sigaltstack,
                                       SYS_pkey_mprotect, SYS_pkey_alloc, SYS_tgkill};
    no_new_privs();
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ANSWER(numbers[i], ERRNO(EDOM));
    }
    execute("report", NULL);
}

/* A new program is killed by its first such call. */
static void killed_behind_exec(void)
{
    no_new_privs();
    ANSWER(SYS_prctl, SECCOMP_RET_KILL_PROCESS);
    execute("report", NULL);
}

int main(int count, char **arguments)
{
    self = realpath("/proc/self/exe", NULL);
    if (count > 1 && strcmp(arguments[1], "report") == 0) {
        report();
        return 0;
    }
    if (count > 2) {
        go_on(arguments[2][0] - '0');
        return 0;
    }
    EXPECT_ENDING(generations, "exit 0");
    EXPECT_ENDING(script, "exit 0");
    EXPECT_ENDING(by_descriptor, "exit 0");
    EXPECT_ENDING(spawned, "exit 0");
    EXPECT_ENDING(vforked, "exit 0");
    EXPECT_ENDING(by_a_thread, "exit 0");
    EXPECT_ENDING(failing, "exit 0");
    EXPECT_ENDING(large, "exit 0");
    EXPECT_ENDING(exec_is_refused, "exit 0");
    EXPECT_ENDING(monitors_calls_are_refused, "exit 0");
    EXPECT_ENDING(killed_behind_exec, "signal 31");
    return 0;
}
