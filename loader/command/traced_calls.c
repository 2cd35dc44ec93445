#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "message.h"
#include "traced_calls.h"

#include <asm/unistd.h>

#define PIECES_MAX    1024U
#define PENDING_MAX   ENDORUN_CHANNEL_SLOTS
#define LISTENERS_MAX 2U
#define ERROR_MAX     4095 /* MAX_ERRNO, include/linux/err.h */

/* A call that has not returned: its record, a copy. */
struct pending {
    bool is_used;
    struct event_source source;
    struct endorun_event_call call;
    uint8_t *pieces;
    size_t pieces_size;
};

struct traced_calls {
    struct event_sink sink;
    struct trace_selection selection;
    struct trace_clock clock;
    const struct call_listener *listeners[LISTENERS_MAX];
    size_t listener_count;
    struct pending pending[PENDING_MAX]; /* by slot */
    size_t leaving;                      /* of those, the ones that end a program or a thread */
};

uint64_t traced_time(uint64_t recorded)
{
    return recorded != 0 ? recorded : trace_time();
}

__attribute__((noreturn)) static void die_of_memory(void)
{
    die(STATUS_SETUP, "no memory is left for the trace");
}

/* ---- which calls ---- */

static bool is_exec(uint32_t number)
{
    return number == __NR_execve || number == __NR_execveat;
}

static bool is_exit(uint32_t number)
{
    return number == __NR_exit || number == __NR_exit_group;
}

static bool leaves(uint32_t number)
{
    return is_exec(number) || is_exit(number);
}

bool call_has_failed(const struct recorded_call *call)
{
    return call->result < 0 && call->result >= -ERROR_MAX;
}

struct path_search {
    const struct trace_selection *selection;
    bool found;
};

static void compare_object(void *context, const char *object)
{
    struct path_search *search = context;

    for (size_t i = 0; i < search->selection->path_count; i++)
        search->found = search->found || strcmp(search->selection->paths[i], object) == 0;
}

static bool is_about_paths(const struct trace_selection *selection,
                           const struct recorded_call *call)
{
    struct path_search search = {selection, selection->path_count == 0};

    if (!search.found)
        decode_objects(call, compare_object, &search);
    return search.found;
}

/* By its number too: ends are recorded whatever is asked for. */
static bool is_selected(const struct trace_selection *selection, const struct recorded_call *call,
                        bool returns)
{
    const uint32_t bit = endorun_trace_bit(call->number);
    const bool by_result =
        selection->shown == TRACE_SHOWS_ALL ||
        (returns && call_has_failed(call) == (selection->shown == TRACE_SHOWS_FAILED));

    return by_result && (selection->calls[bit / 64] >> (bit % 64) & 1) != 0 &&
           is_about_paths(selection, call);
}

/* ---- calls and their returns ---- */

static size_t list_pieces(const uint8_t *bytes, size_t size, struct recorded_piece *pieces)
{
    struct endorun_piece piece;
    const uint8_t *content;
    size_t count = 0;

    while (count < PIECES_MAX && decode_piece(&bytes, &size, &piece, &content))
        pieces[count++] = (struct recorded_piece){piece.address, piece.size, content,
                                                  piece.kind == ENDORUN_PIECE_NAME};
    return count;
}

static void forget(struct traced_calls *calls, struct pending *pending)
{
    calls->leaving -= leaves(pending->call.number);
    free(pending->pieces);
    *pending = (struct pending){.is_used = false};
}

static void tell(struct traced_calls *calls, const struct pending *pending,
                 const struct recorded_call *recorded, const struct endorun_event_return *end)
{
    const uint64_t start = pending->call.time, stop = end != NULL ? traced_time(end->time) : start;
    const struct trace_return how = {
        .duration = trace_clock_since_start(&calls->clock, stop) -
                    trace_clock_since_start(&calls->clock, start),
        .is_injected = end != NULL && (end->flags & ENDORUN_RETURN_INJECTED) != 0,
        .is_denied = end != NULL && (end->flags & ENDORUN_RETURN_DENIED) != 0,
    };
    const struct traced_call call = {.source = pending->source,
                                     .site = pending->call.site,
                                     .start = start,
                                     .stop = stop,
                                     .recorded = recorded,
                                     .end = end != NULL ? &how : NULL};

    for (size_t i = 0; i < calls->listener_count; i++)
        if (calls->listeners[i]->take_call != NULL)
            calls->listeners[i]->take_call(calls->listeners[i]->context, &call);
}

