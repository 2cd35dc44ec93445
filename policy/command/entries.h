/* Entries of a policy's lists, and which programs needed them. Without memory they end the command.
 */
#ifndef ENDORUN_POLICY_COMMAND_ENTRIES_H
#define ENDORUN_POLICY_COMMAND_ENTRIES_H

#include <stddef.h>
#include <stdio.h>

#define PROGRAMS_SHOWN 4U

struct entry {
    char *text;
    char *programs[PROGRAMS_SHOWN];
    unsigned program_count; /* PROGRAMS_SHOWN + 1: more than are kept */
};

/* Zeroed at the start. */
struct entries {
    struct entry *items;
    size_t count, capacity;
};

/* An entry that is there already has one more program. Of a path the last name is kept. */
void entries_add(struct entries *entries, const char *text, const char *program);

/* Sorts them, and leaves out what a tree (a pattern that ends with a "**") has in it. */
void entries_settle(struct entries *entries);

/* "cp, mv". */
void write_programs(FILE *out, const struct entry *entry);

#endif
