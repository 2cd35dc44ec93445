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

/* Told of one range; `written`: the kernel may write there. */
typedef bool ranges_visit(uint64_t start, uint64_t length, bool written);

/*
 * Visits what the call reads and writes, iovecs and message headers followed, and says whether any
 * visit returned true. Where the length is not told it is LENGTH_UNTOLD; what depends on a command
 * counts as an address. Such lengths can be too large, never those that other arguments tell.
 */
#define LENGTH_UNTOLD 4096U
bool call_visits(uint32_t number, const uint64_t arguments[6], ranges_read *reader,
                 ranges_visit *visitor);

/* Whether some argument may be the address of memory that the call works on. */
bool call_uses_memory(uint32_t number);

/*
 * A call that failed with EFAULT may be made again: nothing was done, or nothing that is lost. Of
 * what takes something and then gives it to the caller (a child's status, a datagram) that is not
 * true. A read of such an object (an event counter, a directory's changes) waits for the next.
 */
bool call_is_repeatable(uint32_t number);

#endif
