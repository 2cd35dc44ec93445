/* The walk over a policy file and what it includes, as the schema tells. */
#include "front.h"

#include "read.h"
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define INCLUDES_DEEP_MAX 32U
#define KIND(name)        (1U << TOML_KIND_##name)

static const struct {
    read_value *read;
    unsigned kinds; /* bit 1 << enum toml_kind */
    const char *expected;
} types[SCHEMA_TYPE_LIMIT] = {
    [SCHEMA_VERSION] = {read_version, KIND(INTEGER), "an integer"},
    [SCHEMA_INCLUDES] = {read_includes, KIND(ARRAY), "an array of strings"},
    [SCHEMA_CHOICE] = {read_choice, KIND(STRING), "a string"},
    [SCHEMA_SWITCH] = {read_switch, KIND(BOOLEAN), "true or false"},
    [SCHEMA_NUMBER] = {read_number, KIND(INTEGER), "an integer"},
    [SCHEMA_PATHS] = {read_paths, KIND(ARRAY), "an array of strings"},
    [SCHEMA_REDIRECTIONS] = {read_redirections, KIND(TABLE), "a table from path to path"},
    [SCHEMA_PEERS] = {read_peers, KIND(ARRAY), "an array of strings"},
    [SCHEMA_FAMILIES] = {read_families, KIND(ARRAY), "an array of strings"},
    [SCHEMA_CALLS] = {read_calls, KIND(ARRAY), "an array of strings and tables"},
    [SCHEMA_COUNT] = {read_limit, KIND(INTEGER) | KIND(STRING), "an integer or \"unlimited\""},
    [SCHEMA_SIZE] = {read_limit, KIND(INTEGER) | KIND(STRING), "an integer or a string"},
    [SCHEMA_SECONDS] = {read_limit, KIND(INTEGER) | KIND(STRING), "an integer or a string"},
    [SCHEMA_MICROSECONDS] = {read_limit, KIND(INTEGER) | KIND(STRING), "an integer or a string"},
    [SCHEMA_NAMES] = {read_names, KIND(ARRAY), "an array of strings"},
    [SCHEMA_VARIABLES] = {read_variables, KIND(TABLE), "a table from name to value"},
    [SCHEMA_OUTPUT] = {read_output, KIND(STRING), "a string"},
};

static const struct schema_key *find_key(const char *section, const struct toml_node *node)
{
    for (size_t i = 0; i < schema_key_count; i++)
        if (strcmp(schema_keys[i].section, section) == 0 &&
            strcmp(schema_keys[i].name, node->key) == 0 && strlen(node->key) == node->key_length)
            return &schema_keys[i];
    return NULL;
}

static void offer_keys(struct nearest *nearest, const char *section)
{
    for (size_t i = 0; i < schema_key_count; i++)
        if (strcmp(schema_keys[i].section, section) == 0)
            nearest_offer(nearest, schema_keys[i].name);
}

static void refuse_key(struct reading *reading, const char *section, const struct toml_node *node)
{
    struct nearest nearest = nearest_to(node->key, node->key_length);

    if (strcmp(section, "limits") == 0 && strcmp(node->key, "nproc") == 0) {
        read_key_error(reading, node,
                       "nproc counts all processes of the user; use max_processes in [process]");
        return;
    }
    offer_keys(&nearest, section);
    read_key_error(reading, node, "unknown key '%s' in [%s] (the nearest known one is '%s')",
                   quote(node->key).text, section, nearest.name);
}

static void take_key(struct reading *reading, const struct schema_key *key,
                     const struct toml_node *node)
{
    if ((types[key->type].kinds & (1U << node->kind)) == 0)
        read_error(reading, node, "%s%s%s is %s; %s is expected", READ_NAME(key), read_kind(node),
                   types[key->type].expected);
    else
        types[key->type].read(reading, key, node);
}

