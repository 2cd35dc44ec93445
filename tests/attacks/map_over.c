/*
 * M1: mapping calls on the monitor's addresses: each puts a page of the program's in the place of
 * one of the monitor's, or takes it away. Natively the page is one that the program closed to
 * itself.
 */
#include "attack.h"
#include <sys/shm.h>

static uint64_t *target;

static uint64_t *foreign_page(void)
{
    uint64_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    page[0] = FOREIGN_VALUE;
    return page;
}

/* Each gives a negative errno, or 0 when the page is the program's. */

static int by_mmap(void)
{
    if (mmap(target, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) != target) {
        return -errno;
    }
    target[0] = FOREIGN_VALUE;
    return 0;
}

static int by_mmap_of_file(void)
{
    int fd = MUST(memfd_create("page", MFD_CLOEXEC));
    uint64_t value = FOREIGN_VALUE;
    MUST(ftruncate(fd, (off_t)PAGE));
    CHECK_EQ(pwrite(fd, &value, sizeof value, 0), sizeof value, "pwrite");
    return mmap(target, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == target ? 0 : -errno;
}

static int by_mremap(void)
{
    return mremap(foreign_page(), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target
               ? 0
               : -errno;
}

static int by_mremap_away(void)
{
    uint64_t *elsewhere = map_pages(PAGE, PROT_NONE);
    if (mremap(target, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere) != elsewhere) {
        return -errno;
    }
    return by_mmap();
}

static int by_munmap(void)
{
    return munmap(target, PAGE) == 0 ? by_mmap() : -errno;
}

static int by_mprotect(void)
{
    if (mprotect(target, PAGE, PROT_READ | PROT_WRITE) != 0) {
        return -errno;
    }
    target[0] = FOREIGN_VALUE;
    return 0;
}

static int by_shmat(void)
{
    int id = MUST(shmget(IPC_PRIVATE, PAGE, 0600));
    void *at = shmat(id, target, SHM_REMAP);
    int error = errno;
    shmctl(id, IPC_RMID, NULL);
    if (at != target) {
        return -error;
    }
    target[0] = FOREIGN_VALUE;
    return 0;
}

static const void *data_bytes(uintptr_t address)
{
    return (const void *)address;
}

/* Not the page, but the monitor's variables: they become those of the file again. */
static int by_madvise(void)
{
    struct range data = monitor_image("rw-p");
    if (data.start == 0) {
        data.start = (uintptr_t)foreign_page();
        data.end = data.start + PAGE;
    }
    volatile const uint64_t *word = (const uint64_t *)data.start;
    uint64_t before[8 * PAGE / sizeof *word];
    size_t count = (data.end - data.start) / sizeof *word;
    CHECK(sizeof before >= data.end - data.start, "the monitor has %zu words of data", count);
    int ends[2];
    MUST(pipe(ends)); /* by the kernel, for the page may be closed */
    bool readable = write(ends[1], data_bytes(data.start), 1) == 1;
    for (size_t i = 0; i < count && readable; i++) {
        before[i] = word[i];
    }
    if (madvise((void *)data.start, data.end - data.start, MADV_DONTNEED) != 0) {
        return -errno;
    }
    for (size_t i = 0; i < count; i++) {
        if (!readable || word[i] != before[i]) {
            return 0;
        }
    }
    return -EAGAIN;
}

static int (*way)(void);

static int attempt(void)
{
    int result = way();
    return result == 0 && way != by_madvise && !is_changed(target) ? -EAGAIN : result;
}

int main(void)
{
    static int (*const ways[])(void) = {by_mmap,   by_mmap_of_file, by_mremap, by_mremap_away,
                                        by_munmap, by_mprotect,     by_shmat,  by_madvise};
    int succeeded = 0, error = 0, count = sizeof ways / sizeof ways[0];
    for (int i = 0; i < count; i++) {
        way = ways[i];
        target = target_page();
        int result = in_expendable_child(attempt);
        succeeded += result == 0;
        error = result < 0 ? -result : error;
    }
    judge_ways(count, succeeded, error);
}
