/*
 * One line of a recorded trace, taken apart. docs/trace.md has the format. Nothing in a line is
 * believed: numbers have limits, and a text is any bytes.
 */
#ifndef ENDORUN_REPORT_ENTRY_H
#define ENDORUN_REPORT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct json_tokener;

#define ENTRY_ERROR_SIZE 160U
#define ENTRY_VERSION    1

enum entry_kind {
    ENTRY_OTHER, /* of a type that is not known: from a newer writer */
    ENTRY_TRACE, /* the first line */
    ENTRY_CALL,
    ENTRY_SIGNAL,
    ENTRY_EXIT,
};

/* Bytes of the entry, which may hold NUL; one is behind them as well. NULL: there is none. */
struct text {
    const char *bytes;
    size_t size;
};

struct entry {
    enum entry_kind kind;
    struct json_object *json; /* what the texts are parts of */
    double start;             /* TRACE: Unix time, seconds */
    uint64_t time;            /* all but TRACE: nanoseconds from the start */
    int32_t pid, tid;
    uint64_t duration; /* CALL: nanoseconds; 0 where none is given */
    bool has_result;   /* CALL: the call returned; EXIT: there is a status */
    int64_t result;
    struct text name;                /* of the call, or the signal; EXIT: NULL, or what killed it */
    struct text line;                /* CALL, SIGNAL: in strace's notation */
    struct text error;               /* CALL: NULL unless it failed */
    const struct json_object *texts; /* TRACE: the command; CALL: the objects; NULL: none */
    size_t text_count;
    bool is_injected, is_denied;
};

enum entry_status {
    ENTRY_WHOLE,
    ENTRY_CUT, /* well so far, and not at its end */
    ENTRY_BROKEN,
};

/*
 * Takes a line without its newline apart; a WHOLE one is to be released. Otherwise `error` says
 * what is wrong.
 */
enum entry_status entry_parse(struct entry *entry, struct json_tokener *tokener, const char *line,
                              size_t size, char error[ENTRY_ERROR_SIZE]);
void entry_release(struct entry *entry);

/* Element `index` of `texts`. */
struct text entry_text(const struct entry *entry, size_t index);

#endif
