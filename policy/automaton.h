/*
 * A deterministic automaton over bytes, for all patterns of one kind, and what it comes out at. The
 * policy compiler writes it into a part of the image; all indices have been looked at by
 * automaton_check() and outcomes_check() before anything else here is called.
 *
 * Where nodes of the plain automaton have one way on, and agree in all else, they are one node with
 * a run of bytes. Ways that many nodes have in common stand in one of them, a branch.
 */
#ifndef ENDORUN_POLICY_AUTOMATON_H
#define ENDORUN_POLICY_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endorun/policy.h"

/* A part of the image, or the whole. */
struct policy_part {
    const uint8_t *bytes;
    uint32_t size;
};

/* Items in a part; they begin at a multiple of 8. */
struct policy_array {
    uint32_t offset; /* in bytes from the start of the part */
    uint32_t count;
};

/*
 * The stronger outcome decides, where several sets have a say. None has the same strength as
 * another but 0, which is that of what holds when no rule says anything.
 */
struct policy_outcome {
    struct endorun_verdict verdict;
    uint32_t strength;
};

/* A set is the outcome of each access: `accesses` indices in `outcomes`. Set 0: no rule matches. */
struct policy_outcomes {
    uint32_t accesses;
    struct policy_array outcomes; /* struct policy_outcome */
    struct policy_array sets;     /* uint32_t; the count is that of sets */
};

enum policy_node_kind {
    POLICY_NODE_BRANCH,  /* an edge, else to the node `otherwise` */
    POLICY_NODE_PARTIAL, /* an edge, else as the branch `otherwise` goes on */
    POLICY_NODE_RUN, /* `count` bytes of text lead to `next`; a byte that differs, as in PARTIAL */
};

struct policy_node {
    uint32_t set;       /* the outcome when the input ends here, or inside the run */
    uint32_t otherwise; /* a node */
    uint32_t first;     /* of the edges; RUN: of the text */
    uint32_t next;      /* RUN: a node */
    uint16_t count;     /* of the edges; RUN: of the text, 1 at least */
    uint16_t kind;      /* enum policy_node_kind */
};

/* In a node they are in ascending order, and no byte is in two. */
struct policy_edge {
    uint32_t target; /* a node */
    uint8_t first;   /* the bytes */
    uint8_t last;
    uint16_t unused;
};

struct policy_automaton {
    uint32_t start;
    struct policy_array nodes; /* none: no pattern of this kind is there, and none matches */
    struct policy_array edges;
    struct policy_array text; /* bytes */
};

/* Whether the items lie in the part, in their alignment. */
bool array_check(const struct policy_part *part, const struct policy_array *array,
                 size_t item_size);

static inline const void *array_items(const struct policy_part *part,
                                      const struct policy_array *array)
{
    return part->bytes + array->offset;
}

/* `rules`, `text_size`: how many rules, and how many bytes of text, a verdict can name. */
bool outcomes_check(const struct policy_part *part, const struct policy_outcomes *outcomes,
                    uint32_t accesses, uint32_t rules, uint32_t text_size);
bool verdict_check(const struct endorun_verdict *verdict, uint32_t rules, uint32_t text_size);
bool automaton_check(const struct policy_part *part, const struct policy_automaton *automaton,
                     uint32_t sets);

/* The set that the bytes lead to. Takes time in `length` alone. */
uint32_t automaton_run(const struct policy_part *part, const struct policy_automaton *automaton,
                       const char *bytes, size_t length);

/* Whether all that begins with the bytes leads to one set. False too where that is hard to see. */
bool automaton_settles(const struct policy_part *part, const struct policy_automaton *automaton,
                       const char *bytes, size_t length);

/* What a set says of an access. */
const struct policy_outcome *outcome_of(const struct policy_part *part,
                                        const struct policy_outcomes *outcomes, uint32_t set,
                                        uint32_t access);

static inline const struct policy_outcome *stronger(const struct policy_outcome *a,
                                                    const struct policy_outcome *b)
{
    return b->strength > a->strength ? b : a;
}

#endif
