/*
 * System calls as text, in strace's manner: from what was recorded of a call (registers, and copies
 * of the memory that it works on) to `name(argument, ...) = result`. Pure but for the stream that
 * it writes to. Everything in a record may be forged by the program: nothing in it is trusted to be
 * long enough, consistent, or text.
 */
#ifndef ENDORUN_TRACE_DECODE_H
#define ENDORUN_TRACE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A copy of `size` bytes that stood at `address` in the program's memory; or a descriptor's name.
 */
struct recorded_piece {
    uint64_t address; /* of a name: the descriptor */
    size_t size;
    const void *bytes; /* not aligned */
    bool is_name;      /* as /proc/PID/fd links have it, without NUL */
};

/* Pieces may overlap; the first that has a byte counts. What is in none was not recorded. */
struct recorded_memory {
    const struct recorded_piece *pieces;
    size_t count;
};

struct recorded_call {
    uint32_t number;
    uint64_t arguments[6];
    int64_t result;                       /* negative errno: it failed */
    struct recorded_memory before, after; /* what the kernel reads; what it has written */
};

struct decoding {
    size_t string_limit;    /* shown of a string, of data, or of an array: strace's -s */
    bool names_descriptors; /* `3</etc/hosts>` where the name was recorded: strace's -y */
};

/* `name(argument, ...)`. Not finished: without what the kernel has written, and `<unfinished ...>`.
 */
void decode_call(FILE *out, const struct decoding *decoding, const struct recorded_call *call);
void decode_unfinished(FILE *out, const struct decoding *decoding,
                       const struct recorded_call *call);

/* `<... name resumed>argument, ...)`: what an unfinished call has left out. */
void decode_resumed(FILE *out, const struct decoding *decoding, const struct recorded_call *call);

/* `3`, `-1 ENOENT (No such file or directory)`, `0x7f...` where it is an address, `?` of no return.
 */
void decode_result(FILE *out, const struct decoding *decoding, const struct recorded_call *call);

/* `SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}`, from a siginfo_t of 128 bytes.
 */
void decode_siginfo(FILE *out, const uint8_t siginfo[128]);

/*
 * What the call is about, one text each: the paths that it gives, from where they begin if that was
 * recorded, or what was opened; what its descriptors lead to (/proc/PID/fd); the addresses of
 * peers. The text is the program's bytes, and lasts until the visit returns.
 */
typedef void decode_visit(void *context, const char *object);
void decode_objects(const struct recorded_call *call, decode_visit *visit, void *context);

/* The name of an error, without its sign; NULL: it has none. */
const char *decode_error_name(int number);

/* `SIGINT`, `SIGRT_1`, or the number of what is no signal. */
void decode_signal_name(FILE *out, uint64_t number);

/* "" of a number that is no call. */
const char *decode_call_name(uint32_t number);

#endif
