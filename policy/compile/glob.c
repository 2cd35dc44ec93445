#include "glob.h"

#include <string.h>

static const char no_memory[] = "out of memory";

struct reader {
    const char *at;
    struct interner *classes;
    struct glob *glob;
};

static const char *add_step(struct reader *reader, enum glob_step_kind kind, char byte,
                            uint32_t class)
{
    const struct glob_step step = {(uint8_t)kind, (uint8_t)byte, 0, class};

    return bytes_append(&reader->glob->steps, &step, sizeof(step)) ? NULL : no_memory;
}

static const char *add_class(struct reader *reader, enum glob_step_kind kind,
                             const struct glob_class *class)
{
    uint32_t number;

    if (!intern(reader->classes, class, sizeof(*class), &number))
        return no_memory;
    return add_step(reader, kind, 0, number);
}

static void put_in(struct glob_class *class, unsigned first, unsigned last)
{
    for (unsigned byte = first; byte <= last; byte++)
        class->bits[byte / 64] |= 1UL << byte % 64;
}

static void take_out(struct glob_class *class, unsigned byte)
{
    class->bits[byte / 64] &= ~(1UL << byte % 64);
}

/* Any byte, or any but '/'. */
static struct glob_class any_byte(bool is_path)
{
    struct glob_class class = {{0}};

    put_in(&class, 0, 255);
    if (is_path)
        take_out(&class, '/');
    return class;
}

/* One byte of a bracket expression, which a backslash may stand before. */
static const char *read_member(struct reader *reader, uint8_t *byte)
{
    if (*reader->at == '\\')
        reader->at++;
    if (*reader->at == 0)
        return "a '[' has no ']'";
    if (*reader->at == '/')
        return "a '/' stands between '[' and ']'";
    *byte = (uint8_t)*reader->at++;
    return NULL;
}

static const char *read_range(struct reader *reader, struct glob_class *class)
{
    uint8_t first, last;
    const char *wrong = read_member(reader, &first);

    last = first;
    if (wrong == NULL && reader->at[0] == '-' && reader->at[1] != ']') {
        reader->at++;
        wrong = read_member(reader, &last);
    }
    if (wrong == NULL && last < first)
        wrong = "a range in '[]' ends before it begins";
    if (wrong == NULL)
        put_in(class, first, last);
    return wrong;
}

/* Behind the '['. A ']' that is the first member stands for itself. */
static const char *read_bracket(struct reader *reader)
{
    struct glob_class class = {{0}};
    const bool is_negated = *reader->at == '!' || *reader->at == '^';
    const char *wrong;

    if (is_negated)
        reader->at++;
    do {
        wrong = read_range(reader, &class);
        if (wrong != NULL)
            return wrong;
    } while (*reader->at != ']');
    reader->at++;
    for (unsigned i = 0; is_negated && i < 4; i++)
        class.bits[i] = ~class.bits[i];
    take_out(&class, '/');
    return add_class(reader, GLOB_CLASS, &class);
}

static const char *read_byte(struct reader *reader)
{
    if (*reader->at == '\\')
        reader->at++;
    if (*reader->at == 0)
        return "a backslash has nothing behind it";
    return add_step(reader, GLOB_BYTE, *reader->at++, 0);
}

/* Some names fill an element with `*` alone; there is none without a byte. */
static const char *read_star(struct reader *reader, bool is_path, bool is_first)
{
    const struct glob_class class = any_byte(is_path);
    const bool is_whole = is_first && (reader->at[1] == '/' || reader->at[1] == 0);
    const char *wrong = NULL;

    while (*reader->at == '*')
        reader->at++;
    if (is_path && is_whole)
        wrong = add_class(reader, GLOB_CLASS, &class);
    return wrong != NULL ? wrong : add_class(reader, GLOB_STAR, &class);
}

