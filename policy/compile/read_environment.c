/* [environment]: which variables stay, which are set. */
#include "read.h"

#include <string.h>

static void add_rule(struct reading *reading, const struct policy_environment_rule *rule)
{
    struct policy_model *model = reading->model;

    read_append(reading, &model->environment, &model->environment_count, rule, sizeof *rule);
}

static bool is_name(const char *name)
{
    return *name != '\0' && strchr(name, '=') == NULL;
}

void read_names(struct reading *reading, const struct schema_key *key, const struct toml_node *node)
{
    if (key->detail == POLICY_ENVIRONMENT_KEEP)
        reading->model->environment_is_kept = false;
    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *entry = &node->children[i];
        const char *name = read_string(reading, key, entry), *star;
        struct policy_environment_rule rule = {.kind = (enum policy_environment_kind)key->detail,
                                               .origin = read_origin(reading, entry->at)};

        if (name == NULL)
            continue;
        star = strchr(name, '*');
        if (!is_name(name)) {
            read_error(reading, entry, "'%s' is no name of a variable", quote(name).text);
        } else if (star != NULL && star[1] != '\0') {
            read_error(reading, entry, "'%s': a '*' stands at the end only", quote(name).text);
        } else {
            rule.name = read_copy(reading, name);
            add_rule(reading, &rule);
        }
    }
}

/*
 * The later file's word counts; its own rules begin behind `included` ones. TOML has no key twice
 * in one table.
 */
static void set_variable(struct reading *reading, const struct policy_environment_rule *rule,
                         size_t included)
{
    struct policy_model *model = reading->model;

    for (size_t i = 0; i < included; i++) {
        struct policy_environment_rule *earlier = &model->environment[i];

        if (earlier->kind != POLICY_ENVIRONMENT_SET || strcmp(earlier->name, rule->name) != 0)
            continue;
        *earlier = *rule;
        return;
    }
    add_rule(reading, rule);
}

void read_variables(struct reading *reading, const struct schema_key *key,
                    const struct toml_node *node)
{
    const size_t included = reading->model->environment_count;

    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *entry = &node->children[i];
        const char *name = read_key(reading, entry), *value = read_string(reading, key, entry);
        struct policy_environment_rule rule = {.kind = POLICY_ENVIRONMENT_SET,
                                               .origin = read_origin(reading, entry->key_at)};

        if (name == NULL || value == NULL)
            continue;
        if (!is_name(name)) {
            read_key_error(reading, entry, "'%s' is no name of a variable", quote(name).text);
            continue;
        }
        rule.name = read_copy(reading, name);
        rule.value = read_copy(reading, value);
        if (!reading->memory->is_exhausted)
            set_variable(reading, &rule, included);
    }
}
