/*
 * posix_spawn: attributes, file actions, and errors of exec, which come back through memory that
 * the child shares with its parent. The spawned program is this one, which reports what it was
 * given.
 */
#include "common.h"
#include <sched.h>
#include <spawn.h>

extern char **environ;
static char *program;

/* ---------------------------------------------------------------- the spawned program */

static uint64_t ignored_signals(void)
{
    uint64_t ignored = 0;
    for (int signo = 1; signo <= KERNEL_NSIG; signo++) {
        struct kernel_sigaction action;
        CHECK_EQ(raw_action(signo, NULL, &action), 0, "rt_sigaction");
        CHECK(action.handler == SIG_DFL || action.handler == SIG_IGN, "a handler after exec");
        ignored |= action.handler == SIG_IGN ? SIGNAL_BIT(signo) : 0;
    }
    return ignored;
}

static int report(int argc, char **argv)
{
    say("  mask 0x%llx ignored 0x%llx", (unsigned long long)current_mask(),
        (unsigned long long)ignored_signals());
    say(" group %s session %s", getpgrp() == getpid() ? "own" : "parent's",
        getsid(0) == getpid() ? "own" : "parent's");
    char cwd[4096];
    CHECK(getcwd(cwd, sizeof cwd), "getcwd");
    say(" directory %s descriptors", strrchr(cwd, '/'));
    for (int fd = 0; fd < 64; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            say(" %d", fd);
        }
    }
    say(" arguments");
    for (int i = 2; i < argc; i++) {
        say(" [%s]", argv[i]);
    }
    const char *variable = getenv("SPAWNED");
    say(" variable %s\n", variable ? variable : "none");
    if (fcntl(9, F_GETFD) >= 0) {
        char text[32];
        ssize_t length = read(9, text, sizeof text);
        say("  descriptor 9 reads %zd bytes: %.*s\n", length, (int)(length < 0 ? 0 : length), text);
    }
    return 31;
}

/* ---------------------------------------------------------------- spawning it */

static void spawn(const char *what, posix_spawn_file_actions_t *actions,
                  posix_spawnattr_t *attributes)
{
    char *argv[] = {program, (char *)"report", (char *)"one", (char *)"two words", (char *)"",
                    NULL};
    char *envp[] = {(char *)"SPAWNED=yes", NULL};
    pid_t pid = -1;
    say("%s\n", what);
    int error = posix_spawn(&pid, program, actions, attributes, argv, envp);
    if (error) {
        say("  error: %s\n", strerror(error));
        return;
    }
    CHECK_EQ(wait_for(pid), 31 << 8, what);
}

static void test_attributes(void)
{
    posix_spawnattr_t attributes;
    sigset_t set;
    spawn("plain", NULL, NULL);
    CHECK_EQ(posix_spawnattr_init(&attributes), 0, "init");
    spawn("no attributes", NULL, &attributes);
    disposition(SIGUSR1, SIG_IGN);
    disposition(SIGSYS, SIG_IGN);
    disposition(SIGSEGV, SIG_IGN);
    spawn("ignored signals", NULL, &attributes);
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    sigaddset(&set, SIGUSR1);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    spawn("SETSIGDEF", NULL, &attributes);
    disposition(SIGSEGV, SIG_DFL);
    disposition(SIGUSR1, SIG_DFL);
    disposition(SIGSYS, SIG_DFL);
    sigaddset(&set, SIGSEGV);
    posix_spawnattr_setsigmask(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    spawn("SETSIGMASK", NULL, &attributes);
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGHUP));
    spawn("SETSIGMASK over a mask", NULL, &attributes);
    posix_spawnattr_setflags(&attributes, 0);
    spawn("inherited mask", NULL, &attributes);
    CHECK_EQ(raw_mask(SIG_SETMASK, 0), SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGHUP), "our own mask");
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    spawn("SETPGROUP", NULL, &attributes);
    posix_spawnattr_setpgroup(&attributes, 0x7fff0000);
    spawn("SETPGROUP to no group", NULL, &attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_RESETIDS);
    spawn("RESETIDS", NULL, &attributes);
