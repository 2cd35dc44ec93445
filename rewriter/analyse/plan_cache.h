/*
 * The plan cache's writing half: one file per plan, named after the identity of the analysed file.
 * Reading is the monitor's, which validates what it finds; so nothing here has to be trusted, and
 * every failure merely means that the plan will be made again.
 */
#ifndef ENDORUN_PLAN_CACHE_H
#define ENDORUN_PLAN_CACHE_H

#include "endorun/plan.h"

#include <stddef.h>
#include <stdint.h>

#define PLAN_CACHE_MAX_BYTES (64U << 20) /* of all files together */
#define PLAN_CACHE_MAX_FILES 4096U
#define PLAN_CACHE_NAME_SIZE 22U /* "0123456789abcdef.plan" and its NUL */

/* The checksum and the name as endorun/plan.h defines them. */
uint64_t plan_checksum(const struct endorun_plan *plan);
void plan_cache_name(const struct endorun_plan *plan, char name[PLAN_CACHE_NAME_SIZE]);

/*
 * Stores the plan in `directory`, which is made (0700, parents too) when it is missing. The plan
 * appears under its name whole or not at all, replacing an older one. Afterwards the oldest files
 * are removed until the cache is within its bounds. Returns 0, or -1 with errno set: the plan is
 * not stored (unwritable directory, one that others may write, no room), which callers ignore.
 */
int plan_cache_store(const char *directory, const struct endorun_plan *plan);

#endif
