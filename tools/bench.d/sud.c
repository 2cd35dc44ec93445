#include "sud.h"
#include "measure.h"

#include <sys/prctl.h>

/* Debian 12's headers have them; they are fixed by the kernel's ABI, so older ones do as well. */
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH  59
#define PR_SYS_DISPATCH_ON            1
#define SYSCALL_DISPATCH_FILTER_ALLOW 0
#endif

static enum sud_form chosen_form = SUD_OFF;
static const char selector = SYSCALL_DISPATCH_FILTER_ALLOW;

void sud_choose(enum sud_form form)
{
    chosen_form = form;
}

void sud_arm_thread(void)
{
    unsigned long length = chosen_form == SUD_RANGE ? ~0UL : 0UL;

    if (chosen_form == SUD_OFF)
        return;
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0UL, length, &selector) != 0)
        fail("prctl(PR_SET_SYSCALL_USER_DISPATCH)");
}
