/* Recorded calls, and the lines that they are to be shown as. */
#ifndef DECODE_FIXTURE_H
#define DECODE_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"

#define SYSCALL(number, name, ...) CALL_##name = number,
enum call_number {
#include "policy/syscalls.def"
};

#define PIECES_MAX  6
#define FAIL(error) (-(error))

struct sample {
    uint32_t number;
    uint64_t arguments[6];
    int64_t result;
    const char *text;
    struct recorded_piece before[PIECES_MAX], after[PIECES_MAX];
};

/* A string with its NUL, data, and an object. */
#define TEXT(at, string)                                                                           \
    {                                                                                              \
        (at), sizeof(string), (string), false                                                      \
    }
#define DATA(at, string)                                                                           \
    {                                                                                              \
        (at), sizeof(string) - 1, (string), false                                                  \
    }
#define WORDS(at, ...)                                                                             \
    {                                                                                              \
        (at), sizeof((uint64_t[]){__VA_ARGS__}), (const uint64_t[]){__VA_ARGS__}, false            \
    }
#define INTS(at, ...)                                                                              \
    {                                                                                              \
        (at), sizeof((uint32_t[]){__VA_ARGS__}), (const uint32_t[]){__VA_ARGS__}, false            \
    }
/* What a descriptor leads to. */
#define NAME(descriptor, string)                                                                   \
    {                                                                                              \
        (uint32_t)(descriptor), sizeof(string) - 1, (string), true                                 \
    }

enum shown {
    SHOW_BEGUN,
    SHOW_REST,
    SHOW_ALL, /* with the result */
};

/* The line, to be freed. */
char *show(const struct sample *sample, const struct decoding *decoding, enum shown shown);
void check_all(const struct sample *samples, size_t count);
/* With the names of descriptors. */
void check_all_named(const struct sample *samples, size_t count);
/* The call of a sample, whose memory it shares. */
struct recorded_call call_of(const struct sample *sample);
#define CHECK_ALL(samples) check_all(samples, sizeof(samples) / sizeof(samples)[0])

#endif
