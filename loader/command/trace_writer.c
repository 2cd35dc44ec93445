#include <stdlib.h>

#include "decode.h"
#include "message.h"
#include "trace_json.h"
#include "trace_lines.h"
#include "trace_summary.h"
#include "trace_writer.h"

#define SECOND 1000000000LL

/* A text that is made before it becomes part of a line. */
struct scratch {
    FILE *out;
    char *text;
    size_t size;
};

struct trace_writer {
    struct call_listener listener;
    struct traced_calls *calls;
    const struct trace_clock *clock; /* that of the calls */
    int fd;
    int error; /* of the file: nothing is written any more */
    struct trace_options options;
    struct decoding decoding;
    struct trace_summary summary;
    struct trace_lines lines;
    struct scratch scratch; /* for JSON */
};

__attribute__((noreturn)) static void die_of_memory(void)
{
    die(STATUS_SETUP, "no memory is left for the trace");
}

/* ---- lines ---- */

static FILE *scratch_begin(struct scratch *scratch)
{
    if (fseeko(scratch->out, 0, SEEK_SET) != 0)
        die_of_memory();
    return scratch->out;
}

static const char *scratch_end(struct scratch *scratch)
{
    fputc('\0', scratch->out);
    if (fflush(scratch->out) != 0)
        die_of_memory();
    return scratch->text;
}

/* The stream of the next line, which begins with who it is about. */
static FILE *begin_line(struct trace_writer *writer, int32_t tid)
{
    char text[16], *at = text + sizeof text;

    *--at = ' ';
    *--at = ' ';
    for (uint32_t rest = (uint32_t)tid; at == text + sizeof text - 2 || rest != 0; rest /= 10)
        *--at = (char)('0' + rest % 10);
    fwrite(at, 1, (size_t)(text + sizeof text - at), writer->lines.out);
    trace_lines_stamp(&writer->lines);
    return writer->lines.out;
}

static struct trace_moment moment_of(const struct trace_writer *writer, int32_t pid, int32_t tid,
                                     uint64_t time)
{
    return (struct trace_moment){pid, tid, trace_clock_since_start(writer->clock, time)};
}

static void write_text(struct trace_writer *writer, FILE *out, const struct recorded_call *call,
                       const struct trace_return *end)
{
    decode_call(out, &writer->decoding, call);
    fputs(" = ", out);
    if (end != NULL)
        decode_result(out, &writer->decoding, call);
    else
        fputc('?', out);
    fputs(end != NULL && end->is_injected ? " (INJECTED)" : "", out);
}

static void write_call(struct trace_writer *writer, const struct traced_call *call)
{
    const struct trace_return *end = call->end;

    if (writer->options.json) {
        const struct trace_moment moment =
            moment_of(writer, call->source.pid, call->source.tid, call->start);

        write_text(writer, scratch_begin(&writer->scratch), call->recorded, end);
        write_json_call(writer->lines.out, &moment, call->recorded, scratch_end(&writer->scratch),
                        end);
        return;
    }
    FILE *out = begin_line(writer, call->source.tid);
    write_text(writer, out, call->recorded, end);
    if (end != NULL && writer->options.shows_durations)
        fprintf(out, " <%lld.%06lld>", (long long)(end->duration / SECOND),
                (long long)(end->duration % SECOND / 1000));
}

static void take_call(void *context, const struct traced_call *call)
{
    struct trace_writer *writer = context;

    if (writer->options.summarises && call->end != NULL)
        trace_summary_count(&writer->summary, call->recorded->number,
                            call_has_failed(call->recorded), call->end->duration);
    if (!writer->options.shows_lines)
        return;
    write_call(writer, call);
    trace_lines_end(&writer->lines, call->stop, call->start);
}

/* ---- what is no call ---- */

static bool shows_ends(const struct trace_writer *writer)
{
    return writer->options.shows_lines && writer->options.selection.shown == TRACE_SHOWS_ALL;
}

