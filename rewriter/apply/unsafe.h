/* The search for unsafe instructions, and those that are known and get something in their place. */
#ifndef ENDORUN_REWRITER_UNSAFE_H
#define ENDORUN_REWRITER_UNSAFE_H

#include "endorun/unsafe_instructions.h"

/* How far a match reaches over a border, its prefixes included. */
#define UNSAFE_REACH ((size_t)ENDORUN_UNSAFE_SIZE_MAX + ENDORUN_UNSAFE_PREFIX_MAX)

/*
 * Where the next one begins that writes PKRU or the GS base, at any offset from `from` on, or
 * `size`. Loads of a GS selector are none: the base that they set is 0.
 */
size_t unsafe_find(const uint8_t *bytes, size_t size, size_t from);
bool unsafe_is_absent(const uint8_t *bytes, size_t size);

/*
 * Replaces the match at `at`, which is one of glibc's. False: it is something else. All of it,
 * whole pages, becomes writable for that, by the monitor alone, and so stays one mapping.
 */
bool unsafe_replace(uint8_t *bytes, size_t size, size_t at);

#endif
