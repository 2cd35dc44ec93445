/* What the monitor has recorded: denials, each a line of JSON (policy/enforce/denial.c). */
#ifndef ENDORUN_POLICY_COMMAND_RECORDS_H
#define ENDORUN_POLICY_COMMAND_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Strings lie in the line. */
struct record {
    const char *program;
    const char *section, *key, *object; /* of the entry that could allow it */
    const char *action;                 /* "allow": no denial, but a call that is logged */
    const char *rule, *file;            /* what denies it, and where that stands */
    unsigned long line, column;         /* 0: nowhere, it is a default */
};

/* False: no record, or one that was cut. The line is written over. */
bool read_record(char *line, struct record *record);

/* Whether an entry can allow it: what a rule of its own denies none can. */
bool is_by_default(const struct record *record);

#endif