#ifdef POSIX_SPAWN_SETSID
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    spawn("SETSID", NULL, &attributes);
#endif
    struct sched_param parameter = {.sched_priority = 0};
    posix_spawnattr_setschedparam(&attributes, &parameter);
    posix_spawnattr_setschedpolicy(&attributes, SCHED_BATCH);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSCHEDULER);
    spawn("SETSCHEDULER", NULL, &attributes);
    posix_spawnattr_destroy(&attributes);
}

static void test_file_actions(void)
{
    posix_spawn_file_actions_t actions;
    int fd = MUST(open("input", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    CHECK_EQ(write(fd, "content", 7), 7, "write");
    int closed = MUST(fcntl(fd, F_DUPFD_CLOEXEC, 20)), kept = MUST(fcntl(fd, F_DUPFD, 30));
    CHECK_EQ(posix_spawn_file_actions_init(&actions), 0, "init");
    spawn("no actions", &actions, NULL);
    posix_spawn_file_actions_addopen(&actions, 9, "input", O_RDONLY, 0);
    spawn("addopen", &actions, NULL);
    posix_spawn_file_actions_adddup2(&actions, 9, 12);
    posix_spawn_file_actions_addclose(&actions, kept);
    posix_spawn_file_actions_adddup2(&actions, closed, closed);
    spawn("adddup2 and addclose", &actions, NULL);
    MUST(mkdir("below", 0700));
    posix_spawn_file_actions_addchdir_np(&actions, "below");
    spawn("addchdir", &actions, NULL);
    posix_spawn_file_actions_addopen(&actions, 13, "input", O_RDONLY, 0);
    spawn("addopen of what isn't there any more", &actions, NULL);
    posix_spawn_file_actions_destroy(&actions);
    CHECK_EQ(posix_spawn_file_actions_init(&actions), 0, "init");
    posix_spawn_file_actions_adddup2(&actions, 55, 56);
    spawn("adddup2 of a closed descriptor", &actions, NULL);
    posix_spawn_file_actions_destroy(&actions);
    close(fd);
    close(kept);
    close(closed);
}

static void test_errors(void)
{
    MUST(mkdir("directory", 0700));
    make_file("plain", "", 0, 0600);
    make_file("garbage", "\177ELFgarbage", 11, 0700);
    make_file("lost", "#!/no/such/interpreter\n", 23, 0700);
    static const char *const paths[] = {"/no/such/program", "plain/x", "directory", "plain",
                                        "garbage",          "lost",    ""};
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *argv[] = {(char *)paths[i], NULL};
        pid_t pid = -77;
        int error = posix_spawn(&pid, paths[i], NULL, NULL, argv, environ);
        say("spawn of '%s': %s\n", paths[i], strerror(error));
        CHECK(error, "spawn of '%s' succeeded", paths[i]);
        CHECK_EQ(raw(SYS_wait4, -1, NULL, __WALL, NULL), -ECHILD,
                 "children left by a failed spawn");
        CHECK_EQ(current_mask(), 0, "mask after a failed spawn");
    }
    char *argv[] = {(char *)"true", NULL};
    pid_t pid;
    CHECK_EQ(posix_spawnp(&pid, "true", NULL, NULL, argv, environ), 0, "posix_spawnp of true");
    CHECK_EQ(wait_for(pid), 0, "true");
    CHECK_EQ(posix_spawnp(&pid, "no-such-program", NULL, NULL, argv, environ), ENOENT,
             "posix_spawnp");
    FILE *pipe = popen("echo from popen", "r");
    char line[64];
    CHECK(pipe && fgets(line, sizeof line, pipe), "popen");
    say("popen: %s", line);
    CHECK_EQ(pclose(pipe), 0, "pclose");
    CHECK_EQ(system("exit 9"), 9 << 8, "system");
    CHECK_EQ(system("kill -SYS $$") & 0x7f, SIGSYS, "system");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "report") == 0) {
        return report(argc, argv);
    }
    program = argv[0];
    test_attributes();
    test_file_actions();
    test_errors();
    return 0;
}
