/*
 * Recorded traces under a fuzzer: whatever their lines are, they are refused or added up, and the
 * page that comes of them has the elements of its own, and no character that is not seen.
 */
#include "entry.h"
#include "page.h"
#include "summary.h"
#include "utf8.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* All that follow a `<` in a page, but for the text of style and script, which have none. */
static const char *const elements[] = {
    "!DOCTYPE html>\n",
    "html ",
    "head>",
    "meta ",
    "title>",
    "style>",
    "body>",
    "header>",
    "h1>",
    "h2>",
    "code>",
    "p ",
    "dl>",
    "div ",
    "div>",
    "dt>",
    "dd>",
    "small>",
    "nav ",
    "a ",
    "main>",
    "section ",
    "details>",
    "summary>",
    "ul ",
    "li>",
    "b ",
    "i>",
    "footer>",
    "script>",
    "table ",
    "thead>",
    "tbody>",
    "tr>",
    "th ",
    "td>",
    "td ",
    "g ",
    "tspan ",
    "text ",
    "path ",
    "rect ",
    "svg ",
    "/",
};

static void demand(bool holds, const char *what, const char *where)
{
    if (!holds) {
        fprintf(stderr, "%s: %.100s\n", what, where);
        abort();
    }
}

static bool is_element(const char *text)
{
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (strncmp(text, elements[i], strlen(elements[i])) == 0)
            return true;
    return false;
}

static void check_characters(const char *text)
{
    unsigned length;

    for (const char *at = text; *at != '\0'; at += length) {
        const uint32_t character = next_character((const unsigned char *)at, &length);

        demand(character != NOT_UTF8, "not UTF-8", at);
        demand((character >= ' ' && character < 0x7f) || character == '\n' || character >= 0xa0,
               "a control character", at);
        demand(character < 0x202a || character > 0x202e, "a change of direction", at);
    }
}

/* Markup of the text before and behind style and script. */
static void check_markup(const char *text, const char *end)
{
    for (const char *at = text; (at = strchr(at, '<')) != NULL && at < end; at++)
        demand(is_element(at + 1), "an unknown element", at);
}

static void check_page(const char *page)
{
    const char *style = strstr(page, "<style>"), *script = strstr(page, "<script>");

    check_characters(page);
    demand(style != NULL && script != NULL, "no style or no script", page);
    check_markup(page, style);
    check_markup(strstr(style, "</style>"), script);
    check_markup(strstr(script, "</script>"), page + strlen(page));
    demand(strstr(script + 1, "<script") == NULL, "a second script", script);
}

static void add_line(struct summary *summary, struct json_tokener *tokener, const char *line,
                     size_t size)
{
    char error[ENTRY_ERROR_SIZE] = "";
    struct entry entry;

    if (entry_parse(&entry, tokener, line, size, error) != ENTRY_WHOLE) {
        demand(*error != '\0', "a line is refused, and no reason is given", line);
        return;
    }
    /* As the reader of files has it: a trace begins with its first line, and nowhere else. */
    if ((entry.kind == ENTRY_TRACE) == (summary->command.bytes == NULL))
        summary_add(summary, &entry);
    entry_release(&entry);
}

static void add_lines(struct summary *summary, struct json_tokener *tokener, const char *bytes,
                      size_t size)
{
    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - bytes) : size;

        add_line(summary, tokener, bytes, length);
        bytes += length + (end != NULL);
        size -= length + (end != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct summary summary;
    static const char first[] =
        "{\"type\":\"trace\",\"version\":1,\"start\":0,\"command\":[\"fuzz\"]}";
    struct json_tokener *tokener = json_tokener_new();
    char *page = NULL;
    size_t page_size = 0;
    FILE *out = open_memstream(&page, &page_size);

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    add_lines(&summary, tokener, (const char *)bytes, size);
    add_line(&summary, tokener, first, sizeof first - 1);
    write_page(out, &summary, "fuzz.json", 0);
    fclose(out);
    check_page(page);
    free(page);
    summary_release(&summary);
    json_tokener_free(tokener);
    return 0;
}
