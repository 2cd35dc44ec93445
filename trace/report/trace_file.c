#include "trace_file.h"

#include "message.h"
#include "table.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

void trace_file_open(struct trace_file *file, const char *name)
{
    *file = (struct trace_file){.name = name, .stream = fopen(name, "re")};
    if (file->stream == NULL)
        die(STATUS_SETUP, "%s: %s", name, strerror(errno));
    file->tokener = json_tokener_new();
    if (file->tokener == NULL)
        die_of_memory();
    json_tokener_set_flags(file->tokener, JSON_TOKENER_STRICT);
}

/* The size of the next line without its newline, or -1. */
static ssize_t read_line(struct trace_file *file, bool *has_end)
{
    errno = 0;
    ssize_t size = getline(&file->line, &file->line_room, file->stream);

    if (size < 0 && errno == ENOMEM)
        die_of_memory();
    if (size < 0 && ferror(file->stream) != 0)
        die(STATUS_SETUP, "%s: %s", file->name, strerror(errno));
    if (size < 0)
        return -1;
    file->line_number++;
    *has_end = file->line[size - 1] == '\n';
    return *has_end ? size - 1 : size;
}

/* The first line says that the file is a trace, and no other one does. */
static void check_place(const struct trace_file *file, const struct entry *entry)
{
    if (file->line_number == 1 && entry->kind != ENTRY_TRACE)
        die(STATUS_SETUP, "%s:1: no trace: the first line is not of type \"trace\"", file->name);
    if (file->line_number > 1 && entry->kind == ENTRY_TRACE)
        die(STATUS_SETUP, "%s:%llu: another trace begins", file->name,
            (unsigned long long)file->line_number);
}

bool trace_file_next(struct trace_file *file, struct entry *entry)
{
    char error[ENTRY_ERROR_SIZE];
    bool has_end;
    const ssize_t size = read_line(file, &has_end);

    if (size < 0 && file->line_number == 0)
        die(STATUS_SETUP, "%s: no trace: the file is empty", file->name);
    if (size < 0)
        return false;
    switch (entry_parse(entry, file->tokener, file->line, (size_t)size, error)) {
    case ENTRY_CUT:
        if (has_end || file->line_number == 1)
            break;
        file->is_cut = true;
        return false;
    case ENTRY_BROKEN:
        break;
    case ENTRY_WHOLE:
        check_place(file, entry);
        return true;
    }
    die(STATUS_SETUP, "%s:%llu: %s", file->name, (unsigned long long)file->line_number, error);
}

void trace_file_close(struct trace_file *file)
{
    fclose(file->stream);
    json_tokener_free(file->tokener);
    free(file->line);
}
