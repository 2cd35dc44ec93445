/*
 * exec from where programs do it: a thread that isn't the main one, several at once, a handler, a
 * vfork child, a process that shares its descriptors. The pid stays, all other threads are gone,
 * and who shared something goes on alone.
 */
#include "common.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

static char *program;
static pthread_barrier_t together;

static int threads_now(void)
{
    static char text[4096];
    int fd = MUST(open("/proc/self/status", O_RDONLY));
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    CHECK(length > 0, "/proc/self/status");
    const char *found = strstr(text, "Threads:");
    CHECK(found, "Threads:");
    return atoi(found + 8);
}

/* The new program. */
static int report(char **argv)
{
    say("  pid %s, tid %s, %d thread, mask 0x%llx, by %s\n",
        getpid() == atoi(argv[2]) ? "kept" : "changed",
        raw_tid() == getpid() ? "the pid" : "another", threads_now(),
        (unsigned long long)current_mask(), argv[3]);
    return 7;
}

static void exec_self(const char *by)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%ld", raw(SYS_getpid));
    execl(program, program, "report", pid, by, NULL);
    CHECK(false, "exec: %s", strerror(errno));
}

#define EXPECT_REPORT(part)                                                                        \
    do {                                                                                           \
        say("%s\n", #part);                                                                        \
        int status_ = in_child(part);                                                              \
        CHECK_EQ(status_, 7 << 8, #part);                                                          \
    } while (0)

static void *sleep_forever(void *argument)
{
    for (;;) {
        pause();
    }
    return argument;
}

static void *call_forever(void *argument)
{
    for (;;) {
        raw(SYS_getpid);
        free(malloc(64));
    }
    return argument;
}

static void start(void *(*function)(void *), int count)
{
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, function, NULL), 0, "pthread_create");
    }
}

static void main_thread_of_many(void)
{
    start(sleep_forever, 10);
    start(call_forever, 2);
    exec_self("the main thread");
}

static void *exec_in_thread(void *argument)
{
    raw_mask(SIG_SETMASK, SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGINT));
    exec_self("another thread");
    return argument;
}

static void another_thread(void)
{
    start(sleep_forever, 10);
    start(call_forever, 2);
    start(exec_in_thread, 1);
    sleep_forever(NULL);
}

static void *exec_when_main_is_gone(void *argument)
{
    sleep_ms(5);
    exec_self("the last thread");
    return argument;
}

static void after_the_main_thread(void)
{
    start(exec_when_main_is_gone, 1);
    pthread_exit(NULL);
}

static void *race(void *argument)
{
    pthread_barrier_wait(&together);
    exec_self("one of five");
    return argument;
}

static void all_at_once(void)
{
    pthread_barrier_init(&together, NULL, 5);
    start(race, 4);
    race(NULL);
}

static void exec_handler(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    exec_self("a handler");
}

static void in_a_handler(void)
{
    stack_t stack = {.ss_sp = map_pages(65536, PROT_READ | PROT_WRITE), .ss_size = 65536};
    MUST(sigaltstack(&stack, NULL));
    raw_handle(SIGUSR1, exec_handler, SA_SIGINFO | SA_ONSTACK, SIGNAL_BIT(SIGHUP));
    raw(SYS_tkill, raw_tid(), SIGUSR1);
}

static void exec_in_a_fault_handler(void)
{
    raw_handle(SIGSEGV, exec_handler, SA_SIGINFO, 0);
    __asm__ volatile("movb $1, 8");
}

/* While another thread makes threads. */
static void *vanish(void *argument)
{
    return argument;
}

static void *breed(void *argument)
{
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, vanish, NULL) == 0) {
            pthread_detach(thread);
        }
        sched_yield();
    }
    return argument;
}

static void while_threads_are_born(void)
{
    start(breed, 1);
    sleep_ms(2);
    exec_self("the main thread");
}

/* ---------------------------------------------------------------- vfork and shared things */

static volatile int shared;

