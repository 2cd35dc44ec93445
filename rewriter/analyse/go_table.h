/* Go's own function table, .gopclntab, which every Go executable carries, stripped or not. */
#ifndef ENDORUN_ANALYSE_GO_TABLE_H
#define ENDORUN_ANALYSE_GO_TABLE_H

#include "functions.h"

/*
 * Appends the range of each function of Go's table; a file without one, or with a table of an
 * unknown layout, adds nothing.
 *
 * Why these ranges are functions, and what lies between them is dead: Go's runtime unwinds stacks
 * and collects garbage by this table, so it lists every function of Go's text, assembler included.
 * An entry runs to the next one; Go's linker fills the space between the end of a function's
 * instructions and the next entry with INT3. A range therefore ends before the INT3s that precede
 * the next entry, and those count as padding only where the instructions before them end with an
 * unconditional transfer (functions.h: `closed`). Were such an INT3 ever reached natively, the
 * program would die there.
 */
int go_ranges(struct range_list *ranges, const struct image *image, char *error);

#endif
