/*
 * Patterns become the deterministic automaton of policy/automaton.h.
 *
 * A state is a place in the tree of literal prefixes, or none, together with a set of positions
 * (positions.h). So the states of literal paths are places in the tree, and only wildcards make
 * sets (subset construction).
 */
#ifndef ENDORUN_POLICY_CONSTRUCTION_H
#define ENDORUN_POLICY_CONSTRUCTION_H

#include "positions.h"

struct construction {
    struct positions positions;
    struct interner states; /* struct state: the number is that of the node */
    struct bytes nodes, edges, text;
    size_t limit; /* bytes of those three */
    bool is_too_large;
};

/* Also on failure there is a release. */
bool construction_start(struct construction *construction, struct outcome_table *outcomes,
                        struct interner *classes, size_t limit);
void construction_release(struct construction *construction);

/*
 * Makes the automaton of the patterns that were added to the positions. False with `is_too_large`,
 * and no message: it would go beyond the limit.
 */
bool construction_run(struct construction *construction);
bool construction_write(const struct construction *construction, struct bytes *part,
                        struct policy_automaton *written);

#endif
