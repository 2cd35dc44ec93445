/*
 * --stats, --trace and --live: the reader of the event channel, which is the process of the
 * command, and the parent of the program.
 */
#ifndef ENDORUN_COMMAND_READER_H
#define ENDORUN_COMMAND_READER_H

#include "endorun/session.h"
#include "trace_writer.h"

/*
 * Asks for statistics: makes the channel, names it and this process in *session, and sets
 * ENDORUN_SESSION_STATS; the only place where that is set. Opens the file (NULL: standard error).
 * Ends the command when any of it fails.
 */
void reader_request_stats(struct endorun_session *session, const char *file);

struct trace_request {
    bool writes;      /* lines, */
    const char *file; /* into it; NULL: standard error */
    bool is_live;     /* a view while the program runs */
    struct trace_options options;
    bool is_lossy; /* records that find no room are dropped, and counted */
    bool injects;  /* and what is in .injections */
    struct endorun_injections injections;
};

/* Asks for the calls of that command, as lines, in a view, or both, likewise. */
void reader_request_trace(struct endorun_session *session, const struct trace_request *request,
                          char *const *command);

/*
 * Splits the process: returns in the one that becomes the program, which has what it would have
 * without a reader. The other reads until the program ends, reports, and ends as the program did;
 * what the program leaves running is unheard from then on. `program` is what the report calls it.
 */
void reader_split(const char *program);

/* How many processes that takes beside the program's. */
unsigned reader_processes(void);

#endif
