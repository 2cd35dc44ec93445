#include "timeline.h"

#include <stdlib.h>

#define FIRST_WIDTH 128U /* nanoseconds */

/* Of a cell and of a mark: kind is the group of the one, and that of the other. */
static uint32_t key_number(struct table *keys, uint32_t thread, uint16_t bin, uint8_t kind)
{
    const uint64_t key = (uint64_t)thread << 24 | (uint64_t)bin << 8 | kind;

    return table_add(keys, &key, sizeof key);
}

static void add_cell(struct timeline *timeline, const struct cell *added)
{
    const uint32_t number =
        key_number(&timeline->cell_keys, added->thread, added->bin, added->group);

    timeline->cells =
        grow_items(timeline->cells, &timeline->cell_room, number, sizeof *timeline->cells);
    struct cell *cell = &timeline->cells[number];
    const uint32_t calls = cell->calls + added->calls;
    const uint64_t time = cell->time + added->time;

    *cell = *added;
    cell->calls = calls;
    cell->time = time;
}

static void add_mark(struct timeline *timeline, const struct mark *added)
{
    const uint32_t number =
        key_number(&timeline->mark_keys, added->thread, added->bin, added->kind);

    timeline->marks =
        grow_items(timeline->marks, &timeline->mark_room, number, sizeof *timeline->marks);
    struct mark *mark = &timeline->marks[number];
    const uint32_t count = mark->count + added->count;

    if (mark->count == 0 || added->first < mark->first)
        *mark = *added;
    mark->count = count;
}

/* Each bin takes in as many as `ratio` of the narrower ones. */
static void widen(struct timeline *timeline, uint64_t ratio)
{
    struct timeline wider = {.bin_width = timeline->bin_width * ratio, .texts = timeline->texts};

    for (uint32_t i = 0; i < timeline->cell_keys.count; i++) {
        struct cell cell = timeline->cells[i];

        cell.bin = (uint16_t)(cell.bin / ratio);
        add_cell(&wider, &cell);
    }
    for (uint32_t i = 0; i < timeline->mark_keys.count; i++) {
        struct mark mark = timeline->marks[i];

        mark.bin = (uint16_t)(mark.bin / ratio);
        add_mark(&wider, &mark);
    }
    timeline->texts = (struct table){.keys = NULL};
    timeline_release(timeline);
    *timeline = wider;
}

static void reach(struct timeline *timeline, uint64_t time)
{
    uint64_t ratio = 1;

    if (timeline->bin_width == 0)
        timeline->bin_width = FIRST_WIDTH;
    while (time / (timeline->bin_width * ratio) >= TIMELINE_BINS)
        ratio *= 2;
    if (ratio > 1)
        widen(timeline, ratio);
}

void timeline_add_call(struct timeline *timeline, uint32_t thread, unsigned group,
                       const struct entry *entry)
{
    const uint64_t end = entry->time + entry->duration;

    reach(timeline, end);
    for (uint64_t time = entry->time, calls = 1;; calls = 0) {
        const uint64_t bin = time / timeline->bin_width;
        const uint64_t bin_end = (bin + 1) * timeline->bin_width;
        const uint64_t until = end < bin_end ? end : bin_end;
        const struct cell cell = {.thread = thread,
                                  .bin = (uint16_t)bin,
                                  .group = (uint8_t)group,
                                  .calls = (uint32_t)calls,
                                  .time = until - time};

        add_cell(timeline, &cell);
        if (end <= bin_end)
            break;
        time = bin_end;
    }
}

void timeline_add_mark(struct timeline *timeline, uint32_t thread, enum mark_kind kind,
                       uint64_t time, struct text text)
{
    reach(timeline, time);
    const struct mark mark = {.thread = thread,
                              .bin = (uint16_t)(time / timeline->bin_width),
                              .kind = (uint8_t)kind,
                              .count = 1,
                              .first = time,
                              .text = table_add(&timeline->texts, text.bytes, text.size)};

    add_mark(timeline, &mark);
}

void timeline_release(struct timeline *timeline)
{
    free(timeline->cells);
    free(timeline->marks);
    table_release(&timeline->cell_keys);
    table_release(&timeline->mark_keys);
    table_release(&timeline->texts);
    *timeline = (struct timeline){.cells = NULL};
}
