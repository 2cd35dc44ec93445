#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 << 10)

struct arena_block {
    struct arena_block *older;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

static struct arena_block *make_block(struct arena *arena, size_t size)
{
    struct arena_block *block;

    if (size < BLOCK_SIZE)
        size = BLOCK_SIZE;
    block = size <= SIZE_MAX / 2 ? calloc(1, sizeof *block + size) : NULL;
    if (block == NULL) {
        arena->is_exhausted = true;
        return NULL;
    }
    block->older = arena->newest;
    block->size = size;
    arena->newest = block;
    return block;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    struct arena_block *block = arena->newest;
    char *bytes;

    if (size > SIZE_MAX / 2) {
        arena->is_exhausted = true;
        return NULL;
    }
    size = (size + unit - 1) / unit * unit;
    if (block == NULL || block->size - block->used < size)
        block = make_block(arena, size);
    if (block == NULL)
        return NULL;
    bytes = block->bytes + block->used;
    block->used += size;
    return bytes;
}

void *arena_allocate_array(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        arena->is_exhausted = true;
        return NULL;
    }
    return arena_allocate(arena, count * size);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_allocate(arena, length + 1);

    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

/* The room is used up when the count is a power of two: no need to keep how much there is. */
void *arena_extend(struct arena *arena, void *items, size_t count, size_t size)
{
    char *larger;

    if ((count & (count - 1)) != 0)
        return items;
    larger = arena_allocate_array(arena, count == 0 ? 1 : count * 2, size);
    if (larger != NULL && count > 0)
        memcpy(larger, items, count * size);
    return larger;
}

void arena_release(struct arena *arena)
{
    while (arena->newest != NULL) {
        struct arena_block *older = arena->newest->older;

        free(arena->newest);
        arena->newest = older;
    }
    *arena = (struct arena){0};
}
