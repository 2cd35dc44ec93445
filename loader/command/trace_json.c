#include <inttypes.h>
#include <string.h>

#include "escape.h"
#include "trace_json.h"

#define SECOND INT64_C(1000000000) /* nanoseconds */

static void write_seconds(FILE *out, int64_t nanoseconds)
{
    const int64_t size = nanoseconds < 0 ? -nanoseconds : nanoseconds;

    fprintf(out, "%s%" PRId64 ".%09" PRId64, nanoseconds < 0 ? "-" : "", size / SECOND,
            size % SECOND);
}

static void write_moment(FILE *out, const char *type, const struct trace_moment *moment)
{
    fprintf(out, "{\"type\":\"%s\",\"time\":", type);
    write_seconds(out, moment->time);
    fprintf(out, ",\"pid\":%" PRId32 ",\"tid\":%" PRId32, moment->pid, moment->tid);
}

void write_json_start(FILE *out, const struct trace_clock *clock, char *const *command)
{
    fputs("{\"type\":\"trace\",\"version\":1,\"start\":", out);
    write_seconds(out, clock->realtime);
    fputs(",\"command\":[", out);
    for (size_t i = 0; command[i] != NULL; i++) {
        fputs(i == 0 ? "" : ",", out);
        write_json_string(out, command[i]);
    }
    fputs("]}", out);
}

struct object_list {
    FILE *out;
    bool is_open;
};

static void write_object(void *context, const char *object)
{
    struct object_list *list = context;

    fputs(list->is_open ? "," : ",\"objects\":[", list->out);
    list->is_open = true;
    write_json_string(list->out, object);
}

static void write_objects(FILE *out, const struct recorded_call *call)
{
    struct object_list list = {out, false};

    decode_objects(call, write_object, &list);
    fputs(list.is_open ? "]" : "", out);
}

void write_json_call(FILE *out, const struct trace_moment *moment, const struct recorded_call *call,
                     const char *text, const struct trace_return *end)
{
    write_moment(out, "call", moment);
    if (end != NULL) {
        fputs(",\"duration\":", out);
        write_seconds(out, end->duration);
    }
    fprintf(out, ",\"call\":\"%s\",\"text\":", decode_call_name(call->number));
    write_json_string(out, text);
    if (end != NULL) {
        const char *error =
            call->result < 0 && call->result > -4096 ? decode_error_name((int)-call->result) : NULL;

        fprintf(out, ",\"result\":%" PRId64, call->result);
        if (error != NULL)
            fprintf(out, ",\"error\":\"%s\"", error);
        fputs(end->is_injected ? ",\"injected\":true" : "", out);
        fputs(end->is_denied ? ",\"denied\":true" : "", out);
    }
    write_objects(out, call);
    fputc('}', out);
}

void write_json_signal(FILE *out, const struct trace_moment *moment, const uint8_t siginfo[128],
                       const char *text)
{
    int32_t number;

    memcpy(&number, siginfo, sizeof number);
    write_moment(out, "signal", moment);
    fputs(",\"signal\":\"", out);
    decode_signal_name(out, (uint64_t)number);
    fputs("\",\"text\":", out);
    write_json_string(out, text);
    fputc('}', out);
}

void write_json_exit(FILE *out, const struct trace_moment *moment, int status)
{
    write_moment(out, "exit", moment);
    fprintf(out, ",\"status\":%d}", status);
}

void write_json_killed(FILE *out, const struct trace_moment *moment, int signal)
{
    write_moment(out, "exit", moment);
    fputs(",\"signal\":\"", out);
    decode_signal_name(out, (uint64_t)signal);
    fputs("\"}", out);
}
