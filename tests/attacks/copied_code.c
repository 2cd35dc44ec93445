/*
 * I1: a page of run-time code holds WRPKRU or XRSTOR and may run all the same: the rest of it, by
 * copies. The bytes are jumped to, behind what runs; and the copies are written over.
 */
#include "unsafe.h"

/* `mov $constant, %eax; ret`, and the bytes of WRPKRU in the constant of the next such function. */
static uint8_t *running_page(void)
{
    uint8_t *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
    memcpy(page, "\xb8\x2a\0\0\0\xc3", 6);
    page[100] = 0xb8;
    put_wrpkru(page + 101, 0);
    page[105] = 0xc3;
    raise_rights(page); /* nothing is raised: it returns 42 */
    return page;
}

static const void *jumped_to(void)
{
    return running_page() + 101;
}

/* What runs first is made something else while it runs. */
static const void *replaced(void)
{
    uint8_t *page = running_page();
    put_wrpkru(page, 0);
    return page;
}

/* The page that code of `page` runs in: where keys close the monitor one of its areas' last. */
static uint8_t *page_of_copies(uint8_t *page)
{
    if (must_win()) {
        return page;
    }
    struct range range;
    uint8_t *found = NULL;
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL, "maps: %s", strerror(errno));
    while (next_anonymous_code(maps, &range)) {
        uint8_t *at = (uint8_t *)range.start;
        if (range.end - range.start == PAGE && at != page && memchr(at, 0xf4, PAGE) != NULL) {
            found = at;
        }
    }
    fclose(maps);
    CHECK(found != NULL, "no page holds copies");
    return found;
}

/* Opened, by a call of the kernel's, by another mapping in its place. */
static const void *opened(void)
{
    uint8_t *copies = page_of_copies(running_page());
    if (mprotect(copies, PAGE, PROT_READ | PROT_WRITE) != 0) {
        return NULL;
    }
    put_wrpkru(copies, 0);
    return protected_page(copies, PROT_READ | PROT_EXEC);
}

static const void *read_into(void)
{
    uint8_t *copies = page_of_copies(running_page()), bytes[UNSAFE_SIZE];
    int ends[2];
    put_wrpkru(bytes, 0);
    MUST(pipe(ends));
    CHECK_EQ(write(ends[1], bytes, sizeof bytes), (long)sizeof bytes, "write");
    return read(ends[0], copies, sizeof bytes) == sizeof bytes ? copies : NULL;
}

static const void *mapped_over(void)
{
    uint8_t *copies = page_of_copies(running_page());
    void *other =
        mmap(copies, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (other != copies) {
        return NULL;
    }
    put_wrpkru(copies, 0);
    return protected_page(copies, PROT_READ | PROT_EXEC);
}

/* A store: the way ends by the fault. */
static const void *stored(void)
{
    uint8_t *copies = page_of_copies(running_page());
    put_wrpkru(copies, 0);
    return copies;
}

int main(void)
{
    static unsafe_way *const ways[] = {jumped_to, replaced, opened, read_into, mapped_over, stored};
    judge_unsafe(ways, 6);
}
