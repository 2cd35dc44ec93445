#include "page.h"

#include "html.h"
#include "message.h"
#include "page_text.h"

#include <stdlib.h>
#include <string.h>

static void write_script(const struct page *page)
{
    fputs(page_js, page->out);
}

static void write_style(const struct page *page)
{
    fputs(page_css, page->out);
}

static void write_script_source(const struct page *page)
{
    fputs(page_js_source, page->out);
}

static void write_style_source(const struct page *page)
{
    fputs(page_css_source, page->out);
}

/* {{name}} in page.html stands for what the function writes. */
static const struct {
    const char *name;
    void (*write)(const struct page *page);
} places[] = {
    {"calls", write_calls_table},
    {"command", write_command},
    {"facts", write_facts},
    {"failures", write_failures_table},
    {"legend", write_legend},
    {"longest", write_longest_table},
    {"notes", write_notes},
    {"objects", write_objects_table},
    {"rate", write_rate},
    {"script", write_script},
    {"script-source", write_script_source},
    {"source", write_source},
    {"style", write_style},
    {"style-source", write_style_source},
    {"threads", write_threads_table},
    {"timeline", write_timeline},
    {"title", write_title},
    {"version", write_version},
};

static void write_place(const struct page *page, const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strlen(places[i].name) == length && memcmp(places[i].name, name, length) == 0) {
            places[i].write(page);
            return;
        }
    }
    die(STATUS_SETUP, "report: nothing is known of the page's {{%.*s}}", (int)length, name);
}

static void write_template(const struct page *page)
{
    const char *text = page_html;

    for (const char *place; (place = strstr(text, "{{")) != NULL;) {
        const size_t length = strcspn(place + 2, "}");

        fwrite(text, 1, (size_t)(place - text), page->out);
        write_place(page, place + 2, length);
        text = place + 2 + length + 2;
    }
    fputs(text, page->out);
}

/* ---- groups and their colours ---- */

static int compare_groups(const void *left, const void *right, void *context)
{
    const struct page *page = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const int order = compare_descending(page->group_weight[a], page->group_weight[b]);

    return order != 0 ? order : compare_ascending(a, b);
}

/* What is often and what takes long both weigh: the share of the calls and that of the time. */
static uint64_t weight_of(const struct summary *summary, const struct call_total *total)
{
    const double calls = (double)total->count / (double)summary->calls;
    const double time = summary->time > 0 ? (double)total->time / (double)summary->time : 0;

    return (uint64_t)(1e9 * (calls + time));
}

static void choose_slots(struct page *page)
{
    const struct summary *summary = page->summary;

    for (uint32_t i = 0; i < summary->call_names.count; i++) {
        const struct call_total *total = &summary->call_totals[i];

        page->group_calls[total->facts.group] += total->count;
        page->group_weight[total->facts.group] += weight_of(summary, total);
    }
    uint32_t *groups = order_numbers(group_limit(), compare_groups, page);

    for (uint32_t i = 0; i + 1 < SLOTS && i < group_limit(); i++)
        if (page->group_calls[groups[i]] > 0)
            page->slot_of[groups[i]] = (uint8_t)(i + 1);
    free(groups);
}

/* ---- cells and marks in order ---- */

static int compare_cells(const void *left, const void *right, void *context)
{
    const struct timeline *timeline = context;
    const struct cell *a = &timeline->cells[*(const uint32_t *)left];
    const struct cell *b = &timeline->cells[*(const uint32_t *)right];
    int order = compare_ascending(a->thread, b->thread);

    if (order == 0)
        order = compare_ascending(a->bin, b->bin);
    return order != 0 ? order : compare_ascending(a->group, b->group);
}

static int compare_marks(const void *left, const void *right, void *context)
{
    const struct timeline *timeline = context;
    const struct mark *a = &timeline->marks[*(const uint32_t *)left];
    const struct mark *b = &timeline->marks[*(const uint32_t *)right];
    int order = compare_ascending(a->thread, b->thread);

    if (order == 0)
        order = compare_ascending(a->kind, b->kind);
    return order != 0 ? order : compare_ascending(a->bin, b->bin);
}

void write_page(FILE *out, const struct summary *summary, const char *file, uint64_t cut_line)
{
    const struct timeline *timeline = &summary->timeline;
    struct page page = {
        .out = out,
        .summary = summary,
        .file = file,
        .cut_line = cut_line,
        .rows = order_threads(&summary->threads),
        .is_drawn = choose_drawn(&summary->threads),
        .cells = order_numbers(timeline->cell_keys.count, compare_cells, timeline),
        .marks = order_numbers(timeline->mark_keys.count, compare_marks, timeline),
    };

    choose_slots(&page);
    write_template(&page);
    free(page.rows);
    free(page.is_drawn);
    free(page.cells);
    free(page.marks);
}
