/*
 * --trace: from calls that are over to lines of text, or JSON, in a file. A call is told when it
 * returns, in one line; lines are in the order of time over all threads.
 */
#ifndef ENDORUN_COMMAND_TRACE_WRITER_H
#define ENDORUN_COMMAND_TRACE_WRITER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_lines.h"
#include "traced_calls.h"

struct trace_options {
    bool json;
    struct trace_selection selection; /* what is no call is shown with TRACE_SHOWS_ALL alone */
    size_t string_limit;              /* bytes shown of a string or of data */
    enum trace_stamps stamps;
    bool shows_durations;
    bool names_descriptors;
    bool summarises, shows_lines; /* at least one of them */
};

struct trace_writer;

/*
 * Writes what it hears of the calls to `fd`, which is its own from now on; `command` is what it is
 * a trace of. Ends the command where there is no memory.
 */
struct trace_writer *trace_writer_create(struct traced_calls *calls, int fd,
                                         const struct trace_options *options, char *const *command);

/* Behind the last call: how the program has ended, as waitid(2) says it, and the summary. */
void trace_writer_end(struct trace_writer *writer, const siginfo_t *end);

/*
 * Writes what happened before, as traced_calls_begin_look() has it. 0 or a negative errno: then
 * nothing is written any more, and what is taken is dropped. An error is told once.
 */
int trace_writer_flush(struct trace_writer *writer, uint64_t before);

#endif
