/*
 * The kernel's part of the defence, with protection keys: seccomp filters that hold for the monitor
 * as well as for the program, from the exec of the monitor image on. They know nothing of who makes
 * a call, so they hold only what neither of them ever makes.
 */
#ifndef ENDORUN_COMMAND_BACKSTOP_H
#define ENDORUN_COMMAND_BACKSTOP_H

#include <linux/filter.h>

/*
 * Two filters, of which the kernel takes the stricter answer: by number, where what is not named is
 * ENOSYS, and by arguments, where what is not named passes.
 */
enum backstop_filter { BACKSTOP_NUMBERS, BACKSTOP_ARGUMENTS };

/* 0 or -errno. Sets no_new_privs; what was done cannot be undone. */
int backstop_install(void);

/* One of them as the kernel gets it. For tests. */
const struct sock_fprog *backstop_program(enum backstop_filter which);

#endif
