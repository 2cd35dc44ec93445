#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

/* A longer text is cut: the line must fit into one atomic write to a pipe (PIPE_BUF, 4096). */
#define TEXT_SIZE 1000UL
#define ESCAPED   4UL /* bytes that "\xNN" takes */

static size_t append(char *line, size_t length, const char *text)
{
    while (*text != '\0')
        line[length++] = *text++;
    return length;
}

static size_t append_escaped(char *line, size_t length, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte >= ' ' && byte != 0x7f) {
            line[length++] = *text;
            continue;
        }
        line[length++] = '\\';
        line[length++] = 'x';
        line[length++] = digits[byte >> 4];
        line[length++] = digits[byte & 15];
    }
    return length;
}

/* Nothing is left to tell when descriptor 2 is closed. */
static void tell(const char *format, va_list arguments)
{
    static const char prefix[] = "endorun: ";
    char text[TEXT_SIZE];
    char line[sizeof prefix + ESCAPED * TEXT_SIZE + sizeof "...\n"];
    int wanted = vsnprintf(text, sizeof text, format, arguments);

    size_t length = append(line, 0, prefix);
    length = append_escaped(line, length, wanted < 0 ? format : text);
    if (wanted >= (int)sizeof text)
        length = append(line, length, "...");
    line[length++] = '\n';

    ssize_t ignored = write(STDERR_FILENO, line, length);
    (void)ignored;
}

void warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell(format, arguments);
    va_end(arguments);
}

void die(enum exit_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell(format, arguments);
    va_end(arguments);
    _exit(status);
}

void finish_standard_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        die(STATUS_SETUP, "cannot write to standard output: %s", strerror(errno));
}
