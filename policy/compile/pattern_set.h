/* The patterns of one kind of names, and their two automata (policy/paths.h). */
#ifndef ENDORUN_POLICY_PATTERN_SET_H
#define ENDORUN_POLICY_PATTERN_SET_H

#include "../paths.h"
#include "construction.h"

typedef const char *glob_reader(const char *pattern, struct interner *classes, struct glob *glob);

struct pattern_set {
    struct outcome_table *outcomes;
    glob_reader *read;
    const char *section; /* as messages name it */
    struct interner classes;
    struct glob glob; /* the last that was added */
    struct construction automata[POLICY_AUTOMATON_LIMIT];
    struct policy_origin first_glob; /* of the first pattern with wildcards */
};

/* Also on failure there is a release. */
bool pattern_set_start(struct pattern_set *set, struct outcome_table *outcomes, glob_reader *read,
                       const char *section);
void pattern_set_release(struct pattern_set *set);

/* `written` is how messages name the pattern. The set's `glob` tells its weight then. */
bool pattern_set_add(struct pattern_set *set, const char *pattern, const char *written,
                     const struct policy_origin *origin, const struct outcome_set *says);

/* Once all strengths are known. */
bool pattern_set_write(struct pattern_set *set, struct bytes *part,
                       struct policy_automaton automata[POLICY_AUTOMATON_LIMIT]);

#endif
