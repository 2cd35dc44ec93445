/* PT_DYNAMIC and the relocations that it names. */
#ifndef ENDORUN_ANALYSE_DYNAMIC_H
#define ENDORUN_ANALYSE_DYNAMIC_H

#include "image.h"

/* The value of the first entry with that tag; false: the file has none. */
bool dynamic_value(const struct image *image, int64_t tag, uint64_t *value);

/*
 * Called for each relocation: the address of the bytes that the run-time linker writes, and the
 * address that it writes there (as the file counts addresses), or 0 when it lies in another file.
 */
typedef void relocation_visitor(void *context, uint64_t place, uint64_t target);

/* Visits DT_RELA, DT_JMPREL and DT_RELR. */
void relocations_visit(const struct image *image, relocation_visitor *visitor, void *context);

/* What the run-time linker writes at `place`; false: no relocation there, or no address. */
bool relocated_value(const struct image *image, uint64_t place, uint64_t *value);

#endif
