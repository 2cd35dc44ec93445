/* How often each system call was made, how often it failed, and how long it took. */
#ifndef ENDORUN_COMMAND_TRACE_SUMMARY_H
#define ENDORUN_COMMAND_TRACE_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "endorun/session.h"

struct trace_summary {
    struct trace_summary_call {
        uint64_t calls, errors;
        int64_t time; /* nanoseconds from call to return, over all threads */
    } calls[ENDORUN_TRACE_CALLS];
};

void trace_summary_count(struct trace_summary *summary, uint32_t number, bool failed, int64_t time);

/* As a table, the longest first, or one JSON object a line; without the last line's end. */
void trace_summary_write(FILE *out, const struct trace_summary *summary, bool json);

#endif
