/*
 * What --live counts: calls by what they are, what they are about, who made them and from where.
 * Knows no terminal and no record. Its memory is bounded: what a table has no room for is summed.
 */
#ifndef ENDORUN_COMMAND_LIVE_MODEL_H
#define ENDORUN_COMMAND_LIVE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_ROWS_MAX 4096U
#define LIVE_BUCKETS  4096U

enum live_table_name { LIVE_CALLS, LIVE_OBJECTS, LIVE_THREADS, LIVE_LIBRARIES };
#define LIVE_TABLES 4U

struct live_counts {
    uint64_t calls, errors, denied;
    int64_t time; /* nanoseconds */
};

struct live_row {
    uint64_t number; /* of a thread: its process's number above its own 32 bits */
    char *name;
    struct live_counts now;
    struct live_counts shown; /* at the last sample */
    uint64_t recent;          /* calls between the last sample and the one before */
    uint64_t last_call;       /* that was counted here, as the model numbers them */
    uint64_t last_sample;     /* that had recent calls */
    uint16_t next;            /* in its bucket: index + 1; 0: none */
};

struct live_table {
    size_t count;
    struct live_row rows[LIVE_ROWS_MAX];
    struct live_row others;
    uint16_t buckets[LIVE_BUCKETS]; /* index + 1 of the first row; 0: none */
};

/* All zero: nothing was counted. */
struct live_model {
    struct live_table tables[LIVE_TABLES];
    struct live_row total;
    uint64_t samples;
    int64_t sampled;  /* when the last one was taken */
    int64_t interval; /* nanoseconds between it and the one before */
};

struct live_call {
    const char *name;
    int32_t pid, tid;
    const char *program; /* that the thread runs */
    const char *library; /* the file that the call was made from */
    bool has_failed, is_denied;
    int64_t time; /* nanoseconds */
};

/* Counts a call that is over. Ends the command where there is no memory, as the next does. */
void live_model_count(struct live_model *model, const struct live_call *call);

/* The call that was counted last is about this, among others. */
void live_model_count_object(struct live_model *model, const struct live_call *call,
                             const char *object);

/*
 * What is counted until `now`, in nanoseconds, is what is shown until the next sample. In a table
 * that is full, the rows that were not used for longest are summed, so that what comes has room.
 */
void live_model_sample(struct live_model *model, int64_t now);

/* Calls per second in the time that the last sample is about. */
double live_model_rate(const struct live_model *model, const struct live_row *row);

#endif
