#include "extend.h"

#include "message.h"

#include "../../loader/command/escape.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

/* Of those at one place: what is still of a line or section before what begins the next one. */
enum rank { IN_PLACE, LINE, SECTION };

struct insertion {
    size_t offset;
    enum rank rank;
    size_t number; /* of several that are alike the earlier one comes first */
    char *text;
    size_t length;
};

struct editing {
    const char *text;
    size_t size;
    const char *line_end; /* as the text's own */
    const char *opened;   /* the section that was begun at the end */
    struct insertion insertions[2 * EXTENSIONS_MAX];
    size_t count;
    struct toml_failure *failure;
};

/* What stands before a line that is put in: a part of the text, and whether it is one step deeper.
 */
struct indent {
    const char *start;
    size_t length;
    bool is_deeper;
};

static bool fail(struct editing *editing, const struct toml_node *node,
                 const struct extension *extension, const char *why)
{
    editing->failure->at = node->at;
    snprintf(editing->failure->what, sizeof editing->failure->what,
             "nothing can be added to '%s' of [%s] here: %s", extension->key, extension->section,
             why);
    return false;
}

/* ---------------------------------------------------------------- insertions */

static FILE *open_insertion(struct editing *editing, size_t offset, enum rank rank)
{
    struct insertion *insertion = &editing->insertions[editing->count];

    *insertion = (struct insertion){offset, rank, editing->count, NULL, 0};
    editing->count++;
    FILE *out = open_memstream(&insertion->text, &insertion->length);

    if (out == NULL)
        die(STATUS_SETUP, "learn: no memory left");
    return out;
}

static void close_insertion(FILE *out)
{
    if (fclose(out) != 0)
        die(STATUS_SETUP, "learn: no memory left");
}

