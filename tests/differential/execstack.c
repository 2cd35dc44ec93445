/*
 * Stacks on which code runs: the program's file asks for them (PT_GNU_STACK), and gcc's nested
 * functions put trampolines there. The stack grows meanwhile, signals come, threads do the same.
 */
#include "code.h"
#include <pthread.h>

/*
 * A trampoline holds the address of its frame. Where bytes of such an address are an instruction
 * that protection keys forbid (0F AE /5 with memory, 0F 01 EF), the page may not be executed: with
 * stacks anywhere once in some hundred runs. Then the program starts again, elsewhere.
 */
static bool is_unlucky_address(uintptr_t address)
{
    for (int shift = 8; shift <= 24; shift += 8) {
        unsigned first = address >> shift & 0xff, second = address >> (shift + 8) & 0xff,
                 third = address >> (shift + 16) & 0xff;
        bool is_xrstor = second == 0xae && (third & 0x38) == 0x28 && third < 0xc0;
        if (first == 0x0f && (is_xrstor || (second == 0x01 && third == 0xef))) {
            return true;
        }
    }
    return false;
}

static volatile bool is_unlucky;

/* This far below the frame, and a page above. */
static void look_at_addresses(size_t depth)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    for (uintptr_t at = (here & ~0xffUL) - depth; at < here + PAGE; at += 0x100) {
        if (is_unlucky_address(at)) {
            is_unlucky = true;
        }
    }
}

static pthread_barrier_t all_there;

static void *look_at_stack(void *argument)
{
    look_at_addresses(256 * 1024UL);
    pthread_barrier_wait(&all_there);
    return argument;
}

/* The stacks of these threads are the next ones' as well. */
static void look_at_stacks(void)
{
    pthread_t threads[3];
    look_at_addresses(8 * 1024 * 1024UL);
    pthread_barrier_init(&all_there, NULL, 3);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, look_at_stack, NULL), 0, "pthread_create");
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
}

static __thread volatile int handled;

static void note_signal(int signo)
{
    handled = signo;
}

static long __attribute__((noinline)) apply(long (*callback)(long), long value)
{
    return callback(value);
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
    look_at_stacks();
    if (is_unlucky) {
        execv("/proc/self/exe", argv);
        CHECK(false, "execv: %s", strerror(errno));
    }
    uint8_t own[64];
    pthread_t threads[3];
    struct sigaction action = {.sa_handler = note_signal};
    MUST(sigaction(SIGUSR1, &action, NULL));
    for (uint32_t i = 0; i < 50; i++) {
        put_constant_there(own, i);
        CHECK_EQ(run(own), i, "code on the stack");
    }
    say("code on the stack\n");
    CHECK_EQ(descend(200, NULL), 200 * 201 / 2, "nested functions");
    say("nested functions\n");
    uint8_t *low = (uint8_t *)((uintptr_t)own & ~(PAGE - 1UL)) - 200 * PAGE;
    put_constant_there(low, 77); /* where the stack has not been, below what was executed */
    CHECK_EQ(run(low), 77, "far down");
    CHECK_EQ(descend(2000, NULL), 2000L * 2001 / 2, "across it");
    say("on a stack that grew\n");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        use_trampolines(NULL);
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, "the child");
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
    say("in a child and in threads\n");
    return 0;
}
