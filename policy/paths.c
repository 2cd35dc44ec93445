#include "paths.h"

#include <asm/errno.h>

bool automata_check(const struct policy_part *part, const struct policy_outcomes *outcomes,
                    const struct policy_automaton automata[POLICY_AUTOMATON_LIMIT])
{
    for (uint32_t i = 0; i < POLICY_AUTOMATON_LIMIT; i++) {
        if (!automaton_check(part, &automata[i], outcomes->sets.count)) {
            return false;
        }
    }
    return true;
}

const struct policy_outcome *
automata_decide(const struct policy_part *part, const struct policy_outcomes *outcomes,
                const struct policy_automaton automata[POLICY_AUTOMATON_LIMIT], uint32_t access,
                const char *bytes, size_t length)
{
    uint32_t literal = automaton_run(part, &automata[POLICY_LITERALS], bytes, length);
    uint32_t glob = automaton_run(part, &automata[POLICY_GLOBS], bytes, length);
    return stronger(outcome_of(part, outcomes, literal, access),
                    outcome_of(part, outcomes, glob, access));
}

bool paths_check(const struct policy_part *part, uint32_t rules, uint32_t text_size)
{
    const struct policy_paths *paths = (const void *)part->bytes;
    return part->size >= sizeof *paths &&
           outcomes_check(part, &paths->outcomes, ENDORUN_PATH_ACCESS_LIMIT, rules, text_size) &&
           automata_check(part, &paths->outcomes, paths->automata);
}

struct endorun_verdict paths_decide(const struct policy_part *part, enum endorun_path_access access,
                                    const char *path, size_t length)
{
    const struct policy_paths *paths = (const void *)part->bytes;
    return automata_decide(part, &paths->outcomes, paths->automata, access, path, length)->verdict;
}

bool paths_are_settled(const struct policy_part *part, const char *path, size_t length)
{
    const struct policy_paths *paths = (const void *)part->bytes;
    return automaton_settles(part, &paths->automata[POLICY_LITERALS], path, length) &&
           automaton_settles(part, &paths->automata[POLICY_GLOBS], path, length);
}

/* What a set says of looks. */
static const struct endorun_verdict *look_of(const struct policy_part *part, uint32_t set)
{
    const struct policy_paths *paths = (const void *)part->bytes;
    return &outcome_of(part, &paths->outcomes, set, ENDORUN_PATH_LOOK)->verdict;
}

bool paths_count_looks(const struct policy_part *part)
{
    const struct policy_paths *paths = (const void *)part->bytes;
    for (uint32_t set = 0; set < paths->outcomes.sets.count; set++) {
        if (look_of(part, set)->action != ENDORUN_ACTION_ALLOW) {
            return true;
        }
    }
    return false;
}

bool paths_hide_names(const struct policy_part *part)
{
    const struct policy_paths *paths = (const void *)part->bytes;
    for (uint32_t set = 0; set < paths->outcomes.sets.count; set++) {
        const struct endorun_verdict *verdict = look_of(part, set);
        if (verdict->action == ENDORUN_ACTION_DENY && verdict->error == ENOENT) {
            return true;
        }
    }
    return false;
}
