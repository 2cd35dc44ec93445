#include "entries.h"

#include "message.h"

#include "../../loader/command/escape.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn)) static void die_of_memory(void)
{
    die(STATUS_SETUP, "learn: no memory left");
}

static char *copy(const char *text)
{
    char *copied = strdup(text);

    if (copied == NULL)
        die_of_memory();
    return copied;
}

static void add_program(struct entry *entry, const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *name = slash != NULL ? slash + 1 : program;

    for (unsigned i = 0; i < entry->program_count && i < PROGRAMS_SHOWN; i++)
        if (strcmp(entry->programs[i], name) == 0)
            return;
    if (entry->program_count < PROGRAMS_SHOWN)
        entry->programs[entry->program_count] = copy(name);
    if (entry->program_count <= PROGRAMS_SHOWN)
        entry->program_count++;
}

void entries_add(struct entries *entries, const char *text, const char *program)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->items[i].text, text) == 0) {
            add_program(&entries->items[i], program);
            return;
        }
    }
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity * 2 + 64;
        entries->items = reallocarray(entries->items, entries->capacity, sizeof *entries->items);
        if (entries->items == NULL)
            die_of_memory();
    }
    struct entry *entry = &entries->items[entries->count++];

    *entry = (struct entry){.text = copy(text)};
    add_program(entry, program);
}

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->text, ((const struct entry *)right)->text);
}

/* Whether a tree of the list has the entry in it. */
static bool is_covered(const struct entries *entries, const struct entry *entry)
{
    for (size_t i = 0; i < entries->count; i++) {
        const char *tree = entries->items[i].text;
        size_t length = strlen(tree);

        if (&entries->items[i] != entry && length > 3 && strcmp(tree + length - 3, "/**") == 0 &&
            strncmp(tree, entry->text, length - 3) == 0 &&
            (entry->text[length - 3] == '/' || entry->text[length - 3] == '\0'))
            return true;
    }
    return false;
}

void entries_settle(struct entries *entries)
{
    /* A tree that is covered itself is beneath one that covers the same: any order will do. */
    for (size_t i = 0; i < entries->count;) {
        if (is_covered(entries, &entries->items[i]))
            entries->items[i] = entries->items[--entries->count];
        else
            i++;
    }
    if (entries->count > 0)
        qsort(entries->items, entries->count, sizeof *entries->items, compare);
}

void write_programs(FILE *out, const struct entry *entry)
{
    for (unsigned i = 0; i < entry->program_count && i < PROGRAMS_SHOWN; i++) {
        fputs(i > 0 ? ", " : "", out);
        write_escaped(out, entry->programs[i]);
    }
    fputs(entry->program_count > PROGRAMS_SHOWN ? ", ..." : "", out);
}
