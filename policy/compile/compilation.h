/*
 * What the parts of the compiler share: the image as it grows, and how they fail. Functions that
 * return bool return false when a message stands in `error`.
 */
#ifndef ENDORUN_POLICY_COMPILATION_H
#define ENDORUN_POLICY_COMPILATION_H

#include "../automaton.h"
#include "compile.h"
#include "storage.h"

struct compilation {
    const struct policy_model *model;
    struct bytes rules;    /* struct endorun_policy_rule */
    struct interner texts; /* with their NUL: the content is TEXT */
    char *error;           /* POLICY_ERROR_SIZE bytes */
};

/* Both return false always. Where the origin has no line, the message has no place. */
bool fail_at(struct compilation *compilation, const struct policy_origin *origin,
             const char *format, ...) __attribute__((format(printf, 3, 4)));
bool fail_memory(struct compilation *compilation);

bool add_text(struct compilation *compilation, const char *text, uint32_t *offset);

/* The entry `value` of `key`, "section.key"; the index is that in RULES. */
bool add_rule(struct compilation *compilation, const struct policy_origin *origin, const char *key,
              const char *value, uint32_t *index);

/* What holds where no rule says anything: allowed, or denied with this errno. */
bool add_default(struct compilation *compilation, const struct policy_section *section,
                 const char *key, uint16_t error, struct endorun_verdict *verdict);

/* Appends items to a part, in their alignment; the part begins with room for its own structure. */
bool add_items(struct compilation *compilation, struct bytes *part, const void *items, size_t count,
               size_t item_size, struct policy_array *array);

/* Each makes its part, in bytes that are empty; they stay empty for a part that is not needed. */
bool compile_paths(struct compilation *compilation, struct bytes *part);
bool compile_network(struct compilation *compilation, struct bytes *part);
bool compile_calls(struct compilation *compilation, struct bytes *part);

#endif
