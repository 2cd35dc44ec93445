#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "message.h"
#include "tally.h"

#define FIRST_SIZE 16U

/*
 * Multiplicative hashing. The factor is a secret of this process, because the keys may be chosen to
 * collide; the high bits of the product are the well mixed ones.
 */
static size_t home_of(const struct tally *tally, uint64_t key)
{
    uint64_t factor;

    memcpy(&factor, (const void *)getauxval(AT_RANDOM), sizeof factor);
    return (size_t)(key * (factor | 1) >> (64 - __builtin_ctzll(tally->size)));
}

/* The entry of the key, or the free one where it belongs. The table is never full. */
static struct tally_entry *find_entry(const struct tally *tally, uint64_t key)
{
    size_t at = home_of(tally, key);

    while (tally->entries[at].count != 0 && tally->entries[at].key != key)
        at = (at + 1) & (tally->size - 1);
    return &tally->entries[at];
}

static void grow(struct tally *tally)
{
    struct tally larger = {.size = tally->size == 0 ? FIRST_SIZE : 2 * tally->size,
                           .used = tally->used};

    larger.entries = calloc(larger.size, sizeof *larger.entries);
    if (larger.entries == NULL)
        die(STATUS_SETUP, "no memory is left for the statistics; the program goes on");
    for (size_t i = 0; i < tally->size; i++)
        if (tally->entries[i].count != 0)
            *find_entry(&larger, tally->entries[i].key) = tally->entries[i];
    free(tally->entries);
    *tally = larger;
}

bool tally_add(struct tally *tally, uint64_t key, uint64_t count, bool may_grow)
{
    if (count == 0)
        return true;
    if (tally->size != 0) {
        struct tally_entry *entry = find_entry(tally, key);

        if (entry->count != 0) {
            entry->count += count;
            return true;
        }
    }
    if (!may_grow)
        return false;
    if (2 * (tally->used + 1) > tally->size)
        grow(tally);
    *find_entry(tally, key) = (struct tally_entry){.key = key, .count = count};
    tally->used++;
    return true;
}

void tally_free(struct tally *tally)
{
    free(tally->entries);
    *tally = (struct tally){0};
}
