/*
 * Entries put into the lists of a policy's text. Nothing of the text is taken away or moved: an
 * array gets its entries behind those that it has, a section its keys behind its last one, and the
 * file its sections at the end.
 */
#ifndef ENDORUN_POLICY_COMMAND_EXTEND_H
#define ENDORUN_POLICY_COMMAND_EXTEND_H

#include "entries.h"
#include "toml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define EXTENSIONS_MAX 8U

/* What `key` of `section` is to have as well; those of a section stand together. */
struct extension {
    const char *section, *key;
    const struct entries *entries;
};

/*
 * Writes the text of a policy, behind whose `size` bytes a NUL stands, with at most EXTENSIONS_MAX
 * extensions. False: nothing was written, and *failure tells where the text has no place for one.
 */
bool extend_text(FILE *out, const char *text, size_t size, const struct extension *extensions,
                 size_t count, struct toml_failure *failure);

#endif
