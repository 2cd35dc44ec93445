/* [filesystem]: patterns and redirections. */
#include "read.h"

#include "normalise.h"

#include <stdlib.h>
#include <string.h>

/* An error of normalise.h, told at the node. */
static bool normalise(struct reading *reading, const struct toml_node *node, const char *written,
                      struct normal_pattern *pattern)
{
    char expanded[PATTERN_SIZE];
    const char *error;

    if (!expand_path(reading, node, written, expanded))
        return false;
    error = normalise_path(pattern, expanded);
    if (error != NULL)
        read_error(reading, node, "'%s': %s", quote(written).text, error);
    return error == NULL;
}

const char *read_pattern(struct reading *reading, const struct toml_node *node, const char *written)
{
    struct normal_pattern pattern;

    if (!normalise(reading, node, written, &pattern))
        return NULL;
    return arena_copy(reading->memory, pattern.bytes, pattern.length);
}

/* The same, of a path without wildcards. */
static const char *read_literal(struct reading *reading, const struct toml_node *node,
                                const char *written)
{
    struct normal_pattern pattern;

    if (!normalise(reading, node, written, &pattern))
        return NULL;
    if (pattern.has_wildcard) {
        read_error(reading, node, "'%s' has a wildcard; one path is expected", quote(written).text);
        return NULL;
    }
    return arena_copy(reading->memory, pattern.bytes, pattern.length);
}

const char *read_path(struct reading *reading, const struct toml_node *node, const char *written)
{
    const char *pattern = read_literal(reading, node, written);
    char *path = pattern != NULL ? arena_copy(reading->memory, pattern, strlen(pattern)) : NULL;

    if (path != NULL)
        strip_backslashes(path);
    return path;
}

static void add_rule(struct reading *reading, const struct policy_path_rule *rule)
{
    struct policy_model *model = reading->model;

    read_append(reading, &model->paths, &model->path_count, rule, sizeof *rule);
}

/* What is denied or hidden is so with all beneath it. */
static const char *with_all_beneath(struct reading *reading, const char *pattern)
{
    static const char beneath[] = "/**";
    size_t length = strcmp(pattern, "/") == 0 ? 0 : strlen(pattern), end = strlen(beneath);
    char *whole;

    if (length >= end && strcmp(pattern + length - end, beneath) == 0)
        return pattern;
    whole = arena_allocate(reading->memory, length + sizeof beneath);
    if (whole != NULL) {
        memcpy(whole, pattern, length);
        memcpy(whole + length, beneath, sizeof beneath);
    }
    return whole;
}

void read_paths(struct reading *reading, const struct schema_key *key, const struct toml_node *node)
{
    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *entry = &node->children[i];
        const char *written = read_string(reading, key, entry);
        struct policy_path_rule rule = {.kind = (enum policy_path_kind)key->detail,
                                        .origin = read_origin(reading, entry->at)};

        if (written == NULL)
            continue;
        rule.pattern = read_pattern(reading, entry, written);
        if (rule.pattern != NULL &&
            (rule.kind == POLICY_PATH_DENY || rule.kind == POLICY_PATH_HIDE))
            rule.pattern = with_all_beneath(reading, rule.pattern);
        rule.written = read_copy(reading, written);
        if (rule.pattern != NULL)
            add_rule(reading, &rule);
    }
}

static void refuse_second(struct reading *reading, const struct policy_path_rule *rule,
                          const struct policy_path_rule *first)
{
    policy_error_add(reading->errors, rule->origin, "'%s' is redirected twice, in line %u too",
                     quote(rule->pattern).text, first->origin.line);
}

/* The later file's word counts; its own rules begin behind `included` ones. */
static void add_redirection(struct reading *reading, const struct policy_path_rule *rule,
                            size_t included)
{
    struct policy_model *model = reading->model;

    for (size_t i = 0; i < included; i++) {
        struct policy_path_rule *earlier = &model->paths[i];

        if (earlier->kind != POLICY_PATH_REDIRECT || strcmp(earlier->pattern, rule->pattern) != 0)
            continue;
        if (earlier->origin.file == rule->origin.file)
            refuse_second(reading, rule, earlier);
        *earlier = *rule;
        return;
    }
    add_rule(reading, rule);
}

static int compare_rules(const void *a, const void *b)
{
    const struct policy_path_rule *first = a, *second = b;
    int order = strcmp(first->pattern, second->pattern);

    if (order != 0)
        return order;
    if (first->origin.line != second->origin.line)
        return first->origin.line < second->origin.line ? -1 : 1;
    return first->origin.column < second->origin.column ? -1 : 1;
}

/* TOML has no key twice in one table, but one path may be written in two ways. */
static void refuse_repeated(struct reading *reading, const struct policy_path_rule *rules,
                            size_t count)
{
    struct policy_path_rule *sorted = arena_allocate_array(reading->memory, count, sizeof *sorted);

    if (sorted == NULL)
        return;
    memcpy(sorted, rules, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_rules);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1].pattern, sorted[i].pattern) == 0)
            refuse_second(reading, &sorted[i], &sorted[i - 1]);
}

void read_redirections(struct reading *reading, const struct schema_key *key,
                       const struct toml_node *node)
{
    const struct policy_model *model = reading->model;
    const size_t included = model->path_count;

    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *entry = &node->children[i];
        const struct toml_node from = {.at = entry->key_at}; /* where its errors are */
        const char *written = read_key(reading, entry), *target = read_string(reading, key, entry);
        struct policy_path_rule rule = {.kind = POLICY_PATH_REDIRECT,
                                        .origin = read_origin(reading, entry->key_at)};

        if (written == NULL || target == NULL)
            continue;
        rule.pattern = read_literal(reading, &from, written);
        rule.target = read_path(reading, entry, target);
        rule.written = read_copy(reading, written);
        if (rule.pattern != NULL && rule.target != NULL)
            add_redirection(reading, &rule, included);
    }
    if (model->path_count > included)
        refuse_repeated(reading, model->paths + included, model->path_count - included);
}
