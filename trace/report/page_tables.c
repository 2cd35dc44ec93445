#include "html.h"
#include "page.h"

#include <stdlib.h>

/* ---- what tables have in common ---- */

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER,
};

struct column {
    const char *name;
    enum column_kind kind;
};

static void begin_table(const struct page *page, const char *id, const char *caption,
                        const struct column *columns, size_t column_count)
{
    fprintf(page->out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
            "<table id=\"%s\"><thead><tr>",
            caption, id);
    for (size_t i = 0; i < column_count; i++)
        fprintf(page->out, "<th scope=\"col\"%s>%s</th>",
                columns[i].kind == COLUMN_NUMBER ? " class=\"n\"" : "", columns[i].name);
    fputs("</tr></thead><tbody>\n", page->out);
}

static void end_table(const struct page *page)
{
    fputs("</tbody></table></div>\n", page->out);
}

/* `things` are what there are `count` of; `choice` says which of them are shown, where not all are.
 */
static void write_extent(const struct page *page, uint64_t count, uint64_t limit,
                         const char *things, const char *choice)
{
    fputs("<p class=\"of\">", page->out);
    if (count > limit) {
        fputs("The ", page->out);
        write_count(page->out, limit);
        fprintf(page->out, " %s %s, of ", things, choice);
        write_count(page->out, count);
    } else if (count > 0) {
        fputs("All ", page->out);
        write_count(page->out, count);
        fprintf(page->out, " %s", things);
    } else {
        fputs("None", page->out);
    }
    fputs(".</p>\n", page->out);
}

static void write_number_cell(const struct page *page, uint64_t number)
{
    fprintf(page->out, "<td class=\"n\" data-value=\"%llu\">", (unsigned long long)number);
    write_count(page->out, number);
    fputs("</td>", page->out);
}

static void write_duration_cell(const struct page *page, uint64_t nanoseconds)
{
    fprintf(page->out, "<td class=\"n\" data-value=\"%llu\">", (unsigned long long)nanoseconds);
    write_duration(page->out, nanoseconds);
    fputs("</td>", page->out);
}

static void write_moment_cell(const struct page *page, uint64_t nanoseconds)
{
    fprintf(page->out, "<td class=\"n\" data-value=\"%llu\">", (unsigned long long)nanoseconds);
    write_moment(page->out, nanoseconds);
    fputs("</td>", page->out);
}

static void write_id_cell(const struct page *page, int32_t id)
{
    fprintf(page->out, "<td class=\"n\" data-value=\"%d\">%d</td>", (int)id, (int)id);
}

/* At most NAME_SHOWN bytes of it, and how many more there are. */
static void write_code(const struct page *page, struct text text, size_t whole)
{
    size_t shown = text.size < NAME_SHOWN ? text.size : NAME_SHOWN;

    while (shown > 0 && shown < text.size && (text.bytes[shown] & 0xc0) == 0x80)
        shown--; /* not within a character */
    fputs("<code>", page->out);
    write_html(page->out, (struct text){text.bytes, shown});
    fputs("</code>", page->out);
    if (shown < whole) {
        fputs(" <small>and ", page->out);
        write_count(page->out, whole - shown);
        fputs(" more bytes</small>", page->out);
    }
}

static void write_key_cell(const struct page *page, const struct table *table, uint32_t number)
{
    const struct text text = table_text(table, number);

    fputs("<td class=\"name\">", page->out);
    write_code(page, text, text.size);
    fputs("</td>", page->out);
}

/* The cell that names its row. */
static void write_row_header(const struct page *page, const struct table *table, uint32_t number)
{
    const struct text text = table_text(table, number);

    fputs("<tr><th scope=\"row\">", page->out);
    write_code(page, text, text.size);
    fputs("</th>", page->out);
}

static void write_sample_cell(const struct page *page, const struct sample *sample)
{
    fputs("<td class=\"line\">", page->out);
    write_code(page, (struct text){sample->bytes, sample->size}, sample->whole);
    fputs("</td>", page->out);
}

/* ---- threads ---- */

