/* What a report says of a trace, added up entry by entry: tables of distinct names, no list of
 * calls. */
#ifndef ENDORUN_REPORT_SUMMARY_H
#define ENDORUN_REPORT_SUMMARY_H

#include "call_facts.h"
#include "entry.h"
#include "table.h"
#include "threads.h"
#include "timeline.h"

#define LONGEST_SHOWN 50U
#define SAMPLE_SHOWN  1000U /* bytes of an entry's line */

/* The beginning of a line in strace's notation. */
struct sample {
    char *bytes;
    size_t size;  /* of what is kept */
    size_t whole; /* of the line */
    uint64_t time;
    int32_t tid;
};

struct call_total {
    struct call_facts facts;
    uint64_t count, errors;
    uint64_t timed; /* those of which a duration is known */
    uint64_t time, longest;
};

struct object_total {
    uint64_t calls, errors, read, written;
    uint64_t first;      /* time */
    uint32_t first_call; /* number in `call_names` */
};

enum failure_cause {
    FAILED_ITSELF,
    FAILED_BY_POLICY,
    FAILED_BY_INJECTION,
};

struct failure_key {
    uint32_t call;  /* number in `call_names` */
    uint32_t error; /* number in `error_names` */
    uint32_t cause; /* enum failure_cause */
};

struct failure {
    struct failure_key key;
    uint64_t count;
    struct sample sample; /* the first one that was read */
};

struct long_call {
    uint64_t duration;
    uint64_t order; /* of calls as long as each other, those before count as longer */
    uint32_t call;  /* number in `call_names` */
    struct sample sample;
};

struct summary {
    double start;
    struct sample command;                                      /* as a shell would be given it */
    uint64_t calls, errors, denied, injected, unreturned, time; /* of calls */
    uint64_t signals;
    uint64_t end; /* of the last event */
    struct table call_names;
    struct call_total *call_totals;
    uint32_t call_room;
    struct table object_names;
    struct object_total *objects;
    uint32_t object_room;
    struct table error_names;
    struct table failure_keys;
    struct failure *failures;
    uint32_t failure_room;
    struct long_call longest[LONGEST_SHOWN]; /* a heap, the shortest first */
    uint32_t longest_count;
    struct threads threads;
    struct timeline timeline;
};

/* Keeps nothing of the entry itself. */
void summary_add(struct summary *summary, const struct entry *entry);

void summary_release(struct summary *summary);

/* Whether the first of two is shown before the second. */
bool is_longer(const struct long_call *left, const struct long_call *right);

#endif
