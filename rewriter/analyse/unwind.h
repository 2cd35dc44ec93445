/* The address ranges that .eh_frame describes: one per FDE. */
#ifndef ENDORUN_ANALYSE_UNWIND_H
#define ENDORUN_ANALYSE_UNWIND_H

#include "functions.h"

/*
 * Appends the range of every FDE. Reading ends where the data stops making sense; what came before
 * counts. A file without unwind information adds nothing. Fails only for want of memory.
 */
int unwind_ranges(struct range_list *ranges, const struct image *image, char *error);

#endif
