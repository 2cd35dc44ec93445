/*
 * Threads that make code in the same pages of memory that is writable and executable, and run it,
 * each its own and the others': no byte of it is lost, and nobody waits for ever.
 */
#include "code.h"
#include <pthread.h>

#define THREADS 4
#define SLOTS   64 /* of each thread; those of all threads stand side by side */
#define SLOT    32
#define ROUNDS  150

static uint8_t *arena;
static uint32_t *data; /* in the page behind the slots, which holds code as well */

static uint8_t *slot(int thread, int i)
{
    return arena + (i * THREADS + thread) * SLOT;
}

static void *make_and_run(void *argument)
{
    int me = (int)(intptr_t)argument;
    for (int i = 0; i < SLOTS; i++) {
        put_constant(slot(me, i), 0);
    }
    for (int round = 1; round <= ROUNDS; round++) {
        int i = round * 7 % SLOTS;
        uint32_t value = (uint32_t)(me * 100000 + round);
        put_constant(slot(me, i), value);
        CHECK_EQ(run(slot(me, i)), (long)value, "one's own code");
        CHECK_EQ(run(arena - PAGE), getpid(), "everybody's code");
        __atomic_fetch_add(data, 1, __ATOMIC_RELAXED);
        put_call(slot(me, i), SYS_getpid);
        CHECK_EQ(run(slot(me, i)), getpid(), "one's own call");
    }
    for (int i = 0; i < SLOTS; i++) {
        put_constant(slot(me, i), (uint32_t)(me * 1000 + i));
    }
    return NULL;
}

static void test_fork(void)
{
    put_constant(arena, 1);
    CHECK_EQ(run(arena), 1, "before fork");
    pid_t pid = MUST(fork());
    if (pid == 0) {
        put_constant(arena, 2);
        CHECK_EQ(run(arena), 2, "in the child");
        _exit(0);
    }
    CHECK_EQ(wait_for(pid), 0, "the child");
    CHECK_EQ(run(arena), 1, "the parent's own");
    put_constant(arena, 3);
    CHECK_EQ(run(arena), 3, "after fork");
    say("fork: each has its own\n");
}

/* Grown, moved and cut, some of its pages executed before and some not. */
static void test_moves(void)
{
    uint8_t *code = map_pages(8 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int i = 0; i < 8; i++) {
        put_constant(code + i * PAGE, (uint32_t)i);
        put_constant(code + i * PAGE + 64, (uint32_t)i + 100);
    }
    for (int i = 0; i < 8; i += 2) {
        CHECK_EQ(run(code + i * PAGE), i, "before");
    }
    MUST(mprotect(code, 8 * PAGE, PROT_READ | PROT_WRITE));
    put_constant(code + 3 * PAGE, 333);
    MUST(mprotect(code, 8 * PAGE, PROT_READ | PROT_EXEC));
    CHECK_EQ(run(code + 3 * PAGE), 333, "changed between protections");
    CHECK_EQ(run(code + 4 * PAGE), 4, "as it was");
    MUST(mprotect(code, 8 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    CHECK_EQ(run(code + 5 * PAGE + 64), 105, "writable again");
    uint8_t *moved = mremap(code, 8 * PAGE, 12 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED, "mremap: %s", strerror(errno));
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(run(moved + i * PAGE), i == 3 ? 333 : i, "moved");
    }
    put_constant(moved + 11 * PAGE, 11);
    CHECK_EQ(run(moved + 11 * PAGE), 11, "in what it gained");
    MUST(munmap(moved + 2 * PAGE, 2 * PAGE));
    put_constant(moved + PAGE, 1111);
    CHECK_EQ(run(moved + PAGE), 1111, "beside the hole");
    MUST(madvise(moved + 4 * PAGE, PAGE, MADV_DONTNEED));
    CHECK_EQ(moved[4 * PAGE], 0, "dropped");
    put_constant(moved + 4 * PAGE, 44);
    CHECK_EQ(run(moved + 4 * PAGE), 44, "made again");
    MUST(munmap(moved, 12 * PAGE));
    say("protected, moved, cut, dropped\n");
}

/* The kernel writes to such memory as well. */
static void test_calls(void)
{
    int ends[2];
    uint8_t bytes[6];
    MUST(pipe(ends));
    put_constant(bytes, 77);
    CHECK_EQ(write(ends[1], bytes, sizeof bytes), (long)sizeof bytes, "write");
    uint8_t *code = map_pages(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    CHECK_EQ(read(ends[0], code, sizeof bytes), (long)sizeof bytes, "read");
    CHECK_EQ(run(code), 77, "read from a pipe");
    close(ends[0]);
    close(ends[1]);
    MUST(munmap(code, PAGE));
    say("code that was read: runs\n");
}

int main(void)
{
    pthread_t threads[THREADS];
    uint8_t *pages = map_pages(6 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    arena = pages + PAGE;
    data = (uint32_t *)(arena + THREADS * SLOTS * SLOT);
    put_call(pages, SYS_getpid);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, make_and_run, (void *)(intptr_t)i), 0,
                 "pthread_create");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int thread = 0; thread < THREADS; thread++) {
        for (int i = 0; i < SLOTS; i++) {
            CHECK_EQ(run(slot(thread, i)), thread * 1000 + i, "what was made last");
        }
    }
    CHECK_EQ(*data, THREADS * ROUNDS, "data beside code");
    say("threads: %d, all their code ran\n", THREADS);
    test_fork();
    test_moves();
    test_calls();
    return 0;
}
