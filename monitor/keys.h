/*
 * Which memory is whose. With protection keys what the monitor has not given away is closed to the
 * program by itself: mmap gives key 0. What these functions add: the program gets its own memory
 * with its own key, and no system call may reach the monitor's through the kernel.
 */
#ifndef ENDORUN_MONITOR_KEYS_H
#define ENDORUN_MONITOR_KEYS_H

#include "thread.h"

/*
 * Takes the keys and gives the program what the kernel mapped for it: the stack above `stack`, and
 * the vDSO. Before the first area is made. False: the kernel has no keys to give.
 */
bool keys_start(uint64_t stack, uint64_t stack_end);

/* The program maps nothing below it. What lies at an offset from %gs is below it, too. */
#define LOWEST_ADDRESS 0x10000UL

/* Tags whole pages. True without protection keys, where nothing is tagged. */
bool memory_tag(uint64_t start, uint64_t length, unsigned long protection, int key);

/* The same for pages that have a protection already: mprotect(2) without protection keys. */
bool memory_protect(uint64_t start, uint64_t length, unsigned long protection, int key);

/*
 * Anonymous memory, or a private mapping of a file, for the monitor itself: an address or a
 * negative errno. Such memory is known to overlaps_monitor() until it is unmapped.
 */
long monitor_map(uint64_t size, unsigned long protection, int fd);
void monitor_unmap(uint64_t start, uint64_t size);

/* Makes known what was mapped otherwise; false when there are too many. */
bool monitor_takes(uint64_t start, uint64_t size);

/*
 * Held while a call of the program's changes mappings, from the look at the range to the end of the
 * call, and while the monitor maps for itself: else what was the program's when it was looked at
 * could be the monitor's when the kernel acts on it, or get the program's key. Held over fork. A
 * thread may take it again. Without protection keys it does nothing.
 */
void memory_acquire(void);
void memory_release(void);

/* At the start, when %gs is there: from now on the two need it. */
void keys_share_memory(void);

/* Makes a mapping known that stays; false when there are too many. */
bool monitor_keeps(uint64_t start, uint64_t size);

/* Some byte of it is the monitor's. Always false without protection keys. */
bool overlaps_monitor(uint64_t start, uint64_t length);

/* The same for calls on whole pages; where it does not begin with one the kernel refuses it. */
static inline bool pages_are_monitors(uint64_t start, uint64_t length)
{
    return start % PAGE_SIZE == 0 && overlaps_monitor(start, length);
}

#endif
