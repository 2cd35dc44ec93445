#include "pattern_set.h"

#define MIB (1U << 20)

static const size_t limits[POLICY_AUTOMATON_LIMIT] = {
    [POLICY_LITERALS] = ENDORUN_POLICY_SIZE_MAX,
    [POLICY_GLOBS] = ENDORUN_POLICY_PATTERNS_MAX,
};

bool pattern_set_start(struct pattern_set *set, struct outcome_table *outcomes, glob_reader *read,
                       const char *section)
{
    bool is_started = true;

    *set = (struct pattern_set){.outcomes = outcomes, .read = read, .section = section};
    for (unsigned i = 0; i < POLICY_AUTOMATON_LIMIT; i++)
        is_started =
            construction_start(&set->automata[i], outcomes, &set->classes, limits[i]) && is_started;
    return is_started;
}

void pattern_set_release(struct pattern_set *set)
{
    for (unsigned i = 0; i < POLICY_AUTOMATON_LIMIT; i++)
        construction_release(&set->automata[i]);
    interner_release(&set->classes);
    bytes_release(&set->glob.steps);
}

bool pattern_set_add(struct pattern_set *set, const char *pattern, const char *written,
                     const struct policy_origin *origin, const struct outcome_set *says)
{
    const char *wrong = set->read(pattern, &set->classes, &set->glob);
    enum policy_automaton_kind kind = set->glob.has_wildcards ? POLICY_GLOBS : POLICY_LITERALS;

    if (wrong != NULL)
        return fail_at(set->outcomes->compilation, origin, "\"%s\": %s", written, wrong);
    if (kind == POLICY_GLOBS && set->automata[kind].positions.pattern_count == 0)
        set->first_glob = *origin;
    return positions_add(&set->automata[kind].positions, &set->glob, says);
}

static bool fail_too_large(const struct pattern_set *set, enum policy_automaton_kind kind)
{
    const struct policy_origin nowhere = {NULL, 0, 0};

    return fail_at(set->outcomes->compilation, kind == POLICY_GLOBS ? &set->first_glob : &nowhere,
                   "the %u rules %s wildcards in [%s] come to more than %u MiB together",
                   set->automata[kind].positions.pattern_count,
                   kind == POLICY_GLOBS ? "with" : "without", set->section,
                   (unsigned)(limits[kind] / MIB));
}

bool pattern_set_write(struct pattern_set *set, struct bytes *part,
                       struct policy_automaton automata[POLICY_AUTOMATON_LIMIT])
{
    for (unsigned i = 0; i < POLICY_AUTOMATON_LIMIT; i++) {
        if (!construction_run(&set->automata[i]))
            return set->automata[i].is_too_large ? fail_too_large(set, i) : false;
        if (!construction_write(&set->automata[i], part, &automata[i]))
            return false;
    }
    return true;
}
