/* [syscalls]: the entries of `allow` and `deny`. */
#include "read.h"

#include "call_names.h"
#include "conditions.h"
#include "constants.h"

#include <errno.h>
#include <string.h>

#define RULES_MAX ((size_t)1 << 16) /* a file of "@all" alone would fill the memory */

static bool add_rule(struct reading *reading, const struct toml_node *node,
                     const struct policy_call_rule *rule)
{
    struct policy_model *model = reading->model;

    if (model->call_rule_count < RULES_MAX)
        return read_append(reading, &model->call_rules, &model->call_rule_count, rule,
                           sizeof *rule);
    read_error(reading, node, "more than %zu rules about system calls", RULES_MAX);
    return false;
}

static void read_group(struct reading *reading, const struct toml_node *node, const char *name,
                       struct policy_call_rule *rule)
{
    size_t length = strcspn(name, "( \t");
    int group = group_number(name, length);

    if (name[length] != '\0') {
        read_error(reading, node,
                   "a group takes no conditions: its calls differ in their arguments");
        return;
    }
    if (group < 0) {
        read_error(reading, node, "unknown group '@%s' (the nearest known one is '@%s')",
                   quote(name).text, group_nearest(name, length));
        return;
    }
    for (rule->number = 0; rule->number < call_limit(); rule->number++)
        if (group_has(group, rule->number) && !add_rule(reading, node, rule))
            return;
}

/* "name" or "name(conditions)". */
static void read_call(struct reading *reading, const struct toml_node *node, const char *written,
                      struct policy_call_rule *rule)
{
    size_t length = strcspn(written, "( \t"), all = strlen(written);
    const char *rest = written + length + strspn(written + length, " \t");
    int32_t number = call_number(written, length);

    if (number < 0) {
        read_error(reading, node, "unknown system call '%s' (the nearest known one is '%s')",
                   quote_part(written, length).text, call_nearest(written, length));
        return;
    }
    rule->number = (uint32_t)number;
    if (*rest == '(' && written[all - 1] == ')') {
        if (!read_conditions(reading, node, rest + 1, written + all - 1, rule))
            return;
    } else if (*rest != '\0') {
        read_error(reading, node, "'%s' behind the name of a call; '(CONDITIONS)' is expected",
                   quote(rest).text);
        return;
    }
    add_rule(reading, node, rule);
}

static bool take_errno(struct reading *reading, const struct schema_key *key,
                       const struct toml_node *node, struct policy_call_rule *rule)
{
    const char *name = read_string(reading, key, node);

    if (name == NULL)
        return false;
    rule->error = errno_number(name);
    if (rule->error == 0)
        read_error(reading, node, "unknown errno '%s' (the nearest known one is '%s')",
                   quote(name).text, errno_nearest(name));
    else if (key->detail != POLICY_CALL_DENY)
        read_key_error(reading, node, "errno is for `deny`: an allowed call has none");
    else
        return true;
    return false;
}

static bool take_action(struct reading *reading, const struct schema_key *key,
                        const struct toml_node *node, struct policy_call_rule *rule)
{
    const char *name = read_string(reading, key, node);

    if (name == NULL)
        return false;
    rule->action = POLICY_CALL_KILL;
    if (strcmp(name, "kill") != 0)
        read_error(reading, node, "unknown action '%s' (the nearest known one is 'kill')",
                   quote(name).text);
    else if (key->detail != POLICY_CALL_DENY)
        read_key_error(reading, node, "action is for `deny`: an allowed call is made");
    else
        return true;
    return false;
}

static bool take_log(struct reading *reading, const struct schema_key *key,
                     const struct toml_node *node, struct policy_call_rule *rule)
{
    if (node->kind != TOML_KIND_BOOLEAN)
        read_error(reading, node, "log is %s; true or false is expected", read_kind(node));
    else if (key->detail != POLICY_CALL_ALLOW)
        read_key_error(reading, node, "log is for `allow`: what is denied is reported always");
    else {
        rule->is_logged = node->boolean;
        return true;
    }
    return false;
}

/* What a table says beside `call`: each key fills in its part of the rule. */
static const struct {
    const char *name;
    bool (*take)(struct reading *reading, const struct schema_key *key,
                 const struct toml_node *node, struct policy_call_rule *rule);
} details[] = {
    {"errno", take_errno},
    {"action", take_action},
    {"log", take_log},
};

static bool take_detail(struct reading *reading, const struct schema_key *key,
                        const struct toml_node *node, struct policy_call_rule *rule)
{
    struct nearest nearest = nearest_to(node->key, node->key_length);

    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        if (strcmp(details[i].name, node->key) == 0)
            return details[i].take(reading, key, node, rule);
        nearest_offer(&nearest, details[i].name);
    }
    nearest_offer(&nearest, "call");
    read_key_error(reading, node,
                   "unknown key '%s' in an entry of %s%s%s (the nearest known one is '%s')",
                   quote(node->key).text, READ_NAME(key), nearest.name);
    return false;
}

/* The string of an entry's table, and what else the table says. NULL: an error was added. */
static const struct toml_node *take_table(struct reading *reading, const struct schema_key *key,
                                          const struct toml_node *node,
                                          struct policy_call_rule *rule)
{
    const struct toml_node *call = NULL;
    bool is_right = true;

    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *child = &node->children[i];

        if (strcmp(child->key, "call") == 0)
            call = child;
        else if (!take_detail(reading, key, child, rule))
            is_right = false;
    }
    if (call == NULL) {
        read_error(reading, node, "an entry without `call`");
        return NULL;
    }
    if (is_right && rule->error != 0 && rule->action == POLICY_CALL_KILL) {
        read_error(reading, node, "errno and action in one entry: who is killed sees no errno");
        return NULL;
    }
    return is_right ? call : NULL;
}

static void read_entry(struct reading *reading, const struct schema_key *key,
                       const struct toml_node *node)
{
    struct policy_call_rule rule = {.action = (enum policy_call_action)key->detail,
                                    .origin = read_origin(reading, node->at)};
    const struct toml_node *call = node;
    const char *written;

    if (node->kind == TOML_KIND_TABLE) {
        call = take_table(reading, key, node, &rule);
    } else if (node->kind != TOML_KIND_STRING) {
        read_error(reading, node, "%s in %s%s%s; a string or a table is expected", read_kind(node),
                   READ_NAME(key));
        return;
    }
    if (call == NULL || (written = read_string(reading, key, call)) == NULL)
        return;
    if (rule.action == POLICY_CALL_DENY && rule.error == 0)
        rule.error = EPERM;
    rule.written = read_copy(reading, written);
    if (*written == '@')
        read_group(reading, call, written + 1, &rule);
    else
        read_call(reading, call, written, &rule);
}

void read_calls(struct reading *reading, const struct schema_key *key, const struct toml_node *node)
{
    /* To look for the nearest of a thousand names takes long: not for errors that nobody sees. */
    for (size_t i = 0; i < node->child_count && reading->errors->count <= POLICY_ERRORS_MAX; i++)
        read_entry(reading, key, &node->children[i]);
}
