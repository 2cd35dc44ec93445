/* Writing the session for the next image (endorun/session.h). */
#ifndef ENDORUN_IMAGE_HANDOVER_H
#define ENDORUN_IMAGE_HANDOVER_H

#include "../../monitor/abi.h"
#include "endorun/session.h"

/* The policy is that of this image's own session. */
struct handover {
    struct endorun_session session;
    const uint8_t *filters; /* session.filters_size bytes */
    char strings[6 * PATH_MAX_BYTES];
};

/*
 * The offset of a string in the session, whose size, with the policy's in it, grows. 0: there is no
 * such string, or no room.
 */
uint32_t handover_add_string(struct handover *handover, const char *string);

/* A memfd, sealed, with the session in it; or a negative errno. */
long handover_seal(struct handover *handover);

/* Lifts a soft limit below `needed` to the hard one; `before` is what to set back. */
void lift_limit(int resource, uint64_t needed, struct kernel_rlimit *before);

#endif
