/*
 * What the program writes to the terminal while --live has it: standard output and standard error
 * are a file in memory then, whose content is shown when the view has ended.
 */
#ifndef ENDORUN_COMMAND_LIVE_OUTPUT_H
#define ENDORUN_COMMAND_LIVE_OUTPUT_H

#include <sys/types.h>

#include "live_terminal.h"

#define LIVE_OUTPUT_MAX (64L << 20) /* bytes kept, from the end */

struct live_output {
    int fd;
    int nothing; /* /dev/null */
    off_t start; /* what is before is no longer there */
};

/* Before a policy restricts what can be opened. Ends the command where there is none to be had. */
void live_output_open(struct live_output *output);

/*
 * Puts it in the place of descriptors 1 and 2 where they are this terminal, and /dev/null in that
 * of 0, which reads the view's keys.
 */
void live_output_divert(const struct live_output *output, const struct live_terminal *terminal);

/* Forgets what is more than is kept. */
void live_output_bound(struct live_output *output);

/* Writes it to the terminal. */
void live_output_show(struct live_output *output, const struct live_terminal *terminal);

#endif
