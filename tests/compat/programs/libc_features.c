/*
 * One program for every libc and every way of linking: threads, cancellation, processes, signals,
 * popen, memory, time. It prints the same with each of them, and nothing that varies from run to
 * run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: %s: errno %d\n", __LINE__, #condition, errno);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static int wait_status(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- threads --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;
static _Thread_local long own;
static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
    (void)value;
    destroyed++;
}

static void *count(void *argument)
{
    own = (long)argument;
    pthread_setspecific(key, argument);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return (void *)(own * 2);
}

static void threads(void)
{
    pthread_t id[16];
    long sum = 0;
    CHECK(pthread_key_create(&key, destroy) == 0);
    for (long n = 0; n < 16; n++)
        CHECK(pthread_create(&id[n], NULL, count, (void *)(n + 1)) == 0);
    pthread_mutex_lock(&lock);
    while (counter < 16000)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    for (int n = 0; n < 16; n++) {
        void *result;
        CHECK(pthread_join(id[n], &result) == 0);
        sum += (long)result;
    }
    printf("threads: %ld %ld %d\n", counter, sum, destroyed);
}

/* --- cancellation --- */

static sem_t ready;
static int cleaned;

static void clean(void *argument)
{
    cleaned += *(int *)argument;
}

enum blocked_in { IN_READ, IN_PAUSE, IN_SLEEP, IN_POLL, IN_COND, IN_RECV, IN_SPIN, BLOCKED_KINDS };

static void *block(void *argument)
{
    int one = 1, fds[2], sockets[2], old;
    struct pollfd pollfd = {.events = POLLIN};
    pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    char byte;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    CHECK(pipe(fds) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    pollfd.fd = fds[0];
    pthread_cleanup_push(clean, &one);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    sem_post(&ready);
    switch ((enum blocked_in)(intptr_t)argument) {
    case IN_READ:
        (void)!read(fds[0], &byte, 1);
        break;
    case IN_PAUSE:
        pause();
        break;
    case IN_SLEEP:
        sleep(60);
        break;
    case IN_POLL:
        poll(&pollfd, 1, -1);
        break;
    case IN_COND:
        pthread_mutex_lock(&own_lock);
        pthread_cond_wait(&never, &own_lock);
        break;
    case IN_RECV:
        recv(sockets[0], &byte, 1, 0);
        break;
    case IN_SPIN:
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
        for (;;)
            ;
    case BLOCKED_KINDS:
        break;
    }
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancellation(void)
{
    int cancelled = 0, rounds = 0;
    sem_init(&ready, 0, 0);
    for (int round = 0; round < 20; round++) {
        for (int kind = 0; kind < BLOCKED_KINDS; kind++) {
            pthread_t id;
            void *result;
            CHECK(pthread_create(&id, NULL, block, (void *)(intptr_t)kind) == 0);
            sem_wait(&ready);
            if (round % 2)
                usleep(500); /* blocked for sure; without it: just about to block */
            CHECK(pthread_cancel(id) == 0);
            CHECK(pthread_join(id, &result) == 0);
            cancelled += result == PTHREAD_CANCELED;
            rounds++;
        }
    }
    printf("cancelled %d of %d, cleaned up %d\n", cancelled, rounds, cleaned);
}

/* --- processes --- */

static char *const child_script[] = {"sh", "-c", "exit 23", NULL};

static void processes(void)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    char line[100];
    FILE *stream;

    CHECK(posix_spawnp(&pid, "sh", NULL, NULL, child_script, environ) == 0);
    printf("posix_spawnp: %d\n", wait_status(pid));
    printf("posix_spawn of nothing: %d\n",
           posix_spawn(&pid, "/no/such/file", NULL, NULL, child_script, environ));

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawnattr_init(&attributes);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    posix_spawnattr_setsigmask(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    char *const grep[] = {"grep", "SigBlk", "/proc/self/status", NULL};
    CHECK(posix_spawnp(&pid, "grep", &actions, &attributes, grep, environ) == 0);
    CHECK(wait_status(pid) == 0);
    stream = fopen("spawned", "r");
    CHECK(stream && fgets(line, sizeof line, stream));
    printf("mask of the spawned: %s", line + strlen("SigBlk:\t"));
    fclose(stream);

    stream = popen("cat; exit 3", "w");
    CHECK(stream);
    fflush(stdout);
    fprintf(stream, "through popen\n");
    printf("pclose: %d\n", WEXITSTATUS(pclose(stream)));
    stream = popen("echo back", "r");
    CHECK(stream && fgets(line, sizeof line, stream));
    pclose(stream);
    printf("popen: %s", line);
    printf("system: %d\n", WEXITSTATUS(system("exit 5")));

    fflush(stdout);
    pid = vfork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
        _exit(127);
    }
    printf("vfork and exec: %d\n", wait_status(pid));
    pid = vfork();
    if (pid == 0) {
        execl("/no/such/program", "x", (char *)NULL);
        _exit(errno);
    }
    printf("vfork, exec failed: %d\n", wait_status(pid));
    for (int n = 0; n < 50; n++) {
        fflush(stdout);
        pid = fork();
        if (pid == 0)
            _exit(n);
        CHECK(wait_status(pid) == n);
    }
    printf("fifty forks\n");
}

/* --- signals --- */

static volatile sig_atomic_t handled, nested, on_stack;
static sigjmp_buf back;
static char *alternate;

static void note(int signal_number, siginfo_t *info, void *context)
{
    char here;
    (void)context;
    handled++;
    if (signal_number == SIGUSR2 && info->si_value.sival_int == 42)
        nested++;
    on_stack += &here >= alternate && &here < alternate + (1 << 16);
    if (signal_number == SIGUSR1)
        raise(SIGURG);
}

static void jump(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    siglongjmp(back, info->si_addr == (void *)16 ? 2 : 1);
}

static volatile int was_interrupted;

/* More than once, since the first may come before the call. */
static void *interrupt_main(void *main_thread)
{
    do {
        usleep(50000);
        pthread_kill(*(pthread_t *)main_thread, SIGUSR2);
    } while (!was_interrupted);
    return NULL;
}

static void signals(void)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = 1 << 16};
    pthread_t thread, self = pthread_self();
    sigset_t set, old;
    struct timespec soon = {.tv_nsec = 50000000};
    int fds[2], jumped;
    char byte;

    alternate = stack.ss_sp = malloc(1 << 16);
    CHECK(sigaltstack(&stack, NULL) == 0);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGURG, &action, NULL) == 0);
    for (int n = 0; n < 100; n++)
        raise(SIGUSR1);
    printf("handled %d, on the alternate stack %d\n", handled, on_stack);

    action.sa_flags = SA_SIGINFO;
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
    CHECK(sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 42}) == 0);
    printf("queued value seen: %d\n", nested);

    /* Interrupted without SA_RESTART. */
    CHECK(pipe(fds) == 0);
    was_interrupted = 0;
    CHECK(pthread_create(&thread, NULL, interrupt_main, &self) == 0);
    CHECK(read(fds[0], &byte, 1) == -1 && errno == EINTR);
    was_interrupted = 1;
    pthread_join(thread, NULL);
    was_interrupted = 0;
    CHECK(pthread_create(&thread, NULL, interrupt_main, &self) == 0);
    CHECK(nanosleep(&(struct timespec){.tv_sec = 20}, NULL) == -1 && errno == EINTR);
    was_interrupted = 1;
    pthread_join(thread, NULL);
    printf("interrupted\n");

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, &old) == 0);
    raise(SIGUSR2);
    CHECK(sigtimedwait(&set, NULL, &soon) == SIGUSR2);
    CHECK(sigtimedwait(&set, NULL, &soon) == -1 && errno == EAGAIN);
    handled = 0;
    raise(SIGUSR2);
    CHECK(handled == 0);
    CHECK(sigsuspend(&old) == -1 && errno == EINTR && handled == 1);
    CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
    printf("waited for\n");

    action.sa_sigaction = jump;
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    for (int n = 0; n < 20; n++) {
        jumped = sigsetjmp(back, 1);
        if (jumped == 0)
            *(volatile char *)(uintptr_t)16 = 1;
        CHECK(jumped == 2);
    }
    printf("faults caught\n");

    handled = 0;
    action.sa_sigaction = note;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval every = {.it_interval.tv_usec = 5000, .it_value.tv_usec = 5000};
    setitimer(ITIMER_REAL, &every, NULL);
    volatile double sum = 0;
    for (long n = 1; handled < 50; n++)
        sum = sum + 1.0 / (double)n;
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_sec = 0}, NULL);
    printf("timer ticked: %d\n", handled >= 50 && sum > 1);
}

