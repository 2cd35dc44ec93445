/*
 * 32-bit code in a 64-bit process: a page below 4 GiB to which 64-bit code jumps by a far jump.
 *
 *     page:  | way in (64-bit) | 32-bit code | way out (64-bit) | data ... stack | pointers |
 *
 * EDI holds the page's address throughout; the result comes in EAX. By jumps alone: QEMU 7.2 makes
 * the stack accesses of a far return as the kernel's.
 */
#ifndef ATTACKS_COMPAT_H
#define ATTACKS_COMPAT_H

#define COMPAT_CODE    0x100 /* where the 32-bit code stands */
#define COMPAT_OUT     0x200
#define COMPAT_DATA    0xc00 /* for the 32-bit code's use */
#define COMPAT_STACK   0xf00
#define COMPAT_FAR_IN  0xfd0 /* far pointers: offset, selector */
#define COMPAT_FAR_OUT 0xfe0
#define COMPAT_SAVED   0xff0 /* RSP */

#ifndef __ASSEMBLER__

#include "attack.h"

/* The pieces, in compat.S; the 32-bit ones end with the jump to the way out. */
struct compat_piece {
    const uint8_t *start, *end;
};
extern const struct compat_piece compat_way_in, compat_way_out;
extern const struct compat_piece compat_probe; /* the probe by int $0x80 */
/* write(*COMPAT_DATA, page, 1) by the fast entries, which don't come back. */
extern const struct compat_piece compat_sysenter, compat_syscall;

struct far_pointer {
    uint32_t offset;
    uint16_t selector;
};

static inline void put_piece(uint8_t *at, const struct compat_piece *piece)
{
    memcpy(at, piece->start, (size_t)(piece->end - piece->start));
}

/* The page is writable too: it holds the code's stack. */
static inline uint8_t *compat_page(const struct compat_piece *code)
{
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(page != MAP_FAILED, "mmap below 4 GiB: %s", strerror(errno));
    const struct far_pointer in = {(uint32_t)(uintptr_t)page + COMPAT_CODE, 0x23};
    const struct far_pointer out = {(uint32_t)(uintptr_t)page + COMPAT_OUT, 0x33};
    put_piece(page, &compat_way_in);
    put_piece(page + COMPAT_CODE, code);
    put_piece(page + COMPAT_OUT, &compat_way_out);
    memcpy(page + COMPAT_FAR_IN, &in, sizeof in);
    memcpy(page + COMPAT_FAR_OUT, &out, sizeof out);
    return page;
}

static inline long compat_call(uint8_t *page)
{
    long (*function)(uint8_t *);
    memcpy(&function, &page, sizeof function);
    return function(page);
}

#endif
#endif
