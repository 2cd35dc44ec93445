/* Finding and checking the plan of a file. */
#ifndef ENDORUN_REWRITER_PLAN_H
#define ENDORUN_REWRITER_PLAN_H

#include "../../monitor/abi.h"
#include "endorun/plan.h"

/* A plan in memory of its own; release with plan_release. */
struct loaded_plan {
    const struct endorun_plan *plan; /* NULL: none */
    uint64_t mapped;                 /* bytes */
};

/*
 * Looks up the plan of `fd`: in the cache, else it has the analyser make it, unless the text (mapped
 * and readable at [text, text + text_size)) is small and holds no `syscall` bytes at all.
 */
struct loaded_plan plan_find(int fd, const uint8_t *text, uint64_t text_size);

void plan_release(struct loaded_plan *plan);

static inline const struct endorun_plan_site *plan_sites(const struct endorun_plan *plan)
{
    return (const struct endorun_plan_site *)(plan + 1);
}

#endif
