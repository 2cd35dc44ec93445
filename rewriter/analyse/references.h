/*
 * Who may refer to the bytes that a rewrite changes. A byte is *wanted* when a rewrite needs to
 * know about it, and *entered* when something was found that may lead there: a branch, an address
 * in a register or in data, a symbol, a relocation.
 *
 * The search is complete without decoding the whole file, because few bytes are wanted:
 * - Every direct branch and RIP-relative operand with a 32-bit displacement shows up at whatever
 *   alignment as four bytes that point to a wanted byte, behind a ModRM byte or an opcode that
 *   announces them. All bytes of code are tried, at every offset, with every count (0 to 4) of
 *   immediate bytes between displacement and instruction end.
 *   Most finds are chance; the function around one is decoded then, and its real references count.
 *   Outside known functions, chance can't be told from truth, and the find itself counts.
 * - Branches with an 8-bit displacement come from at most 129 bytes away: all functions that close
 *   are decoded. Bytes there that belong to no function are tried at every offset.
 * - Absolute addresses need a relocation in a position-independent file. In one linked to a fixed
 *   address they may stand anywhere in any segment, so all bytes of all segments are tried.
 * - Offsets in jump tables count from a table address that the function itself loads: each address
 *   formed by lea in a decoded function is read as such a table. (Tables, like landing pads, lead
 *   to the starts of instructions; no rewrite takes the place of an instruction that is not nop
 *   but by its own first bytes. So this is a second lock, and need not see tables of functions
 *   that are not decoded.)
 * - Landing pads stand in the tables that FDEs point to.
 */
#ifndef ENDORUN_ANALYSE_REFERENCES_H
#define ENDORUN_ANALYSE_REFERENCES_H

#include "functions.h"

/* The bitmaps of one executable segment, a bit for each byte. */
struct reference_map {
    const struct segment *segment;
    uint8_t *wanted;
    uint8_t *entered;
    uint8_t *granules; /* a bit for each REFERENCE_GRANULE bytes that a wanted byte is near to */
};

struct references {
    const struct image *image;
    const struct decoder *decoder;
    const struct function_list *functions;
    struct reference_map *maps;
    size_t map_count;
    struct address_range *wanted; /* what references_want() was asked for */
    size_t wanted_count;
    size_t wanted_capacity;
    bool absolute; /* addresses may stand in any segment, unrelocated */
    char *error;
};

int references_open(struct references *references, const struct image *image,
                    const struct decoder *decoder, const struct function_list *functions,
                    char *error);
void references_close(struct references *references);

/* Asks about the bytes from `start` to `end`; to be called before references_collect(). */
int references_want(struct references *references, uint64_t start, uint64_t end);

/* `ranges` is the unreduced list: the start of each counts as an entry. */
int references_collect(struct references *references, const struct range_list *ranges);

/* The first entered byte from `start` up to `end`; `end` when there is none. */
uint64_t first_entered(const struct references *references, uint64_t start, uint64_t end);

/* A function's direct branches and what its jump tables lead to. */
struct target_list {
    uint64_t *items;
    size_t count;
    size_t capacity;
};

/*
 * Collects them for the instructions of `function` into the empty list `targets`, ascending.
 * Updates the function's .swept, .closed and .decoded_end.
 * References by data address are marked as entered as they are met.
 */
int function_targets(struct references *references, struct function *function,
                     struct target_list *targets);

/* One of the targets lies between `first` and `last`, both included. */
bool has_target(const struct target_list *targets, uint64_t first, uint64_t last);

#endif
