/*
 * Stacks on which code runs: the program's file asks for them (PT_GNU_STACK), and gcc's nested
 * functions put trampolines there. The stack grows meanwhile, signals come, threads do the same.
 */
#include "code.h"
#include <pthread.h>

/*
 * Stacks hold addresses, which differ from run to run, and what signals and calls have left. Where
 * the page that is to be executed may not be, the program starts again, elsewhere.
 */
#define START_AGAIN 99

static char **arguments;
static pid_t first_process;
static __thread const uint8_t *highest_page; /* of those in which code is made */

static void start_again(void)
{
    if (getpid() != first_process) {
        _exit(START_AGAIN);
    }
    execv("/proc/self/exe", arguments);
    CHECK(false, "execv: %s", strerror(errno));
}

/* Beside the page, what goes on in a neighbour that may have been executed as well. */
#define REACH (ENDORUN_UNSAFE_SIZE_MAX + ENDORUN_UNSAFE_PREFIX_MAX)

static void look_at_page(const uint8_t *page)
{
    bool is_unlucky = holds_unsafe(page, PAGE);
    if (page < highest_page) {
        is_unlucky |= holds_unsafe(page + PAGE - REACH, 2 * REACH);
    }
    if (page >= page_of(__builtin_frame_address(0))) { /* there is a stack below */
        is_unlucky |= holds_unsafe(page - REACH, 2 * REACH);
    }
    if (is_unlucky) {
        start_again();
    }
}

/* Just before it is executed, and by who calls it next: the stack does not change in between. */
static void __attribute__((noinline)) look_at(const void *code)
{
    const uint8_t *last = (const uint8_t *)code + 31; /* no trampoline is longer */
    look_at_page(page_of(code));
    if (page_of(last) != page_of(code)) {
        look_at_page(page_of(last));
    }
}

static __thread volatile int handled;

static void note_signal(int signo)
{
    handled = signo;
}

static long __attribute__((noinline)) apply(long (*callback)(long), long value)
{
    const void *code;
    memcpy(&code, &callback, sizeof code);
    look_at(code);
    return callback(value);
}

static long __attribute__((noinline)) run_here(const uint8_t *code)
{
    look_at(code);
    return run(code);
}

/* A trampoline in each frame, all of them called again and again on the way down and up. */
static long __attribute__((noinline)) descend(long depth, long (*above)(long))
{
    volatile uint8_t room[700];
    room[0] = (uint8_t)depth;
    long nested(long value)
    {
        return value + depth + room[0];
    }
    CHECK_EQ(apply(nested, 1), 1 + depth + (uint8_t)depth, "a nested function");
    if (above != NULL) {
        CHECK_EQ(apply(above, 0), depth + 1 + (uint8_t)(depth + 1), "that of the caller");
    }
    if (depth % 16 == 0) {
        handled = 0;
        MUST(raise(SIGUSR1));
        CHECK_EQ(handled, SIGUSR1, "a signal beside trampolines");
    }
    long sum = depth == 0 ? 0 : descend(depth - 1, nested);
    return sum + apply(nested, 0) - room[0];
}

static void *use_trampolines(void *argument)
{
    if (highest_page == NULL) {
        highest_page = page_of(__builtin_frame_address(0));
    }
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(descend(40, NULL), 40 * 41 / 2, "in a thread");
    }
    return argument;
}

static void put_constant_there(uint8_t *at, uint32_t value)
{
    put_constant(at, value);
    __asm__ volatile("" : : "r"(at) : "memory");
}

int main(int argc, char **argv)
{
    (void)argc;
    arguments = argv;
    first_process = getpid();
    highest_page = page_of(__builtin_frame_address(0));
    uint8_t own[64];
    pthread_t threads[3];
    struct sigaction action = {.sa_handler = note_signal};
    MUST(sigaction(SIGUSR1, &action, NULL));
    for (uint32_t i = 0; i < 50; i++) {
        put_constant_there(own, i);
        CHECK_EQ(run_here(own), i, "code on the stack");
    }
    CHECK_EQ(descend(200, NULL), 200 * 201 / 2, "nested functions");
    uint8_t *low = (uint8_t *)((uintptr_t)own & ~(PAGE - 1UL)) - 200 * PAGE;
    put_constant_there(low, 77); /* where the stack has not been, below what was executed */
    CHECK_EQ(run_here(low), 77, "far down");
    CHECK_EQ(descend(2000, NULL), 2000L * 2001 / 2, "across it");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        use_trampolines(NULL);
        _exit(0);
    }
    int status = wait_for(pid);
    if (status == START_AGAIN << 8) {
        start_again();
    }
    CHECK_EQ(status, 0, "the child");
#ifdef __GLIBC__ /* musl gives its threads stacks that are not executable */
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, use_trampolines, NULL), 0, "pthread_create");
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
#else
    (void)threads;
#endif
    /* Not before: the program may have started again. */
    say("code on the stack, nested functions, on a stack that grew, in a child and in threads\n");
    return 0;
}
