/* Memory that grows: bytes, and things that are kept once each. All functions tell by false that no
 * memory is left; what there was stays as it was. */
#ifndef ENDORUN_POLICY_STORAGE_H
#define ENDORUN_POLICY_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed at the start. */
struct bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

bool bytes_append(struct bytes *bytes, const void *data, size_t size);
void bytes_release(struct bytes *bytes);

/* Strings of bytes, numbered from 0 in the order in which they came. Zeroed at the start. */
struct interner {
    struct bytes content;
    struct interned *entries;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* a hash table of numbers, each plus 1 */
    size_t slot_count;
};

struct interned {
    size_t offset; /* in content */
    uint32_t size;
    uint32_t hash;
};

/* The number of these bytes, which are new when it is the former count. */
bool intern(struct interner *interner, const void *data, uint32_t size, uint32_t *number);
void interner_release(struct interner *interner);

/* Until the next intern(). */
static inline const void *interned_data(const struct interner *interner, uint32_t number)
{
    return interner->content.data + interner->entries[number].offset;
}

#endif
