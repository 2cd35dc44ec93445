/*
 * M11: words that the kernel writes later, when nobody makes a call with them: the thread id at the
 * creation of a thread, zero at its end, and the mark of a dead owner in a robust futex.
 */
#include "attack.h"
#include <linux/futex.h>

static uint64_t *target;
static struct robust_list_head head;
static volatile int go;

static int wait_and_end(void *argument)
{
    (void)argument;
    while (!go) {
        raw(SYS_sched_yield);
    }
    raw(SYS_set_robust_list, &head, sizeof head);
    return 0;
}

/* Told by calls of their own, which must end as the creation of a thread does. */
static bool is_kept(void)
{
    int own = 0;
    bool kept = raw(SYS_set_tid_address, target) > 0;
    bool listed = raw(SYS_set_robust_list, target, sizeof head) == 0;
    raw(SYS_set_tid_address, &own);
    raw(SYS_set_robust_list, &head, sizeof head);
    return kept || listed;
}

#define THREAD_FLAGS                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/* A thread's whole life; `flags` say where the kernel writes. What stood at the target in between.
 */
static int live(int flags)
{
    uint8_t *stack = map_pages(65536, PROT_READ | PROT_WRITE);
    volatile int *word = (volatile int *)target;
    char path[64];
    go = 0;
    long tid = raw_clone(THREAD_FLAGS | flags, stack + 65536, (int *)target, (int *)target, NULL,
                         wait_and_end, NULL);
    if (tid == -EFAULT) {
        CHECK(!is_kept(), "an address of the monitor's is kept");
        not_reached("EFAULT");
    }
    CHECK(tid > 0, "clone: %ld", tid);
    int between = *word;
    CHECK(between == tid, "the thread's id: %d, expected %ld", between, tid);
    go = 1;
    snprintf(path, sizeof path, "/proc/self/task/%ld", tid);
    while (access(path, F_OK) == 0) {
        sched_yield();
    }
    return between;
}

int main(void)
{
    target = target_page_for_kernel();
    head.list.next = (struct robust_list *)&head.list;
    live(CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID);
    int cleared = (int)target[0];
    head.list.next = (struct robust_list *)(target + 1);
    head.futex_offset = -8;
    /* The list's only entry points back to the head; the kernel reads that from the target page. */
    int fd = MUST(memfd_create("entry", MFD_CLOEXEC));
    const void *back = &head.list;
    CHECK_EQ(pwrite(fd, &back, sizeof back, 0), sizeof back, "pwrite");
    CHECK_EQ(pread(fd, target + 1, sizeof back, 0), sizeof back, "pread");
    live(CLONE_PARENT_SETTID);
    int marked = (int)target[0];
    if (cleared == 0 && marked == FUTEX_OWNER_DIED) {
        reached();
    }
    not_reached("cleared-%x-marked-%x", (unsigned)cleared, (unsigned)marked);
}
