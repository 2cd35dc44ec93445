/* Writes what the command hands to the monitor image (endorun/session.h). */
#ifndef ENDORUN_COMMAND_SESSION_WRITER_H
#define ENDORUN_COMMAND_SESSION_WRITER_H

#include "endorun/session.h"

/* NULL: absent. */
struct session_strings {
    const char *execfn;
    const char *command_path;
    const char *cache_path;
    const char *comm;
    const char *report_path;
    const void *policy; /* session->policy_size bytes */
};

/* Sets the offsets and the size in *session, and fills and seals the memfd. 0 or -errno. */
int session_write(int fd, struct endorun_session *session, const struct session_strings *strings);

#endif