static void write_thread_row(const struct page *page, const struct thread *thread)
{
    const struct threads *threads = &page->summary->threads;
    const struct process *process = &threads->processes[thread->process];

    fprintf(page->out, "<tr><th scope=\"row\" class=\"n\" data-value=\"%d\">%d</th>",
            (int)thread->tid, (int)thread->tid);
    write_id_cell(page, process->pid);
    if (process->parent == TABLE_NONE)
        fputs("<td class=\"n\" data-value=\"-1\"></td>", page->out);
    else
        write_id_cell(page, threads->processes[process->parent].pid);
    if (process->program == TABLE_NONE)
        fputs("<td></td>", page->out);
    else
        write_key_cell(page, &threads->programs, process->program);
    write_moment_cell(page, thread->first);
    write_moment_cell(page, thread->last);
    write_number_cell(page, thread->calls);
    write_number_cell(page, thread->errors);
    write_duration_cell(page, thread->time);
    fputs("<td>", page->out);
    write_end(page, thread);
    fputs("</td></tr>\n", page->out);
}

void write_threads_table(const struct page *page)
{
    static const struct column columns[] = {
        {"Thread", COLUMN_NUMBER}, {"Process", COLUMN_NUMBER}, {"Parent", COLUMN_NUMBER},
        {"Program", COLUMN_TEXT},  {"From, s", COLUMN_NUMBER}, {"To, s", COLUMN_NUMBER},
        {"Calls", COLUMN_NUMBER},  {"Failed", COLUMN_NUMBER},  {"In calls", COLUMN_NUMBER},
        {"End", COLUMN_TEXT},
    };
    const uint32_t count = page->summary->threads.count;

    write_extent(page, count, THREADS_SHOWN, "threads", "that come first in the timeline's order");
    if (count == 0)
        return;
    begin_table(page, "threads", "Threads", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < count && i < THREADS_SHOWN; i++)
        write_thread_row(page, &page->summary->threads.items[page->rows[i].thread]);
    end_table(page);
}

/* ---- calls ---- */

static int compare_calls(const void *left, const void *right, void *context)
{
    const struct summary *summary = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const struct call_total *first = &summary->call_totals[a], *second = &summary->call_totals[b];
    int order = compare_descending(first->time, second->time);

    if (order == 0)
        order = compare_descending(first->count, second->count);
    return order != 0 ? order : compare_ascending(a, b);
}

static void write_call_row(const struct page *page, uint32_t number)
{
    const struct call_total *total = &page->summary->call_totals[number];
    const uint64_t all = page->summary->time;
    char group[GROUP_NAME_SIZE];

    group_name(total->facts.group, group);
    write_row_header(page, &page->summary->call_names, number);
    fprintf(page->out, "<td><b class=\"s%u\"></b>%s</td>", page->slot_of[total->facts.group],
            group);
    write_number_cell(page, total->count);
    write_number_cell(page, total->errors);
    write_duration_cell(page, total->time);
    fprintf(page->out, "<td class=\"n\" data-value=\"%llu\">%.1f%%</td>",
            (unsigned long long)total->time, all > 0 ? 100 * (double)total->time / (double)all : 0);
    write_duration_cell(page, total->timed > 0 ? total->time / total->timed : 0);
    write_duration_cell(page, total->longest);
    fputs("</tr>\n", page->out);
}

void write_calls_table(const struct page *page)
{
    static const struct column columns[] = {
        {"Call", COLUMN_TEXT},     {"Group", COLUMN_TEXT},     {"Calls", COLUMN_NUMBER},
        {"Failed", COLUMN_NUMBER}, {"Time", COLUMN_NUMBER},    {"Share", COLUMN_NUMBER},
        {"Mean", COLUMN_NUMBER},   {"Longest", COLUMN_NUMBER},
    };
    const uint32_t count = page->summary->call_names.count;
    uint32_t *order = order_numbers(count, compare_calls, page->summary);

    write_extent(page, count, CALLS_SHOWN, "names of calls", "that took most time");
    if (count > 0)
        begin_table(page, "calls", "Calls by name", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < count && i < CALLS_SHOWN; i++)
        write_call_row(page, order[i]);
    if (count > 0)
        end_table(page);
    free(order);
}

/* ---- objects ---- */

static int compare_objects(const void *left, const void *right, void *context)
{
    const struct summary *summary = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const int order = compare_descending(summary->objects[a].calls, summary->objects[b].calls);

    return order != 0 ? order : compare_ascending(a, b);
}

