/* The page: one function for each place of page.html. Everything that it says is in the summary. */
#ifndef ENDORUN_REPORT_PAGE_H
#define ENDORUN_REPORT_PAGE_H

#include "summary.h"

#include <stdio.h>

#define CALLS_SHOWN    500U
#define OBJECTS_SHOWN  500U
#define FAILURES_SHOWN 500U
#define THREADS_SHOWN  500U  /* in the table */
#define ROWS_SHOWN     100U  /* of the timeline */
#define NAME_SHOWN     1000U /* characters of a path */

/* Groups with a colour of their own have slots from 1; all others have 0. */
#define SLOTS 9U

/* Threads as they are shown: processes behind their parents, threads behind their processes. */
struct page_row {
    uint32_t thread;
    uint32_t depth; /* how many of the process's ancestors are known */
};

struct page {
    FILE *out;
    const struct summary *summary;
    const char *file;  /* the trace's */
    uint64_t cut_line; /* the number of a line without an end that was left out; 0: none */
    uint8_t slot_of[GROUP_LIMIT];
    uint64_t group_calls[GROUP_LIMIT];
    uint64_t group_weight[GROUP_LIMIT]; /* those with most have a slot from 1 */
    struct page_row *rows;              /* of all threads */
    bool *is_drawn;                     /* by thread: it is in the timeline */
    uint32_t *cells;                    /* numbers, by thread, then bin, then group */
    uint32_t *marks;                    /* numbers, by thread, then kind, then bin */
};

/* Writes the whole page. What fails is to be seen by ferror(out). */
void write_page(FILE *out, const struct summary *summary, const char *file, uint64_t cut_line);

/* ---- page_facts.c ---- */

void write_title(const struct page *page);
void write_command(const struct page *page);
void write_source(const struct page *page);
void write_facts(const struct page *page);
void write_notes(const struct page *page);
void write_version(const struct page *page);

/* How a thread has ended, as far as was seen: "exited with 0". */
void write_end(const struct page *page, const struct thread *thread);

/* ---- page_timeline.c ---- */

void write_legend(const struct page *page);
void write_timeline(const struct page *page);

/* ---- page_rate.c ---- */

void write_rate(const struct page *page);

/* ---- page_tables.c ---- */

void write_threads_table(const struct page *page);
void write_calls_table(const struct page *page);
void write_objects_table(const struct page *page);
void write_failures_table(const struct page *page);
void write_longest_table(const struct page *page);

/* ---- order.c ---- */

/* 0 to count - 1, in the order of the comparison, of which the context is the last argument. */
uint32_t *order_numbers(uint32_t count, int (*compare)(const void *, const void *, void *),
                        const void *context);

/* For the comparisons: the larger number first; the smaller one first. */
int compare_descending(uint64_t left, uint64_t right);
int compare_ascending(uint64_t left, uint64_t right);

/* Of all threads, which are `is_drawn` too; to be released, as what order_numbers() gives. */
struct page_row *order_threads(const struct threads *threads);
bool *choose_drawn(const struct threads *threads);

/* ---- chart.c ---- */

#define CHART_WIDTH 1200U
#define CHART_LEFT  200U /* where time 0 is */
#define CHART_RIGHT 1184U

/* Where a time is in a chart. */
double chart_x(const struct page *page, uint64_t time);

/* Lines from top to bottom, and the times below. */
void write_time_axis(const struct page *page, unsigned top, unsigned bottom);

/* Attributes by which the script finds out what is below the pointer. */
void write_chart_attributes(const struct page *page);

#endif
