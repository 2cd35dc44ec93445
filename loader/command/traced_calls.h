/*
 * From the event channel's records to calls that are over: each call is paired with its return,
 * and those that the options of --trace select are handed on. Records may be forged by the program:
 * all that this risks is what is told of them.
 */
#ifndef ENDORUN_COMMAND_TRACED_CALLS_H
#define ENDORUN_COMMAND_TRACED_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel_reader.h"
#include "endorun/session.h"
#include "trace_clock.h"

enum trace_shown { TRACE_SHOWS_ALL, TRACE_SHOWS_FAILED, TRACE_SHOWS_SUCCESSFUL };

#define TRACE_PATHS_MAX 16U

struct recorded_call; /* decode.h */

/* Which calls are selected. */
struct trace_selection {
    enum trace_shown shown;             /* by their results */
    const char *paths[TRACE_PATHS_MAX]; /* calls that are about none of them are left out */
    size_t path_count;                  /* 0: none is */
    uint64_t calls[8];                  /* as endorun_session.traced */
};

/* How a call ended. */
struct trace_return {
    int64_t duration; /* nanoseconds */
    bool is_injected, is_denied;
};

struct traced_call {
    struct event_source source; /* who made it */
    uint64_t site;              /* address behind the `syscall` instruction */
    uint64_t start, stop;       /* ticks of the clock; the same where it did not return */
    const struct recorded_call *recorded;
    const struct trace_return *end; /* NULL: it did not return */
};

/* Who is told; each of the functions may be NULL. */
struct call_listener {
    void *context;
    void (*take_call)(void *context, const struct traced_call *call);
    void (*take_signal)(void *context, const struct event_source *source,
                        const struct endorun_event_signal *signal);
    /* The thread has ended by exit(2) or exit_group(2). */
    void (*take_exit)(void *context, const struct event_source *source, uint64_t time, int status);
};

struct traced_calls;

/* Ends the command where there is no memory. */
struct traced_calls *traced_calls_create(const struct trace_selection *selection);

/* Two at most; what it points to has to stay. */
void traced_calls_add_listener(struct traced_calls *calls, const struct call_listener *listener);

/* What takes the records of the channel. */
const struct event_sink *traced_calls_sink(struct traced_calls *calls);

/* By which the times of calls become nanoseconds. */
const struct trace_clock *traced_calls_clock(const struct traced_calls *calls);

/* Before a look at the records: a time that comes before all that is recorded after this call. */
uint64_t traced_calls_begin_look(struct traced_calls *calls);

/* When the earliest pending call was made that ends a program or a thread; UINT64_MAX: none is. */
uint64_t traced_calls_first_leaving(const struct traced_calls *calls);

/* No record follows of anybody: calls that are pending do not return. */
void traced_calls_end(struct traced_calls *calls);

/* Of a record without a time: when it was read. */
uint64_t traced_time(uint64_t recorded);

bool call_has_failed(const struct recorded_call *call);

#endif
