/*
 * M2: protection key calls on what is not the program's: a page of the monitor gets another key,
 * and a key that nobody gave the program is freed. Natively the page is closed by a key.
 */
#include "attack.h"

int main(void)
{
    uint64_t *target = target_page_for_kernel();
    int key = pkey_alloc(0, 0), closed = -1;
    if (key < 0 && under_monitor()) {
        key = 2; /* there is none for the program to have: it names one of the monitor's */
        if (pkey_free(key) == 0 || pkey_free(1) == 0) {
            reached();
        }
    }
    if (!under_monitor()) {
        closed = MUST(pkey_alloc(0, PKEY_DISABLE_ACCESS));
        MUST(pkey_mprotect(target, PAGE, PROT_READ | PROT_WRITE, closed));
    }
    if (pkey_mprotect(target, PAGE, PROT_READ | PROT_WRITE, key) != 0) {
        not_reached("%s", strerrorname_np(errno));
    }
    *(volatile uint64_t *)target = FOREIGN_VALUE;
    MUST(pkey_mprotect(target, PAGE, PROT_READ | PROT_WRITE, 0));
    reached();
}
