/* Dead padding, and which site gets which five bytes of it. */
#ifndef ENDORUN_ANALYSE_SLOTS_H
#define ENDORUN_ANALYSE_SLOTS_H

#include "sites.h"

/* Bytes between two functions that control never reaches. */
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
 * Padding is a run of nop and int3 instructions that begins where a function ends with an
 * unconditional transfer, and ends where the next function or the section ends it. No function, no
 * sized symbol covers any of it.
 */
int padding_find(struct padding_list *padding, const struct site_list *sites,
                 struct function_list *functions, struct references *references);

/*
 * Cuts each run where something was found that leads into it: control would go on from there to
 * its end (nops before a function, as -fpatchable-function-entry makes them).
 */
void padding_cut(struct padding_list *padding, const struct references *references);

/* Decides every site's tactic, and gives the last reasons. */
int slots_assign(struct site_list *sites, const struct padding_list *padding,
                 const struct image *image, char *error);

#endif
