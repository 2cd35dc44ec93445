/* Dead padding, and which site gets which five bytes of it. */
#ifndef ENDORUN_ANALYSE_SLOTS_H
#define ENDORUN_ANALYSE_SLOTS_H

#include "sites.h"

/* Bytes that control never reaches. */
struct padding {
    uint64_t start;
    uint64_t end;
    uint64_t found_end; /* before something was found that leads into it */
};

struct padding_list {
    struct padding *items; /* ascending, disjoint */
    size_t count;
    size_t capacity;
};

/*
 * Finds the padding in reach of the sites and asks the references about it.
 *
 * between: a run of nop and int3 instructions that begins where a function ends with an
 * unconditional transfer, and ends where the next function or the section ends it. No function, no
 * sized symbol covers any of it.
 *
 * inside: alignment within a function, for the sites that could not do without. All of this must
 * hold: the function was decoded to its end; the run follows an unconditional transfer, which is
 * no jump across it (a sled to be patched at run time has one); it is nothing but nops; behind it
 * stands an aligned instruction that a branch of the function leads to, for whose sake the
 * assembler padded. So no function begins with these nops: not even one that shares its FDE with
 * the one before, for it would begin where the branch leads, and not before.
 */
int padding_find(struct padding_list *between, struct padding_list *inside,
                 const struct site_list *sites, struct function_list *functions,
                 struct references *references);

/*
 * Cuts each run where something was found that leads into it: control would go on from there to
 * its end (nops before a function, as -fpatchable-function-entry makes them).
 */
void padding_cut(struct padding_list *padding, const struct references *references);

/*
 * Gives slots to sites, and preceding instructions to those that got none. Who has no such
 * instructions is served first, and last from the padding inside functions.
 */
int slots_assign(struct site_list *sites, const struct padding_list *between,
                 const struct padding_list *inside, const struct image *image, char *error);

/* Gives its reason to every site that is left. */
void slots_give_up(struct site_list *sites, const struct padding_list *between,
                   const struct padding_list *inside);

#endif
