#include "read.h"

#include <stdarg.h>
#include <string.h>

#define MESSAGE_SIZE 512U

struct policy_origin read_origin(const struct reading *reading, struct toml_position at)
{
    return (struct policy_origin){reading->source->name, at.line, at.column};
}

__attribute__((format(printf, 3, 0))) static void
add_error(struct reading *reading, struct toml_position at, const char *format, va_list arguments)
{
    char message[MESSAGE_SIZE];

    vsnprintf(message, sizeof message, format, arguments);
    policy_error_add(reading->errors, read_origin(reading, at), "%s", message);
}

void read_error(struct reading *reading, const struct toml_node *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_error(reading, node->at, format, arguments);
    va_end(arguments);
}

void read_key_error(struct reading *reading, const struct toml_node *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_error(reading, node->key_at, format, arguments);
    va_end(arguments);
}

struct quote quote_part(const char *string, size_t length)
{
    struct quote quoted;
    size_t kept = sizeof quoted.text - sizeof "...";

    if (length < sizeof quoted.text) {
        snprintf(quoted.text, sizeof quoted.text, "%.*s", (int)length, string);
        return quoted;
    }
    while ((string[kept] & 0xc0) == 0x80) /* not in the middle of a character */
        kept--;
    snprintf(quoted.text, sizeof quoted.text, "%.*s...", (int)kept, string);
    return quoted;
}

struct quote quote(const char *string)
{
    return quote_part(string, strlen(string));
}

const char *read_kind(const struct toml_node *node)
{
    static const char *const kinds[TOML_KIND_LIMIT] = {
        [TOML_KIND_TABLE] = "a table",       [TOML_KIND_ARRAY] = "an array",
        [TOML_KIND_STRING] = "a string",     [TOML_KIND_INTEGER] = "an integer",
        [TOML_KIND_FLOAT] = "a float",       [TOML_KIND_BOOLEAN] = "a boolean",
        [TOML_KIND_DATE] = "a date or time",
    };

    return kinds[node->kind];
}

const char *read_string(struct reading *reading, const struct schema_key *key,
                        const struct toml_node *node)
{
    if (node->kind != TOML_KIND_STRING) {
        read_error(reading, node, "%s in %s%s%s; a string is expected", read_kind(node),
                   READ_NAME(key));
        return NULL;
    }
    if (strlen(node->string) != node->length) {
        read_error(reading, node, "a string with a NUL character");
        return NULL;
    }
    return node->string;
}

const char *read_key(struct reading *reading, const struct toml_node *node)
{
    if (strlen(node->key) == node->key_length)
        return node->key;
    read_key_error(reading, node, "a key with a NUL character");
    return NULL;
}

const char *read_copy(struct reading *reading, const char *string)
{
    return arena_copy(reading->memory, string, strlen(string));
}

bool read_append(struct reading *reading, void *items, size_t *count, const void *item, size_t size)
{
    void *array;
    char *moved;

    memcpy(&array, items, sizeof array);
    moved = arena_extend(reading->memory, array, *count, size);
    if (moved == NULL)
        return false;
    memcpy(moved + *count * size, item, size);
    memcpy(items, &moved, sizeof moved);
    ++*count;
    return true;
}
