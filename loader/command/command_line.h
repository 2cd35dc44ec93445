/*
 * The command line: one table describes every option, and the parser, --help and the suggestion
 * for a misspelt option are driven by it.
 */
#ifndef ENDORUN_COMMAND_COMMAND_LINE_H
#define ENDORUN_COMMAND_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "reader.h"

enum command_mode {
    MODE_RUN, /* the only one that takes a PROGRAM */
    MODE_CHECK,
    MODE_ANALYZE,
    MODE_PLAN,
    MODE_POLICY, /* the word in the place of PROGRAM */
    MODE_LEARN,  /* the same */
    MODE_REPORT, /* the same */
    MODE_HELP,
    MODE_VERSION,
};

enum isolation_choice {
    ISOLATION_CHOICE_AUTO,
    ISOLATION_CHOICE_KERNEL,
    ISOLATION_CHOICE_PKEY,
};

struct command_line {
    enum command_mode mode;
    const char *mode_option; /* the option that chose the mode; NULL: MODE_RUN */
    enum isolation_choice isolation;
    bool no_rewrite;
    bool selector;
    bool jit_denied;
    bool stats;
    bool json;
    const char *stats_file;  /* NULL: standard error */
    const char *policy_file; /* NULL: none */
    bool complain;
    struct trace_request trace;
    const char *trace_option;  /* one that has a meaning with --trace alone; NULL: none is given */
    const char *traced_option; /* one that has a meaning with --trace and --live alone; likewise */
    const char *records;       /* where denials are recorded, as JSON; NULL: as the policy says */
    const char *argv0;         /* NULL: PROGRAM as it was typed */
    const char *analyzed_file;
    char **operands; /* what follows the options, NULL-terminated, part of main's argv */
};

struct command_option {
    const char *name;     /* without the leading "--" */
    char letter;          /* the short form, behind one "-"; 0: there is none */
    const char *argument; /* what --help calls its argument; NULL: it takes none */
    bool optional;        /* the argument may be left out, and is given by "=" only */
    unsigned modes;       /* bit 1 << mode for each mode in which the option has a meaning */
    void (*apply)(struct command_line *line, const struct command_option *option,
                  const char *argument);
    const char *help; /* NULL: internal, or not in this build: neither listed nor suggested */
};

extern const struct command_option command_options[];
extern const size_t command_option_count;

/* Does not return when the line is wrong: one line on standard error, status 125. */
void parse_command_line(struct command_line *line, char **argv);

void print_help(void);

#endif
