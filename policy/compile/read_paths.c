/* [filesystem]: patterns and redirections. */
#include "read.h"

#include "normalise.h"

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
        rule.written = read_copy(reading, written);
        if (rule.pattern != NULL)
            add_rule(reading, &rule);
    }
}

/* The later file's word counts; twice in one file is an error. */
static void add_redirection(struct reading *reading, const struct toml_node *node,
                            const struct policy_path_rule *rule)
{
    struct policy_model *model = reading->model;

    for (size_t i = 0; i < model->path_count; i++) {
        struct policy_path_rule *earlier = &model->paths[i];

        if (earlier->kind != POLICY_PATH_REDIRECT || strcmp(earlier->pattern, rule->pattern) != 0)
            continue;
        if (earlier->origin.file == reading->source->name)
            read_key_error(reading, node, "'%s' is redirected twice, in line %u too",
                           quote(rule->pattern).text, earlier->origin.line);
        else
            *earlier = *rule;
        return;
    }
    add_rule(reading, rule);
}

void read_redirections(struct reading *reading, const struct schema_key *key,
                       const struct toml_node *node)
{
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
            add_redirection(reading, entry, &rule);
    }
}
