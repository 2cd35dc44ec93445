/*
 * --stats: the reader of the event channel, which is the process of the command, and the parent of
 * the program.
 */
#ifndef ENDORUN_COMMAND_READER_H
#define ENDORUN_COMMAND_READER_H

#include "endorun/session.h"

/*
 * Asks for statistics: makes the channel, names it and this process in *session, and sets
 * ENDORUN_SESSION_STATS; the only place where that is set. Opens the file (NULL: standard error).
 * Ends the command when any of it fails.
 */
void reader_request_stats(struct endorun_session *session, const char *file);

/*
 * Splits the process: returns in the one that becomes the program, which has what it would have
 * without a reader. The other reads until the program ends, reports, and ends as the program did;
 * what the program leaves running is unheard from then on. `program` is what the report calls it.
 */
void reader_split(const char *program);

#endif
