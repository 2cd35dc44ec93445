#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A string at `*at`, which stands behind its first quote; in place, ended by NUL. */
static char *read_string(char **at)
{
    char *start = *at, *to = *at, *from = *at;

    while (*from != '"' && *from != '\0') {
        unsigned code;

        if (*from != '\\') {
            *to++ = *from++;
        } else if (from[1] == 'u' && sscanf(from + 2, "%4x", &code) == 1) {
            *to++ = (char)(code & 0xff); /* \u00NN: a control; \udcNN: a byte that is no UTF-8 */
            from += 6;
        } else if (from[1] != '\0') {
            *to++ = from[1];
            from += 2;
        } else {
            from++;
        }
    }
    *at = *from == '"' ? from + 1 : from;
    *to = '\0';
    return start;
}

static const struct {
    const char *name;
    size_t offset;
} strings[] = {
    {"program", offsetof(struct record, program)}, {"section", offsetof(struct record, section)},
    {"key", offsetof(struct record, key)},         {"object", offsetof(struct record, object)},
    {"action", offsetof(struct record, action)},   {"rule", offsetof(struct record, rule)},
    {"file", offsetof(struct record, file)},
};

#define STRING_COUNT (sizeof strings / sizeof strings[0])

static const char **string_at(struct record *record, size_t index)
{
    return (const char **)(void *)((char *)record + strings[index].offset);
}

static void take_member(struct record *record, const char *name, const char *value)
{
    for (size_t i = 0; i < STRING_COUNT; i++)
        if (strcmp(name, strings[i].name) == 0)
            *string_at(record, i) = value;
    if (strcmp(name, "line") == 0)
        record->line = strtoul(value, NULL, 10);
    if (strcmp(name, "column") == 0)
        record->column = strtoul(value, NULL, 10);
}

bool read_record(char *line, struct record *record)
{
    *record = (struct record){.program = NULL};
    for (char *at = strchr(line, '"'); at != NULL; at = strchr(at, '"')) {
        at++;
        const char *name = read_string(&at), *value;

        if (*at != ':')
            return false;
        value = ++at;
        if (*at == '"') {
            at++;
            value = read_string(&at);
        }
        if (strcmp(name, "cut") == 0)
            return false; /* more than a line holds */
        take_member(record, name, value);
    }
    for (size_t i = 0; i < STRING_COUNT; i++)
        if (*string_at(record, i) == NULL)
            return false;
    return true;
}

bool is_by_default(const struct record *record)
{
    const char *key = strchr(record->rule, '.');

    /* Families are a list of what is allowed, and so is every section with this default. */
    return key != NULL && (strncmp(key, ".default:", strlen(".default:")) == 0 ||
                           strncmp(record->rule, "network.families:", 17) == 0);
}
