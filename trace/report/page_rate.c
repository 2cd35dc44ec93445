#include "html.h"
#include "page.h"

#include <string.h>

#define TOP    8U
#define HEIGHT 130U
#define BOTTOM (TOP + HEIGHT)

/* Calls that begin in each bin, by group and by the slot of its colour. */
struct rate {
    uint64_t groups[TIMELINE_BINS][GROUP_LIMIT];
    uint64_t slots[TIMELINE_BINS][SLOTS];
    uint64_t totals[TIMELINE_BINS];
    uint64_t most;
    unsigned bins; /* that are in use */
};

static void add_up(struct rate *rate, const struct page *page)
{
    const struct timeline *timeline = &page->summary->timeline;

    memset(rate, 0, sizeof *rate);
    for (uint32_t i = 0; i < timeline->cell_keys.count; i++) {
        const struct cell *cell = &timeline->cells[i];

        rate->groups[cell->bin][cell->group] += cell->calls;
        rate->slots[cell->bin][page->slot_of[cell->group]] += cell->calls;
        rate->totals[cell->bin] += cell->calls;
        if (rate->totals[cell->bin] > rate->most)
            rate->most = rate->totals[cell->bin];
        if (cell->bin >= rate->bins)
            rate->bins = cell->bin + 1U;
    }
}

static double y_of(const struct rate *rate, uint64_t calls)
{
    return BOTTOM - HEIGHT * (double)calls / (double)rate->most;
}

static double bin_x(const struct page *page, unsigned bin)
{
    const double x = chart_x(page, bin * page->summary->timeline.bin_width);

    return x < CHART_RIGHT ? x : CHART_RIGHT;
}

/* One path for each slot, upon those of the slots before it. */
static void write_slot(const struct page *page, const struct rate *rate, unsigned slot)
{
    bool is_begun = false;

    for (unsigned bin = 0; bin < rate->bins; bin++) {
        uint64_t below = 0;

        if (rate->slots[bin][slot] == 0)
            continue;
        for (unsigned i = 0; i < slot; i++)
            below += rate->slots[bin][i];
        fputs(is_begun ? "" : "<path class=\"", page->out);
        if (!is_begun)
            fprintf(page->out, "s%u\" d=\"", slot);
        is_begun = true;
        fprintf(page->out, "M%.1f %.1fH%.1fV%.1fH%.1fz", bin_x(page, bin), y_of(rate, below),
                bin_x(page, bin + 1), y_of(rate, below + rate->slots[bin][slot]), bin_x(page, bin));
    }
    if (is_begun)
        fputs("\"/>\n", page->out);
}

/* What is said of a bin, over its whole height. */
static void write_bin(const struct page *page, const struct rate *rate, unsigned bin)
{
    const uint64_t width = page->summary->timeline.bin_width;
    char name[GROUP_NAME_SIZE];

    if (rate->totals[bin] == 0)
        return;
    fprintf(page->out,
            "<rect class=\"bin\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\"><title>",
            bin_x(page, bin), TOP, bin_x(page, bin + 1) - bin_x(page, bin), HEIGHT);
    write_moment(page->out, bin * width);
    fputs(" to ", page->out);
    write_moment(page->out, (bin + 1) * width);
    fputs(" s: ", page->out);
    write_count(page->out, rate->totals[bin]);
    fputs(" calls", page->out);
    for (unsigned i = 0; i < group_limit(); i++) {
        if (rate->groups[bin][i] == 0)
            continue;
        group_name(i, name);
        fprintf(page->out, "\n%s ", name);
        write_count(page->out, rate->groups[bin][i]);
    }
    fputs("</title></rect>\n", page->out);
}

static void write_count_axis(const struct page *page, const struct rate *rate)
{
    const uint64_t levels[] = {0, rate->most / 2, rate->most};

    fputs("<g class=\"axis counts\" aria-hidden=\"true\">", page->out);
    for (unsigned i = rate->most > 1 ? 0 : 1; i < sizeof levels / sizeof levels[0]; i++) {
        const double y = y_of(rate, levels[i]);

        fprintf(page->out, "<path d=\"M%u %.1fH%u\"/><text x=\"%u\" y=\"%.1f\">", CHART_LEFT, y,
                CHART_RIGHT, CHART_LEFT - 6, y + 4);
        write_count(page->out, levels[i]);
        fputs("</text>", page->out);
    }
    fputs("</g>\n", page->out);
}

void write_rate(const struct page *page)
{
    static struct rate rate;

    add_up(&rate, page);
    if (rate.most == 0) {
        fputs("<p class=\"of\">No calls were recorded.</p>\n", page->out);
        return;
    }
    fputs("<p class=\"of\">Calls that began, in each ", page->out);
    write_duration(page->out, page->summary->timeline.bin_width);
    fprintf(page->out,
            ".</p>\n<div class=\"chart\"><svg id=\"rate\" viewBox=\"0 0 %u %u\" role=\"img\" "
            "aria-label=\"Histogram of calls over time, by group; at most ",
            CHART_WIDTH, BOTTOM + 18);
    write_count(page->out, rate.most);
    fputs(" in one bin\">\n", page->out);
    write_time_axis(page, TOP, BOTTOM);
    write_count_axis(page, &rate);
    for (unsigned slot = 0; slot < SLOTS; slot++)
        write_slot(page, &rate, slot);
    for (unsigned bin = 0; bin < rate.bins; bin++)
        write_bin(page, &rate, bin);
    fputs("</svg></div>\n", page->out);
}
