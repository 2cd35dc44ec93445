/*
 * Which memory a system call works on, as the table of calls tells it: pure but for what it reads
 * through the function that it is given.
 */
#ifndef ENDORUN_POLICY_RANGES_H
#define ENDORUN_POLICY_RANGES_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the caller's memory: 0, or a negative errno. */
typedef long ranges_read(void *target, uint64_t source, uint64_t size);

struct call_range {
    uint64_t start, length;
    bool written;    /* the kernel may write there */
    bool is_string;  /* it ends at a NUL, LENGTH_UNTOLD bytes at most */
    bool is_data;    /* what is read or written: no structure, and the call returns how much */
    bool is_records; /* of a directory: the call returns how much, as of data */
};

/* Told of one range. */
typedef bool ranges_visit(void *context, const struct call_range *range);

/*
 * Visits what the call reads and writes, in the order of its arguments; iovecs, message headers and
 * arrays of strings are followed behind themselves. Says whether any
 * visit returned true. Where the length is not told it is LENGTH_UNTOLD; what depends on a command
 * counts as an address. Such lengths can be too large, never those that other arguments tell.
 */
#define LENGTH_UNTOLD 4096U
bool call_visits(uint32_t number, const uint64_t arguments[6], ranges_read *reader,
                 ranges_visit *visitor, void *context);

/* Whether some argument may be the address of memory that the call works on. */
bool call_uses_memory(uint32_t number);

/*
 * A call that failed with EFAULT may be made again: nothing was done, or nothing that is lost. Of
 * what takes something and then gives it to the caller (a child's status, a datagram) that is not
 * true. A read of such an object (an event counter, a directory's changes) waits for the next.
 */
bool call_is_repeatable(uint32_t number);

#endif
