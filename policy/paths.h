/* The part PATHS: the rules of [filesystem]. */
#ifndef ENDORUN_POLICY_PATHS_H
#define ENDORUN_POLICY_PATHS_H

#include "automaton.h"

/*
 * Patterns with wildcards have an automaton of their own, which is run beside the other: in one,
 * each of their states would stand below each literal path once more.
 */
enum policy_automaton_kind { POLICY_LITERALS, POLICY_GLOBS, POLICY_AUTOMATON_LIMIT };

/* How the part begins. The accesses of the outcomes are those of enum endorun_path_access. */
struct policy_paths {
    struct policy_outcomes outcomes;
    struct policy_automaton automata[POLICY_AUTOMATON_LIMIT];
};

bool paths_check(const struct policy_part *part, uint32_t rules, uint32_t text_size);
struct endorun_verdict paths_decide(const struct policy_part *part, enum endorun_path_access access,
                                    const char *path, size_t length);

bool paths_are_settled(const struct policy_part *part, const char *path, size_t length);
bool paths_count_looks(const struct policy_part *part);
bool paths_hide_names(const struct policy_part *part);

/* Both automata of a pair, or of any other kind of names. */
const struct policy_outcome *
automata_decide(const struct policy_part *part, const struct policy_outcomes *outcomes,
                const struct policy_automaton automata[POLICY_AUTOMATON_LIMIT], uint32_t access,
                const char *bytes, size_t length);
bool automata_check(const struct policy_part *part, const struct policy_outcomes *outcomes,
                    const struct policy_automaton automata[POLICY_AUTOMATON_LIMIT]);

#endif
