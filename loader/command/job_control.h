/*
 * The reader as its program's stand-in towards whoever started the command: to a shell, a
 * supervisor, timeout(1), it stops, continues and ends as the program does, and a signal sent to it
 * is one sent to the program.
 *
 * Not to be had: SIGSTOP and SIGKILL sent to the reader alone act on it alone. Killed, it leaves
 * the program running, unheard. Stopped, it reads nothing until it is continued.
 */
#ifndef ENDORUN_COMMAND_JOB_CONTROL_H
#define ENDORUN_COMMAND_JOB_CONTROL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "signal_witness.h"

struct job {
    pid_t program;
    int signal_fd;
    struct signal_witness witness;
    uint64_t expected; /* signals to the group that are still to be read from signal_fd */
    uint64_t mask_before;
    struct sigaction child_before;
};

/* Takes over this process's signals. Ends the command when that fails. */
void job_prepare(struct job *job);

/*
 * Makes the program's process. True in it, with mask and dispositions as they were at the start;
 * false in the reader. Ends the command when there can be no process.
 */
bool job_fork(struct job *job);

/* Waits for a signal or a change of the program, so long at most. */
void job_wait(const struct job *job, long microseconds);

enum job_state { JOB_RUNS, JOB_STOPPED, JOB_ENDED };

/* Sends on what came for the program, and finds out what became of it; *change says how. */
enum job_state job_follow(struct job *job, siginfo_t *change);

/* Stops this process as the program was; returns when it is continued. */
void job_stop(const siginfo_t *change);

/* As Ctrl-C does. */
void job_interrupt(void);

void job_kill(const struct job *job);

/* What came for the program too late is forgotten: signals are for this process from now on. */
void job_unblock_signals(const struct job *job);

/* Ends this process with the program's status, or by the same signal. */
__attribute__((noreturn)) void job_end(struct job *job, const siginfo_t *end);

#endif
