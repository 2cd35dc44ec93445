/* A line of text that grows, as text for people or as JSON; what does not fit is cut. */
#ifndef ENDORUN_POLICY_LINE_H
#define ENDORUN_POLICY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
    size_t length;
    size_t size; /* of the array that it grows in, the NUL included */
    bool is_cut; /* a string in it */
    char *bytes;
};

/* An empty one in an array of characters, which has to be empty, too. */
#define LINE_IN(array)                                                                             \
    {                                                                                              \
        .size = sizeof(array), .bytes = (array)                                                    \
    }

void line_add(struct line *line, const char *text);
void line_add_bytes(struct line *line, const char *bytes, size_t length);
void line_add_number(struct line *line, uint64_t number);

/* Control characters as \xNN; of more than `most` bytes, the first, and "...". */
void line_add_shown(struct line *line, const char *text, size_t length, size_t most);

/*
 * A JSON string, quotes included (RFC 8259). Bytes that are no UTF-8 are \udcNN, as Python's
 * "surrogateescape" has them. Leaves room for what follows; what is longer is cut.
 */
void line_add_json(struct line *line, const char *text, size_t length);

/* The string of a policy file that means just this: bytes with a meaning in patterns lose it. */
void line_add_pattern(struct line *line, const char *text, size_t length);

/* `,"name":`, without the comma behind a '{'. */
void line_add_key(struct line *line, const char *name);

#endif
