/*
 * TOML 1.0 as a tree, read by toml++. Nothing of C++ is seen from here.
 *
 * Tables and arrays have their children in the order of the file. Positions count from 1; columns
 * are bytes.
 */
#ifndef ENDORUN_POLICY_TOML_H
#define ENDORUN_POLICY_TOML_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* More is an error: nothing that a policy says is nested so deeply. */
#define TOML_BRACKETS_MAX 64 /* open at once */
#define TOML_DOTS_MAX     64 /* between the keys of one line */

enum toml_kind {
    TOML_KIND_TABLE,
    TOML_KIND_ARRAY,
    TOML_KIND_STRING,
    TOML_KIND_INTEGER,
    TOML_KIND_FLOAT,
    TOML_KIND_BOOLEAN,
    TOML_KIND_DATE, /* or time, or both; the value is not told */
    TOML_KIND_LIMIT
};

struct toml_position {
    unsigned line, column;
};

struct toml_node {
    enum toml_kind kind;
    const char *key; /* of a table's child; ends with NUL, and may hold others */
    size_t key_length;
    struct toml_position key_at;
    struct toml_position at; /* of the value; of a table that was opened by `[key]`: of the `[` */
    /* In bytes from the start of the text: the key, the value, and what is right behind the value;
     * `end` has a meaning for what stands in one piece, no table but an inline one. */
    size_t key_begin, begin, end;
    union {
        struct {
            const struct toml_node *children;
            size_t child_count;
        };
        struct {
            const char *string; /* ends with NUL, and may hold others */
            size_t length;
        };
        int64_t integer;
        double number;
        bool boolean;
    };
};

struct toml_failure {
    struct toml_position at;
    char what[256];
};

/*
 * Reads `text`, behind whose `size` bytes a NUL stands. The tree lies in `memory`. NULL: *failure
 * tells why.
 */
const struct toml_node *toml_parse(struct arena *memory, const char *text, size_t size,
                                   struct toml_failure *failure);

/*
 * What is to be known of a text before toml++ sees it: that it is UTF-8 without NUL, and not nested
 * so deeply that a recursion would leave the stack. False: *failure tells why.
 */
bool toml_check_text(const char *text, size_t size, struct toml_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
