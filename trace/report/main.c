/*
 * `endorun report`: an executable of its own, static, which is embedded in the command and started
 * by it alone. So the reader of JSON costs a run nothing.
 */
#include "message.h"
#include "output.h"
#include "page.h"
#include "trace_file.h"

#include <stdlib.h>
#include <string.h>

#define WHAT_IT_TAKES "report takes FILE [-o OUT]"

struct request {
    const char *file;
    const char *out; /* NULL: beside the file */
    bool wants_help;
};

static void print_usage(void)
{
    fputs(
        "usage: endorun report FILE [-o OUT]\n\n"
        "Writes a page that shows the trace in FILE, which `endorun --trace=FILE.json` has made.\n"
        "It is one HTML file, which needs no other.\n\n"
        "  -o OUT\n"
        "    write it to OUT, or to standard output (-); without it, to FILE with .html in the\n"
        "    place of .json\n"
        "  --help\n"
        "    print this text and exit\n",
        stdout);
    finish_standard_output();
}

static void take_operand(struct request *request, const char *word)
{
    if (request->file != NULL)
        die(STATUS_SETUP, "report: one FILE is enough, but '%s' was given too; " WHAT_IT_TAKES,
            word);
    request->file = word;
}

/* Options stand before or behind FILE; what follows `--` is none. */
static struct request parse_request(char **word)
{
    struct request request = {.file = NULL};
    bool has_options = true;

    for (; *word != NULL; word++) {
        if (!has_options || (*word)[0] != '-') {
            take_operand(&request, *word);
        } else if (strcmp(*word, "--") == 0) {
            has_options = false;
        } else if (strcmp(*word, "--help") == 0) {
            request.wants_help = true;
            return request;
        } else if (strcmp(*word, "-o") == 0 && word[1] != NULL && *word[1] != '\0') {
            request.out = *++word;
        } else if (strcmp(*word, "-o") == 0) {
            die(STATUS_SETUP, "report: -o needs the name of a file; " WHAT_IT_TAKES);
        } else {
            die(STATUS_SETUP, "report: unknown option '%s'; " WHAT_IT_TAKES, *word);
        }
    }
    if (request.file == NULL)
        die(STATUS_SETUP, "report: no FILE was given; " WHAT_IT_TAKES);
    return request;
}

/* FILE with .html in the place of .json. */
static char *default_out(const char *file)
{
    static const char json[] = ".json";
    const size_t length = strlen(file), end = strlen(json);
    const bool is_json = length > end && strcmp(file + length - end, json) == 0;
    char *out;

    if (asprintf(&out, "%.*s.html", (int)(is_json ? length - end : length), file) < 0)
        die_of_memory();
    return out;
}

static void read_trace(struct trace_file *file, const char *name, struct summary *summary)
{
    struct entry entry;

    trace_file_open(file, name);
    while (trace_file_next(file, &entry)) {
        summary_add(summary, &entry);
        entry_release(&entry);
    }
    if (file->is_cut)
        warn("%s:%llu: the trace ends in the middle of this line, which is left out", name,
             (unsigned long long)file->line_number);
    trace_file_close(file);
}

int main(int argc, char **argv)
{
    static struct summary summary;
    struct trace_file file;
    struct output output;

    if (argc < 2)
        die(STATUS_SETUP, "report: no FILE was given; " WHAT_IT_TAKES);
    const struct request request = parse_request(argv + 1);
    if (request.wants_help) {
        print_usage();
        return 0;
    }
    read_trace(&file, request.file, &summary);
    output_open(&output, request.out != NULL ? request.out : default_out(request.file),
                request.file);
    write_page(output.stream, &summary, request.file, file.is_cut ? file.line_number : 0);
    output_close(&output);
    summary_release(&summary);
    return 0;
}