static void take_signal(void *context, const struct event_source *source,
                        const struct endorun_event_signal *signal)
{
    struct trace_writer *writer = context;
    const uint64_t time = traced_time(signal->time);
    const struct trace_moment moment = moment_of(writer, source->pid, source->tid, time);

    if (!shows_ends(writer))
        return;
    if (writer->options.json) {
        decode_siginfo(scratch_begin(&writer->scratch), signal->siginfo);
        write_json_signal(writer->lines.out, &moment, signal->siginfo,
                          scratch_end(&writer->scratch));
    } else {
        FILE *out = begin_line(writer, source->tid);
        fputs("--- ", out);
        decode_siginfo(out, signal->siginfo);
        fputs(" ---", out);
    }
    trace_lines_end(&writer->lines, time, time);
}

static void take_exit(void *context, const struct event_source *source, uint64_t time, int status)
{
    struct trace_writer *writer = context;
    const struct trace_moment moment = moment_of(writer, source->pid, source->tid, time);

    if (!shows_ends(writer))
        return;
    if (writer->options.json)
        write_json_exit(writer->lines.out, &moment, status);
    else
        fprintf(begin_line(writer, source->tid), "+++ exited with %d +++", status);
    trace_lines_end(&writer->lines, time, time);
}

/* ---- the trace ---- */

struct trace_writer *trace_writer_create(struct traced_calls *calls, int fd,
                                         const struct trace_options *options, char *const *command)
{
    struct trace_writer *writer = calloc(1, sizeof *writer);

    if (writer == NULL)
        die_of_memory();
    writer->listener = (struct call_listener){writer, take_call, take_signal, take_exit};
    writer->calls = calls;
    writer->clock = traced_calls_clock(calls);
    writer->fd = fd;
    writer->options = *options;
    writer->decoding = (struct decoding){.string_limit = options->string_limit,
                                         .names_descriptors = options->names_descriptors};
    trace_lines_create(&writer->lines, options->json ? TRACE_STAMPS_NONE : options->stamps,
                       writer->clock);
    writer->scratch.out = open_memstream(&writer->scratch.text, &writer->scratch.size);
    if (writer->scratch.out == NULL)
        die_of_memory();
    if (options->json) {
        write_json_start(writer->lines.out, writer->clock, command);
        trace_lines_end(&writer->lines, writer->clock->ticks, writer->clock->ticks);
    }
    traced_calls_add_listener(calls, &writer->listener);
    return writer;
}

/*
 * Calls that do not return are told when their thread has ended, and yet stand where they were
 * made: what comes after them waits.
 */
int trace_writer_flush(struct trace_writer *writer, uint64_t before)
{
    const uint64_t leaving = traced_calls_first_leaving(writer->calls);
    const int fd = writer->error == 0 ? writer->fd : -1;
    const int error = trace_lines_write(&writer->lines, fd, leaving < before ? leaving : before);

    if (error == 0 || writer->error != 0)
        return 0;
    writer->error = error;
    return error;
}

static void write_killed(struct trace_writer *writer, const siginfo_t *end)
{
    const uint64_t time = trace_time();
    const struct trace_moment moment = moment_of(writer, end->si_pid, end->si_pid, time);

    if (!shows_ends(writer))
        return;
    if (writer->options.json) {
        write_json_killed(writer->lines.out, &moment, end->si_status);
    } else {
        FILE *out = begin_line(writer, end->si_pid);
        fputs("+++ killed by ", out);
        decode_signal_name(out, (uint64_t)end->si_status);
        fputs(end->si_code == CLD_DUMPED ? " (core dumped) +++" : " +++", out);
    }
    trace_lines_end(&writer->lines, time, time);
}

void trace_writer_end(struct trace_writer *writer, const siginfo_t *end)
{
    if (end->si_code == CLD_KILLED || end->si_code == CLD_DUMPED)
        write_killed(writer, end);
    if (!writer->options.summarises)
        return;
    trace_summary_write(writer->lines.out, &writer->summary, writer->options.json);
    trace_lines_end(&writer->lines, UINT64_MAX - 1, 0);
}
