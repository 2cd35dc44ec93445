#include <stdlib.h>
#include <string.h>

#include "live_model.h"
#include "message.h"

#define FOLDED (LIVE_ROWS_MAX / 4) /* rows that are summed when a table is full */

_Static_assert(LIVE_ROWS_MAX < UINT16_MAX, "a row's place has 16 bits");

/* ---- rows ---- */

static uint64_t hash_of(uint64_t number, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325ULL ^ number; /* FNV-1a */

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3ULL;
    return (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ULL >> 32;
}

static char *copy_of(const char *name)
{
    char *copy = strdup(name);

    if (copy == NULL)
        die(STATUS_SETUP, "no memory is left for the view");
    return copy;
}

static uint16_t *bucket_of(struct live_table *table, uint64_t number, const char *key)
{
    return &table->buckets[hash_of(number, key) % LIVE_BUCKETS];
}

/* The first is a thread's, whose name may change and is no part of its key. */
static const char *key_of(const struct live_row *row)
{
    return row->number != 0 ? "" : row->name;
}

/* The row of the number, or without one (0) of the name, known or new, or that of the others. */
static struct live_row *find_row(struct live_table *table, uint64_t number, const char *name)
{
    uint16_t *bucket = bucket_of(table, number, number != 0 ? "" : name);

    for (uint16_t at = *bucket; at != 0; at = table->rows[at - 1].next) {
        struct live_row *row = &table->rows[at - 1];

        if (row->number == number && (number != 0 || strcmp(row->name, name) == 0))
            return row;
    }
    if (table->count == LIVE_ROWS_MAX)
        return &table->others;
    struct live_row *row = &table->rows[table->count++];
    *row = (struct live_row){.number = number, .name = copy_of(name), .next = *bucket};
    *bucket = (uint16_t)table->count;
    return row;
}

/* A thread runs another program than before. */
static void rename_row(struct live_row *row, const char *name)
{
    if (row->name == NULL || strcmp(row->name, name) == 0)
        return;
    free(row->name);
    row->name = copy_of(name);
}

/* ---- counting ---- */

static void add(struct live_counts *counts, const struct live_counts *more)
{
    counts->calls += more->calls;
    counts->errors += more->errors;
    counts->denied += more->denied;
    counts->time += more->time;
}

static struct live_counts counts_of(const struct live_call *call)
{
    return (struct live_counts){.calls = 1,
                                .errors = call->has_failed,
                                .denied = call->is_denied,
                                .time = call->time > 0 ? call->time : 0};
}

/* Once, where a call is about the same thing twice. */
static void count_in(const struct live_model *model, struct live_row *row,
                     const struct live_call *call)
{
    const uint64_t call_number = model->total.now.calls;
    const struct live_counts counts = counts_of(call);

    if (row->last_call == call_number)
        return;
    row->last_call = call_number;
    add(&row->now, &counts);
}

void live_model_count(struct live_model *model, const struct live_call *call)
{
    const uint64_t thread = (uint64_t)(uint32_t)call->pid << 32 | (uint32_t)call->tid;
    const struct live_counts counts = counts_of(call);
    struct live_row *row = find_row(&model->tables[LIVE_THREADS], thread, call->program);

    add(&model->total.now, &counts);
    rename_row(row, call->program);
    count_in(model, row, call);
    count_in(model, find_row(&model->tables[LIVE_CALLS], 0, call->name), call);
    count_in(model, find_row(&model->tables[LIVE_LIBRARIES], 0, call->library), call);
}

void live_model_count_object(struct live_model *model, const struct live_call *call,
                             const char *object)
{
    count_in(model, find_row(&model->tables[LIVE_OBJECTS], 0, object), call);
}

/* ---- samples ---- */

static void sample_row(struct live_row *row, uint64_t number)
{
    row->recent = row->now.calls - row->shown.calls;
    row->shown = row->now;
    if (row->recent != 0)
        row->last_sample = number;
}

static int by_last_use(const void *left, const void *right)
{
    const struct live_row *a = left, *b = right;

    if (a->last_sample != b->last_sample)
        return a->last_sample < b->last_sample ? -1 : 1;
    return a->now.calls < b->now.calls ? -1 : a->now.calls > b->now.calls;
}

static void link_rows(struct live_table *table)
{
    memset(table->buckets, 0, sizeof table->buckets);
    for (size_t i = 0; i < table->count; i++) {
        struct live_row *row = &table->rows[i];
        uint16_t *bucket = bucket_of(table, row->number, key_of(row));

        row->next = *bucket;
        *bucket = (uint16_t)(i + 1);
    }
}

static void fold_idle_rows(struct live_table *table)
{
    qsort(table->rows, table->count, sizeof table->rows[0], by_last_use);
    for (size_t i = 0; i < FOLDED; i++) {
        add(&table->others.now, &table->rows[i].now);
        add(&table->others.shown, &table->rows[i].shown);
        table->others.recent += table->rows[i].recent;
        free(table->rows[i].name);
    }
    table->count -= FOLDED;
    memmove(table->rows, &table->rows[FOLDED], table->count * sizeof table->rows[0]);
    link_rows(table);
}

static void sample_table(struct live_table *table, uint64_t number)
{
    for (size_t i = 0; i < table->count; i++)
        sample_row(&table->rows[i], number);
    sample_row(&table->others, number);
    if (table->count == LIVE_ROWS_MAX)
        fold_idle_rows(table);
}

void live_model_sample(struct live_model *model, int64_t now)
{
    model->samples++;
    model->interval = now - model->sampled;
    model->sampled = now;
    sample_row(&model->total, model->samples);
    for (size_t i = 0; i < LIVE_TABLES; i++)
        sample_table(&model->tables[i], model->samples);
}

double live_model_rate(const struct live_model *model, const struct live_row *row)
{
    return model->interval > 0 ? (double)row->recent * 1e9 / (double)model->interval : 0;
}
