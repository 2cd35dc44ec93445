/*
 * Parts of the monitor, compiled for a fuzzer: a harness includes their sources, with the calls
 * that it wants to see or to answer itself replaced by macros. Include this first.
 */
#ifndef ENDORUN_TESTS_HOSTED_H
#define ENDORUN_TESTS_HOSTED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* An invariant does not hold: says which, and stops. */
noreturn void report_broken(const char *what);

static inline void demand(bool condition, const char *what)
{
    if (!condition) {
        report_broken(what);
    }
}

/* A file with these bytes. */
int make_file(const uint8_t *bytes, size_t size);

#endif
