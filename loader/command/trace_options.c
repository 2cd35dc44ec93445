#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call_names.h"
#include "endorun/event.h"
#include "message.h"
#include "trace_options.h"

#define STRING_LIMIT     32U
#define STRING_LIMIT_MAX 8192U /* what one record has room for */

/* Groups as strace's users write them, where the table of calls has another word. */
static const struct {
    const char *name, *group;
} group_aliases[] = {{"desc", "descriptor"}, {"net", "network"}, {"creds", "credentials"}};

void trace_request_begin(struct trace_request *request)
{
    *request =
        (struct trace_request){.options = {.string_limit = STRING_LIMIT, .shows_lines = true}};
    memset(request->options.selection.calls, 0xff, sizeof request->options.selection.calls);
}

static void set_call(uint64_t calls[8], uint32_t number)
{
    if (number < ENDORUN_TRACE_CALLS)
        calls[number / 64] |= 1ULL << (number % 64);
}

static int find_group(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof group_aliases / sizeof group_aliases[0]; i++)
        if (strlen(group_aliases[i].name) == length &&
            memcmp(group_aliases[i].name, name, length) == 0)
            return group_number(group_aliases[i].group, strlen(group_aliases[i].group));
    return group_number(name, length);
}

static void add_word(uint64_t calls[8], const char *what, const char *word, size_t length)
{
    const bool is_group = *word == '%' || *word == '@';
    const int32_t number = is_group ? -1 : call_number(word, length);

    if (number >= 0) {
        set_call(calls, (uint32_t)number);
        return;
    }
    if (length == strlen("none") && memcmp(word, "none", length) == 0)
        return;
    const char *name = word + is_group;
    const size_t name_length = length - is_group;
    const int group = find_group(name, name_length);
    if (group < 0 && is_group)
        die(STATUS_SETUP, "-e %s: no group of calls is named %.*s; the nearest known one is %%%s",
            what, (int)length, word, group_nearest(name, name_length));
    if (group < 0)
        die(STATUS_SETUP, "-e %s: no call is named '%.*s'; the nearest known one is %s", what,
            (int)length, word, call_nearest(word, length));
    for (uint32_t i = 0; i < call_limit(); i++)
        if (group_has(group, i))
            set_call(calls, i);
}

void trace_parse_calls(uint64_t calls[8], const char *what, const char *list, size_t length)
{
    const bool is_negated = length > 0 && *list == '!';
    const char *word = list + is_negated, *end = list + length;

    memset(calls, 0, ENDORUN_TRACE_CALLS / 8);
    for (;; word++) {
        const size_t rest = (size_t)(end - word), size = strcspn(word, ",");
        const size_t word_length = size < rest ? size : rest;

        if (word_length == 0)
            die(STATUS_SETUP, "-e %s=%.*s: a name is missing", what, (int)length, list);
        add_word(calls, what, word, word_length);
        word += word_length;
        if (word == end)
            break;
    }
    for (size_t i = 0; is_negated && i < ENDORUN_TRACE_CALLS / 64; i++)
        calls[i] = ~calls[i];
}

static void select_status(struct trace_request *request, const char *status)
{
    if (strcmp(status, "failed") == 0)
        request->options.selection.shown = TRACE_SHOWS_FAILED;
    else if (strcmp(status, "successful") == 0)
        request->options.selection.shown = TRACE_SHOWS_SUCCESSFUL;
    else
        die(STATUS_SETUP, "-e status=%s: expected failed or successful", status);
}

static void select_calls(struct trace_request *request, const char *list)
{
    trace_parse_calls(request->options.selection.calls, "trace", list, strlen(list));
}

const struct trace_expression trace_expressions[] = {
    {"trace", "CALL,...", select_calls,
     "only these calls, or with ! before them all others; %GROUP stands for all calls of a group "
     "(%file, %network, %process...)"},
    {"status", "failed|successful", select_status, "only calls that end so"},
    {"inject", "CALL,...:ACTION[:ACTION]...", trace_request_inject,
     "change these calls: error=ERROR or retval=NUMBER instead of making them, signal=SIGNAL, "
     "delay_enter=TIME, delay_exit=TIME (in microseconds), when=FIRST[..LAST][+[STEP]] for some "
     "of a thread's calls only"},
    {"fault", "CALL,...[:ACTION]...", trace_request_fault,
     "the same with error=ENOSYS, unless another is given"},
};
const size_t trace_expression_count = sizeof trace_expressions / sizeof trace_expressions[0];

void trace_request_select(struct trace_request *request, const char *expression)
{
    const size_t length = strcspn(expression, "=:");

    if (expression[length] != '=') {
        select_calls(request, expression);
        return;
    }
    for (size_t i = 0; i < trace_expression_count; i++) {
        const struct trace_expression *known = &trace_expressions[i];

        if (strlen(known->word) == length && memcmp(known->word, expression, length) == 0) {
            known->apply(request, expression + length + 1);
            return;
        }
    }
    die(STATUS_SETUP,
        "-e %s: expected trace=CALL[,CALL]..., status=failed|successful, or inject=CALL:...",
        expression);
}

void trace_request_add_path(struct trace_request *request, const char *path)
{
    struct trace_selection *selection = &request->options.selection;

    if (*path == '\0')
        die(STATUS_SETUP, "-P: the path is empty");
    if (selection->path_count >= TRACE_PATHS_MAX - 1)
        die(STATUS_SETUP, "-P %s: no more than %u paths can be chosen", path,
            (TRACE_PATHS_MAX - 1) / 2);
    char *real = realpath(path, NULL); /* what descriptors are shown to lead to */
    selection->paths[selection->path_count++] = path;
    if (real != NULL && strcmp(real, path) != 0)
        selection->paths[selection->path_count++] = real;
    else
        free(real);
}

void trace_request_limit_strings(struct trace_request *request, const char *number)
{
    char *end;

    errno = 0;
    const unsigned long limit = strtoul(number, &end, 10);
    if (*number < '0' || *number > '9' || *end != '\0' || errno != 0 || limit > STRING_LIMIT_MAX)
        die(STATUS_SETUP, "-s %s: expected a number of bytes, at most %u", number,
            STRING_LIMIT_MAX);
    request->options.string_limit = limit;
}