static void note_section(struct reading *reading, const char *section, const struct toml_node *node)
{
    struct policy_model *model = reading->model;

    if (strcmp(section, "filesystem") == 0)
        model->filesystem.is_written = true;
    else if (strcmp(section, "network") == 0)
        model->network.is_written = true;
    else if (strcmp(section, "syscalls") == 0)
        model->calls.is_written = true;
    else if (strcmp(section, "report") == 0)
        model->report.origin = read_origin(reading, node->key_at);
}

static void take_section(struct reading *reading, const char *section, const struct toml_node *node)
{
    if (node->kind != TOML_KIND_TABLE) {
        read_error(reading, node, "%s is %s; it is a section, [%s]", section, read_kind(node),
                   section);
        return;
    }
    note_section(reading, section, node);
    for (size_t i = 0; i < node->child_count; i++) {
        const struct schema_key *key = find_key(section, &node->children[i]);

        if (key == NULL)
            refuse_key(reading, section, &node->children[i]);
        else
            take_key(reading, key, &node->children[i]);
    }
}

/* What stands at the top level: a key of its own, or a section. */
static void take_top(struct reading *reading, const struct toml_node *node)
{
    struct nearest nearest = nearest_to(node->key, node->key_length);

    if (find_key("", node) != NULL)
        return; /* read before all else */
    for (size_t i = 1; i < schema_section_count; i++) {
        if (strcmp(schema_sections[i].name, node->key) == 0 &&
            strlen(node->key) == node->key_length) {
            take_section(reading, schema_sections[i].name, node);
            return;
        }
        nearest_offer(&nearest, schema_sections[i].name);
    }
    offer_keys(&nearest, "");
    read_key_error(reading, node, "unknown %s '%s' (the nearest known one is '%s')",
                   node->kind == TOML_KIND_TABLE ? "section" : "key at the top level",
                   quote(node->key).text, nearest.name);
}

static const struct toml_node *find_child(const struct toml_node *table, const char *key)
{
    for (size_t i = 0; i < table->child_count; i++)
        if (strcmp(table->children[i].key, key) == 0)
            return &table->children[i];
    return NULL;
}

static void take_document(struct reading *reading, const struct toml_node *root)
{
    const struct toml_node *version = find_child(root, "version");
    const struct toml_node *include = find_child(root, "include");
    const size_t errors = reading->errors->count;

    if (version == NULL)
        policy_error_add(reading->errors, read_origin(reading, (struct toml_position){1, 1}),
                         "version is missing; this endorun reads `version = 1`");
    else
        take_key(reading, find_key("", version), version);
    if (version != NULL && reading->errors->count > errors)
        return; /* what follows may be right in the other version */
    if (include != NULL)
        take_key(reading, find_key("", include), include);
    for (size_t i = 0; i < root->child_count; i++)
        take_top(reading, &root->children[i]);
}

/* The folder that a file lies in, absolute. NULL: it cannot be told. */
static const char *folder_of(struct reading *reading, const char *name)
{
    const char *slash = strrchr(name, '/'), *folder = NULL;
    char *start = slash == NULL ? strdup(".") : strndup(name, (size_t)(slash - name) + 1);
    char *resolved = start != NULL ? realpath(start, NULL) : NULL;

    if (resolved != NULL)
        folder = read_copy(reading, resolved);
    free(resolved);
    free(start);
    return folder;
}

static struct policy_source *find_source(const struct reading *reading,
                                         const struct source_text *text)
{
    struct policy_source *source = reading->latest;

    while (source != NULL && (source->device != text->device || source->inode != text->inode))
        source = source->earlier;
    return source;
}

static struct policy_source *add_source(struct reading *reading, const char *name,
                                        const struct source_text *text)
{
    struct policy_source *source = arena_allocate(reading->memory, sizeof *source);

    if (source == NULL)
        return NULL;
    source->earlier = reading->latest;
    reading->latest = source;
    source->name = read_copy(reading, name);
    source->device = text->device;
    source->inode = text->inode;
    source->includer = reading->source;
    if (*name != '@')
        source->folder = folder_of(reading, name);
    return source->name != NULL ? source : NULL;
}

