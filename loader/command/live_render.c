#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "live_render.h"
#include "live_text.h"

#define SECOND     INT64_C(1000000000) /* nanoseconds */
#define LINE_MAX   256U                /* of a line that has no text of the program's */
#define COUNT_MAX  24U
#define FOOT_LINES 1U

static const char table_titles[LIVE_TABLES][12] = {"calls", "objects", "threads", "libraries"};
static const char row_titles[LIVE_TABLES][32] = {"CALL", "OBJECT: PATH, DESCRIPTOR, PEER", "THREAD",
                                                 "CALLED FROM"};

/* Writes what the columns have room for; returns how many are left. */
__attribute__((format(printf, 3, 4))) static size_t write_columns(FILE *out, size_t columns,
                                                                  const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;

    va_start(arguments, format);
    const int wanted = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    const size_t length = wanted < 0 ? 0 : strlen(line);
    const size_t shown = length < columns ? length : columns;
    fwrite(line, 1, shown, out);
    return columns - shown;
}

/* ---- numbers ---- */

/* In at most so many digits: what is longer is told in thousands, millions... */
static const char *format_count(char text[COUNT_MAX], uint64_t count, unsigned digits)
{
    static const char units[] = " kMGTPE";
    size_t unit = 0;

    snprintf(text, COUNT_MAX, "%" PRIu64, count);
    while (strlen(text) > digits && units[unit + 1] != '\0') {
        count /= 1000;
        snprintf(text, COUNT_MAX, "%" PRIu64 "%c", count, units[++unit]);
    }
    return text;
}

static const char *format_seconds(char text[COUNT_MAX], int64_t nanoseconds)
{
    const int64_t seconds = nanoseconds / SECOND;

    if (seconds < 100000)
        snprintf(text, COUNT_MAX, "%" PRId64 ".%03" PRId64, seconds,
                 nanoseconds % SECOND / 1000000);
    else
        snprintf(text, COUNT_MAX, "%" PRId64, seconds);
    return text;
}

/* ---- rows ---- */

/* What a table is sorted by, and what the share of a row is the share of. */
static uint64_t weight_of(const struct live_row *row, enum live_sort sort)
{
    switch (sort) {
    case LIVE_BY_RATE:
        return row->recent;
    case LIVE_BY_CALLS:
        return row->shown.calls;
    case LIVE_BY_ERRORS:
        return row->shown.errors;
    case LIVE_BY_TIME:
        return (uint64_t)row->shown.time;
    }
    return 0;
}

struct order {
    const struct live_table *table;
    enum live_sort sort;
};

static int by_weight(const void *left, const void *right, void *context)
{
    const struct order *order = context;
    const struct live_row *a = &order->table->rows[*(const uint16_t *)left];
    const struct live_row *b = &order->table->rows[*(const uint16_t *)right];
    const uint64_t weights[] = {weight_of(a, order->sort), weight_of(b, order->sort)};

    if (weights[0] != weights[1])
        return weights[0] > weights[1] ? -1 : 1;
    if (a->shown.calls != b->shown.calls)
        return a->shown.calls > b->shown.calls ? -1 : 1;
    const int names = strcmp(a->name, b->name);
    return names != 0 ? names : a->number < b->number ? -1 : a->number > b->number;
}

/* The places of the rows that have something to show, sorted. */
static size_t list_rows(const struct live_table *table, enum live_sort sort,
                        uint16_t rows[LIVE_ROWS_MAX])
{
    struct order order = {table, sort};
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].shown.calls != 0)
            rows[count++] = (uint16_t)i;
    qsort_r(rows, count, sizeof rows[0], by_weight, &order);
    return count;
}

static void write_name(FILE *out, const struct live_row *row, enum live_table_name table,
                       size_t columns)
{
    const uint32_t pid = (uint32_t)(row->number >> 32), tid = (uint32_t)row->number;

    if (row->name == NULL) {
        write_columns(out, columns, "(others)");
        return;
    }
    if (table == LIVE_THREADS && pid == tid)
        columns = write_columns(out, columns, "%" PRIu32 " ", pid);
    else if (table == LIVE_THREADS)
        columns = write_columns(out, columns, "%" PRIu32 "/%" PRIu32 " ", pid, tid);
    if (table == LIVE_LIBRARIES && *row->name == '\0')
        write_columns(out, columns, "(code outside of files)");
    else
        write_fitted(out, row->name, columns);
}

static void write_row(FILE *out, const struct live_model *model, const struct live_row *row,
                      const struct live_screen *screen)
{
    const uint64_t all = weight_of(&model->total, screen->sort);
    const double share = all > 0 ? 100.0 * (double)weight_of(row, screen->sort) / (double)all : 0.0;
    char rate[COUNT_MAX], calls[COUNT_MAX], errors[COUNT_MAX], time[COUNT_MAX];
    const size_t left = write_columns(
        out, screen->columns, "%7s %9s %7s %9s %5.1f  ",
        format_count(rate, (uint64_t)(live_model_rate(model, row) + 0.5), 7),
        format_count(calls, row->shown.calls, 9), format_count(errors, row->shown.errors, 7),
        format_seconds(time, row->shown.time), share);

    write_name(out, row, screen->table, left);
}

