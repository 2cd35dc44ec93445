#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backstop.h"

static const struct sock_filter numbers[] = {
#include "backstop_numbers.inc"
};
static const struct sock_filter arguments[] = {
#include "backstop_arguments.inc"
};

static const struct sock_fprog programs[] = {
    [BACKSTOP_NUMBERS] = {sizeof numbers / sizeof numbers[0], (struct sock_filter *)numbers},
    [BACKSTOP_ARGUMENTS] = {sizeof arguments / sizeof arguments[0],
                            (struct sock_filter *)arguments},
};

const struct sock_fprog *backstop_program(enum backstop_filter which)
{
    return &programs[which];
}

int backstop_install(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    for (int which = BACKSTOP_NUMBERS; which <= BACKSTOP_ARGUMENTS; which++)
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[which]) != 0)
            return -errno;
    return 0;
}
