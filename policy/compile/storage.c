#include "storage.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64U

/* Room for `wanted` items; the capacity is doubled, so that appending takes constant time. */
static bool make_room(void **items, size_t *capacity, size_t wanted, size_t item_size)
{
    size_t larger = *capacity < FIRST_CAPACITY ? FIRST_CAPACITY : *capacity;
    void *moved;

    if (wanted <= *capacity)
        return true;
    while (larger < wanted) {
        if (larger > SIZE_MAX / 2)
            return false;
        larger *= 2;
    }
    moved = reallocarray(*items, larger, item_size);
    if (moved == NULL)
        return false;
    *items = moved;
    *capacity = larger;
    return true;
}

bool bytes_append(struct bytes *bytes, const void *data, size_t size)
{
    if (size > SIZE_MAX - bytes->size ||
        !make_room((void **)&bytes->data, &bytes->capacity, bytes->size + size, 1))
        return false;
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return true;
}

void bytes_release(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){NULL, 0, 0};
}

/* FNV-1a. */
static uint32_t hash_of(const uint8_t *data, uint32_t size)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 0x100000001b3;
    return (uint32_t)(hash ^ hash >> 32);
}

static void fill_slot(struct interner *interner, uint32_t number)
{
    size_t slot = interner->entries[number].hash & (interner->slot_count - 1);

    while (interner->slots[slot] != 0)
        slot = (slot + 1) & (interner->slot_count - 1);
    interner->slots[slot] = number + 1;
}

/* Half of the slots stay empty at least. */
static bool grow_slots(struct interner *interner)
{
    size_t larger = interner->slot_count == 0 ? FIRST_CAPACITY : interner->slot_count * 2;
    uint32_t *slots;

    if (interner->count < interner->slot_count / 2)
        return true;
    slots = calloc(larger, sizeof(slots[0]));
    if (slots == NULL)
        return false;
    free(interner->slots);
    interner->slots = slots;
    interner->slot_count = larger;
    for (uint32_t i = 0; i < interner->count; i++)
        fill_slot(interner, i);
    return true;
}

bool intern(struct interner *interner, const void *data, uint32_t size, uint32_t *number)
{
    const uint32_t hash = hash_of(data, size);
    size_t slot;

    if (!grow_slots(interner))
        return false;
    slot = hash & (interner->slot_count - 1);
    while (interner->slots[slot] != 0) {
        const struct interned *entry = &interner->entries[interner->slots[slot] - 1];

        if (entry->hash == hash && entry->size == size &&
            (size == 0 || memcmp(interner->content.data + entry->offset, data, size) == 0)) {
            *number = interner->slots[slot] - 1;
            return true;
        }
        slot = (slot + 1) & (interner->slot_count - 1);
    }
    if (!make_room((void **)&interner->entries, &interner->capacity, interner->count + 1,
                   sizeof(interner->entries[0])))
        return false;
    const size_t offset = interner->content.size;

    if (!bytes_append(&interner->content, data, size))
        return false;
    interner->entries[interner->count] = (struct interned){offset, size, hash};
    interner->slots[slot] = (uint32_t)++interner->count;
    *number = (uint32_t)interner->count - 1;
    return true;
}

void interner_release(struct interner *interner)
{
    bytes_release(&interner->content);
    free(interner->entries);
    free(interner->slots);
    *interner = (struct interner){.entries = NULL};
}
