/* One pattern, read into the steps that an automaton is made of. */
#ifndef ENDORUN_POLICY_GLOB_H
#define ENDORUN_POLICY_GLOB_H

#include "storage.h"

enum glob_step_kind {
    GLOB_BYTE,  /* this byte */
    GLOB_CLASS, /* one byte of a class */
    GLOB_STAR,  /* any number of bytes of a class */
    GLOB_SPAN,  /* `**` with elements behind it, which begin right here or behind any later '/' */
    GLOB_TREE,  /* the end, or '/' and anything: `**` as the last element */
    GLOB_END,
};

struct glob_step {
    uint8_t kind; /* enum glob_step_kind */
    uint8_t byte;
    uint16_t unused;
    uint32_t class; /* number of a struct glob_class in the interner */
};

struct glob_class {
    uint64_t bits[4];
};

static inline bool class_has(const struct glob_class *class, uint8_t byte)
{
    return (class->bits[byte / 64] >> byte % 64 & 1) != 0;
}

struct glob {
    struct bytes steps; /* struct glob_step; the last is TREE or END, no other is */
    uint32_t prefix;    /* how many of them, from the first, are bytes */
    uint32_t weight;    /* the literal prefix as it counts when patterns are compared */
    bool has_wildcards; /* is more than a literal path, or such a one and `**` behind it */
    bool is_literal;    /* no wildcard at all */
};

/*
 * Returns NULL, or what is wrong with the pattern. The glob's memory is used again from call to
 * call; bytes_release() of its steps ends that.
 */
const char *glob_read_path(const char *pattern, struct interner *classes, struct glob *glob);

/* An abstract name: it has no elements, and no wildcards but `*` and `?`. */
const char *glob_read_name(const char *pattern, struct interner *classes, struct glob *glob);

#endif
