/*
 * I8: calls of the vsyscall page, which Syscall User Dispatch does not see. Natively the program
 * arms dispatch for itself.
 */
#include "attack.h"

int main(void)
{
    static volatile uint8_t selector;
    time_t (*vsyscall_time)(time_t *);
    uintptr_t address = 0xffffffffff600400;
    memcpy(&vsyscall_time, &address, sizeof address);
    raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector);
    selector = 1;
    time_t now = vsyscall_time(NULL);
    selector = 0;
    CHECK(now > 1600000000, "time: %ld", (long)now);
    reached();
}
