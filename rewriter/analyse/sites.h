/* The system call sites of a file, and what may be done about each. */
#ifndef ENDORUN_ANALYSE_SITES_H
#define ENDORUN_ANALYSE_SITES_H

#include "references.h"

#define SYSCALL_SIZE   2U /* bytes of the instruction: 0F 05 */
#define JUMP_SIZE      5U /* bytes of `jmp rel32` */
#define REACH_BACKWARD 126U /* how far below a site a slot may begin: rel8 of -128 */
#define REACH_FORWARD  129U /* and how far above: rel8 of 127 */

struct site {
    uint64_t address;
    const struct segment *segment;
    enum endorun_tactic tactic;
    enum endorun_sud_reason reason; /* NONE until the site is given up */
    bool hidden;          /* the bytes lie inside another instruction: no site at all */
    bool room_entered;    /* there would be room, had nothing been found that leads into it */
    uint8_t displaceable; /* bytes of the instruction right before; 0: PRECEDING is impossible */
    uint8_t rip_relative; /* offset of that instruction's RIP-relative disp32; 0: it has none */
    uint64_t slot;        /* PADDING: address */
};

struct site_list {
    struct site *items; /* ascending addresses */
    size_t count;
    size_t capacity;
};

/* Every 0F 05 in the executable segments. */
int sites_find(struct site_list *sites, const struct image *image, char *error);

/*
 * Sweeps the functions that hold one. Marks what is hidden, gives up what is no proven instruction
 * or must stay as it is, finds what could be displaced, and removes the hidden ones.
 */
int sites_classify(struct site_list *sites, const struct function_list *functions,
                   struct references *references);

/* Asks about the bytes that rewriting a site may change. */
int sites_want(const struct site_list *sites, struct references *references);

/* Gives up what is entered: the tail of a site, an instruction that could be displaced. */
void sites_refuse_entered(struct site_list *sites, const struct references *references);

#endif
