#include "html.h"
#include "page.h"

#include <string.h>

#define TOP         4U
#define ROW_HEIGHT  17U
#define BAR_HEIGHT  12U
#define LABEL_SHOWN 22U /* characters, at no indentation */
#define DEPTH_SHOWN 8U
#define INDENTATION 8U  /* pixels */
#define STEPS       48U /* of height in a bar: quarters of a pixel */
#define STEPS_LEAST 4U  /* what is there is seen */
#define MARK_BINS   4U  /* marks of one kind that are so near are one */
#define SHARE_BINS  (TIMELINE_BINS + 1)

/* One row: the thread, its cells and its marks, as indices of page->cells and page->marks. */
struct row {
    const struct page *page;
    uint32_t thread;
    uint32_t depth;
    unsigned y; /* of the bar's top */
    uint32_t cell, cell_end;
    uint32_t mark, mark_end;
};

static const struct thread *thread_of(const struct row *row)
{
    return &row->page->summary->threads.items[row->thread];
}

static const struct process *process_of(const struct row *row)
{
    return &row->page->summary->threads.processes[thread_of(row)->process];
}

static struct text program_of(const struct row *row)
{
    const uint32_t program = process_of(row)->program;

    return program != TABLE_NONE ? table_text(&row->page->summary->threads.programs, program)
                                 : text_of_string("");
}

/* ---- what stands at the left ---- */

static struct text without_folder(struct text path)
{
    const char *slash = memrchr(path.bytes, '/', path.size);

    if (slash != NULL && (size_t)(slash - path.bytes) + 1 < path.size)
        path = (struct text){slash + 1, path.size - (size_t)(slash - path.bytes) - 1};
    return path;
}

static void write_label(const struct row *row)
{
    FILE *out = row->page->out;
    const unsigned depth = row->depth < DEPTH_SHOWN ? row->depth : DEPTH_SHOWN;
    const bool is_leader = process_of(row)->leader == row->thread;
    const unsigned x = depth * INDENTATION + (is_leader ? 0 : INDENTATION);

    fprintf(out, "<text x=\"%u\" y=\"%u\">", x, row->y + 10);
    fprintf(out, "<tspan class=\"id\">%d</tspan> ", (int)thread_of(row)->tid);
    if (is_leader)
        write_attribute_start(out, without_folder(program_of(row)), LABEL_SHOWN - depth);
    fputs("</text>", out);
}

/* The whole time of the thread, with what is to be said of it as such. */
static void write_life(const struct row *row)
{
    const struct thread *thread = thread_of(row);
    FILE *out = row->page->out;
    const double x = chart_x(row->page, thread->first);
    const double width = chart_x(row->page, thread->last) - x;

    fprintf(out, "<rect class=\"life\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\"><title>", x,
            row->y, width < 1 ? 1 : width, BAR_HEIGHT);
    fprintf(out, "Thread %d of process %d", (int)thread->tid, (int)process_of(row)->pid);
    if (program_of(row).size > 0) {
        fputs(", ", out);
        write_attribute_start(out, program_of(row), NAME_SHOWN);
    }
    fputs("\n", out);
    write_moment(out, thread->first);
    fputs(" to ", out);
    write_moment(out, thread->last);
    fputs(" s; ", out);
    write_count(out, thread->calls);
    fputs(" calls, ", out);
    write_count(out, thread->errors);
    fputs(" failed; ", out);
    write_duration(out, thread->time);
    fputs(" in calls; ", out);
    write_end(row->page, thread);
    fputs("</title></rect>", out);
}

/* ---- time spent in calls ---- */

/* For each bin and slot, how high its part of the bar is, the slots one upon the other. */
struct shares {
    uint8_t height[SHARE_BINS][SLOTS];
    uint8_t bottom[SHARE_BINS][SLOTS];
};

