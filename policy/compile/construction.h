/*
 * Patterns become the deterministic automaton of policy/automaton.h.
 *
 * A state is a place in the tree of literal prefixes, or none, together with a set of positions
 * that patterns may be at behind their prefix. So the states of literal paths are places in the
 * tree, and only wildcards make sets (subset construction). What patterns say that end at one
 * place is one element of the set, and so is what they say of everything below: paths below many
 * patterns of whole folders make no larger set than those below one.
 */
#ifndef ENDORUN_POLICY_CONSTRUCTION_H
#define ENDORUN_POLICY_CONSTRUCTION_H

#include "glob.h"
#include "outcomes.h"

struct construction {
    struct outcome_table *outcomes;
    struct interner *classes; /* those of the patterns */
    struct bytes places;      /* struct place: the tree of prefixes; 0 is its root */
    struct bytes positions;   /* struct position: the steps of the patterns behind their prefix */
    struct interner sets;     /* of elements, see construction.c */
    struct interner states;   /* struct state: the number is that of the node */
    struct bytes nodes, edges, text;
    struct bytes scratch, stamps; /* for the set that is being made */
    struct outcome_set said[3];   /* in it: by what kind of element */
    unsigned said_kinds;
    uint32_t stamp;
    size_t limit; /* bytes of nodes, edges and text */
    uint64_t work, work_limit;
    bool is_too_large;
    uint32_t pattern_count;
};

/* Also on failure there is a release. */
bool construction_start(struct construction *construction, struct outcome_table *outcomes,
                        struct interner *classes, size_t limit);
void construction_release(struct construction *construction);

/* A pattern, and the set of what it says. The strengths of outcomes may still change. */
bool construction_add(struct construction *construction, const struct glob *glob,
                      const struct outcome_set *says);

/* Makes the automaton. False with `is_too_large`, and no message: it would go beyond the limit. */
bool construction_run(struct construction *construction);
bool construction_write(const struct construction *construction, struct bytes *part,
                        struct policy_automaton *written);

#endif
