/*
 * What --stats adds up, from what the channel's reader hands over. An address means something in
 * its image only, so traps are counted by address until their image has gone, and then by file and
 * offset: the memory that this takes is bounded by what lives, not by what has ever lived.
 */
#ifndef ENDORUN_COMMAND_STATISTICS_H
#define ENDORUN_COMMAND_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endorun/event.h"
#include "endorun/plan.h"
#include "tally.h"

#define FILE_BUCKETS 1024U

/* One file, merged over the images that mapped it. */
struct mapped_file {
    struct mapped_file *next; /* in its bucket */
    uint64_t hash;
    uint64_t mappings; /* executable ones */
    uint64_t planned;  /* of those, the ones that had a plan */
    uint64_t traps;
    struct tally offsets; /* traps by file offset */
    struct segment *segments;
    size_t segment_count;
    char path[];
};

/* One executable part of a file, as the latest image that had a plan for it rewrote it. */
struct segment {
    uint64_t offset;
    uint32_t sites[ENDORUN_TACTIC_COUNT];
};

struct image; /* one that writes records; kept while slots are its own, and some time after */

struct statistics {
    uint64_t calls;
    uint64_t trapped;
    uint64_t dropped;       /* records, by the writers */
    uint64_t ignored;       /* records, here: beyond every bound of real programs */
    uint64_t unheard;       /* threads that found no free slot */
    uint64_t damaged_rings; /* rings skipped because of what stood in them */
    uint64_t image_count;   /* images that said that they start */

    struct mapped_file *files[FILE_BUCKETS];
    struct tally nowhere; /* traps by address, outside every mapped file */
    uint64_t nowhere_traps;

    struct image *images; /* latest first */
    size_t idle_images;   /* of these, the ones without a user */
    size_t file_count, segment_count, module_count, address_count; /* against the bounds */
};

/* The image of that number, known or new. Each use of it ends with a release. */
struct image *statistics_use_image(struct statistics *statistics, uint32_t number);
void statistics_release_image(struct statistics *statistics, struct image *image);
uint32_t image_number(const struct image *image);

/* The program that it runs, and the file that is mapped at an address; "" where neither is known.
 */
const char *image_program(const struct image *image);
const char *image_file_at(const struct image *image, uint64_t address);

void statistics_count_calls(struct statistics *statistics, uint64_t calls, uint64_t trapped,
                            uint64_t dropped);
void statistics_start(struct statistics *statistics, struct image *image, const char *program);
void statistics_module(struct statistics *statistics, struct image *image,
                       const struct endorun_event_module *module, const char *path);
void statistics_trap(struct statistics *statistics, struct image *image, uint64_t address);

/* No record follows: every trap goes to its file. */
void statistics_settle(struct statistics *statistics);

#endif