static void take_text(struct reading *reading, struct policy_source *source,
                      const struct source_text *text)
{
    const struct policy_source *includer = reading->source;
    struct arena memory = {0};
    struct toml_failure failure;
    const struct toml_node *root = toml_parse(&memory, text->text, text->size, &failure);

    reading->source = source;
    source->is_open = true;
    if (root == NULL)
        policy_error_add(reading->errors, read_origin(reading, failure.at), "no valid TOML: %s",
                         failure.what);
    else
        take_document(reading, root);
    source->is_open = false;
    reading->source = includer;
    arena_release(&memory);
}

/* Reads a file or profile, unless that was done. An error is told at `asked`. */
static void take_source(struct reading *reading, const char *name, struct policy_origin asked)
{
    struct source_text text;
    struct policy_source *source;
    const char *error = source_text_read(&text, name, reading->surroundings);

    if (error != NULL && asked.line > 0) {
        policy_error_add(reading->errors, asked, "'%s': %s", quote(name).text, error);
    } else if (error != NULL) {
        policy_error_add(reading->errors, asked, "%s", error);
    } else if ((source = find_source(reading, &text)) == NULL) {
        source = add_source(reading, name, &text);
        if (source != NULL)
            take_text(reading, source, &text);
    } else if (source->is_open) {
        policy_error_add(reading->errors, asked, "'%s' is being read: a cycle of includes",
                         quote(name).text);
    }
    source_text_release(&text);
}

static unsigned depth_of(const struct policy_source *source)
{
    unsigned depth = 0;

    for (; source != NULL; source = source->includer)
        depth++;
    return depth;
}

/* The name of what the own file includes as `written`. Freed by the caller; NULL: not enough
 * memory. */
static char *name_of_included(const struct policy_source *source, const char *written)
{
    const char *slash = strrchr(source->name, '/');
    char *name = NULL;

    if (*written == '@' || *written == '/' || slash == NULL)
        return strdup(written);
    if (asprintf(&name, "%.*s/%s", (int)(slash - source->name), source->name, written) < 0)
        return NULL;
    return name;
}

void read_includes(struct reading *reading, const struct schema_key *key,
                   const struct toml_node *node)
{
    if (depth_of(reading->source) > INCLUDES_DEEP_MAX) {
        read_error(reading, node, "more than %u files include each other", INCLUDES_DEEP_MAX);
        return;
    }
    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *entry = &node->children[i];
        const char *written = read_string(reading, key, entry);
        char *name;

        if (written == NULL)
            continue;
        if (*reading->source->name == '@' && *written != '@') {
            read_error(reading, entry, "a built-in profile can only include built-in ones");
            continue;
        }
        name = name_of_included(reading->source, written);
        if (name != NULL)
            take_source(reading, name, read_origin(reading, entry->at));
        else
            reading->memory->is_exhausted = true;
        free(name);
    }
}

/* What holds where nothing was written. */
static void fill_defaults(struct policy_model *model)
{
    if (model->filesystem.origin.line == 0 && model->filesystem.is_written)
        model->filesystem.fallback = POLICY_DEFAULT_DENY;
    if (model->network.origin.line == 0 && model->network.is_written)
        model->network.fallback = POLICY_DEFAULT_DENY;
    if (model->families_origin.line == 0)
        model->families = model->network.is_written
                              ? 1ULL << AF_INET | 1ULL << AF_INET6 | 1ULL << AF_UNIX
                              : UINT64_MAX;
}

bool policy_read(const char *path, const struct policy_surroundings *surroundings,
                 struct policy_model *model, struct policy_errors *errors)
{
    struct reading reading = {surroundings, errors, model,
                              .memory = calloc(1, sizeof(struct arena))};
    const struct policy_origin whole = {.file = path};

    *model = (struct policy_model){.memory = reading.memory, .environment_is_kept = true};
    if (reading.memory != NULL) {
        take_source(&reading, path, whole);
        fill_defaults(model);
    }
    if (reading.memory == NULL || reading.memory->is_exhausted)
        policy_error_add(errors, whole, "out of memory");
    if (errors->count == 0)
        return true;
    policy_model_release(model);
    return false;
}
