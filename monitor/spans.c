#include "spans.h"
#include "support.h"

uint32_t spans_find(const struct spans *spans, uint64_t address)
{
    uint32_t low = 0, high = spans->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (spans->at[middle].end > address) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

bool spans_hold(const struct spans *spans, uint64_t start, uint64_t end)
{
    uint32_t i = spans_find(spans, start);
    return i < spans->count && spans->at[i].start <= start && spans->at[i].end >= end;
}

bool spans_touch(const struct spans *spans, uint64_t start, uint64_t end)
{
    uint32_t i = spans_find(spans, start);
    return i < spans->count && spans->at[i].start < end;
}

uint64_t spans_piece(const struct spans *spans, uint64_t at, uint64_t end, bool *inside)
{
    uint32_t i = spans_find(spans, at);
    *inside = i < spans->count && spans->at[i].start <= at;
    uint64_t next = i == spans->count ? end : *inside ? spans->at[i].end : spans->at[i].start;
    return next < end ? next : end;
}

bool spans_have_room(const struct spans *spans)
{
    return spans->count + 4 < SPANS_MAX; /* a call does no more than a few steps */
}

/* Replaces `removed` entries from `i` on by `added`. */
static void splice(struct spans *spans, uint32_t i, uint32_t removed, const struct span *entries,
                   uint32_t added)
{
    if (spans->count - removed + added > SPANS_MAX) {
        fatal("too many pieces of executable memory");
    }
    memmove(&spans->at[i + added], &spans->at[i + removed],
            (spans->count - i - removed) * sizeof spans->at[0]);
    memcpy(&spans->at[i], entries, added * sizeof spans->at[0]);
    spans->count = spans->count - removed + added;
}

void spans_remove(struct spans *spans, uint64_t start, uint64_t end)
{
    uint32_t first = spans_find(spans, start), behind = first, left = 0;
    struct span rest[2];
    while (behind < spans->count && spans->at[behind].start < end) {
        const struct span *span = &spans->at[behind++];
        if (span->start < start) {
            rest[left++] = (struct span){span->start, start};
        }
        if (span->end > end) {
            rest[left++] = (struct span){end, span->end};
        }
    }
    splice(spans, first, behind - first, rest, left);
}

void spans_add(struct spans *spans, uint64_t start, uint64_t end)
{
    uint32_t first = spans_find(spans, start == 0 ? 0 : start - 1), behind = first;
    struct span whole = {start, end};
    while (behind < spans->count && spans->at[behind].start <= end) {
        const struct span *span = &spans->at[behind++];
        whole.start = span->start < whole.start ? span->start : whole.start;
        whole.end = span->end > whole.end ? span->end : whole.end;
    }
    splice(spans, first, behind - first, &whole, 1);
}
