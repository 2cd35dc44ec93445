#include <stdio.h>
#include <string.h>

#include "command_line.h"
#include "learn.h"
#include "message.h"
#include "trace_options.h"

#define INDENT     4U
#define LINE_WIDTH 79U

/* Breaks the text at blanks, each line indented. */
static void print_wrapped(const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t word = strcspn(text, " ");

        if (column > 0 && column + 1 + word > LINE_WIDTH) {
            putchar('\n');
            column = 0;
        }
        if (column == 0)
            column = (size_t)printf("%*s", (int)INDENT, "");
        else
            column += (size_t)printf(" ");
        column += (size_t)printf("%.*s", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

void print_help(void)
{
    printf("usage: endorun [OPTION]... [--] PROGRAM [ARG]...\n"
           "       endorun learn " LEARN_OPERANDS "\n"
           "       endorun policy check|print|explain|test FILE ...\n"
           "       endorun report FILE [-o OUT]\n"
           "Runs PROGRAM with every system call going through a monitor inside its process.\n"
           "\n"
           "PROGRAM is looked up in PATH as a shell does. endorun becomes the program: same\n"
           "process, descriptors and exit status.\n"
           "\n"
           "options:\n");
    for (size_t i = 0; i < command_option_count; i++) {
        const struct command_option *option = &command_options[i];

        if (option->help == NULL)
            continue;
        if (option->letter != 0)
            printf("  -%c, --%s", option->letter, option->name);
        else
            printf("  --%s", option->name);
        if (option->argument != NULL)
            printf(option->optional ? "[=%s]" : "=%s", option->argument);
        putchar('\n');
        print_wrapped(option->help);
    }
    puts("\nexpressions:");
    for (size_t i = 0; i < trace_expression_count; i++) {
        printf("  %s=%s\n", trace_expressions[i].word, trace_expressions[i].argument);
        print_wrapped(trace_expressions[i].help);
    }
    printf("\n"
           "exit status: PROGRAM's own, or\n"
           "  %d  wrong usage, or endorun cannot start\n"
           "  %d  PROGRAM was found and cannot be run\n"
           "  %d  PROGRAM was not found\n",
           STATUS_SETUP, STATUS_CANNOT_RUN, STATUS_NOT_FOUND);
    finish_standard_output();
}
