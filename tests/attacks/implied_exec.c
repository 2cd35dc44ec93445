/* M6: pages that become executable without being asked for as such, or by PROT_EXEC alone. */
#include "unsafe.h"
#include <sys/personality.h>
#include <sys/shm.h>

static const void *implied(void)
{
    if (personality(READ_IMPLIES_EXEC) == -1) {
        return NULL;
    }
    uint8_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    put_wrpkru(page, 0);
    return page;
}

static const void *implied_later(void)
{
    uint8_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    put_wrpkru(page, 0);
    return personality(READ_IMPLIES_EXEC) == -1 ? NULL : protected_page(page, PROT_READ);
}

static const void *execute_only(void)
{
    uint8_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    put_wrpkru(page, 0);
    return protected_page(page, PROT_EXEC);
}

static const void *execute_only_file(void)
{
    uint8_t bytes[PAGE] = {0};
    int fd = MUST(open("code", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
    put_wrpkru(bytes, 0);
    CHECK_EQ(write(fd, bytes, sizeof bytes), (long)sizeof bytes, "write");
    void *code = mmap(NULL, PAGE, PROT_EXEC, MAP_PRIVATE, fd, 0);
    return code == MAP_FAILED ? NULL : code;
}

static const void *on_the_stack(void)
{
    static uint8_t *kept;
    uint8_t pages[3 * PAGE];
    uint8_t *page = (uint8_t *)(((uintptr_t)pages + PAGE - 1) & ~(PAGE - 1));
    kept = page;
    put_wrpkru(page, 0);
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN) != 0 &&
        mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        return NULL;
    }
    raise_rights(kept);
    uint8_t *other = map_pages(PAGE, PROT_READ | PROT_WRITE);
    other[0] = 0xc3; /* the rights are there: what follows needs no more than a return */
    return protected_page(other, PROT_READ | PROT_EXEC);
}

/* What the stack grows by, below a page of it that is executable. */
static const void *below_the_stack(void)
{
    uint8_t *here = (uint8_t *)((uintptr_t)__builtin_frame_address(0) & ~(PAGE - 1));
    uint8_t *low = here - 100 * PAGE, *lower = low - PAGE;
    *(volatile uint8_t *)low = 0xc3;
    if (mprotect(here, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN) != 0) {
        return NULL;
    }
    __asm__ volatile("call *%0" : : "r"(low) : "memory", "cc");
    put_wrpkru(lower, 0);
    return lower;
}

static const void *write_execute_only(void)
{
    uint8_t *page = mmap(NULL, PAGE, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
    put_wrpkru(page, 0);
    return page;
}

int main(void)
{
    static unsafe_way *const ways[] = {implied,           implied_later, execute_only,
                                       execute_only_file, on_the_stack,  below_the_stack,
                                       write_execute_only};
    judge_unsafe(ways, 7);
}