static void add_up(struct shares *shares, const struct row *row)
{
    static uint64_t times[SHARE_BINS][SLOTS];
    static bool has_calls[SHARE_BINS][SLOTS];
    const struct timeline *timeline = &row->page->summary->timeline;

    memset(times, 0, sizeof times);
    memset(has_calls, 0, sizeof has_calls);
    for (uint32_t i = row->cell; i < row->cell_end; i++) {
        const struct cell *cell = &timeline->cells[row->page->cells[i]];
        const unsigned slot = row->page->slot_of[cell->group];

        times[cell->bin][slot] += cell->time;
        has_calls[cell->bin][slot] = true;
    }
    memset(shares, 0, sizeof *shares);
    for (unsigned bin = 0; bin < TIMELINE_BINS; bin++) {
        unsigned bottom = 0;

        for (unsigned slot = 0; slot < SLOTS; slot++) {
            const double share = (double)times[bin][slot] / (double)timeline->bin_width;
            unsigned height = share < 1 ? (unsigned)(share * STEPS) : STEPS;

            if (has_calls[bin][slot] && height < STEPS_LEAST)
                height = STEPS_LEAST;
            if (height > STEPS - bottom)
                height = STEPS - bottom;
            shares->height[bin][slot] = (uint8_t)height;
            shares->bottom[bin][slot] = (uint8_t)bottom;
            bottom += height;
        }
    }
}

/* One path for each slot; neighbours of the same height are one rectangle. */
static void write_slot(const struct row *row, const struct shares *shares, unsigned slot)
{
    FILE *out = row->page->out;
    bool is_begun = false;

    for (unsigned bin = 0, next; bin < TIMELINE_BINS; bin = next) {
        const unsigned height = shares->height[bin][slot], bottom = shares->bottom[bin][slot];

        next = bin + 1;
        if (height == 0)
            continue;
        while (next < TIMELINE_BINS && shares->height[next][slot] == height &&
               shares->bottom[next][slot] == bottom)
            next++;
        if (!is_begun)
            fprintf(out, "<path class=\"s%u\" d=\"", slot);
        is_begun = true;
        fprintf(out, "M%u %uh%uv-%uh-%uz", bin, STEPS - bottom, next - bin, height, next - bin);
    }
    if (is_begun)
        fputs("\"/>", out);
}

static void write_shares(const struct row *row)
{
    static struct shares shares;
    const struct summary *summary = row->page->summary;
    const double scale = (chart_x(row->page, summary->timeline.bin_width) - CHART_LEFT);

    if (row->cell == row->cell_end)
        return;
    add_up(&shares, row);
    fprintf(row->page->out, "<g transform=\"translate(%u %u) scale(%.6f .25)\">", CHART_LEFT,
            row->y, scale);
    for (unsigned slot = 0; slot < SLOTS; slot++)
        write_slot(row, &shares, slot);
    fputs("</g>", row->page->out);
}

/* For the script: "BIN GROUP,CALLS,NANOSECONDS GROUP,...;BIN ...". */
static void write_cell_data(const struct row *row)
{
    const struct timeline *timeline = &row->page->summary->timeline;
    FILE *out = row->page->out;
    unsigned last_bin = TIMELINE_BINS;

    fputs(" data-cells=\"", out);
    for (uint32_t i = row->cell; i < row->cell_end; i++) {
        const struct cell *cell = &timeline->cells[row->page->cells[i]];

        if (cell->bin != last_bin)
            fprintf(out, last_bin == TIMELINE_BINS ? "%u" : ";%u", cell->bin);
        last_bin = cell->bin;
        fprintf(out, " %u,%u,%llu", cell->group, cell->calls, (unsigned long long)cell->time);
    }
    putc('"', out);
}

/* ---- marks ---- */

static void write_mark(const struct row *row, const struct mark *mark, uint32_t count)
{
    static const char *const names[] = {
        [MARK_EXEC] = "exec", [MARK_SIGNAL] = "signal", [MARK_EXIT] = "exit"};
    static const char *const shapes[] = {
        [MARK_EXEC] = "v12l7-6z", [MARK_SIGNAL] = "m-3 0h6l-3 5z", [MARK_EXIT] = "m-1 0h2v12h-2z"};
    FILE *out = row->page->out;

    fprintf(out, "<path class=\"%s\" d=\"M%.1f %u%s\"><title>", names[mark->kind],
            chart_x(row->page, mark->first), row->y, shapes[mark->kind]);
    if (mark->kind == MARK_EXIT) {
        write_end(row->page, thread_of(row));
    } else {
        fprintf(out, "%s ", names[mark->kind]);
        write_attribute_start(out, table_text(&row->page->summary->timeline.texts, mark->text),
                              NAME_SHOWN);
    }
    fputs(" at ", out);
    write_moment(out, mark->first);
    fputs(" s", out);
    if (count > 1) {
        fputs(", and ", out);
        write_count(out, count - 1);
        fputs(" more near it", out);
    }
    fputs("</title></path>", out);
}

