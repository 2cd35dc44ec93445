/* The system call sites of a file, and what may be done about each. */
#ifndef ENDORUN_ANALYSE_SITES_H
#define ENDORUN_ANALYSE_SITES_H

#include "references.h"

#define SYSCALL_SIZE   2U   /* bytes of the instruction: 0F 05 */
#define JUMP_SIZE      5U   /* bytes of `jmp rel32` */
#define REACH_BACKWARD 126U /* how far below a site a slot may begin: rel8 of -128 */
#define REACH_FORWARD  129U /* and how far above: rel8 of 127 */

/*
 * Instructions right before a site that could be moved into a stub. The first of them is long
 * enough for the jump alone, so every other one keeps its bytes: who gets to its address, by
 * whatever way, runs it in its old place and then the old `syscall`.
 */
struct displacement {
    uint8_t bytes;        /* they end where the site begins; 0: there is nothing to displace */
    uint8_t rip_relative; /* offset of the one RIP-relative disp32 in them; 0: none */
};

struct site {
    uint64_t address;
    const struct segment *segment;
    enum endorun_tactic tactic;
    enum endorun_sud_reason reason; /* NONE until the site is given up */
    bool hidden;                    /* the bytes lie inside another instruction: no site at all */
    bool room_entered; /* there would be room, had nothing been found that leads into it */
    struct displacement displacement; /* PRECEDING */
    uint64_t slot;                    /* PADDING: address */
};

struct site_list {
    struct site *items; /* ascending addresses */
    size_t count;
    size_t capacity;
};

/* Every 0F 05 in the spans of code. Reads the file piece by piece: most have none. */
int sites_find(struct site_list *sites, const struct image *image, char *error);

/*
 * Sweeps the functions that hold one. Marks what is hidden, gives up what is no proven instruction
 * or must stay as it is, finds what could be displaced, and removes the hidden ones.
 */
int sites_classify(struct site_list *sites, struct function_list *functions,
                   struct references *references);

/* Some site is not given up. */
bool sites_any_left(const struct site_list *sites);

/* Asks about the bytes that rewriting a site may change. */
int sites_want(const struct site_list *sites, struct references *references);

/* Gives up what is entered: the tail of a site, the bytes that the jump before it would take. */
void sites_refuse_entered(struct site_list *sites, const struct references *references);

#endif
