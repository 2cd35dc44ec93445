/*
 * Memory that is given back all at once. What is allocated is zero. When there is no more, NULL is
 * returned and `is_exhausted` stays set, so that who allocates much may look once, at the end.
 */
#ifndef ENDORUN_POLICY_ARENA_H
#define ENDORUN_POLICY_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct arena {
    struct arena_block *newest;
    bool is_exhausted;
};

void *arena_allocate(struct arena *arena, size_t size);

/* `count` items of `size` bytes each. */
void *arena_allocate_array(struct arena *arena, size_t count, size_t size);

/* A copy that ends with NUL. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/*
 * Room for one more item behind `count` in an array that grows by this alone, from NULL: where the
 * array is from now on.
 */
void *arena_extend(struct arena *arena, void *items, size_t count, size_t size);

void arena_release(struct arena *arena);

#ifdef __cplusplus
}
#endif

#endif
