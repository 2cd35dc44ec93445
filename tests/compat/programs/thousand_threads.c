/* A thousand threads at once, then thousands one after the other. Prints nothing that varies. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CROWD = 1000, SHORT_LIVED = 4000 };

static pthread_barrier_t assembled, released;
static atomic_int handled, right_thread, on_own_stack, masked;
static _Thread_local int number;
static _Thread_local char *alternate;
static pid_t tids[CROWD];

static void handler(int signal_number, siginfo_t *info, void *context)
{
    char here;
    (void)signal_number;
    (void)context;
    handled++;
    right_thread += info->si_value.sival_int == number;
    on_own_stack += &here >= alternate && &here < alternate + 16384;
}

static void *member(void *argument)
{
    stack_t stack = {.ss_size = 16384};
    sigset_t set;

    number = (int)(intptr_t)argument;
    alternate = stack.ss_sp = malloc(16384);
    sigaltstack(&stack, NULL);
    if (number % 2) {
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
    }
    tids[number] = (pid_t)syscall(SYS_gettid);
    pthread_barrier_wait(&assembled);
    while (handled < CROWD)
        sched_yield();
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    masked += sigismember(&set, SIGUSR2);
    pthread_barrier_wait(&released);
    free(alternate);
    return (void *)(intptr_t)(number * 2);
}

static void *nothing(void *argument)
{
    return argument;
}

static void crowd(void)
{
    static pthread_t id[CROWD];
    pthread_attr_t attributes;
    long sum = 0, distinct = 0;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_barrier_init(&assembled, NULL, CROWD + 1);
    pthread_barrier_init(&released, NULL, CROWD + 1);
    for (int n = 0; n < CROWD; n++) {
        int error = pthread_create(&id[n], &attributes, member, (void *)(intptr_t)n);
        if (error != 0) {
            printf("thread %d: %s\n", n, strerror(error));
            exit(1);
        }
    }
    pthread_barrier_wait(&assembled);
    for (int n = 0; n < CROWD; n++) {
        pthread_sigqueue(id[n], SIGUSR1, (union sigval){.sival_int = n});
        distinct += n == 0 || tids[n] != tids[n - 1];
    }
    /* Out of the crowd: a child with one thread only, and a new program. */
    pid_t child = fork();
    if (child == 0) {
        execlp("sh", "sh", "-c", "exit 17", (char *)NULL);
        _exit(127);
    }
    int status;
    waitpid(child, &status, 0);
    pthread_barrier_wait(&released);
    for (int n = 0; n < CROWD; n++) {
        void *result;
        pthread_join(id[n], &result);
        sum += (intptr_t)result;
    }
    printf("sum %ld, distinct %ld, child %d\n", sum, distinct, WEXITSTATUS(status));
    printf("handled %d, in the right thread %d, on its own stack %d, masked %d\n", handled,
           right_thread, on_own_stack, masked);
}

static void short_lived(void)
{
    long sum = 0;
    for (int round = 0; round < SHORT_LIVED / 10; round++) {
        pthread_t id[10];
        for (int n = 0; n < 10; n++)
            if (pthread_create(&id[n], NULL, nothing, (void *)(intptr_t)n) != 0)
                exit(1);
        for (int n = 0; n < 10; n++) {
            void *result;
            pthread_join(id[n], &result);
            sum += (intptr_t)result;
        }
    }
    printf("short-lived %ld\n", sum);
}

static void detached(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int n = 0; n < 500; n++) {
        pthread_t id;
        while (pthread_create(&id, &attributes, nothing, NULL) == EAGAIN)
            sched_yield();
    }
    printf("detached\n");
}

static void *end_process(void *argument)
{
    (void)argument;
    exit(21);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    pthread_t id;

    sigaction(SIGUSR1, &action, NULL);
    crowd();
    short_lived();
    detached();
    fflush(stdout);
    pthread_create(&id, NULL, end_process, NULL);
    for (;;)
        pause();
}
