/* The parser: knows the shape of a command line, and of the options only what the table says. */
#include <stdint.h>
#include <string.h>

#include "command_line.h"
#include "message.h"
#include "nearest.h"
#include "trace_options.h"

/* First words that are commands of their own. */
static const struct {
    char word[8]; /* here, not elsewhere: a run relocates no pointer for it */
    enum command_mode mode;
} command_words[] = {{"policy", MODE_POLICY}, {"learn", MODE_LEARN}, {"report", MODE_REPORT}};

_Static_assert(sizeof(uint32_t) * 8 > MODE_VERSION, "the modes of an option are a bit set");

static const struct command_option *find_option(const char *name, size_t length)
{
    for (size_t i = 0; i < command_option_count; i++) {
        const char *candidate = command_options[i].name;

        if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
            return &command_options[i];
    }
    return NULL;
}

__attribute__((noreturn)) static void die_unknown_option(const char *word)
{
    const char *name = word + strspn(word, "-");
    struct nearest nearest = nearest_to(name, strcspn(name, "="));

    for (size_t i = 0; i < command_option_count; i++)
        if (command_options[i].help != NULL)
            nearest_offer(&nearest, command_options[i].name);
    die(STATUS_SETUP, "unknown option '%s'; the nearest known one is --%s", word, nearest.name);
}

static const struct command_option *find_letter(char letter)
{
    for (size_t i = 0; i < command_option_count; i++)
        if (command_options[i].letter != 0 && command_options[i].letter == letter)
            return &command_options[i];
    return NULL;
}

/* `-eARGUMENT` or `-e ARGUMENT`; those without one stand together: `-yT`. */
static char **take_letters(struct command_line *line, char **word, uint64_t *given)
{
    const char *letter = *word + 1;

    do {
        const struct command_option *option = find_letter(*letter);
        const char *argument = NULL;

        if (option == NULL)
            die_unknown_option(*word);
        letter++;
        if (option->argument != NULL) {
            argument = *letter != '\0' ? letter : *++word;
            letter = "";
        }
        if (option->argument != NULL && argument == NULL)
            die(STATUS_SETUP, "-%c needs an argument: -%c %s", option->letter, option->letter,
                option->argument);
        option->apply(line, option, argument);
        *given |= 1ULL << (option - command_options);
    } while (*letter != '\0');
    return word + 1;
}

/* Applies the option at *word; returns the first word after it and its argument. */
static char **take_option(struct command_line *line, char **word, uint64_t *given)
{
    const char *name = *word + strlen("--");
    size_t length = strcspn(name, "=");
    const char *argument = name[length] == '=' ? name + length + 1 : NULL;
    const struct command_option *option = NULL;

    if (strncmp(*word, "--", strlen("--")) != 0)
        return take_letters(line, word, given);
    option = find_option(name, length);
    if (option == NULL)
        die_unknown_option(*word);
    if (argument != NULL && option->argument == NULL)
        die(STATUS_SETUP, "--%s takes no argument", option->name);
    if (argument == NULL && option->argument != NULL && !option->optional) {
        argument = *++word;
        if (argument == NULL)
            die(STATUS_SETUP, "--%s needs an argument: --%s=%s", option->name, option->name,
                option->argument);
    }
    option->apply(line, option, argument);
    *given |= 1ULL << (option - command_options);
    return word + 1;
}

/* An option that the mode would ignore is an error: nothing that was asked for goes unsaid. */
static void check_options_against_mode(const struct command_line *line, uint64_t given)
{
    for (size_t i = 0; i < command_option_count; i++) {
        const struct command_option *option = &command_options[i];

        if ((given & (1ULL << i)) == 0 || (option->modes & (1U << line->mode)) != 0)
            continue;
        if (line->mode == MODE_RUN)
            die(STATUS_SETUP, "--%s has no meaning when a program is run", option->name);
        for (size_t k = 0; k < sizeof command_words / sizeof command_words[0]; k++)
            if (line->mode == command_words[k].mode)
                die(STATUS_SETUP, "--%s has no meaning with the command %s", option->name,
                    command_words[k].word);
        die(STATUS_SETUP, "--%s has no meaning with --%s", option->name, line->mode_option);
    }
}

static void check_trace_options(const struct command_line *line)
{
    const struct trace_request *trace = &line->trace;

    if (line->trace_option != NULL && !trace->writes)
        die(STATUS_SETUP, "--%s has a meaning with --trace only", line->trace_option);
    if (line->traced_option != NULL && !trace->writes && !trace->is_live)
        die(STATUS_SETUP, "--%s has a meaning with --trace and --live only", line->traced_option);
    if (trace->is_live && trace->writes && trace->file == NULL)
        die(STATUS_SETUP, "--live has the terminal; the lines of --trace need a file "
                          "(--trace=FILE)");
}

static void check_operands(const struct command_line *line)
{
    const char *first = line->operands[0];

    if (line->mode == MODE_PLAN || line->mode == MODE_POLICY || line->mode == MODE_LEARN ||
        line->mode == MODE_REPORT)
        return;
    if (line->mode != MODE_RUN) {
        if (first != NULL)
            die(STATUS_SETUP, "--%s runs no program, but '%s' was given", line->mode_option, first);
        return;
    }
    if (first == NULL)
        die(STATUS_SETUP, "no PROGRAM was given; `endorun --help` shows the usage");
}

void parse_command_line(struct command_line *line, char **argv)
{
    /* argv[0] is missing when the caller of execve gave none and the kernel is before 5.18. */
    char **word = *argv == NULL ? argv : argv + 1;
    bool after_dashes = false;
    uint64_t given = 0;

    *line = (struct command_line){.mode = MODE_RUN};
    trace_request_begin(&line->trace);
    while (*word != NULL && (*word)[0] == '-' && (*word)[1] != '\0') {
        if (strcmp(*word, "--") == 0) {
            after_dashes = true;
            word++;
            break;
        }
        word = take_option(line, word, &given);
        if (line->mode == MODE_HELP || line->mode == MODE_VERSION)
            return; /* as everywhere: the rest of the line does not matter */
    }
    line->operands = word;
    for (size_t i = 0; i < sizeof command_words / sizeof command_words[0]; i++)
        if (line->mode == MODE_RUN && !after_dashes && *word != NULL &&
            strcmp(*word, command_words[i].word) == 0)
            line->mode = command_words[i].mode;
    check_options_against_mode(line, given);
    check_trace_options(line);
    check_operands(line);
}
