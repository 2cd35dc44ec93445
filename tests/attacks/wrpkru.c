/* I1: WRPKRU in the program's code, plain, hidden, across pages, raises its rights. */
#include "unsafe.h"

static const void *plain(void)
{
    uint8_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    put_wrpkru(page, 0);
    return protected_page(page, PROT_READ | PROT_EXEC);
}

/* mov $0x..ef010f.., %ebp: its last bytes. */
static const void *hidden(void)
{
    uint8_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    page[0] = 0xbd;
    put_wrpkru(page + 1, 0);
    return protected_page(page, PROT_READ | PROT_EXEC) ? page + 1 : NULL;
}

/* Each page becomes executable by itself, with the `split` first bytes in the lower one. */
static const void *across(size_t split, bool upper_first)
{
    uint8_t *pages = map_pages(2 * PAGE, PROT_READ | PROT_WRITE);
    put_wrpkru(pages + PAGE - split, 0);
    for (int i = 0; i < 2; i++) {
        if (!protected_page(pages + (upper_first == (i == 0) ? PAGE : 0), PROT_READ | PROT_EXEC)) {
            return NULL;
        }
    }
    return pages + PAGE - split;
}

static const void *across_one(void)
{
    return across(1, false);
}

static const void *across_two(void)
{
    return across(2, true);
}

static const void *in_file(void)
{
    uint8_t page[PAGE] = {0};
    int fd = MUST(open("code", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
    put_wrpkru(page + 100, 0);
    CHECK_EQ(write(fd, page, sizeof page), (long)sizeof page, "write");
    const uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    return code == MAP_FAILED ? NULL : code + 100;
}

static const void *writable(void)
{
    uint8_t *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
    put_wrpkru(page, 0);
    return page;
}

int main(void)
{
    static unsafe_way *const ways[] = {plain, hidden, across_one, across_two, in_file, writable};
    judge_unsafe(ways, 6);
}
