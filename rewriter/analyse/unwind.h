/* What .eh_frame tells: the address range of each FDE, and where exceptions land. */
#ifndef ENDORUN_ANALYSE_UNWIND_H
#define ENDORUN_ANALYSE_UNWIND_H

#include "functions.h"

/*
 * Appends the range of every FDE. Reading ends where the data stops making sense; what came before
 * counts. A file without unwind information adds nothing. Fails only for want of memory.
 */
int unwind_ranges(struct range_list *ranges, const struct image *image, char *error);

typedef void landing_pad_visitor(void *context, uint64_t address);

/* Visits every landing pad of every FDE's call-site table. */
void landing_pads_visit(const struct image *image, landing_pad_visitor *visitor, void *context);

#endif
