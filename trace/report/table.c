#include "table.h"

#include "message.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64U

void die_of_memory(void)
{
    die(STATUS_SETUP, "report: no memory left");
}

void *grow_items(void *items, uint32_t *room, uint32_t number, size_t item_size)
{
    uint32_t larger = *room == 0 ? 16 : *room;

    if (number < *room)
        return items;
    while (larger <= number)
        larger = larger <= UINT32_MAX / 2 ? larger * 2 : UINT32_MAX;
    items = reallocarray(items, larger, item_size);
    if (items == NULL)
        die_of_memory();
    memset((char *)items + *room * item_size, 0, (larger - *room) * item_size);
    *room = larger;
    return items;
}

/* FNV-1a, 64 bits folded. */
static uint32_t hash_of(const char *key, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3;
    return (uint32_t)(hash ^ hash >> 32);
}

static bool is_key(const struct table_key *key, const void *bytes, size_t size, uint32_t hash)
{
    return key->hash == hash && key->size == size && memcmp(key->bytes, bytes, size) == 0;
}

/* The slot that has the key, or the free one where it belongs. */
static uint32_t *find_slot(const struct table *table, const void *key, size_t size, uint32_t hash)
{
    uint32_t at = hash & (table->slot_count - 1);

    while (table->slots[at] != 0 && !is_key(&table->keys[table->slots[at] - 1], key, size, hash))
        at = (at + 1) & (table->slot_count - 1);
    return &table->slots[at];
}

/* Slots are at most half full. */
static void make_slots(struct table *table)
{
    if (table->slot_count > table->count * 2U)
        return;
    if (table->slot_count > UINT32_MAX / 4)
        die_of_memory();
    table->slot_count = table->slot_count == 0 ? FIRST_SLOTS : table->slot_count * 2;
    free(table->slots);
    table->slots = calloc(table->slot_count, sizeof *table->slots);
    if (table->slots == NULL)
        die_of_memory();
    for (uint32_t i = 0; i < table->count; i++) {
        const struct table_key *key = &table->keys[i];

        *find_slot(table, key->bytes, key->size, key->hash) = i + 1;
    }
}

uint32_t table_add(struct table *table, const void *key, size_t size)
{
    const uint32_t hash = hash_of(key, size);

    make_slots(table);
    uint32_t *slot = find_slot(table, key, size, hash);
    if (*slot != 0)
        return *slot - 1;

    const char *copy = arena_copy(&table->memory, key, size);
    if (copy == NULL)
        die_of_memory();
    table->keys = grow_items(table->keys, &table->key_room, table->count, sizeof *table->keys);
    table->keys[table->count] = (struct table_key){copy, (uint32_t)size, hash};
    *slot = ++table->count;
    return table->count - 1;
}

void table_release(struct table *table)
{
    arena_release(&table->memory);
    free(table->keys);
    free(table->slots);
    *table = (struct table){.keys = NULL};
}