static void test_vfork(void)
{
    say("vfork\n");
    for (volatile int i = 0; i < 30; i++) {
        shared = 0;
        pid_t pid = vfork();
        if (pid == 0) {
            shared = 1;
            execl("/no/such/program", "x", NULL);
            shared = errno;
            if (i == 29) {
                exec_self("a vfork child");
            }
            execl(program, program, "quiet", NULL);
            _exit(1);
        }
        CHECK_EQ(shared, ENOENT, "errno of the first exec");
        CHECK_EQ(wait_for(pid), i == 29 ? 7 << 8 : 0, "the vfork child");
    }
    CHECK_EQ(current_mask(), 0, "mask");
}

/* Several threads vfork and exec at the same time. */
static void *vfork_often(void *argument)
{
    for (volatile int i = 0; i < 25; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            execl(program, program, "quiet", NULL);
            _exit(1);
        }
        CHECK_EQ(wait_for(pid), 0, "the vfork child");
    }
    return argument;
}

static void test_vfork_in_threads(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, vfork_often, NULL), 0, "pthread_create");
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    say("vfork and exec in four threads: 100 times\n");
}

/* A process that shares our descriptor table executes: it gets a copy, and closes only its own. */
static void test_shared_descriptors(void)
{
    int closing = MUST(fcntl(1, F_DUPFD_CLOEXEC, 30));
    long pid = raw(SYS_clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, NULL, NULL, 0);
    if (pid == 0) {
        execl(program, program, "descriptor", "30", NULL);
        _exit(1);
    }
    CHECK_EQ(wait_for((pid_t)pid), 0, "the child");
    CHECK_EQ(fcntl(closing, F_GETFD), FD_CLOEXEC, "our descriptor");
    close(closing);
    say("a shared descriptor table: copied at exec\n");
}

/*
 * Two processes with one descriptor table. What the one opens for its execs, the other must not
 * see: it could use it, or close it.
 */
#define UNUSED_FROM 50

static int watch_descriptors(pid_t peer)
{
    int seen = 0;
    while (raw(SYS_wait4, peer, NULL, WNOHANG, NULL) == 0) {
        for (int fd = UNUSED_FROM; fd < UNUSED_FROM + 4; fd++) {
            seen += fcntl(fd, F_GETFD) >= 0;
        }
    }
    return seen;
}

static void fail_often(void)
{
    char *const arguments[] = {(char *)"x", NULL};
    for (int i = 0; i < fewer_when_emulated(1000); i++) {
        CHECK_EQ(raw(SYS_execve, "plain", arguments, NULL), -ENOEXEC, "exec");
        CHECK_EQ(raw(SYS_execve, "script", arguments, NULL), -ENOENT, "exec");
    }
}

/* In a process that has shared nothing before. */
static void descriptors_unseen(void)
{
    make_file("plain", "plain\n", 6, 0700);
    make_file("script", "#!/no/such/interpreter\n", 23, 0700);
    int fd;
    while ((fd = MUST(dup(1))) < UNUSED_FROM - 1) {
    }
    pid_t parent = getpid();
    long pid = raw(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, NULL, 0);
    if (pid == 0) {
        int seen = 0;
        while (getppid() == parent && fcntl(UNUSED_FROM - 1, F_GETFD) >= 0) {
            for (fd = UNUSED_FROM; fd < UNUSED_FROM + 4; fd++) {
                seen += fcntl(fd, F_GETFD) >= 0;
            }
        }
        _exit(seen != 0);
    }
    CHECK(pid > 0, "clone: %s", strerror((int)-pid));
    fail_often();
    close(UNUSED_FROM - 1); /* tells the child, by the table that both have */
    CHECK_EQ(wait_for((pid_t)pid), 0, "descriptors seen that the parent's exec opened");
    /* and the other way round */
    pid = raw(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, NULL, 0);
    if (pid == 0) {
        fail_often();
        _exit(0);
    }
    CHECK(pid > 0, "clone: %s", strerror((int)-pid));
    CHECK_EQ(watch_descriptors((pid_t)pid), 0, "descriptors seen that a child's exec opened");
}

/* ---------------------------------------------------------------- at the limit of processes */

static void lower_process_limit(void)
{
    struct rlimit one = {1, 1};
    if (geteuid() == 0) { /* no limit holds for root */
        MUST(setgid(65534));
        MUST(setuid(65534));
    }
    MUST(setrlimit(RLIMIT_NPROC, &one));
    CHECK(fork() == -1 && errno == EAGAIN, "a fork over RLIMIT_NPROC");
}

