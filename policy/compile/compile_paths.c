/* The part PATHS. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_set.h"

static const struct {
    const char *key;
    enum outcome_class class;
    uint16_t error;
    uint8_t action; /* enum endorun_action */
    uint8_t tie;
} kinds[] = {
    [POLICY_PATH_READ] = {"filesystem.read", OUTCOME_ALLOW, 0, ENDORUN_ACTION_ALLOW, 0},
    [POLICY_PATH_WRITE] = {"filesystem.write", OUTCOME_ALLOW, 0, ENDORUN_ACTION_ALLOW, 0},
    [POLICY_PATH_EXEC] = {"filesystem.exec", OUTCOME_ALLOW, 0, ENDORUN_ACTION_ALLOW, 0},
    [POLICY_PATH_DENY] = {"filesystem.deny", OUTCOME_DENY, EACCES, ENDORUN_ACTION_DENY, 1},
    [POLICY_PATH_HIDE] = {"filesystem.hide", OUTCOME_DENY, ENOENT, ENDORUN_ACTION_DENY, 0},
    [POLICY_PATH_REDIRECT] = {"filesystem.redirect", OUTCOME_REDIRECT, 0, ENDORUN_ACTION_REDIRECT,
                              0},
};

/* What a list has no say in, another rule or the default decides. */
static bool speaks_of(enum policy_path_kind kind, enum endorun_path_access access)
{
    switch (kind) {
    case POLICY_PATH_READ:
        return access == ENDORUN_PATH_READ;
    case POLICY_PATH_WRITE:
        return access == ENDORUN_PATH_WRITE;
    case POLICY_PATH_EXEC:
        return access == ENDORUN_PATH_EXEC;
    default:
        return true;
    }
}

static bool check_redirect(struct compilation *compilation, const struct policy_path_rule *rule,
                           const struct glob *glob)
{
    if (!glob->is_literal)
        return fail_at(compilation, &rule->origin, "\"%s\": a path with wildcards is redirected",
                       rule->written);
    if (rule->target == NULL || rule->target[0] != '/')
        return fail_at(compilation, &rule->origin, "\"%s\": redirected to no absolute path",
                       rule->written);
    return true;
}

static bool add_path(struct pattern_set *set, const struct policy_path_rule *rule,
                     struct ranked *ranked)
{
    struct compilation *compilation = set->outcomes->compilation;
    const bool is_redirect = rule->kind == POLICY_PATH_REDIRECT;
    struct endorun_verdict verdict = {.action = kinds[rule->kind].action,
                                      .error = kinds[rule->kind].error};
    struct outcome_set says = outcomes_none(set->outcomes);

    if (!add_rule(compilation, &rule->origin, kinds[rule->kind].key, rule->written,
                  &verdict.rule) ||
        (is_redirect && !add_text(compilation, rule->target, &verdict.target)) ||
        !outcomes_add(set->outcomes, &verdict, &ranked->outcome))
        return false;
    for (unsigned access = 0; access < ENDORUN_PATH_ACCESS_LIMIT; access++)
        if (speaks_of(rule->kind, access))
            says.indices[access] = ranked->outcome;
    if (!pattern_set_add(set, rule->pattern, rule->written, &rule->origin, &says) ||
        (is_redirect && !check_redirect(compilation, rule, &set->glob)))
        return false;
    ranked->class = kinds[rule->kind].class;
    ranked->weight = set->glob.weight;
    ranked->tie = kinds[rule->kind].tie;
    return true;
}

static bool add_paths(struct pattern_set *set)
{
    struct compilation *compilation = set->outcomes->compilation;
    const struct policy_model *model = compilation->model;
    struct ranked *rules = calloc(model->path_count + 1, sizeof(rules[0]));
    bool is_added = true;

    if (rules == NULL)
        return fail_memory(compilation);
    for (size_t i = 0; is_added && i < model->path_count; i++) {
        rules[i].order = (uint32_t)i;
        is_added = add_path(set, &model->paths[i], &rules[i]);
    }
    if (is_added)
        outcomes_rank(set->outcomes, rules, model->path_count);
    free(rules);
    return is_added;
}

static bool write_paths(struct pattern_set *set, struct bytes *part)
{
    struct policy_paths paths;

    memset(&paths, 0, sizeof(paths));
    if (!bytes_append(part, &paths, sizeof(paths)))
        return fail_memory(set->outcomes->compilation);
    if (!pattern_set_write(set, part, paths.automata) ||
        !outcomes_write(set->outcomes, part, &paths.outcomes))
        return false;
    memcpy(part->data, &paths, sizeof(paths));
    return true;
}

bool compile_paths(struct compilation *compilation, struct bytes *part)
{
    struct outcome_table outcomes;
    struct pattern_set set;
    struct endorun_verdict defaults[ENDORUN_PATH_ACCESS_LIMIT] = {{0}};
    const struct policy_section *section = &compilation->model->filesystem;
    bool is_made;

    if (!section->is_written)
        return true;
    /* LOOK is allowed everywhere, by no rule. */
    for (unsigned access = 0; access < ENDORUN_PATH_LOOK; access++)
        if (!add_default(compilation, section, "filesystem.default", EACCES, &defaults[access]))
            return false;
    is_made = outcomes_start(&outcomes, compilation, defaults, ENDORUN_PATH_ACCESS_LIMIT);
    is_made = pattern_set_start(&set, &outcomes, glob_read_path, "filesystem") && is_made;
    is_made = is_made && add_paths(&set) && write_paths(&set, part);
    pattern_set_release(&set);
    outcomes_release(&outcomes);
    return is_made;
}
