#include "request.h"

#include "call_names.h"
#include "constants.h"
#include "endorun/syscall_shapes.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../syscalls.def"
};

struct scanner {
    const char *text, *next;
};

__attribute__((noreturn)) static void die_here(const struct scanner *scanner, const char *expected)
{
    die(STATUS_SETUP, "'%s': expected %s at byte %zu", scanner->text, expected,
        (size_t)(scanner->next - scanner->text) + 1);
}

static bool take(struct scanner *scanner, char character)
{
    scanner->next += strspn(scanner->next, " \t");
    if (*scanner->next != character)
        return false;
    scanner->next++;
    return true;
}

/* The length of the word that comes, which may be 0. */
static size_t word_length(struct scanner *scanner)
{
    scanner->next += strspn(scanner->next, " \t");
    return strspn(scanner->next, WORD_CHARACTERS);
}

static uint64_t take_number(struct scanner *scanner, size_t length)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(scanner->next, &end, 0);
    if (errno != 0 || end != scanner->next + length)
        die_here(scanner, "a number of at most 64 bits");
    scanner->next = end;
    return value;
}

static uint64_t take_constant(struct scanner *scanner, size_t length)
{
    int64_t value;

    if (length == strlen("NULL") && strncmp(scanner->next, "NULL", length) == 0)
        value = 0;
    else if (!constant_value(scanner->next, length, &value))
        die(STATUS_SETUP, "'%s': unknown constant '%.*s' (the nearest known one is '%s')",
            scanner->text, (int)length, scanner->next, constant_nearest(scanner->next, length));
    scanner->next += length;
    return (uint64_t)value;
}

static uint64_t take_value(struct scanner *scanner)
{
    uint64_t value = 0;

    do {
        bool is_negative = take(scanner, '-');
        size_t length = word_length(scanner);

        if (length == 0)
            die_here(scanner, "a number, a constant or a string");
        uint64_t word = strchr("0123456789", *scanner->next) != NULL
                            ? take_number(scanner, length)
                            : take_constant(scanner, length);

        value |= is_negative ? 0 - word : word;
    } while (take(scanner, '|'));
    return value;
}

/* Two hexadecimal digits behind `\x`. */
static char take_byte(struct scanner *scanner)
{
    char digits[3] = "";

    if (strspn(scanner->next, "0123456789abcdefABCDEF") < 2)
        die_here(scanner, "two hexadecimal digits");
    memcpy(digits, scanner->next, 2);
    scanner->next += 2;
    return (char)strtoul(digits, NULL, 16);
}

/* What stands up to the closing quote, the opening one taken: the caller's. */
static char *take_string(struct scanner *scanner)
{
    static const char escapes[] = "\\\"nrt", meanings[] = "\\\"\n\r\t";
    char *string = malloc(strlen(scanner->next) + 1), *end = string;

    if (string == NULL)
        die(STATUS_SETUP, "no memory left");
    while (*scanner->next != '"') {
        char character = *scanner->next;

        if (character == '\0')
            die_here(scanner, "a closing quote");
        scanner->next++;
        if (character == '\\') {
            const char *escape = *scanner->next != '\0' ? strchr(escapes, *scanner->next) : NULL;

            if (*scanner->next == 'x') {
                scanner->next++;
                character = take_byte(scanner);
            } else if (escape != NULL) {
                scanner->next++;
                character = meanings[escape - escapes];
            } else {
                die_here(scanner, "one of \\\\, \\\", \\n, \\r, \\t and \\xNN");
            }
        }
        if (character == '\0')
            die_here(scanner, "a string without a NUL");
        *end++ = character;
    }
    scanner->next++;
    *end = '\0';
    return string;
}

/* An argument; where the directory of a path could stand and a path does, it is the next one. */
static void take_argument(struct scanner *scanner, struct request *request, unsigned *index)
{
    const struct endorun_syscall *call = &calls[request->number];

    if (!take(scanner, '"')) {
        request->registers[*index] = take_value(scanner);
        return;
    }
    if (call->arg[*index].kind == ENDORUN_KIND_DIRFD)
        request->registers[(*index)++] = (uint64_t)AT_FDCWD;
    request->strings[*index] = take_string(scanner);
}

void request_read(const char *text, struct request *request)
{
    struct scanner scanner = {text, text};
    size_t length = word_length(&scanner);
    int32_t number = call_number(scanner.next, length);
    unsigned index = 0;

    *request = (struct request){0};
    if (length == 0)
        die_here(&scanner, "the name of a system call");
    if (number < 0)
        die(STATUS_SETUP, "unknown system call '%.*s' (the nearest known one is '%s')", (int)length,
            scanner.next, call_nearest(scanner.next, length));
    request->number = (uint32_t)number;
    scanner.next += length;
    if (!take(&scanner, '('))
        die_here(&scanner, "'(' and the arguments");
    for (bool is_first = true; !take(&scanner, ')'); is_first = false) {
        if (!is_first && !take(&scanner, ','))
            die_here(&scanner, "',' or ')'");
        if (index >= call_argument_count(request->number))
            die(STATUS_SETUP, "'%s': %s has %u argument%s", text, call_name(request->number),
                call_argument_count(request->number),
                call_argument_count(request->number) == 1 ? "" : "s");
        take_argument(&scanner, request, &index);
        index++;
    }
    scanner.next += strspn(scanner.next, " \t");
    if (*scanner.next != '\0')
        die_here(&scanner, "nothing more");
}
