/*
 * M1: mapping calls on the monitor's addresses that say so in a way of their own: a range that ends
 * beyond all memory, of which the kernel takes what there is, and an address that it rounds.
 * Natively the page is one that the program closed to itself.
 */
#include "attack.h"
#include <sys/shm.h>

#define BEYOND (1UL << 62)

static uint64_t *target;

/* Natively nothing stands behind it that the process needs. */
static uint64_t *chosen_page(void)
{
    if (under_monitor()) {
        return target_page();
    }
    uint8_t *pages = map_pages(64 * PAGE, PROT_READ);
    MUST(munmap(pages + PAGE, 63 * PAGE)); /* later mappings begin at its end */
    return (uint64_t *)pages;
}

/* The kernel says ENOMEM at the first hole, and has changed what was before it. */
static int judge_store(int result)
{
    if (result != 0 && errno != ENOMEM) {
        return -errno;
    }
    target[0] = FOREIGN_VALUE;
    return is_changed(target) ? 0 : -EAGAIN;
}

static int by_mprotect(void)
{
    return judge_store((int)syscall(SYS_mprotect, target, BEYOND, PROT_READ | PROT_WRITE));
}

static int by_pkey_mprotect(void)
{
    return judge_store((int)syscall(SYS_pkey_mprotect, target, BEYOND, PROT_READ | PROT_WRITE, -1));
}

/* Any advice: one that could be seen would take the stack away as well. */
static int by_madvise(void)
{
    bool taken = syscall(SYS_madvise, target, BEYOND, MADV_NORMAL) == 0 || errno == ENOMEM;
    return taken ? 0 : -errno;
}

static int by_rounded_shmat(void)
{
    int id = MUST(shmget(IPC_PRIVATE, PAGE, 0600));
    void *at = shmat(id, target + 1, SHM_REMAP | SHM_RND);
    int error = errno;
    shmctl(id, IPC_RMID, NULL);
    if (at != target) {
        return -error;
    }
    target[0] = FOREIGN_VALUE;
    return is_changed(target) ? 0 : -EAGAIN;
}

/*
 * In mode kernel the first two ways reach what follows the page, up to the first hole. Where the
 * monitor's or the C library's code does, the attacker ends with it, so they are left out.
 */
int main(void)
{
    static int (*const ways[])(void) = {by_mprotect, by_pkey_mprotect, by_madvise,
                                        by_rounded_shmat};
    int succeeded = 0, error = 0, count = sizeof ways / sizeof ways[0];
    int first = under_monitor() && !monitor_is_closed() ? 2 : 0;
    for (int i = first; i < count; i++) {
        target = chosen_page();
        int result = in_expendable_child(ways[i]);
        succeeded += result == 0;
        error = result < 0 ? -result : error;
    }
    judge_ways(count - first, succeeded, error);
}
