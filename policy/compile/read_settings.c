/* Keys that have one value. The file that is read last has the last word. */
#include "read.h"

#include <inttypes.h>
#include <string.h>

#define VERSION 1

void read_version(struct reading *reading, const struct schema_key *key,
                  const struct toml_node *node)
{
    if (node->integer != VERSION)
        read_error(reading, node, "%s %" PRId64 " is not known; this endorun reads `version = %d`",
                   key->name, node->integer, VERSION);
}

static void set_flag(struct policy_model *model, unsigned flag, bool is_set)
{
    model->process_flags = is_set ? model->process_flags | flag : model->process_flags & ~flag;
}

static void set_default(struct policy_section *section, unsigned choice,
                        struct policy_origin origin)
{
    section->fallback = (enum policy_default)choice;
    section->origin = origin;
}

/* The order of the words is that of the schema. */
static void apply_choice(struct policy_model *model, int setting, unsigned choice,
                         struct policy_origin origin)
{
    switch ((enum schema_setting)setting) {
    case SETTING_FILESYSTEM_DEFAULT:
        set_default(&model->filesystem, choice, origin);
        break;
    case SETTING_NETWORK_DEFAULT:
        set_default(&model->network, choice, origin);
        break;
    case SETTING_CALLS_DEFAULT:
        set_default(&model->calls, choice, origin);
        break;
    case SETTING_SIGNALS:
        set_flag(model, POLICY_PROCESS_SIGNALS_SANDBOX, choice == 1);
        model->signals_origin = origin;
        break;
    case SETTING_REPORT_FORM:
        model->report.form = (enum policy_report_form)choice;
        break;
    case SETTING_REPORT_ACTION:
        model->report.complains = choice == 1;
        break;
    default:
        break;
    }
}

_Static_assert(POLICY_DEFAULT_ALLOW == 0 && POLICY_DEFAULT_DENY == 1, "allow|deny");
_Static_assert(POLICY_REPORT_TEXT == 0 && POLICY_REPORT_JSON == 1, "text|json");

void read_choice(struct reading *reading, const struct schema_key *key,
                 const struct toml_node *node)
{
    const char *written = read_string(reading, key, node), *word = key->values;
    struct nearest nearest;
    char words[2][16];

    if (written == NULL)
        return;
    nearest = nearest_to(written, strlen(written));
    for (unsigned choice = 0; choice < 2; choice++) {
        size_t length = strcspn(word, "|");

        snprintf(words[choice], sizeof words[choice], "%.*s", (int)length, word);
        if (strcmp(written, words[choice]) == 0) {
            apply_choice(reading->model, key->detail, choice, read_origin(reading, node->at));
            return;
        }
        nearest_offer(&nearest, words[choice]);
        word += length + 1;
    }
    read_error(reading, node,
               "%s%s%s is \"%s\" or \"%s\", not '%s' (the nearest known one is '%s')",
               READ_NAME(key), words[0], words[1], quote(written).text, nearest.name);
}

void read_switch(struct reading *reading, const struct schema_key *key,
                 const struct toml_node *node)
{
    (void)key; /* there is one */
    set_flag(reading->model, POLICY_PROCESS_NO_EXEC, !node->boolean);
    reading->model->no_exec_origin = read_origin(reading, node->at);
}

void read_number(struct reading *reading, const struct schema_key *key,
                 const struct toml_node *node)
{
    if (node->integer < 1 || node->integer > key->largest) {
        read_error(reading, node, "%s%s%s is %" PRId64 "; it must be 1 to %" PRId64, READ_NAME(key),
                   node->integer, key->largest);
        return;
    }
    reading->model->max_processes = (uint64_t)node->integer;
    reading->model->max_processes_origin = read_origin(reading, node->at);
}

void read_output(struct reading *reading, const struct schema_key *key,
                 const struct toml_node *node)
{
    const char *written = read_string(reading, key, node);

    if (written == NULL)
        return;
    reading->model->report.file = NULL;
    if (strcmp(written, "stderr") != 0)
        reading->model->report.file = read_path(reading, node, written);
}
