/*
 * Where in the patterns a path can be: at a place of the tree of literal prefixes, and at positions
 * behind the prefixes of those that have gone on from there. Sets of positions are numbered; the
 * elements of a set are described in positions.c.
 *
 * What patterns say that end at one place is one element of a set, and so is what they say of
 * everything below: paths below many patterns of whole folders make no larger set than those below
 * one.
 */
#ifndef ENDORUN_POLICY_POSITIONS_H
#define ENDORUN_POLICY_POSITIONS_H

#include "glob.h"
#include "outcomes.h"

#define NOWHERE 0xffffffffU /* no place in the tree; no child, no sibling, no position */

/* The tree of literal prefixes: its root is 0. Siblings ascend by byte. */
struct place {
    uint32_t child;
    uint32_t sibling;
    uint32_t position; /* the first of those that patterns begin at here */
    uint32_t byte;
};

struct positions {
    struct outcome_table *outcomes;
    struct interner *classes;     /* those of the patterns */
    struct bytes places;          /* struct place */
    struct bytes items;           /* struct position */
    struct interner sets;         /* of elements */
    struct bytes scratch, stamps; /* for the set that is being made */
    struct outcome_set said[3];   /* in it: by what kind of element */
    unsigned said_kinds;
    uint32_t stamp;
    uint64_t work; /* how many positions were looked at so far */
    uint32_t pattern_count;
};

/* Functions that return bool return false with a message. Also on failure there is a release. */
bool positions_start(struct positions *positions, struct outcome_table *outcomes,
                     struct interner *classes);
void positions_release(struct positions *positions);

/* A pattern, and the set of what it says. The strengths of outcomes may still change. */
bool positions_add(struct positions *positions, const struct glob *glob,
                   const struct outcome_set *says);

/* All patterns are added; sets can be asked for. */
bool positions_close(struct positions *positions);

/* The set before the first byte, at the root of the tree. */
bool set_first(struct positions *positions, uint32_t *set);

/* The set behind a byte, which led to a place or NOWHERE. */
bool set_behind(struct positions *positions, uint32_t set, uint8_t byte, uint32_t place,
                uint32_t *behind);

/* What is left of a set when nothing ends there. It goes on as the set does. */
bool set_without_end(struct positions *positions, uint32_t set, uint32_t *without);

/* The set of outcomes where the path ends. */
bool set_outcome(struct positions *positions, uint32_t set, uint32_t *number);

/* A bit for 0, and for each byte whose way may differ from that of the byte before it. */
void set_changes(struct positions *positions, uint32_t set, struct glob_class *changes);

static inline struct place *place_at(struct positions *positions, uint32_t number)
{
    return (struct place *)(void *)positions->places.data + number;
}

#endif
