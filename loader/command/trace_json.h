/*
 * A trace as JSON lines, each an object with a "type": docs/trace.md describes them. Times are in
 * seconds since the start of the trace.
 */
#ifndef ENDORUN_COMMAND_TRACE_JSON_H
#define ENDORUN_COMMAND_TRACE_JSON_H

#include "decode.h"
#include "trace_clock.h"
#include "traced_calls.h"

/* Who a line is about, and when. Times: nanoseconds since the start. */
struct trace_moment {
    int32_t pid, tid;
    int64_t time;
};

/* Each writes one object, without the line's end. */

void write_json_start(FILE *out, const struct trace_clock *clock, char *const *command);

/* `text`: the call as a line; `end` NULL: it did not return. */
void write_json_call(FILE *out, const struct trace_moment *moment, const struct recorded_call *call,
                     const char *text, const struct trace_return *end);

void write_json_signal(FILE *out, const struct trace_moment *moment, const uint8_t siginfo[128],
                       const char *text);
void write_json_exit(FILE *out, const struct trace_moment *moment, int status);
void write_json_killed(FILE *out, const struct trace_moment *moment, int signal);

#endif
