#include "html.h"
#include "page.h"

#include <string.h>

#define TICKS_MAX 10U

double chart_x(const struct page *page, uint64_t time)
{
    const uint64_t end = page->summary->end > 0 ? page->summary->end : 1;

    return CHART_LEFT + (double)(CHART_RIGHT - CHART_LEFT) * (double)time / (double)end;
}

/* 1, 2 or 5 times a power of ten, so that there are few enough. */
static uint64_t tick_step(uint64_t end)
{
    static const uint64_t factors[] = {1, 2, 5};

    for (uint64_t power = 1;; power *= 10)
        for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
            if (end / (factors[i] * power) < TICKS_MAX)
                return factors[i] * power;
}

void write_time_axis(const struct page *page, unsigned top, unsigned bottom)
{
    static const char *const units[] = {"ns", "\u00b5s", "ms", "s"};
    const uint64_t end = page->summary->end, step = tick_step(end);
    unsigned unit = 0;
    double scale = 1;

    while (unit < 3 && (double)end >= scale * 1000) {
        scale *= 1000;
        unit++;
    }
    fputs("<g class=\"axis\" aria-hidden=\"true\">", page->out);
    for (uint64_t time = 0; time <= end; time += step) {
        const double x = chart_x(page, time);

        fprintf(page->out, "<path d=\"M%.1f %uV%u\"/><text x=\"%.1f\" y=\"%u\">%g %s</text>", x,
                top, bottom, x, bottom + 13, (double)time / scale, units[unit]);
    }
    fputs("</g>\n", page->out);
}

void write_chart_attributes(const struct page *page)
{
    char name[GROUP_NAME_SIZE];

    fprintf(
        page->out,
        " data-left=\"%u\" data-right=\"%u\" data-end=\"%llu\" data-bin=\"%llu\" data-groups=\"",
        CHART_LEFT, CHART_RIGHT, (unsigned long long)page->summary->end,
        (unsigned long long)page->summary->timeline.bin_width);
    for (unsigned i = 0; i < group_limit(); i++) {
        group_name(i, name);
        fprintf(page->out, i > 0 ? " %s" : "%s", name);
    }
    putc('"', page->out);
}