static bool is_near(const struct mark *left, const struct mark *right)
{
    return left->kind == right->kind && left->bin / MARK_BINS == right->bin / MARK_BINS;
}

static void write_marks(const struct row *row)
{
    const struct mark *marks = row->page->summary->timeline.marks;

    for (uint32_t i = row->mark, next; i < row->mark_end; i = next) {
        const struct mark *mark = &marks[row->page->marks[i]];
        uint32_t count = mark->count;

        for (next = i + 1; next < row->mark_end; next++) {
            if (!is_near(mark, &marks[row->page->marks[next]]))
                break;
            count += marks[row->page->marks[next]].count;
        }
        write_mark(row, mark, count);
    }
}

/* ---- rows ---- */

/* The first of the ordered numbers that belongs to this thread or a later one. */
static uint32_t first_cell(const struct page *page, uint32_t thread)
{
    uint32_t low = 0, high = page->summary->timeline.cell_keys.count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (page->summary->timeline.cells[page->cells[middle]].thread < thread)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t first_mark(const struct page *page, uint32_t thread)
{
    uint32_t low = 0, high = page->summary->timeline.mark_keys.count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (page->summary->timeline.marks[page->marks[middle]].thread < thread)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void write_row(const struct page *page, const struct page_row *ordered, unsigned y)
{
    const struct row row = {
        .page = page,
        .thread = ordered->thread,
        .depth = ordered->depth,
        .y = y,
        .cell = first_cell(page, ordered->thread),
        .cell_end = first_cell(page, ordered->thread + 1),
        .mark = first_mark(page, ordered->thread),
        .mark_end = first_mark(page, ordered->thread + 1),
    };

    fputs("<g class=\"row\"", page->out);
    write_cell_data(&row);
    putc('>', page->out);
    write_label(&row);
    write_life(&row);
    write_shares(&row);
    write_marks(&row);
    fputs("</g>\n", page->out);
}

static void write_count_of_rows(const struct page *page, uint32_t drawn)
{
    const uint32_t count = page->summary->threads.count;

    fputs("<p class=\"of\">", page->out);
    if (drawn < count) {
        fputs("The ", page->out);
        write_count(page->out, drawn);
        fputs(" threads with the most calls, of ", page->out);
    } else {
        fputs("All threads: ", page->out);
    }
    write_count(page->out, count);
    fputs(". A bar is as high as the share of the time that the thread spent in calls.</p>\n",
          page->out);
}

void write_timeline(const struct page *page)
{
    const uint32_t count = page->summary->threads.count;
    const uint32_t drawn = count < ROWS_SHOWN ? count : ROWS_SHOWN;
    const unsigned bottom = TOP + drawn * ROW_HEIGHT;

    if (count == 0) {
        fputs("<p class=\"of\">Nothing was recorded.</p>\n", page->out);
        return;
    }
    write_count_of_rows(page, drawn);
    fprintf(page->out,
            "<div class=\"chart\"><svg id=\"timeline\" viewBox=\"0 0 %u %u\" role=\"img\" "
            "aria-label=\"Timeline of %u threads; the table below has their numbers\"",
            CHART_WIDTH, bottom + 18, drawn);
    write_chart_attributes(page);
    fputs(">\n", page->out);
    write_time_axis(page, TOP, bottom);
    for (uint32_t i = 0, y = TOP + 2; i < count; i++) {
        if (!page->is_drawn[page->rows[i].thread])
            continue;
        write_row(page, &page->rows[i], y);
        y += ROW_HEIGHT;
    }
    fputs("</svg></div>\n", page->out);
}

/* ---- colours ---- */

void write_legend(const struct page *page)
{
    char name[GROUP_NAME_SIZE];
    bool has_others = false;

    fputs("<ul class=\"legend\">", page->out);
    for (unsigned slot = 1; slot < SLOTS; slot++) {
        for (unsigned i = 0; i < group_limit(); i++) {
            if (page->slot_of[i] != slot)
                continue;
            group_name(i, name);
            fprintf(page->out, "<li><b class=\"s%u\"></b>%s</li>", slot, name);
        }
    }
    for (unsigned i = 0; i < group_limit(); i++) {
        if (page->slot_of[i] != 0 || page->group_calls[i] == 0)
            continue;
        group_name(i, name);
        fprintf(page->out, has_others ? ", %s" : "<li><b class=\"s0\"></b>others: %s", name);
        has_others = true;
    }
    fputs(has_others ? "</li></ul>\n" : "</ul>\n", page->out);
}
