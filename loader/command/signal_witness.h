/*
 * Tells whether a signal was sent to this process alone or to its whole process group, which the
 * kernel does not say: a process in the group that receives every signal and acts on none is asked.
 *
 * The kernel signals the members of a group from the newest to the oldest (pid->tasks is a list
 * that fork puts the child in front of), so the witness, being younger, has what was sent to the
 * group before this process can see it.
 */
#ifndef ENDORUN_COMMAND_SIGNAL_WITNESS_H
#define ENDORUN_COMMAND_SIGNAL_WITNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct signal_witness {
    pid_t pid;
    int socket; /* -1: it is gone */
};

/* With every signal blocked. False: see errno. */
bool signal_witness_start(struct signal_witness *witness);

/*
 * The signals that were sent to the group since this was asked last: bit n - 1 for signal n. The
 * witness can be killed by SIGKILL only; without it the answer is none.
 */
uint64_t signal_witness_ask(struct signal_witness *witness);

void signal_witness_end(struct signal_witness *witness);

#endif
