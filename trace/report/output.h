/* The page's file, which is there as a whole or not at all. */
#ifndef ENDORUN_REPORT_OUTPUT_H
#define ENDORUN_REPORT_OUTPUT_H

#include <limits.h>
#include <stdio.h>

struct output {
    const char *name; /* as it was given; "-": standard output */
    FILE *stream;
    char path[PATH_MAX];          /* without a link at its end, which would be replaced itself */
    char temporary[PATH_MAX + 8]; /* beside it; empty: written directly */
};

/*
 * Both end the command with a message where the file cannot be written; then it is as it was.
 * `trace` is the file that is not to be replaced.
 */
void output_open(struct output *output, const char *name, const char *trace);
void output_close(struct output *output);

#endif
