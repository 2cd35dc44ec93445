/* The options of --trace: which calls, and how they are shown. */
#ifndef ENDORUN_COMMAND_TRACE_OPTIONS_H
#define ENDORUN_COMMAND_TRACE_OPTIONS_H

#include "reader.h"

/* What -e takes: `word=argument`. */
struct trace_expression {
    const char *word;
    const char *argument; /* as --help calls it */
    void (*apply)(struct trace_request *request, const char *argument);
    const char *help;
};

extern const struct trace_expression trace_expressions[];
extern const size_t trace_expression_count;

/* All calls, 32 bytes of each string, as strace has it. */
void trace_request_begin(struct trace_request *request);

/*
 * One expression of -e: `trace=openat,%network`, `trace=!read,write`, `status=failed`,
 * `inject=CALL:error=EIO:when=2+`; without a word before "=", trace is meant. Ends the command
 * where it is none, with the nearest known name.
 */
void trace_request_select(struct trace_request *request, const char *expression);

/* What is behind `inject=` and `fault=`, as strace(1) has them. */
void trace_request_inject(struct trace_request *request, const char *expression);
void trace_request_fault(struct trace_request *request, const char *expression);

/* A list of calls and groups, which need not end at `length`; `what` is the word before it. */
void trace_parse_calls(uint64_t calls[8], const char *what, const char *list, size_t length);

/* -P: the path as it is, and what it leads to. */
void trace_request_add_path(struct trace_request *request, const char *path);

/* -s. Ends the command where the argument is no number in bounds. */
void trace_request_limit_strings(struct trace_request *request, const char *number);

#endif
