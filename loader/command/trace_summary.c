#include <inttypes.h>
#include <stdlib.h>

#include "decode.h"
#include "trace_summary.h"

#define MICROSECOND 1000 /* nanoseconds */
#define SECOND      1e9

void trace_summary_count(struct trace_summary *summary, uint32_t number, bool failed, int64_t time)
{
    if (number >= ENDORUN_TRACE_CALLS)
        return;
    struct trace_summary_call *call = &summary->calls[number];

    call->calls++;
    call->errors += failed;
    call->time += time > 0 ? time : 0;
}

static int by_time(const void *left, const void *right, void *context)
{
    const struct trace_summary *summary = context;
    const uint32_t *numbers[] = {left, right};
    const struct trace_summary_call *a = &summary->calls[*numbers[0]];
    const struct trace_summary_call *b = &summary->calls[*numbers[1]];

    if (a->time != b->time)
        return a->time > b->time ? -1 : 1;
    if (a->calls != b->calls)
        return a->calls > b->calls ? -1 : 1;
    return *numbers[0] < *numbers[1] ? -1 : *numbers[0] > *numbers[1];
}

/* The numbers of the calls that were made, the longest first. */
static size_t sort(const struct trace_summary *summary, uint32_t numbers[ENDORUN_TRACE_CALLS])
{
    size_t count = 0;

    for (uint32_t i = 0; i < ENDORUN_TRACE_CALLS; i++)
        if (summary->calls[i].calls > 0)
            numbers[count++] = i;
    qsort_r(numbers, count, sizeof numbers[0], by_time, (void *)summary);
    return count;
}

static void write_row(FILE *out, const struct trace_summary_call *call, int64_t total,
                      const char *name)
{
    char errors[24] = "";

    if (call->errors > 0)
        snprintf(errors, sizeof errors, "%" PRIu64, call->errors);
    fprintf(out, "%6.2f %11.6f %11" PRId64 " %9" PRIu64 " %9s %s",
            total > 0 ? 100.0 * (double)call->time / (double)total : 0.0,
            (double)call->time / SECOND,
            call->calls > 0 ? call->time / (int64_t)call->calls / MICROSECOND : 0, call->calls,
            errors, name);
}

static void write_table(FILE *out, const struct trace_summary *summary, const uint32_t *numbers,
                        size_t count)
{
    static const char ruler[] =
        "------ ----------- ----------- --------- --------- ----------------\n";
    struct trace_summary_call total = {0};

    for (size_t i = 0; i < count; i++) {
        const struct trace_summary_call *call = &summary->calls[numbers[i]];

        total.calls += call->calls;
        total.errors += call->errors;
        total.time += call->time;
    }
    fprintf(out, "%% time     seconds  usecs/call     calls    errors syscall\n%s", ruler);
    for (size_t i = 0; i < count; i++) {
        write_row(out, &summary->calls[numbers[i]], total.time, decode_call_name(numbers[i]));
        fputc('\n', out);
    }
    fputs(ruler, out);
    write_row(out, &total, total.time, "total");
}

void trace_summary_write(FILE *out, const struct trace_summary *summary, bool json)
{
    uint32_t numbers[ENDORUN_TRACE_CALLS];
    const size_t count = sort(summary, numbers);

    if (!json) {
        write_table(out, summary, numbers, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct trace_summary_call *call = &summary->calls[numbers[i]];

        fprintf(out,
                "%s{\"type\":\"summary\",\"call\":\"%s\",\"calls\":%" PRIu64 ",\"errors\":%" PRIu64
                ",\"seconds\":%.9f}",
                i == 0 ? "" : "\n", decode_call_name(numbers[i]), call->calls, call->errors,
                (double)call->time / SECOND);
    }
}