static const char *read_one(struct reader *reader, bool is_path, bool is_first)
{
    const struct glob_class any = any_byte(is_path);

    switch (*reader->at) {
    case '*':
        if (is_path && reader->at[1] == '*')
            return "'**' is not a whole element";
        return read_star(reader, is_path, is_first);
    case '?':
        reader->at++;
        return add_class(reader, GLOB_CLASS, &any);
    case '[':
        if (!is_path)
            return read_byte(reader);
        reader->at++;
        return read_bracket(reader);
    default:
        return read_byte(reader);
    }
}

static bool is_element(const char *at, const char *element)
{
    const size_t length = strlen(element);

    return strncmp(at, element, length) == 0 && (at[length] == '/' || at[length] == 0);
}

static const char *read_element(struct reader *reader)
{
    const char *wrong = NULL;

    if (*reader->at == '/' || *reader->at == 0 || is_element(reader->at, ".") ||
        is_element(reader->at, ".."))
        return "a path has an empty element, '.' or '..'";
    for (const char *first = reader->at; wrong == NULL && *reader->at != '/' && *reader->at != 0;)
        wrong = read_one(reader, true, reader->at == first);
    return wrong;
}

/* Counts `**` after `**` as one. Behind them stands a '/' or the end. */
static bool skip_spans(struct reader *reader)
{
    bool is_span = false;

    while (is_element(reader->at, "/**")) {
        reader->at += strlen("/**");
        is_span = true;
    }
    return is_span;
}

static const char *read_elements(struct reader *reader)
{
    const char *wrong = NULL;

    while (wrong == NULL && *reader->at != 0) {
        const bool is_span = skip_spans(reader);

        if (is_span && *reader->at == 0)
            return add_step(reader, GLOB_TREE, 0, 0);
        reader->at++;
        wrong = add_step(reader, GLOB_BYTE, '/', 0);
        if (wrong == NULL && is_span)
            wrong = add_step(reader, GLOB_SPAN, 0, 0);
        if (wrong == NULL)
            wrong = read_element(reader);
    }
    return wrong;
}

static const struct glob_step *steps_of(const struct glob *glob)
{
    return (const struct glob_step *)(const void *)glob->steps.data;
}

/* A literal path counts one more than its bytes: it is longer than itself with `**` behind it. */
static void measure(struct glob *glob)
{
    const struct glob_step *steps = steps_of(glob);
    uint32_t length = 0;

    while (steps[length].kind == GLOB_BYTE)
        length++;
    glob->prefix = length;
    glob->is_literal = steps[length].kind == GLOB_END;
    glob->has_wildcards = !glob->is_literal && steps[length].kind != GLOB_TREE;
    glob->weight = length + (glob->is_literal ? 1 : 0);
}

static const char *finish(struct reader *reader)
{
    const size_t count = reader->glob->steps.size / sizeof(struct glob_step);
    const bool is_tree = count > 0 && steps_of(reader->glob)[count - 1].kind == GLOB_TREE;
    const char *wrong = is_tree ? NULL : add_step(reader, GLOB_END, 0, 0);

    if (wrong == NULL)
        measure(reader->glob);
    return wrong;
}

const char *glob_read_path(const char *pattern, struct interner *classes, struct glob *glob)
{
    struct reader reader = {pattern, classes, glob};
    const char *wrong;

    glob->steps.size = 0;
    if (pattern[0] != '/')
        return "a path is not absolute";
    wrong =
        strcmp(pattern, "/") == 0 ? add_step(&reader, GLOB_BYTE, '/', 0) : read_elements(&reader);
    return wrong != NULL ? wrong : finish(&reader);
}

const char *glob_read_name(const char *pattern, struct interner *classes, struct glob *glob)
{
    struct reader reader = {pattern, classes, glob};
    const char *wrong = NULL;

    glob->steps.size = 0;
    while (wrong == NULL && *reader.at != 0)
        wrong = read_one(&reader, false, false);
    return wrong != NULL ? wrong : finish(&reader);
}
