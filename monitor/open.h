/* An open(2), in whatever form it was called. */
#ifndef ENDORUN_MONITOR_OPEN_H
#define ENDORUN_MONITOR_OPEN_H

#include "user.h"

#include <linux/openat2.h>

/* The call that is to be made. */
struct opening {
    int directory;
    const char *path;
    unsigned long flags, mode; /* for openat(2); not of openat2(2) */
    bool extended;             /* openat2(2) is to be called */
    struct open_how how;
};

/*
 * Opens it, and with protection keys only what reaches no memory. `path` is the opening's, which is
 * changed on the way.
 */
long open_exactly(struct thread *thread, struct opening *opening, char *path);

/*
 * Opens what the path leads to now, by a link of /proc perhaps, if `permits` says 0 of a descriptor
 * of it, which no other thread can reach. Makes no file.
 */
typedef long opening_permission(void *context, int held);
long open_held(struct thread *thread, struct opening *opening, opening_permission *permits,
               void *context);

#endif
