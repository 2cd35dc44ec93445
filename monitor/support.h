/* Small things that every part of the monitor uses: strings, locks, numbers, the last words. */
#ifndef ENDORUN_MONITOR_SUPPORT_H
#define ENDORUN_MONITOR_SUPPORT_H

#include "abi.h"
#include "endorun/session.h"

void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *string);

/* Appends to a NUL-terminated string in a buffer of `size` bytes; what does not fit is cut. */
void append_string(char *buffer, size_t size, const char *string);

/* Where the last name of a path begins; slashes may follow it. */
size_t start_of_last_name(const char *path);
void append_number(char *buffer, size_t size, uint64_t number);
void append_hex(char *buffer, size_t size, uint64_t number, int digits);

/* FNV-1a, 64 bits. Start with FNV_OFFSET. */
#define FNV_OFFSET 0xcbf29ce484222325UL
uint64_t fnv1a(uint64_t hash, const void *data, size_t size);

/* The same step for each 64-bit word, for more data than a key; `size` is a multiple of 8. */
uint64_t fnv1a_words(uint64_t hash, const void *data, size_t size);

static inline uint64_t round_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

static inline uint64_t round_up(uint64_t value, uint64_t alignment)
{
    return round_down(value + alignment - 1, alignment);
}

/* Whether the path, or the descriptor where it is empty, leads to this file in its state of then.
 */
bool is_file(int directory, const char *path, const struct endorun_file *file);

/* A lock between the threads of one process; never held while program code runs. */
void lock_acquire(int32_t *lock);
void lock_release(int32_t *lock);

/*
 * A broken invariant: one line on descriptor 2 (if that is still the file it was at the start),
 * then SIGKILL to the whole process. The line: "endorun[PID]: what".
 */
noreturn void fatal(const char *what);
noreturn void fatal_at(const char *what, uint64_t address);

/*
 * One line on descriptor 2, "endorun[PID]: what", if that is still the file it was at the start; of
 * `what` 1024 bytes at most. warn() for this process, warn_of() for the one that a child works for.
 */
void warn(const char *what);
void warn_of(int32_t pid, const char *what);

/* Remembers which file descriptor 2 is. */
void remember_standard_error(void);

#endif