/* --- memory --- */

static void memory(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *area = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    memset(area, 1, 16 * page);
    CHECK(mprotect(area + page, page, PROT_NONE) == 0);
    CHECK(munmap(area + 4 * page, 2 * page) == 0);
    CHECK(mmap(area + 4 * page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          area + 4 * page);
    CHECK(area[4 * page] == 0 && area[3 * page] == 1);
    char *moved = mremap(area + 8 * page, 4 * page, 64 * page, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved[0] == 1 && moved[63 * page] == 0);
    /* By system call, because musl keeps the break to itself. */
    char *start = (char *)syscall(SYS_brk, 0);
    CHECK((char *)syscall(SYS_brk, start + 100000) == start + 100000);
    memset(start, 7, 100000);
    CHECK((char *)syscall(SYS_brk, start) == start);
    size_t total = 0;
    void *blocks[500];
    for (int n = 0; n < 500; n++) {
        blocks[n] = malloc((size_t)n * 997 + 1);
        memset(blocks[n], n, (size_t)n * 997 + 1);
    }
    for (int n = 0; n < 500; n++) {
        total += *(unsigned char *)blocks[n];
        free(blocks[n]);
    }
    printf("memory: %zu\n", total);
}

static void clocks(void)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int n = 0; n < 10000; n++)
        clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(after.tv_sec > before.tv_sec ||
          (after.tv_sec == before.tv_sec && after.tv_nsec >= before.tv_nsec));
    CHECK(time(NULL) > 1000000000);
    printf("clocks run\n");
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%d arguments, last: %s\n", argc, argv[argc - 1]);
    threads();
    cancellation();
    processes();
    signals();
    memory();
    clocks();
    return 33;
}
