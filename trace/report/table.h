/*
 * Numbers for keys: the first key that is added is 0, the next new one 1, and so on. A key is
 * bytes; it is copied. What belongs to a key lies in an array of the caller's, at the key's number.
 */
#ifndef ENDORUN_REPORT_TABLE_H
#define ENDORUN_REPORT_TABLE_H

#include "arena.h"

#include <stddef.h>
#include <stdint.h>

#define TABLE_NONE UINT32_MAX

struct table_key {
    const char *bytes; /* with a NUL behind them */
    uint32_t size;
    uint32_t hash;
};

struct table {
    struct table_key *keys; /* by number */
    uint32_t count, key_room;
    uint32_t *slots; /* number + 1; 0: free */
    uint32_t slot_count;
    struct arena memory; /* of the keys */
};

/* The key's number. Ends the command where there is no memory, as all of these do. */
uint32_t table_add(struct table *table, const void *key, size_t size);

void table_release(struct table *table);

/*
 * `items` with room for the item of `number`, new ones zero. `room` is how many there is room for,
 * and is updated.
 */
void *grow_items(void *items, uint32_t *room, uint32_t number, size_t item_size);

__attribute__((noreturn)) void die_of_memory(void);

#endif
