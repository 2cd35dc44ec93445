/*
 * When what happened, in bins of time. A bin's width is a power of two, doubled whenever the trace
 * goes on beyond the last one, so that memory does not grow with time.
 */
#ifndef ENDORUN_REPORT_TIMELINE_H
#define ENDORUN_REPORT_TIMELINE_H

#include "entry.h"
#include "table.h"

#define TIMELINE_BINS                                                                              \
    512U /* at least half of them are in use, once 65 microseconds have passed                     \
          */

enum mark_kind {
    MARK_EXEC,
    MARK_SIGNAL,
    MARK_EXIT,
    MARK_LIMIT,
};

/* The calls of one group that a thread makes in one bin. */
struct cell {
    uint32_t thread;
    uint16_t bin;
    uint8_t group;
    uint32_t calls; /* that begin in the bin */
    uint64_t time;  /* that the thread spends in them within the bin: nanoseconds */
};

/* What else happens to a thread in one bin. */
struct mark {
    uint32_t thread;
    uint16_t bin;
    uint8_t kind;
    uint32_t count;
    uint64_t first; /* the time of the first one, to which the text belongs */
    uint32_t text;  /* a number in `texts`: a program, a signal's name; of an exit, none */
};

struct timeline {
    uint64_t bin_width; /* nanoseconds; 0: nothing has happened */
    struct cell *cells;
    uint32_t cell_room;
    struct table cell_keys;
    struct mark *marks;
    uint32_t mark_room;
    struct table mark_keys;
    struct table texts;
};

void timeline_add_call(struct timeline *timeline, uint32_t thread, unsigned group,
                       const struct entry *entry);
void timeline_add_mark(struct timeline *timeline, uint32_t thread, enum mark_kind kind,
                       uint64_t time, struct text text);

void timeline_release(struct timeline *timeline);

#endif
