/* Sets of pages: sorted spans of addresses, disjoint, no two of them adjacent. */
#ifndef ENDORUN_MONITOR_SPANS_H
#define ENDORUN_MONITOR_SPANS_H

#include "abi.h"

#define SPANS_MAX 16384U

struct spans {
    uint32_t count;
    struct span {
        uint64_t start, end;
    } at[SPANS_MAX];
};

/* The first that ends behind `address`, or the count. */
uint32_t spans_find(const struct spans *spans, uint64_t address);

/* All of it, some of it. The range is not empty. */
bool spans_hold(const struct spans *spans, uint64_t start, uint64_t end);
bool spans_touch(const struct spans *spans, uint64_t start, uint64_t end);

/* How far [at, end), which is not empty, lies `inside` of the set, or outside. */
uint64_t spans_piece(const struct spans *spans, uint64_t at, uint64_t end, bool *inside);

/* Each may need one entry more; without one it is fatal. */
bool spans_have_room(const struct spans *spans);
void spans_remove(struct spans *spans, uint64_t start, uint64_t end);
void spans_add(struct spans *spans, uint64_t start, uint64_t end);

#endif
