/* The search of memory that is to become executable, and what is told of it. */
#ifndef ENDORUN_REWRITER_SEARCH_H
#define ENDORUN_REWRITER_SEARCH_H

#include "../../monitor/abi.h"

/* Where bytes come from that are to stand at `start`: offset `offset` of `fd`, or memory (-1). */
struct origin {
    int fd;
    uint64_t start, offset;
    bool quiet; /* what is found is not told */
};

/*
 * Searches `length` bytes at `content`, which are to stand at origin->start. What has a byte in a
 * page that was set aside can't be executed: become_executable() leaves that page out.
 */
bool search_finds_none(uint64_t content, uint64_t length, const struct origin *origin);

#endif
