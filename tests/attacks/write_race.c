/* M4: another thread writes to a page while it becomes executable. */
#include "unsafe.h"
#include <pthread.h>
#include <setjmp.h>

#define ROUNDS 300

static uint8_t *page;
static volatile bool started, stop;
static sigjmp_buf denied;
static __thread bool is_writer;

/* The writer tries again, as long as it takes; the other thread has not got its rights. */
static void fault(int signo)
{
    (void)signo;
    if (is_writer) {
        sched_yield();
    } else {
        siglongjmp(denied, 1);
    }
}

static void *write_often(void *argument)
{
    is_writer = true;
    while (!stop) {
        *(volatile uint8_t *)page = 0xc3;
        for (int i = 0; i < 100; i++) { /* most of the time it is there */
            put_wrpkru(page, 0);
        }
        started = true;
    }
    return argument;
}

/* Whether the code as it is now opens the page. */
static bool opens(uint64_t *target)
{
    if (sigsetjmp(denied, 1) == 0) {
        raise_rights(page);
        *(volatile uint64_t *)target = FOREIGN_VALUE;
        return true;
    }
    return false;
}

static int race(bool at_once)
{
    uint64_t *target = closed_page();
    pthread_t writer;
    int protection = PROT_READ | PROT_WRITE | (at_once ? PROT_EXEC : 0);
    page = mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
    page[0] = 0xc3;
    handle(SIGSEGV, (void (*)(int, siginfo_t *, void *))(uintptr_t)fault, SA_NODEFER);
    CHECK_EQ(pthread_create(&writer, NULL, write_often, NULL), 0, "pthread_create");
    while (!started) {
        sched_yield();
    }
    for (int i = 0; i < ROUNDS; i++) {
        sched_yield();
        if (at_once || mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0) {
            if (opens(target)) {
                return 0;
            }
        }
        MUST(mprotect(page, PAGE, protection));
    }
    return EACCES;
}

static int between_protections(void)
{
    return race(false);
}

static int writable_and_executable(void)
{
    return race(true);
}

int main(void)
{
    int first = in_expendable_child(between_protections);
    int second = in_expendable_child(writable_and_executable);
    CHECK(first > -1000 && second > -1000, "ended by themselves: %d, %d", first, second);
    CHECK((first == 0) == (second == 0), "one way of two: %d, %d", first, second);
    if (first == 0) {
        reached();
    }
    not_reached("closed");
}
