/* Two models that mean the same: equal but for origins and for the order between lists. */
#include "policy_front_fixture.h"

#include <stdlib.h>
#include <string.h>

/* What a test compares: an item of one list of a model as text. */
typedef bool policy_item(FILE *out, const struct policy_model *model, size_t index, int kind);

static const char *shown(const char *string)
{
    return string != NULL ? string : "(none)";
}

static bool write_path(FILE *out, const struct policy_model *model, size_t index, int kind)
{
    const struct policy_path_rule *rule;

    if (index >= model->path_count)
        return false;
    rule = &model->paths[index];
    if ((int)rule->kind == kind)
        fprintf(out, "path %d %s %s\n", kind, rule->pattern, shown(rule->target));
    return true;
}

static bool write_peer(FILE *out, const struct policy_model *model, size_t index, int kind)
{
    const struct policy_network_rule *rule;

    if (index >= model->peer_count)
        return false;
    rule = &model->peers[index];
    if ((int)rule->kind != kind)
        return true;
    fprintf(out, "peer %d %d %d /%u :%u-%u %s ", kind, (int)rule->peer, rule->is_ipv6, rule->prefix,
            rule->port_first, rule->port_last, shown(rule->pattern));
    for (size_t i = 0; i < sizeof rule->address; i++)
        fprintf(out, "%02x", rule->address[i]);
    putc('\n', out);
    return true;
}

static bool write_call(FILE *out, const struct policy_model *model, size_t index, int kind)
{
    const struct policy_call_rule *rule;

    if (index >= model->call_rule_count)
        return false;
    rule = &model->call_rules[index];
    if ((rule->action == POLICY_CALL_ALLOW) != (kind == POLICY_CALL_ALLOW))
        return true;
    fprintf(out, "call %u %d %d %d", rule->number, (int)rule->action, rule->error, rule->is_logged);
    for (size_t i = 0; i < rule->condition_count; i++)
        fprintf(out, " (%u %d %#llx %#llx)", rule->conditions[i].argument,
                (int)rule->conditions[i].comparison, (unsigned long long)rule->conditions[i].mask,
                (unsigned long long)rule->conditions[i].value);
    putc('\n', out);
    return true;
}

static bool write_variable(FILE *out, const struct policy_model *model, size_t index, int kind)
{
    const struct policy_environment_rule *rule;

    if (index >= model->environment_count)
        return false;
    rule = &model->environment[index];
    if ((int)rule->kind == kind)
        fprintf(out, "variable %d %s=%s\n", kind, rule->name, shown(rule->value));
    return true;
}

static bool write_limit(FILE *out, const struct policy_model *model, size_t index, int kind)
{
    const struct policy_limit *limit;

    if (index >= model->limit_count)
        return false;
    limit = &model->limits[index];
    if (limit->resource == kind)
        fprintf(out, "limit %d %llu\n", kind, (unsigned long long)limit->value);
    return true;
}

static void write_section(FILE *out, const struct policy_section *section)
{
    fprintf(out, "section %d %d\n", section->is_written, (int)section->fallback);
}

char *policy_shown(const struct policy_model *model)
{
    static policy_item *const items[] = {write_path, write_peer, write_call, write_variable,
                                         write_limit};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        abort();
    write_section(out, &model->filesystem);
    write_section(out, &model->network);
    write_section(out, &model->calls);
    fprintf(out, "families %#llx flags %u processes %llu kept %d report %d %d %s\n",
            (unsigned long long)model->families, model->process_flags,
            (unsigned long long)model->max_processes, model->environment_is_kept,
            model->report.complains, (int)model->report.form, shown(model->report.file));
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        for (int kind = 0; kind < 16; kind++)
            for (size_t index = 0; items[i](out, model, index, kind); index++)
                ;
    if (fclose(out) != 0)
        abort();
    return text;
}
