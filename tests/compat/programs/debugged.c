/* A program to be stepped through by a debugger. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct item {
    int number;
    const char *text;
};

static volatile int watched;
static volatile sig_atomic_t signalled;

int add(int a, int b)
{
    return a + b;
}

static int inner(int depth, struct item *item)
{
    if (depth == 0)
        return item->number;
    return inner(depth - 1, item) + 1;
}

static int outer(int start)
{
    struct item item = {.number = start, .text = "an item"};
    int local = add(start, 1);
    local += inner(5, &item);
    return local;
}

static void *in_thread(void *argument)
{
    watched += 100;
    return argument;
}

static void handler(int signal_number)
{
    signalled = signal_number;
}

int main(int argc, char **argv)
{
    pthread_t id;
    int result = outer(argc);
    watched = result;
    watched = watched * 2;
    pthread_create(&id, NULL, in_thread, NULL);
    pthread_join(id, NULL);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    printf("%s %d %d\n", argv[1], watched, signalled == SIGUSR1);
    return 11;
}