static int compare(const void *left, const void *right)
{
    const struct insertion *a = left, *b = right;

    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

/* The last line of the text may have no end. */
static void write_edited(FILE *out, struct editing *editing)
{
    size_t written = 0;
    char last = '\n';

    qsort(editing->insertions, editing->count, sizeof editing->insertions[0], compare);
    for (size_t i = 0; i < editing->count; i++) {
        struct insertion *insertion = &editing->insertions[i];

        if (insertion->offset > written)
            last = editing->text[insertion->offset - 1];
        fwrite(editing->text + written, 1, insertion->offset - written, out);
        if (insertion->rank != IN_PLACE && last != '\n')
            fputs(editing->line_end, out);
        fwrite(insertion->text, 1, insertion->length, out);
        last = insertion->text[insertion->length - 1];
        written = insertion->offset;
    }
    fwrite(editing->text + written, 1, editing->size - written, out);
}

/* ---------------------------------------------------------------- lines */

static size_t line_at(const struct editing *editing, size_t offset)
{
    while (offset > 0 && editing->text[offset - 1] != '\n')
        offset--;
    return offset == 0 && strncmp(editing->text, "\xef\xbb\xbf", 3) == 0 ? 3 : offset;
}

static size_t line_behind(const struct editing *editing, size_t offset)
{
    const char *end = memchr(editing->text + offset, '\n', editing->size - offset);

    return end != NULL ? (size_t)(end - editing->text) + 1 : editing->size;
}

static struct indent indent_at(const struct editing *editing, size_t offset)
{
    const char *line = editing->text + line_at(editing, offset);

    return (struct indent){line, strspn(line, BLANKS), false};
}

static void write_indent(FILE *out, const struct indent *indent)
{
    fwrite(indent->start, 1, indent->length, out);
    fputs(indent->is_deeper ? "    " : "", out);
}

static void write_entries(FILE *out, const struct editing *editing, const struct entries *entries,
                          const struct indent *indent)
{
    for (size_t i = 0; i < entries->count; i++) {
        write_indent(out, indent);
        write_json_string(out, entries->items[i].text); /* TOML has the same escapes */
        fputs(", # ", out);
        write_programs(out, &entries->items[i]);
        fputs(editing->line_end, out);
    }
}

/* ---------------------------------------------------------------- arrays that are there */

/* `key = value`: neither a heading, in which the key stands, nor a key that is followed by a dot.
 */
static bool is_plain(const struct toml_node *node)
{
    return node->key_begin < node->begin;
}

/* Between the last value and the ']' are blanks, comments, and a comma or none. */
static bool has_comma(const struct editing *editing, size_t from, size_t to)
{
    for (; from < to; from++) {
        if (editing->text[from] == ',')
            return true;
        if (editing->text[from] == '#')
            from = line_behind(editing, from) - 1;
    }
    return false;
}

/* As the last value has it, if it begins its line. */
static struct indent indent_of_entries(const struct editing *editing, const struct toml_node *array)
{
    struct indent indent = indent_at(editing, array->begin);

    indent.is_deeper = true;
    if (array->child_count > 0) {
        const struct toml_node *last = &array->children[array->child_count - 1];
        const struct indent own = indent_at(editing, last->begin);

        if (own.start + own.length == editing->text + last->begin)
            return own;
    }
    return indent;
}

static bool extend_array(struct editing *editing, const struct toml_node *array,
                         const struct extension *extension)
{
    /* The tables of [[syscalls.allow]] are an array that has no brackets of its own. */
    if (!is_plain(array))
        return fail(editing, array, extension, "write the tables into an array, `[{ ... }]`");

    const size_t bracket = array->end - 1;
    const struct indent indent = indent_of_entries(editing, array);
    const struct indent outer = indent_at(editing, array->begin);
    const struct indent closing = indent_at(editing, bracket);

    if (array->child_count > 0) {
        const size_t end = array->children[array->child_count - 1].end;

        if (!has_comma(editing, end, bracket)) {
            FILE *out = open_insertion(editing, end, IN_PLACE);

            putc(',', out);
            close_insertion(out);
        }
    }
    if (closing.start + closing.length == editing->text + bracket) {
        FILE *out = open_insertion(editing, (size_t)(closing.start - editing->text), IN_PLACE);

        write_entries(out, editing, extension->entries, &indent);
        close_insertion(out);
    } else {
        FILE *out = open_insertion(editing, bracket, IN_PLACE);

        fputs(editing->line_end, out);
        write_entries(out, editing, extension->entries, &indent);
        write_indent(out, &outer);
        close_insertion(out);
    }
    return true;
}

/* ---------------------------------------------------------------- new keys and sections */

/* `before`: what the line of the key begins with, blanks and perhaps the section with a dot. */
static void write_key(FILE *out, const struct editing *editing, const struct extension *extension,
                      const char *before, size_t length)
{
    const struct indent outer = {before, strspn(before, BLANKS), false};
    const struct indent inner = {before, outer.length, true};

    fwrite(before, 1, length, out);
    fprintf(out, "%s = [%s", extension->key, editing->line_end);
    write_entries(out, editing, extension->entries, &inner);
    write_indent(out, &outer);
    fprintf(out, "]%s", editing->line_end);
}

static void add_at_end(struct editing *editing, const struct extension *extension)
{
    FILE *out = open_insertion(editing, editing->size, SECTION);

    if (editing->opened == NULL || strcmp(editing->opened, extension->section) != 0)
        fprintf(out, "%s[%s]%s", editing->line_end, extension->section, editing->line_end);
    editing->opened = extension->section;
    write_key(out, editing, extension, "", 0);
    close_insertion(out);
}

/* Behind the '[' of a heading. `[filesystem.redirect]` makes [filesystem] as well, but not here. */
static bool is_heading_of_one_name(const char *at)
{
    char quote = '\0';

    for (; *at != '\0'; at++) {
        if (quote == '"' && *at == '\\' && at[1] != '\0')
            at++;
        else if (quote != '\0' && *at == quote)
            quote = '\0';
        else if (quote == '\0' && (*at == '"' || *at == '\''))
            quote = *at;
        else if (quote == '\0' && (*at == '.' || *at == ']'))
            return *at == ']';
    }
    return false;
}

static const struct toml_node *last_plain_key(const struct toml_node *section)
{
    const struct toml_node *last = NULL;

    for (size_t i = 0; i < section->child_count; i++)
        if (is_plain(&section->children[i]))
            last = &section->children[i];
    return last;
}

static bool add_key(struct editing *editing, const struct toml_node *section,
                    const struct extension *extension)
{
    const struct toml_node *sibling = last_plain_key(section);
    const char first = editing->text[section->begin];
    size_t beside, behind, length;

    if (first == '{')
        return fail(editing, section, extension,
                    "write the inline table as a section, under a heading");
    if (sibling != NULL) {
        beside = line_at(editing, sibling->key_begin);
        length = sibling->key_begin - beside;
        behind = line_behind(editing, sibling->end);
    } else if (first == '[' && is_heading_of_one_name(editing->text + section->begin + 1)) {
        beside = line_at(editing, section->begin);
        length = section->begin - beside;
        behind = line_behind(editing, section->begin);
    } else if (first == '[') {
        add_at_end(editing, extension);
        return true;
    } else {
        return fail(editing, section, extension, "write the keys under a heading");
    }
    FILE *out = open_insertion(editing, behind, LINE);

    write_key(out, editing, extension, editing->text + beside, length);
    close_insertion(out);
    return true;
}

static const struct toml_node *find(const struct toml_node *table, const char *key)
{
    for (size_t i = 0; i < table->child_count; i++)
        if (strcmp(table->children[i].key, key) == 0)
            return &table->children[i];
    return NULL;
}

static bool extend(struct editing *editing, const struct toml_node *root,
                   const struct extension *extension)
{
    const struct toml_node *section = find(root, extension->section);
    const struct toml_node *array = section != NULL ? find(section, extension->key) : NULL;

    if (array != NULL)
        return extend_array(editing, array, extension);
    if (section != NULL)
        return add_key(editing, section, extension);
    add_at_end(editing, extension);
    return true;
}

bool extend_text(FILE *out, const char *text, size_t size, const struct extension *extensions,
                 size_t count, struct toml_failure *failure)
{
    struct editing editing = {.text = text, .size = size, .line_end = "\n", .failure = failure};
    struct arena memory = {0};
    const struct toml_node *root = toml_parse(&memory, text, size, failure);
    const char *line_end = memchr(text, '\n', size);
    bool is_edited = root != NULL;

    if (line_end != NULL && line_end > text && line_end[-1] == '\r')
        editing.line_end = "\r\n";
    for (size_t i = 0; i < count && is_edited; i++)
        is_edited = extend(&editing, root, &extensions[i]);
    if (is_edited)
        write_edited(out, &editing);
    for (size_t i = 0; i < editing.count; i++)
        free(editing.insertions[i].text);
    arena_release(&memory);
    return is_edited;
}
