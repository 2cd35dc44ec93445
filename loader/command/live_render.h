/*
 * From what --live has counted to the lines of a screen. Writes text alone: no line is wider than
 * the screen, and there is no control character but the ends of the lines.
 */
#ifndef ENDORUN_COMMAND_LIVE_RENDER_H
#define ENDORUN_COMMAND_LIVE_RENDER_H

#include <stdio.h>

#include "live_model.h"

#define LIVE_SCREEN_MAX 1024U /* lines and columns; what a larger screen has more stays empty */
#define LIVE_HEAD_LINE  3U    /* the line that names the columns; the first is 0 */

enum live_sort { LIVE_BY_RATE, LIVE_BY_CALLS, LIVE_BY_ERRORS, LIVE_BY_TIME };

struct live_screen {
    unsigned lines, columns;
    enum live_table_name table;
    enum live_sort sort;
    size_t scroll; /* the row that is shown first */
    bool is_paused;
    bool is_interrupted; /* the program was, and has not ended yet */
};

struct live_header {
    const char *command; /* the program and its arguments */
    int64_t elapsed;     /* nanoseconds */
    size_t processes, threads;
    uint64_t lost; /* records */
};

/* How many rows of the table have room. */
size_t live_page(const struct live_screen *screen);

/* Writes the lines, with an end behind each but the last. `scroll` is put in bounds first. */
void live_render(FILE *out, const struct live_model *model, const struct live_header *header,
                 struct live_screen *screen);

#endif
