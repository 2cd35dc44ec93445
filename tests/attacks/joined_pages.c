/* M5: two halves of an instruction, each harmless where it is, come together. */
#include "unsafe.h"

#define SPLIT 2U /* bytes in the lower page */

/* Two executable pages, not neighbours: the lower half at the end of one, the rest in the other. */
static bool make_halves(uint8_t *lower, uint8_t *upper)
{
    put_wrpkru(lower + PAGE - UNSAFE_SIZE, 0); /* what lies too far right is written over */
    memmove(lower + PAGE - SPLIT, lower + PAGE - UNSAFE_SIZE, SPLIT);
    memset(lower + PAGE - UNSAFE_SIZE, 0xc3, UNSAFE_SIZE - SPLIT);
    put_wrpkru(upper, SPLIT);
    return protected_page(lower, PROT_READ | PROT_EXEC) != NULL &&
           protected_page(upper, PROT_READ | PROT_EXEC) != NULL;
}

/* Address space for three pages; the one in the middle may be used. */
static uint8_t *room(void)
{
    uint8_t *pages = map_pages(3 * PAGE, PROT_READ | PROT_WRITE);
    MUST(munmap(pages, PAGE));
    MUST(munmap(pages + 2 * PAGE, PAGE));
    return pages + PAGE;
}

static const void *lower_moves(void)
{
    uint8_t *upper = room(), *lower = room();
    if (!make_halves(lower, upper)) {
        return NULL;
    }
    void *moved = mremap(lower, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, upper - PAGE);
    return moved == MAP_FAILED ? NULL : upper - SPLIT;
}

static const void *upper_moves(void)
{
    uint8_t *upper = room(), *lower = room();
    if (!make_halves(lower, upper)) {
        return NULL;
    }
    void *moved = mremap(upper, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, lower + PAGE);
    return moved == MAP_FAILED ? NULL : lower + PAGE - SPLIT;
}

/* Each half is page of a file, mapped where the other is. */
static const void *files_meet(void)
{
    uint8_t pages[2 * PAGE] = {0};
    int fd = MUST(open("code", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
    put_wrpkru(pages + PAGE - SPLIT, 0);
    CHECK_EQ(write(fd, pages, sizeof pages), (long)sizeof pages, "write");
    uint8_t *at = room();
    void *upper = mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, (off_t)PAGE);
    void *lower = mmap(at - PAGE, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
    return upper == MAP_FAILED || lower == MAP_FAILED ? NULL : at - SPLIT;
}

/* What stood between the halves of an instruction is replaced by the missing part. */
static const void *middle_replaced(void)
{
    uint8_t *lower = map_pages(2 * PAGE, PROT_READ | PROT_WRITE), *upper = lower + PAGE;
    uint8_t *other = room();
    if (!make_halves(lower, other)) {
        return NULL;
    }
    void *moved = mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, upper);
    return moved == MAP_FAILED ? NULL : upper - SPLIT;
}

/* Made executable by one thing, and its neighbour by another: a page that was writable. */
static const void *neighbour_alternates(void)
{
    uint8_t *lower = map_pages(2 * PAGE, PROT_READ | PROT_WRITE), *upper = lower + PAGE;
    put_wrpkru(upper - SPLIT, 0);
    if (!protected_page(lower, PROT_READ | PROT_EXEC) ||
        !protected_page(upper, PROT_READ | PROT_WRITE | PROT_EXEC)) {
        return NULL;
    }
    return upper - SPLIT;
}

/* A page of a file that nobody here may change, which ends as the instruction begins. */
static uint8_t *page_of_library(void)
{
    int fd = MUST(open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC));
    struct stat status;
    MUST(fstat(fd, &status));
    for (off_t at = 0; at + (off_t)PAGE <= status.st_size; at += (off_t)PAGE) {
        uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, at);
        if (page != MAP_FAILED && page[PAGE - 1] == unmasked(masked_wrpkru, 0)) {
            return page;
        }
        if (page != MAP_FAILED) {
            MUST(munmap(page, PAGE));
        }
    }
    CHECK(false, "no page of the C library will do");
    return NULL;
}

/* An old size that is rounded to 0: the page appears a second time. */
static const void *shared_doubles(void)
{
    uint8_t *upper = room(), *lower = page_of_library();
    put_wrpkru(upper, 1);
    if (!protected_page(upper, PROT_READ | PROT_EXEC)) {
        return NULL;
    }
    long moved =
        syscall(SYS_mremap, lower, -1UL, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, upper - PAGE);
    return moved == -1 && errno == EINVAL ? NULL : upper - 1;
}

int main(void)
{
    static unsafe_way *const ways[] = {lower_moves,     upper_moves,          files_meet,
                                       middle_replaced, neighbour_alternates, shared_doubles};
    judge_unsafe(ways, 6);
}
