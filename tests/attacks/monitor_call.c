/*
 * I5: a jump to a `syscall` of the monitor's own, which the range form of dispatch exempts.
 * Natively the program arms dispatch for itself with its own `syscall` exempt.
 */
#include "attack.h"

int main(void)
{
    static const uint8_t bytes[] = {0x0f, 0x05, 0xc3}; /* syscall; ret */
    static volatile uint8_t selector = 0;
    uintptr_t found = 0;
    if (under_monitor()) {
        CHECK_EQ(find_in_image(bytes, sizeof bytes, &found, 1), 1, "`syscall; ret` in the monitor");
    } else {
        void *page = code_page(bytes, sizeof bytes, 0);
        found = (uintptr_t)page;
        raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, page, PAGE, &selector);
        selector = 1;
    }
    long result;
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    __asm__ volatile("call *%[found]"
                     : "=a"(result)
                     : [found] "b"(found), "a"(PROBE_CALL), "D"(PROBE_WRITE), "S"(0), "d"(0),
                       "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    selector = 0;
    judge_probe(result);
}
