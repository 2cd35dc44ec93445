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

int main(void)
{
    static unsafe_way *const ways[] = {lower_moves, upper_moves, files_meet, middle_replaced,
                                       neighbour_alternates};
    judge_unsafe(ways, 5);
}
