#include "normalise.h"

#include <ctype.h>
#include <string.h>

static const char too_long[] = "longer than 4095 bytes";

_Static_assert(PATH_MAX == 4096, "what the message says");

static const char *put(struct normal_pattern *pattern, char byte)
{
    if (pattern->length + 1 >= sizeof pattern->bytes)
        return too_long;
    pattern->bytes[pattern->length++] = byte;
    pattern->bytes[pattern->length] = '\0';
    return NULL;
}

static const char *put_literal(struct normal_pattern *pattern, char byte)
{
    bool makes_variable =
        byte == '{' && pattern->length > 0 && pattern->bytes[pattern->length - 1] == '$';

    if ((strchr("*?[\\", byte) != NULL || makes_variable) && put(pattern, '\\') != NULL)
        return too_long;
    return put(pattern, byte);
}

static const char *put_in_brackets(struct normal_pattern *pattern, char byte)
{
    bool is_plain = isalnum((unsigned char)byte) || byte == '_' || byte == '.';

    if (!is_plain && put(pattern, '\\') != NULL)
        return too_long;
    return put(pattern, byte);
}

/* One byte between brackets. */
static const char *take_byte(const char **next, char *byte)
{
    if (**next == '\\')
        ++*next;
    if (**next == '\0')
        return "'[' without a ']' behind it; behind a backslash it stands for itself";
    if (**next == '/')
        return "a '/' between brackets, which match one byte of a name";
    if ((**next & 0x80) != 0)
        return "a character of several bytes between brackets, which match one byte";
    *byte = *(*next)++;
    return NULL;
}

/* At the '['. A ']' right behind it is one of the bytes. */
static const char *take_brackets(struct normal_pattern *pattern, const char **next)
{
    const char *error = put(pattern, *(*next)++);
    bool is_first = true;

    if (error == NULL && (**next == '!' || **next == '^')) {
        error = put(pattern, '!');
        ++*next;
    }
    for (; error == NULL && (is_first || **next != ']'); is_first = false) {
        char low, high;

        if ((error = take_byte(next, &low)) != NULL ||
            (error = put_in_brackets(pattern, low)) != NULL)
            return error;
        if (**next != '-' || (*next)[1] == ']' || (*next)[1] == '\0')
            continue;
        ++*next;
        if ((error = take_byte(next, &high)) != NULL || (error = put(pattern, '-')) != NULL)
            return error;
        if (high < low)
            return "a range between brackets that ends before it begins";
        error = put_in_brackets(pattern, high);
    }
    if (error != NULL)
        return error;
    ++*next;
    return put(pattern, ']');
}

/* At the first of one or more '*'. */
static const char *take_stars(struct normal_pattern *pattern, const char *element,
                              const char **next)
{
    size_t count = strspn(*next, "*");
    const char *error = NULL;

    if (count > 2 ||
        (count == 2 && (*next != element || ((*next)[2] != '/' && (*next)[2] != '\0'))))
        return "'**' is not the whole of a name: only '/**/', or '/**' at the end, has a meaning";
    for (; count > 0 && error == NULL; count--)
        error = put(pattern, *(*next)++);
    return error;
}

static const char *take_element(struct normal_pattern *pattern, const char **next)
{
    const char *element = *next, *error = NULL;

    while (**next != '\0' && **next != '/' && error == NULL) {
        switch (**next) {
        case '*':
            error = take_stars(pattern, element, next);
            pattern->has_wildcard = true;
            break;
        case '?':
            error = put(pattern, *(*next)++);
            pattern->has_wildcard = true;
            break;
        case '[':
            error = take_brackets(pattern, next);
            pattern->has_wildcard = true;
            break;
        case '\\':
            if (*++*next == '\0')
                return "a backslash at the end";
            if (**next == '/')
                break; /* as good as without */
            /* fall through */
        default:
            error = put_literal(pattern, *(*next)++);
            break;
        }
    }
    return error;
}

static void cut(struct normal_pattern *pattern, size_t length)
{
    pattern->length = length;
    pattern->bytes[length] = '\0';
}

const char *normalise_path(struct normal_pattern *pattern, const char *path)
{
    cut(pattern, 0);
    pattern->has_wildcard = false;
    while (*path != '\0') {
        size_t start = pattern->length;
        bool had_wildcard = pattern->has_wildcard;
        const char *element, *error;

        if (*path == '/') {
            path++;
            continue;
        }
        if ((error = put(pattern, '/')) != NULL || (error = take_element(pattern, &path)) != NULL)
            return error;
        element = pattern->bytes + start + 1;
        if (*element == '\0' || strcmp(element, ".") == 0) {
            cut(pattern, start);
        } else if (strcmp(element, "..") == 0) {
            if (had_wildcard)
                return "'..' behind a wildcard";
            cut(pattern, start);
            if (start > 0)
                cut(pattern, (size_t)(strrchr(pattern->bytes, '/') - pattern->bytes));
        }
    }
    return pattern->length == 0 ? put(pattern, '/') : NULL;
}

const char *normalise_name(struct normal_pattern *pattern, const char *name)
{
    const char *error = NULL;

    cut(pattern, 0);
    pattern->has_wildcard = false;
    while (*name != '\0' && error == NULL) {
        if (*name == '*') {
            error = put(pattern, '*');
            name += strspn(name, "*");
            pattern->has_wildcard = true;
            continue;
        }
        if (*name == '?') {
            error = put(pattern, *name++);
            pattern->has_wildcard = true;
            continue;
        }
        if (*name == '\\' && *++name == '\0')
            return "a backslash at the end";
        error = put_literal(pattern, *name++);
    }
    return error;
}

void strip_backslashes(char *pattern)
{
    char *to = pattern;

    for (const char *from = pattern; *from != '\0'; from++) {
        if (*from == '\\')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

const char *normalise_literally(struct normal_pattern *pattern, const char *path)
{
    const char *error = NULL;

    cut(pattern, 0);
    pattern->has_wildcard = false;
    while (*path != '\0' && error == NULL)
        error = put_literal(pattern, *path++);
    return error;
}

/* Where the element that begins at `at`, behind a '/', ends. */
static const char *element_end(const char *at, bool *has_wildcard)
{
    *has_wildcard = false;
    for (; *at != '\0' && *at != '/'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (strchr("*?[", *at) != NULL)
            *has_wildcard = true;
    }
    return at;
}

const char *pattern_literal_end(const char *pattern)
{
    const char *end = pattern;
    bool has_wildcard = false;

    while (*end == '/' && !has_wildcard) {
        const char *next = element_end(end + 1, &has_wildcard);

        if (!has_wildcard)
            end = next;
    }
    return end;
}
