/* Finding and checking the plan of a file. */
#ifndef ENDORUN_REWRITER_PLAN_H
#define ENDORUN_REWRITER_PLAN_H

#include "../../monitor/abi.h"
#include "endorun/plan.h"

/*
 * A plan, mapped; release with plan_release. Who owns the file can change it under the monitor: no
 * field is read twice, and a site is copied before it is checked.
 */
struct loaded_plan {
    const struct endorun_plan_site *sites; /* NULL: none */
    uint32_t site_count;
    uint64_t mapped, mapped_size;
};

/*
 * Looks up the plan of `fd`: in the cache, else it has the analyser make it, unless the text
 * (mapped and readable at [text, text + text_size)) is small and holds nothing that it is about.
 */
struct loaded_plan plan_find(int fd, const uint8_t *text, uint64_t text_size);

void plan_release(struct loaded_plan *plan);

#endif
