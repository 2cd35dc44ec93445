/* A model as TOML again, in the order of the schema. */
#include "front.h"

#include "constants.h"
#include "families.h"
#include "normalise.h"
#include "schema.h"

#include "../../loader/command/escape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_origin(FILE *out, struct policy_origin origin)
{
    fputs(" # ", out);
    if (origin.line == 0) {
        fputs("default\n", out);
        return;
    }
    write_escaped(out, origin.file);
    fprintf(out, ":%u\n", origin.line);
}

static void open_list(FILE *out, const char *name, bool *is_open)
{
    if (!*is_open)
        fprintf(out, "%s = [\n", name);
    *is_open = true;
}

static void close_list(FILE *out, bool is_open)
{
    if (is_open)
        fputs("]\n", out);
}

static void put_word(FILE *out, const struct schema_key *key, unsigned choice)
{
    const char *word = key->values;

    for (; choice > 0; choice--)
        word = strchr(word, '|') + 1;
    fprintf(out, "%s = \"%.*s\"", key->name, (int)strcspn(word, "|"), word);
}

static void print_word(FILE *out, const struct schema_key *key, unsigned choice,
                       struct policy_origin origin)
{
    put_word(out, key, choice);
    print_origin(out, origin);
}

/* In [report], whose heading tells the origin. */
static void print_bare_word(FILE *out, const struct schema_key *key, unsigned choice)
{
    put_word(out, key, choice);
    putc('\n', out);
}

static void print_choice(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    bool is_sandbox = (model->process_flags & POLICY_PROCESS_SIGNALS_SANDBOX) != 0;

    switch ((enum schema_setting)key->detail) {
    case SETTING_FILESYSTEM_DEFAULT:
        print_word(out, key, model->filesystem.fallback, model->filesystem.origin);
        break;
    case SETTING_NETWORK_DEFAULT:
        print_word(out, key, model->network.fallback, model->network.origin);
        break;
    case SETTING_CALLS_DEFAULT:
        print_word(out, key, model->calls.fallback, model->calls.origin);
        break;
    case SETTING_SIGNALS:
        print_word(out, key, is_sandbox, model->signals_origin);
        break;
    case SETTING_REPORT_FORM:
        print_bare_word(out, key, model->report.form);
        break;
    case SETTING_REPORT_ACTION:
        print_bare_word(out, key, model->report.complains);
        break;
    default:
        break;
    }
}

static void print_switch(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    bool is_denied = (model->process_flags & POLICY_PROCESS_NO_EXEC) != 0;

    fprintf(out, "%s = %s", key->name, is_denied ? "false" : "true");
    print_origin(out, model->no_exec_origin);
}

static void print_number(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    if (model->max_processes == 0)
        return;
    fprintf(out, "%s = %" PRIu64, key->name, model->max_processes);
    print_origin(out, model->max_processes_origin);
}

static void print_paths(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    bool is_open = false;

    for (size_t i = 0; i < model->path_count; i++) {
        const struct policy_path_rule *rule = &model->paths[i];

        if (rule->kind != (enum policy_path_kind)key->detail)
            continue;
        open_list(out, key->name, &is_open);
        fputs("    ", out);
        write_json_string(out, rule->pattern);
        putc(',', out);
        print_origin(out, rule->origin);
    }
    close_list(out, is_open);
}

/* A path as a string of the file: with backslashes, where it would be a pattern. */
static void print_literal(FILE *out, const char *path)
{
    struct normal_pattern pattern;

    write_json_string(out, normalise_literally(&pattern, path) == NULL ? pattern.bytes : path);
}

static void print_redirections(FILE *out, const struct schema_key *key,
                               const struct policy_model *model)
{
    bool is_open = false;

    for (size_t i = 0; i < model->path_count; i++) {
        const struct policy_path_rule *rule = &model->paths[i];

        if (rule->kind != POLICY_PATH_REDIRECT)
            continue;
        if (!is_open)
            fprintf(out, "\n[%s.%s]\n", key->section, key->name);
        is_open = true;
        write_json_string(out, rule->pattern);
        fputs(" = ", out);
        print_literal(out, rule->target);
        print_origin(out, rule->origin);
    }
}

static void print_peer(FILE *out, const struct policy_network_rule *rule)
{
    char *written = NULL;

    if (rule->peer == POLICY_PEER_ADDRESS) {
        write_json_string(out, rule->written);
        return;
    }
    if (asprintf(&written, "unix:%s%s", rule->peer == POLICY_PEER_ABSTRACT ? "@" : "",
                 rule->pattern) < 0)
        return;
    write_json_string(out, written);
    free(written);
}

static bool is_same_place(struct policy_origin a, struct policy_origin b)
{
    return a.file == b.file && a.line == b.line && a.column == b.column;
}

/* Rules of one place are one entry: "*", "localhost", "@file". */
static void print_peers(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    struct policy_origin last = {0};
    bool is_open = false;

    for (size_t i = 0; i < model->peer_count; i++) {
        const struct policy_network_rule *rule = &model->peers[i];

        if (rule->kind != (enum policy_network_kind)key->detail ||
            is_same_place(rule->origin, last))
            continue;
        last = rule->origin;
        open_list(out, key->name, &is_open);
        fputs("    ", out);
        print_peer(out, rule);
        putc(',', out);
        print_origin(out, rule->origin);
    }
    close_list(out, is_open);
}

static void print_families(FILE *out, const struct schema_key *key,
                           const struct policy_model *model)
{
    const char *separator = "";

    fprintf(out, "%s = [", key->name);
    for (int family = 0; family < 64; family++) {
        if ((model->families >> family & 1) == 0)
            continue;
        fprintf(out, "%s\"%s\"", separator, family_name(family));
        separator = ", ";
    }
    putc(']', out);
    print_origin(out, model->families_origin);
}

