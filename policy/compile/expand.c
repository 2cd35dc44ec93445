/* What a path of the file stands for before its wildcards are looked at: variables and folders. */
#include "read.h"

#include <ctype.h>
#include <string.h>

#include "../../loader/command/utf8.h"

#define NAME_START "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define NAME_REST  NAME_START "0123456789"

struct expansion {
    struct reading *reading;
    const struct toml_node *node; /* where errors are told */
    char *bytes;                  /* PATTERN_SIZE */
    size_t length;
};

static bool put(struct expansion *expansion, char byte)
{
    if (expansion->length + 1 >= PATTERN_SIZE) {
        read_error(expansion->reading, expansion->node, "longer than %u bytes", PATTERN_SIZE - 1);
        return false;
    }
    expansion->bytes[expansion->length++] = byte;
    expansion->bytes[expansion->length] = '\0';
    return true;
}

static bool is_utf8(const char *string)
{
    unsigned length;

    for (const char *next = string; *next != '\0'; next += length)
        if (next_character((const unsigned char *)next, &length) == NOT_UTF8)
            return false;
    return true;
}

/* What is put in has no meaning in a pattern but for its slashes. */
static bool put_literally(struct expansion *expansion, const char *what, const char *value)
{
    if (!is_utf8(value)) {
        read_error(expansion->reading, expansion->node, "%s is no UTF-8", what);
        return false;
    }
    for (; *value != '\0'; value++) {
        bool is_plain =
            isalnum((unsigned char)*value) || (*value & 0x80) != 0 || strchr("/._", *value) != NULL;

        if ((!is_plain && !put(expansion, '\\')) || !put(expansion, *value))
            return false;
    }
    return true;
}

/* At "${": puts the value in, and tells the length of the reference. 0: an error was added. */
static size_t put_variable(struct expansion *expansion, const char *reference)
{
    const struct policy_surroundings *surroundings = expansion->reading->surroundings;
    size_t length = strspn(reference + 2, NAME_REST);
    char name[256], what[sizeof name + 3];
    const char *value;

    if (reference[2 + length] != '}' || length == 0 || strchr(NAME_START, reference[2]) == NULL) {
        read_error(
            expansion->reading, expansion->node,
            "'${' without a name and '}' behind it; behind a backslash it stands for itself");
        return 0;
    }
    if (length >= sizeof name) {
        read_error(expansion->reading, expansion->node, "a variable with so long a name");
        return 0;
    }
    memcpy(name, reference + 2, length);
    name[length] = '\0';
    value = surroundings->environment(surroundings->context, name);
    if (value == NULL) {
        read_error(expansion->reading, expansion->node, "the variable %s is not set", name);
        return 0;
    }
    snprintf(what, sizeof what, "${%s}", name);
    return put_literally(expansion, what, value) ? length + 3 : 0;
}

static bool put_rest(struct expansion *expansion, const char *written)
{
    while (*written != '\0') {
        if (strncmp(written, "${", 2) == 0) {
            size_t length = put_variable(expansion, written);

            if (length == 0)
                return false;
            written += length;
            continue;
        }
        if (*written == '\\' && written[1] != '\0' && !put(expansion, *written++))
            return false;
        if (!put(expansion, *written++))
            return false;
    }
    return true;
}

bool expand_variables(struct reading *reading, const struct toml_node *node, const char *written,
                      char expanded[PATTERN_SIZE])
{
    struct expansion expansion = {reading, node, expanded, 0};

    *expanded = '\0';
    return put_rest(&expansion, written);
}

static bool begins_with_element(const char *written, const char *element)
{
    size_t length = strlen(element);

    return strncmp(written, element, length) == 0 &&
           (written[length] == '/' || written[length] == '\0');
}

/* The folder that a path begins at, when it says so in another way than by a '/'. */
static bool put_start(struct expansion *expansion, const char **written)
{
    struct reading *reading = expansion->reading;

    if (begins_with_element(*written, "~")) {
        ++*written;
        if (reading->surroundings->home != NULL)
            return put_literally(expansion, "the home folder", reading->surroundings->home);
        read_error(reading, expansion->node, "'~': the home folder is not known");
        return false;
    }
    if (begins_with_element(*written, ".") || begins_with_element(*written, "..")) {
        if (reading->source->folder != NULL)
            return put_literally(expansion, "the folder of this file", reading->source->folder) &&
                   put(expansion, '/');
        read_error(reading, expansion->node,
                   *reading->source->name == '@' ? "a built-in profile lies in no folder"
                                                 : "the folder of this file cannot be told");
        return false;
    }
    return true;
}

bool expand_path(struct reading *reading, const struct toml_node *node, const char *written,
                 char expanded[PATTERN_SIZE])
{
    struct expansion expansion = {reading, node, expanded, 0};
    const char *rest = written;

    *expanded = '\0';
    if (!put_start(&expansion, &rest) || !put_rest(&expansion, rest))
        return false;
    if (*expanded == '/')
        return true;
    if (strncmp(written, "${", 2) == 0)
        read_error(reading, node, "'%s' is no absolute path: it begins as '%s'",
                   quote(written).text, quote(expanded).text);
    else
        read_error(reading, node,
                   "'%s' is no absolute path, and does not begin with '~/', './', '../' or '${'",
                   quote(written).text);
    return false;
}
