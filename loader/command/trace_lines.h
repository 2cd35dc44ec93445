/* Lines of a trace, from when they are made until they can be written in the order of time. */
#ifndef ENDORUN_COMMAND_TRACE_LINES_H
#define ENDORUN_COMMAND_TRACE_LINES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace_clock.h"

enum trace_stamps {
    TRACE_STAMPS_NONE,
    TRACE_STAMPS_SECONDS,      /* 20:28:52 */
    TRACE_STAMPS_MICROSECONDS, /* 20:28:52.470354 */
    TRACE_STAMPS_UNIX,         /* 1763843332.470354 */
    TRACE_STAMPS_RELATIVE,     /* 0.000532: since the line before */
};

struct trace_line {
    uint64_t time;       /* by which lines are ordered */
    uint64_t order;      /* in which they were made */
    uint64_t stamp;      /* the time that is shown; 0: none is */
    size_t offset, size; /* in the text */
    size_t stamp_offset; /* in the line: where the stamp is put in */
};

struct trace_lines {
    FILE *out; /* the text: what is written here is the line that is being made */
    enum trace_stamps stamps;
    const struct trace_clock *clock; /* of the stamps */
    char *text;
    size_t text_size;
    struct trace_line *lines;
    size_t count, room;
    uint64_t made;
    size_t started;      /* where the line that is being made begins in the text */
    size_t stamp_offset; /* of that line */
    uint64_t last_stamp; /* of the line that was written last; 0: none was */
};

/* Ends the command where there is no memory, as all of these do. */
void trace_lines_create(struct trace_lines *lines, enum trace_stamps stamps,
                        const struct trace_clock *clock);

/* The stamp of the line that is being made goes here. */
void trace_lines_stamp(struct trace_lines *lines);

/* What was written to .out since the last end is a line; its end is added. */
void trace_lines_end(struct trace_lines *lines, uint64_t time, uint64_t stamp);

/*
 * Writes those of earlier times (`fd` -1: to nowhere), and forgets them whatever comes of it. 0 or
 * a negative errno.
 */
int trace_lines_write(struct trace_lines *lines, int fd, uint64_t before);

#endif