static void missing_at_the_limit(void)
{
    lower_process_limit();
    say("  at the limit, a missing program: %s\n",
        strerror((int)-raw(SYS_execve, "/no/such/program", NULL, NULL)));
}

static void missing_at_the_limit_with_threads(void)
{
    start(sleep_forever, 1);
    lower_process_limit();
    say("  at the limit, a missing program, with threads: %s\n",
        strerror((int)-raw(SYS_execve, "/no/such/program", NULL, NULL)));
}

static void found_at_the_limit(void)
{
    lower_process_limit();
    exec_self("a process at its limit");
}

static void test_process_limit(void)
{
    EXPECT_ENDING(missing_at_the_limit, "exit 0");
    EXPECT_ENDING(missing_at_the_limit_with_threads, "exit 0");
    EXPECT_REPORT(found_at_the_limit);
}

/* ---------------------------------------------------------------- while others handle signals */

static volatile int handling, steps;

static void stay(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    for (handling = 1;;) {
        raw(SYS_getpid);
    }
}

static void *signal_the_others(void *argument)
{
    pid_t self = getpid();
    struct burst burst = {0};
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGBUS));
    for (;;) {
        if (!burst_is_over(&burst, steps)) {
            raw(SYS_tgkill, self, self, SIGUSR1);
            raw(SYS_tgkill, self, self, SIGBUS);
        }
    }
    return argument;
}

static void *raise_and_stay(void *argument)
{
    raw(SYS_tkill, raw_tid(), (long)argument);
    return NULL;
}

static void others_in_handlers(void)
{
    pthread_t thread;
    static const int signals[] = {SIGUSR2, SIGSEGV, SIGSYS};
    for (unsigned i = 0; i < 3; i++) {
        raw_handle(signals[i], stay, SA_SIGINFO, ~0ULL);
        handling = 0;
        CHECK_EQ(pthread_create(&thread, NULL, raise_and_stay, (void *)(long)signals[i]), 0,
                 "pthread_create");
        while (!handling) {
            sched_yield();
        }
    }
    exec_self("the main thread");
}

static void note(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    handling++;
}

/* Each exec is tried under signals to the thread that executes, the last one succeeds. */
static void under_signals(void)
{
    raw_handle(SIGUSR1, note, SA_SIGINFO | SA_RESTART, 0);
    raw_handle(SIGBUS, note, SA_SIGINFO | SA_RESTART, 0);
    start(signal_the_others, 1);
    for (int i = 0; i < fewer_when_emulated(100); i++) {
        CHECK_EQ(raw(SYS_execve, "/no/such/program", NULL, NULL), -ENOENT, "exec");
        CHECK_EQ(current_mask(), 0, "mask after a failed exec");
        steps++;
    }
    while (handling < 10) {
        steps++;
        sched_yield();
    }
    steps++; /* the last ones come while it executes */
    /* what is pending would end the new program by its default */
    raw_mask(SIG_BLOCK, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGBUS));
    exec_self("a thread under signals");
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "report") == 0) {
        return report(argv);
    }
    if (argc > 1 && strcmp(argv[1], "quiet") == 0) {
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "descriptor") == 0) {
        return fcntl(atoi(argv[2]), F_GETFD) == -1 ? 0 : 3;
    }
    EXPECT_REPORT(main_thread_of_many);
    for (int i = 0; i < 10; i++) {
        EXPECT_REPORT(another_thread);
    }
    EXPECT_REPORT(after_the_main_thread);
    for (int i = 0; i < 10; i++) {
        EXPECT_REPORT(all_at_once);
    }
    EXPECT_REPORT(in_a_handler);
    EXPECT_REPORT(exec_in_a_fault_handler);
    for (int i = 0; i < 5; i++) {
        EXPECT_REPORT(while_threads_are_born);
    }
    test_vfork();
    test_vfork_in_threads();
    test_shared_descriptors();
    EXPECT_ENDING(descriptors_unseen, "exit 0");
    test_process_limit();
    EXPECT_REPORT(others_in_handlers);
    for (int i = 0; i < 5; i++) {
        EXPECT_REPORT(under_signals);
    }
    return 0;
}
