/*
 * What must be true of every plan, whatever file it was made from. Each plan that a unit test or
 * the fuzzer makes is held against its file.
 */
#ifndef ENDORUN_TESTS_PLAN_CHECK_H
#define ENDORUN_TESTS_PLAN_CHECK_H

#include "analyse.h"

/* NULL when the plan is sound, else what is wrong with it. `file` holds the `size` bytes. */
const char *plan_check(const struct endorun_plan *plan, const uint8_t *file, uint64_t size);

#endif
