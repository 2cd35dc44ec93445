/*
 * exec from where programs do it: a thread that isn't the main one, several at once, a handler, a
 * vfork child, a process that shares its descriptors. The pid stays, all other threads are gone,
 * and who shared something goes on alone.
 */
#include "common.h"
#include <pthread.h>
#include <sched.h>

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
    return 0;
}
