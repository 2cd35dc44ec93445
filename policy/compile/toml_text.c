/*
 * The nesting of a text, told without a recursion: brackets and dots outside of strings and
 * comments. What is no TOML may be counted wrongly; toml++ then stops where it stops being TOML.
 */
#include "toml.h"

#include "../../loader/command/utf8.h"

#include <stdio.h>
#include <string.h>

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

static bool step_over_token(struct scan *scan)
{
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
    while (*scan.next != '\0')
        if (!step_over_token(&scan))
            return false;
    return true;
}