/* The call returns, with these copies of what it has written; or, with `end` NULL, it does not. */
static void complete(struct traced_calls *calls, struct pending *pending,
                     const struct endorun_event_return *end, const uint8_t *pieces, size_t size)
{
    static struct recorded_piece before[PIECES_MAX], after[PIECES_MAX];
    struct recorded_call call = {.number = pending->call.number};

    memcpy(call.arguments, pending->call.arguments, sizeof call.arguments);
    call.before = (struct recorded_memory){
        before, list_pieces(pending->pieces, pending->pieces_size, before)};
    if (end != NULL) {
        call.result = end->result;
        call.after = (struct recorded_memory){after, list_pieces(pieces, size, after)};
    }
    if (is_selected(&calls->selection, &call, end != NULL))
        tell(calls, pending, &call, end);
    forget(calls, pending);
}

static void begin_call(struct traced_calls *calls, const struct event_source *source,
                       const struct decoded_event *event)
{
    struct pending *pending = &calls->pending[source->slot];

    if (pending->is_used)
        complete(calls, pending, NULL, NULL, 0);
    *pending = (struct pending){
        .is_used = true, .source = *source, .call = event->call, .pieces_size = event->pieces_size};
    pending->call.time = traced_time(event->call.time);
    if (event->pieces_size > 0) {
        pending->pieces = malloc(event->pieces_size);
        if (pending->pieces == NULL)
            die_of_memory();
        memcpy(pending->pieces, event->pieces, event->pieces_size);
    }
    calls->leaving += leaves(event->call.number);
}

static void end_call(struct traced_calls *calls, const struct event_source *source,
                     const struct decoded_event *event)
{
    struct pending *pending = &calls->pending[source->slot];

    /* A child begins with its parent's return, which is told there. */
    if (pending->is_used && pending->call.number == event->call_return.number)
        complete(calls, pending, &event->call_return, event->pieces, event->pieces_size);
}

static void take_signal(const struct traced_calls *calls, const struct event_source *source,
                        const struct endorun_event_signal *signal)
{
    for (size_t i = 0; i < calls->listener_count; i++)
        if (calls->listeners[i]->take_signal != NULL)
            calls->listeners[i]->take_signal(calls->listeners[i]->context, source, signal);
}

static void take_exit(const struct traced_calls *calls, const struct event_source *source,
                      const struct endorun_event_call *call)
{
    const int status = (int)(call->arguments[0] & 0xff);

    for (size_t i = 0; i < calls->listener_count; i++)
        if (calls->listeners[i]->take_exit != NULL)
            calls->listeners[i]->take_exit(calls->listeners[i]->context, source, call->time,
                                           status);
}

static void take_event(void *context, const struct event_source *source,
                       const struct decoded_event *event)
{
    struct traced_calls *calls = context;

    if (event->type == ENDORUN_EVENT_CALL)
        begin_call(calls, source, event);
    else if (event->type == ENDORUN_EVENT_RETURN)
        end_call(calls, source, event);
    else if (event->type == ENDORUN_EVENT_SIGNAL)
        take_signal(calls, source, &event->signal);
}

static void end_thread(void *context, size_t slot, bool executed)
{
    struct traced_calls *calls = context;
    struct pending *pending = &calls->pending[slot];

    if (!pending->is_used)
        return;
    const struct pending ended = *pending;
    const struct endorun_event_return end = {.time = pending->call.time};

    complete(calls, pending, executed && is_exec(ended.call.number) ? &end : NULL, NULL, 0);
    if (is_exit(ended.call.number))
        take_exit(calls, &ended.source, &ended.call);
}

/* ---- all of them ---- */

struct traced_calls *traced_calls_create(const struct trace_selection *selection)
{
    struct traced_calls *calls = calloc(1, sizeof *calls);

    if (calls == NULL)
        die_of_memory();
    calls->sink = (struct event_sink){calls, take_event, end_thread};
    calls->selection = *selection;
    trace_clock_start(&calls->clock);
    return calls;
}

void traced_calls_add_listener(struct traced_calls *calls, const struct call_listener *listener)
{
    calls->listeners[calls->listener_count++] = listener;
}

const struct event_sink *traced_calls_sink(struct traced_calls *calls)
{
    return &calls->sink;
}

const struct trace_clock *traced_calls_clock(const struct traced_calls *calls)
{
    return &calls->clock;
}

uint64_t traced_calls_begin_look(struct traced_calls *calls)
{
    trace_clock_measure(&calls->clock);
    return trace_time();
}

uint64_t traced_calls_first_leaving(const struct traced_calls *calls)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; calls->leaving > 0 && i < PENDING_MAX; i++) {
        const struct pending *pending = &calls->pending[i];

        if (pending->is_used && leaves(pending->call.number) && pending->call.time < first)
            first = pending->call.time;
    }
    return first;
}

void traced_calls_end(struct traced_calls *calls)
{
    for (size_t i = 0; i < PENDING_MAX; i++)
        end_thread(calls, i, false);
}
