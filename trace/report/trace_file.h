/* A file with a recorded trace, read line by line. */
#ifndef ENDORUN_REPORT_TRACE_FILE_H
#define ENDORUN_REPORT_TRACE_FILE_H

#include "entry.h"

#include <stdio.h>

struct trace_file {
    const char *name;
    FILE *stream;
    struct json_tokener *tokener;
    char *line; /* the last one read */
    size_t line_room;
    uint64_t line_number; /* its number, from 1 */
    bool is_cut;          /* the last line has no end: it was left out */
};

/* Both end the command with a message where the file or a line of it is not in order. */
void trace_file_open(struct trace_file *file, const char *name);

/* The next entry, to be released. False: there is none. */
bool trace_file_next(struct trace_file *file, struct entry *entry);

void trace_file_close(struct trace_file *file);

#endif
