/* Counts by number: a hash table that grows, up to what its user allows. */
#ifndef ENDORUN_COMMAND_TALLY_H
#define ENDORUN_COMMAND_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_entry {
    uint64_t key;
    uint64_t count; /* 0: the entry is free */
};

/* All zero: an empty one. */
struct tally {
    struct tally_entry *entries; /* the used ones stand anywhere in it */
    size_t size;                 /* of entries: a power of two, or 0 */
    size_t used;
};

/*
 * Adds to the count of a key; adding 0 does nothing. A key that is new needs may_grow; false: it
 * was not added. Ends the command when there is no memory.
 */
bool tally_add(struct tally *tally, uint64_t key, uint64_t count, bool may_grow);

/* Makes it an empty one again. */
void tally_free(struct tally *tally);

#endif