static void print_call(FILE *out, const struct policy_call_rule *rule)
{
    bool is_plain = rule->action == POLICY_CALL_ALLOW
                        ? !rule->is_logged
                        : rule->action == POLICY_CALL_DENY && rule->error == EPERM;

    if (is_plain) {
        write_json_string(out, rule->written);
        return;
    }
    fputs("{ call = ", out);
    write_json_string(out, rule->written);
    if (rule->action == POLICY_CALL_KILL)
        fputs(", action = \"kill\" }", out);
    else if (rule->action == POLICY_CALL_DENY)
        fprintf(out, ", errno = \"%s\" }", errno_name(rule->error));
    else
        fputs(", log = true }", out);
}

static void print_calls(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    bool is_of_allow = key->detail == POLICY_CALL_ALLOW, is_open = false;
    struct policy_origin last = {0};

    for (size_t i = 0; i < model->call_rule_count; i++) {
        const struct policy_call_rule *rule = &model->call_rules[i];

        if ((rule->action == POLICY_CALL_ALLOW) != is_of_allow || is_same_place(rule->origin, last))
            continue;
        last = rule->origin;
        open_list(out, key->name, &is_open);
        fputs("    ", out);
        print_call(out, rule);
        putc(',', out);
        print_origin(out, rule->origin);
    }
    close_list(out, is_open);
}

static void print_limit(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    for (size_t i = 0; i < model->limit_count; i++) {
        const struct policy_limit *limit = &model->limits[i];

        if (limit->resource != key->detail)
            continue;
        if (limit->value == UINT64_MAX)
            fprintf(out, "%s = \"unlimited\"", key->name);
        else
            fprintf(out, "%s = %" PRIu64, key->name, limit->value);
        print_origin(out, limit->origin);
    }
}

static void print_names(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    bool is_open = false;

    if (key->detail == POLICY_ENVIRONMENT_KEEP && !model->environment_is_kept)
        open_list(out, key->name, &is_open);
    for (size_t i = 0; i < model->environment_count; i++) {
        const struct policy_environment_rule *rule = &model->environment[i];

        if (rule->kind != (enum policy_environment_kind)key->detail)
            continue;
        open_list(out, key->name, &is_open);
        fputs("    ", out);
        write_json_string(out, rule->name);
        putc(',', out);
        print_origin(out, rule->origin);
    }
    close_list(out, is_open);
}

static void print_variables(FILE *out, const struct schema_key *key,
                            const struct policy_model *model)
{
    bool is_open = false;

    for (size_t i = 0; i < model->environment_count; i++) {
        const struct policy_environment_rule *rule = &model->environment[i];

        if (rule->kind != POLICY_ENVIRONMENT_SET)
            continue;
        if (!is_open)
            fprintf(out, "\n[%s.%s]\n", key->section, key->name);
        is_open = true;
        write_json_string(out, rule->name);
        fputs(" = ", out);
        write_json_string(out, rule->value);
        print_origin(out, rule->origin);
    }
}

static void print_output(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    fprintf(out, "%s = ", key->name);
    print_literal(out, model->report.file != NULL ? model->report.file : "stderr");
    putc('\n', out);
}

static void print_version(FILE *out, const struct schema_key *key, const struct policy_model *model)
{
    (void)model;
    fprintf(out, "%s = 1\n", key->name);
}

/* Includes are put in: none is left. */
static void (*const printers[SCHEMA_TYPE_LIMIT])(FILE *out, const struct schema_key *key,
                                                 const struct policy_model *model) = {
    [SCHEMA_VERSION] = print_version,     [SCHEMA_CHOICE] = print_choice,
    [SCHEMA_SWITCH] = print_switch,       [SCHEMA_NUMBER] = print_number,
    [SCHEMA_PATHS] = print_paths,         [SCHEMA_REDIRECTIONS] = print_redirections,
    [SCHEMA_PEERS] = print_peers,         [SCHEMA_FAMILIES] = print_families,
    [SCHEMA_CALLS] = print_calls,         [SCHEMA_COUNT] = print_limit,
    [SCHEMA_SIZE] = print_limit,          [SCHEMA_SECONDS] = print_limit,
    [SCHEMA_MICROSECONDS] = print_limit,  [SCHEMA_NAMES] = print_names,
    [SCHEMA_VARIABLES] = print_variables, [SCHEMA_OUTPUT] = print_output,
};

/* A section that is written nowhere restricts nothing; its heading alone would. */
static bool is_section_printed(const struct policy_model *model, const char *section)
{
    if (strcmp(section, "filesystem") == 0)
        return model->filesystem.is_written;
    if (strcmp(section, "network") == 0)
        return model->network.is_written;
    if (strcmp(section, "syscalls") == 0)
        return model->calls.is_written;
    if (strcmp(section, "limits") == 0)
        return model->limit_count > 0;
    if (strcmp(section, "environment") == 0)
        return model->environment_count > 0 || !model->environment_is_kept;
    return true;
}

static void print_heading(FILE *out, const char *section, const struct policy_model *model)
{
    fprintf(out, "\n[%s]", section);
    if (strcmp(section, "report") == 0)
        print_origin(out, model->report.origin);
    else
        putc('\n', out);
}

void policy_print(FILE *out, const struct policy_model *model)
{
    const char *section = "";

    for (size_t i = 0; i < schema_key_count; i++) {
        const struct schema_key *key = &schema_keys[i];

        if (!is_section_printed(model, key->section) || printers[key->type] == NULL)
            continue;
        if (strcmp(section, key->section) != 0)
            print_heading(out, key->section, model);
        section = key->section;
        printers[key->type](out, key, model);
    }
}