static void write_object_row(const struct page *page, uint32_t number)
{
    const struct object_total *object = &page->summary->objects[number];

    write_row_header(page, &page->summary->object_names, number);
    write_number_cell(page, object->calls);
    write_number_cell(page, object->errors);
    write_number_cell(page, object->read);
    write_number_cell(page, object->written);
    write_key_cell(page, &page->summary->call_names, object->first_call);
    write_moment_cell(page, object->first);
    fputs("</tr>\n", page->out);
}

void write_objects_table(const struct page *page)
{
    static const struct column columns[] = {
        {"File or peer", COLUMN_TEXT},    {"Calls", COLUMN_NUMBER},
        {"Failed", COLUMN_NUMBER},        {"Bytes read", COLUMN_NUMBER},
        {"Bytes written", COLUMN_NUMBER}, {"First call", COLUMN_TEXT},
        {"At, s", COLUMN_NUMBER},
    };
    const uint32_t count = page->summary->object_names.count;
    uint32_t *order = order_numbers(count, compare_objects, page->summary);

    write_extent(page, count, OBJECTS_SHOWN, "files and peers", "with the most calls");
    if (count > 0)
        begin_table(page, "objects", "Files and peers", columns,
                    sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < count && i < OBJECTS_SHOWN; i++)
        write_object_row(page, order[i]);
    if (count > 0)
        end_table(page);
    free(order);
}

/* ---- failures ---- */

static int compare_failures(const void *left, const void *right, void *context)
{
    const struct summary *summary = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const int order = compare_descending(summary->failures[a].count, summary->failures[b].count);

    return order != 0 ? order : compare_ascending(a, b);
}

static void write_failure_row(const struct page *page, const struct failure *failure)
{
    static const char *const causes[] = {[FAILED_ITSELF] = "kernel",
                                         [FAILED_BY_POLICY] = "policy",
                                         [FAILED_BY_INJECTION] = "injection"};

    write_row_header(page, &page->summary->call_names, failure->key.call);
    write_key_cell(page, &page->summary->error_names, failure->key.error);
    fprintf(page->out, "<td>%s</td>", causes[failure->key.cause]);
    write_number_cell(page, failure->count);
    write_moment_cell(page, failure->sample.time);
    write_sample_cell(page, &failure->sample);
    fputs("</tr>\n", page->out);
}

void write_failures_table(const struct page *page)
{
    static const struct column columns[] = {
        {"Call", COLUMN_TEXT},    {"Error", COLUMN_TEXT},         {"By", COLUMN_TEXT},
        {"Times", COLUMN_NUMBER}, {"First at, s", COLUMN_NUMBER}, {"First call", COLUMN_TEXT},
    };
    const struct summary *summary = page->summary;
    const uint32_t count = summary->failure_keys.count;
    uint32_t *order = order_numbers(count, compare_failures, summary);

    write_extent(page, count, FAILURES_SHOWN, "kinds of failures", "that came most often");
    if (count > 0)
        begin_table(page, "failures", "Failures", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < count && i < FAILURES_SHOWN; i++)
        write_failure_row(page, &summary->failures[order[i]]);
    if (count > 0)
        end_table(page);
    free(order);
}

/* ---- the longest calls ---- */

static int compare_longest(const void *left, const void *right, void *context)
{
    const struct summary *summary = context;

    return is_longer(&summary->longest[*(const uint32_t *)left],
                     &summary->longest[*(const uint32_t *)right])
               ? -1
               : 1;
}

static void write_longest_row(const struct page *page, const struct long_call *call)
{
    fputs("<tr>", page->out);
    write_duration_cell(page, call->duration);
    write_moment_cell(page, call->sample.time);
    write_id_cell(page, call->sample.tid);
    write_sample_cell(page, &call->sample);
    fputs("</tr>\n", page->out);
}

void write_longest_table(const struct page *page)
{
    static const struct column columns[] = {
        {"Duration", COLUMN_NUMBER},
        {"At, s", COLUMN_NUMBER},
        {"Thread", COLUMN_NUMBER},
        {"Call", COLUMN_TEXT},
    };
    const struct summary *summary = page->summary;
    uint32_t *order = order_numbers(summary->longest_count, compare_longest, summary);

    write_extent(page, summary->calls - summary->unreturned, LONGEST_SHOWN, "calls that returned",
                 "and took longest");
    if (summary->longest_count > 0)
        begin_table(page, "longest", "Longest calls", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < summary->longest_count; i++)
        write_longest_row(page, &summary->longest[order[i]]);
    if (summary->longest_count > 0)
        end_table(page);
    free(order);
}
