/*
 * The nesting of a text, told without a recursion: brackets and dots outside of strings and
 * comments. What is no TOML may be counted wrongly; toml++ then stops where it stops being TOML.
 *
 * And two things that toml++ 3.3 does not survive: a heading that begins with no name, as in
 * `[.a]`, and a few of the characters that may stand in strings and comments only.
 */
#include "toml.h"

#include "../../loader/command/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct scan {
    const char *next;
    struct toml_position at;
    unsigned brackets, dots;
    struct toml_failure *failure;
};

static bool fail_at(struct scan *scan, const char *what)
{
    scan->failure->at = scan->at;
    snprintf(scan->failure->what, sizeof scan->failure->what, "%s", what);
    return false;
}

static bool check_characters(const char *text, size_t size, struct scan *scan)
{
    for (const char *next = text; next < text + size;) {
        unsigned length;
        uint32_t character = next_character((const unsigned char *)next, &length);

        if (character == NOT_UTF8)
            return fail_at(scan, "this is no UTF-8");
        if (character == 0)
            return fail_at(scan, "a NUL byte");
        next += length;
        scan->at.column += length;
        if (character == '\n')
            scan->at = (struct toml_position){scan->at.line + 1, 1};
    }
    return true;
}

static void step(struct scan *scan, size_t count)
{
    for (; count > 0 && *scan->next != '\0'; count--) {
        scan->at.column++;
        if (*scan->next++ == '\n') {
            scan->at = (struct toml_position){scan->at.line + 1, 1};
            scan->dots = 0;
        }
    }
}

/* Leaves the string at whose quotation mark the scan stands. */
static void step_over_string(struct scan *scan)
{
    const char quote = *scan->next;
    const char closing[] = {quote, quote, quote, '\0'};
    const size_t closing_length = strncmp(scan->next, closing, 3) == 0 ? 3 : 1;

    step(scan, closing_length);
    while (*scan->next != '\0' && strncmp(scan->next, closing, closing_length) != 0) {
        if (closing_length == 1 && *scan->next == '\n')
            return; /* no TOML */
        step(scan, quote == '"' && *scan->next == '\\' ? 2 : 1);
    }
    step(scan, closing_length);
    while (closing_length == 3 && *scan->next == quote) /* """" ends with a quotation mark */
        step(scan, 1);
}

/* At the first byte of a line outside of brackets and strings. */
static bool check_heading(struct scan *scan)
{
    size_t blanks = strspn(scan->next, " \t"), name = blanks;
    char first;

    if (scan->next[blanks] != '[')
        return true;
    name += strspn(scan->next + name, "[ \t");
    first = scan->next[name];
    if (first == '\0' || strchr("_-\"']", first) != NULL || isalnum((unsigned char)first))
        return true;
    step(scan, name);
    return fail_at(scan, "a heading that begins with no name");
}

static bool step_over_token(struct scan *scan)
{
    if (scan->at.column == 1 && scan->brackets == 0 && !check_heading(scan))
        return false;
    switch (*scan->next) {
    case '"':
    case '\'':
        step_over_string(scan);
        return true;
    case '#':
        step(scan, strcspn(scan->next, "\n"));
        return true;
    case '.':
        if (++scan->dots > TOML_DOTS_MAX)
            return fail_at(scan, "too many dots in a line");
        break;
    case '[':
    case '{':
        if (++scan->brackets > TOML_BRACKETS_MAX)
            return fail_at(scan, "nested too deeply");
        break;
    case ']':
    case '}':
        scan->brackets -= scan->brackets > 0;
        break;
    default:
        if ((*scan->next & 0x80) != 0)
            return fail_at(scan, "this character stands in strings and comments only");
        break;
    }
    step(scan, 1);
    return true;
}

bool toml_check_text(const char *text, size_t size, struct toml_failure *failure)
{
    struct scan scan = {.next = text, .at = {1, 1}, .failure = failure};

    if (!check_characters(text, size, &scan))
        return false;
    scan.at = (struct toml_position){1, 1};
    if (strncmp(text, byte_order_mark, strlen(byte_order_mark)) == 0)
        scan.next += strlen(byte_order_mark);
    while (*scan.next != '\0')
        if (!step_over_token(&scan))
            return false;
    return true;
}