/* ---- header and footer ---- */

static void write_program(FILE *out, const struct live_header *header,
                          const struct live_screen *screen)
{
    const int64_t seconds = header->elapsed / SECOND;
    const size_t left = write_columns(
        out, screen->columns, "%s%" PRId64 ":%02" PRId64 ":%02" PRId64 "  ",
        screen->is_paused ? "paused at " : "", seconds / 3600, seconds / 60 % 60, seconds % 60);

    write_fitted(out, header->command, left);
}

static void write_totals(FILE *out, const struct live_model *model,
                         const struct live_header *header, const struct live_screen *screen)
{
    const struct live_counts *total = &model->total.shown;
    char calls[COUNT_MAX], rate[COUNT_MAX], errors[COUNT_MAX], denied[COUNT_MAX], lost[COUNT_MAX];

    write_columns(out, screen->columns,
                  "%zu proc, %zu thr, %s calls, %s/s, %s errors, %s denied, %s lost",
                  header->processes, header->threads, format_count(calls, total->calls, 9),
                  format_count(rate, (uint64_t)(live_model_rate(model, &model->total) + 0.5), 7),
                  format_count(errors, total->errors, 7), format_count(denied, total->denied, 7),
                  format_count(lost, header->lost, 7));
}

static void write_tables(FILE *out, const struct live_screen *screen, size_t count)
{
    size_t left = screen->columns;

    for (size_t i = 0; i < LIVE_TABLES; i++) {
        const bool is_shown = i == screen->table;

        left = write_columns(out, left, "%s%zu %s%s ", is_shown ? "[" : " ", i + 1, table_titles[i],
                             is_shown ? "]" : " ");
    }
    write_columns(out, left, "  %zu rows, from %zu", count, count > 0 ? screen->scroll + 1 : 0);
}

/* The column that the table is sorted by has an asterisk. */
static void write_head(FILE *out, const struct live_screen *screen)
{
    static const struct {
        char title[8];
        int width;
    } columns[] = {[LIVE_BY_RATE] = {"CALLS/S", 7},
                   [LIVE_BY_CALLS] = {"CALLS", 9},
                   [LIVE_BY_ERRORS] = {"ERRORS", 7},
                   [LIVE_BY_TIME] = {"SECONDS", 9}};
    size_t left = screen->columns;

    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        left = write_columns(out, left, "%*s%s", columns[i].width, columns[i].title,
                             i == screen->sort ? "*" : " ");
    write_columns(out, left, "SHARE  %s", row_titles[screen->table]);
}

static void write_foot(FILE *out, const struct live_screen *screen)
{
    if (screen->is_interrupted)
        write_columns(out, screen->columns, "SIGINT was sent to the program. q kills it");
    else
        write_columns(out, screen->columns,
                      "1-4 Tab table  sort: s calls/s c calls e errors t time  p %s  q quit",
                      screen->is_paused ? "go on" : "pause");
}

/* ---- the screen ---- */

size_t live_page(const struct live_screen *screen)
{
    const size_t others = LIVE_HEAD_LINE + 1 + FOOT_LINES;

    return screen->lines > others ? screen->lines - others : 0;
}

static void clamp_scroll(struct live_screen *screen, size_t count)
{
    const size_t page = live_page(screen), last = count > page ? count - page : 0;

    if (screen->scroll > last)
        screen->scroll = last;
}

static bool begin_line(FILE *out, const struct live_screen *screen, size_t line)
{
    if (line >= screen->lines)
        return false;
    if (line > 0)
        fputc('\n', out);
    return true;
}

void live_render(FILE *out, const struct live_model *model, const struct live_header *header,
                 struct live_screen *screen)
{
    static uint16_t rows[LIVE_ROWS_MAX];
    const struct live_table *table = &model->tables[screen->table];
    const size_t listed = list_rows(table, screen->sort, rows);
    const size_t count = listed + (table->others.shown.calls != 0); /* they come last */
    size_t line = 0;

    clamp_scroll(screen, count);
    if (begin_line(out, screen, line++))
        write_program(out, header, screen);
    if (begin_line(out, screen, line++))
        write_totals(out, model, header, screen);
    if (begin_line(out, screen, line++))
        write_tables(out, screen, count);
    if (begin_line(out, screen, line++))
        write_head(out, screen);
    for (size_t i = screen->scroll; i < screen->scroll + live_page(screen); i++)
        if (begin_line(out, screen, line++) && i < count)
            write_row(out, model, i < listed ? &table->rows[rows[i]] : &table->others, screen);
    if (begin_line(out, screen, line))
        write_foot(out, screen);
}
