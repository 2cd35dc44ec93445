#include "message.h"
#include "reader.h"

void reader_request_stats(struct endorun_session *session, const char *file)
{
    /* Without a reader the records would be lost, so the flag is not even set. */
    (void)session;
    (void)file;
    die(STATUS_SETUP, "--stats is not available in this build");
}
