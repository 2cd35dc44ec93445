/* The text of a policy file or a built-in profile, as long as it is read. */
#ifndef ENDORUN_POLICY_SOURCE_H
#define ENDORUN_POLICY_SOURCE_H

#include "front.h"

struct source_text {
    const char *text; /* ends with NUL */
    size_t size;
    unsigned long device, inode; /* tell files apart, whatever they are called */
    char *owned;                 /* what source_text_release() gives back */
};

/* Opens and reads `name`. NULL, or what is wrong. */
const char *source_text_read(struct source_text *source, const char *name,
                             const struct policy_surroundings *surroundings);

void source_text_release(struct source_text *source);

#endif
