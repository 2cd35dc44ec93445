/* P2: Syscall User Dispatch turned off or redirected, by each way to the same call. */
#include "attack.h"

int main(void)
{
    static volatile uint8_t selector;
    call_code *call = unseen_call();
    raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
    call(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0, 0, SYS_prctl);
    call((long)(PR_SET_SYSCALL_USER_DISPATCH | 1UL << 32), 0, 0, 0, 0, 0, SYS_prctl);
    /* On again, with all of memory exempt, or with a selector of one's own that allows. */
    raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, PAGE, 1UL << 47, 0);
    raw(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector);
    judge_probe(probe_by(call));
}
