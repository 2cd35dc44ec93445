/*
 * A process that cleans up behind this one when it has ended without doing so itself, whatever it
 * died of.
 */
#ifndef ENDORUN_COMMAND_LIVE_KEEPER_H
#define ENDORUN_COMMAND_LIVE_KEEPER_H

#include <stddef.h>
#include <sys/types.h>

struct live_keeper {
    pid_t pid;
    int pipe; /* nothing is ever written to it */
};

/*
 * With every signal blocked. `clean_up` runs in the other process, which has these descriptors, and
 * memory as it is now, or shared. Ends the command where there can be no process.
 */
void live_keeper_start(struct live_keeper *keeper, void (*clean_up)(void *context), void *context,
                       const int *descriptors, size_t count);

/* Ends it, when it has cleaned up. */
void live_keeper_end(struct live_keeper *keeper);

#endif
