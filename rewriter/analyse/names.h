/* Symbols for places in the code, for the reader of a report. */
#ifndef ENDORUN_ANALYSE_NAMES_H
#define ENDORUN_ANALYSE_NAMES_H

#include "analyse.h"
#include "image.h"

/*
 * Fills in .symbol and .symbol_offset for `count` places, whose addresses are given and ascend.
 * Returns 0, or -1 with a message; the symbols found until then are the caller's in any case.
 */
int names_find(struct analysed_place *places, size_t count, const struct image *image, char *error);

#endif
