/*
 * Attacks by instructions that write PKRU, in whatever memory. The goal is a store to a page that a
 * key closes. No file of the attacks holds the bytes: it would be refused as a whole.
 */
#ifndef ATTACKS_UNSAFE_H
#define ATTACKS_UNSAFE_H

#include "attack.h"

/* The byte that is stored masked at `at`. */
static inline uint8_t unmasked(const uint8_t *masked, size_t at)
{
    return *(const volatile uint8_t *)(masked + at) ^ 0x55;
}

/* `wrpkru; ret`, and `xrstor (%rdi); ret`: what they are with 0x55 added to each byte. */
static const uint8_t masked_wrpkru[] = {0x0f ^ 0x55, 0x01 ^ 0x55, 0xef ^ 0x55, 0xc3 ^ 0x55};
static const uint8_t masked_xrstor[] = {0x0f ^ 0x55, 0xae ^ 0x55, 0x2f ^ 0x55, 0xc3 ^ 0x55};

#define UNSAFE_SIZE 4U

/* Writes the part of `wrpkru; ret` from `from` on. */
static inline void put_wrpkru(uint8_t *at, size_t from)
{
    for (size_t i = from; i < UNSAFE_SIZE; i++) {
        at[i - from] = unmasked(masked_wrpkru, i);
    }
}

static uint32_t unsafe_components; /* EAX: 0 for WRPKRU, 0x200 for XRSTOR of PKRU alone */

/* Calls it with all that it needs to give all rights. */
static inline void raise_rights(const void *code)
{
    static uint8_t state[2 * PAGE] __attribute__((aligned(64))); /* its initial one: PKRU 0 */
    __asm__ volatile("call *%0"
                     :
                     : "r"(code), "a"(unsafe_components), "c"(0), "d"(0), "D"(state)
                     : "memory", "cc");
}

/* Prepares the code: where it can be executed, or NULL and errno. */
typedef const void *unsafe_way(void);

static unsafe_way *way_to_try;

static inline uint64_t *closed_page(void)
{
    int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
    if (key < 0) {
        CHECK(under_monitor(), "pkey_alloc: %s", strerror(errno));
        return target_page(); /* closed by a key of the monitor's */
    }
    uint64_t *page = map_pages(PAGE, PROT_READ | PROT_WRITE);
    MUST(pkey_mprotect(page, PAGE, PROT_READ | PROT_WRITE, key));
    return page;
}

static inline int try_way(void)
{
    uint64_t *page = closed_page();
    const void *code = way_to_try();
    if (code == NULL) {
        return errno;
    }
    raise_rights(code);
    *(volatile uint64_t *)page = FOREIGN_VALUE;
    return 0;
}

/* All ways reach the goal, or none: one that is closed would be hidden by one that is open. */
static inline void judge_unsafe(unsafe_way *const *ways, int count)
{
    int succeeded = 0;
    for (int i = 0; i < count; i++) {
        way_to_try = ways[i];
        int result = in_expendable_child(try_way);
        CHECK(result > -1000, "way %d ended by itself: %d", i, -1000 - result);
        succeeded += result == 0;
    }
    CHECK(succeeded == 0 || succeeded == count, "%d of %d ways succeeded", succeeded, count);
    if (succeeded > 0) {
        reached();
    }
    not_reached("closed");
}

/* A page that begins with `ret`, readable and executable where that is allowed. */
static inline uint8_t *protected_page(uint8_t *page, int protection)
{
    return mprotect(page, PAGE, protection) == 0 ? page : NULL;
}

#endif
