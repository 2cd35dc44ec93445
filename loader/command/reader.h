/* The reader of the event channel: the parent of the program when records are asked for. */
#ifndef ENDORUN_COMMAND_READER_H
#define ENDORUN_COMMAND_READER_H

#include "endorun/session.h"

/*
 * Asks for statistics: sets ENDORUN_SESSION_STATS and the channel in *session, and makes this
 * process the reader. The only place where that flag is set. file NULL: standard error.
 */
void reader_request_stats(struct endorun_session *session, const char *file);

#endif
