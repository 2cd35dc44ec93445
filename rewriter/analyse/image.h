/*
 * The analysed file: its program headers checked, its segments read into memory.
 *
 * Segments are copied, not mapped: a mapped file that somebody truncates or rewrites meanwhile
 * would kill the analyser or change under its bounds checks.
 */
#ifndef ENDORUN_ANALYSE_IMAGE_H
#define ENDORUN_ANALYSE_IMAGE_H

#include "endorun/plan.h"
#include "libraries.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One PT_LOAD that has bytes in the file. */
struct segment {
    uint64_t address;     /* p_vaddr */
    uint64_t offset;      /* p_offset */
    uint64_t size;        /* p_filesz */
    const uint8_t *bytes; /* NULL until read */
    bool executable;
};

struct section {
    const char *name; /* "" when it has none */
    size_t index;
    uint32_t type;
    uint64_t flags;
    uint64_t address;
    uint64_t size;
    uint32_t link;
    uint64_t entry_size;
};

struct address_range {
    uint64_t start; /* 0 with size 0: the file has none */
    uint64_t size;
};

/* Bytes of an executable segment that may be instructions. */
struct code_span {
    const struct segment *segment;
    uint64_t start; /* address */
    uint64_t end;
};

struct image {
    const struct elf_library *library;
    Elf *elf;
    int fd;                   /* the caller's */
    struct segment *segments; /* ascending, disjoint addresses */
    size_t segment_count;
    struct section *sections; /* none when the file has no section headers */
    size_t section_count;
    struct code_span *code; /* ascending: executable segments without sections of other content */
    size_t code_count;
    bool fixed_address; /* ET_EXEC: addresses stand in code and data without relocation */
    uint64_t entry;
    uint64_t memory_end;               /* address behind the last segment */
    struct address_range dynamic;      /* PT_DYNAMIC */
    struct address_range eh_frame_hdr; /* PT_GNU_EH_FRAME */
    struct endorun_file_identity identity;
    uint8_t build_id[ENDORUN_BUILD_ID_MAX];
    uint32_t build_id_size;
};

/* Reads and checks the headers, and finds the spans of code. image_close() is due in any case. */
int image_open(struct image *image, int fd, char *error);

/* Reads the segments into memory. Before, their .bytes are NULL. */
int image_load(struct image *image, char *error);

/* Reads that much of the file, as it is now, whether or not it is loaded. */
int image_read(const struct image *image, uint8_t *bytes, size_t size, uint64_t offset,
               char *error);

/* Fails when the file has changed since image_open(). */
int image_check_unchanged(const struct image *image, char *error);

void image_close(struct image *image);

/* The segment whose file bytes hold `address`; NULL: none. */
const struct segment *image_segment(const struct image *image, uint64_t address);

/* The same, executable segments only. */
const struct segment *image_text(const struct image *image, uint64_t address);

/* `size` loaded bytes at `address`, or NULL when they are not wholly within one segment. */
const uint8_t *image_bytes(const struct image *image, uint64_t address, uint64_t size);

/* The raw content of a section; NULL and 0 when it has none. */
const uint8_t *image_section_bytes(const struct image *image, const struct section *section,
                                   size_t *size);

/* The first section of that name, or NULL. */
const struct section *image_find_section(const struct image *image, const char *name);

/* Little-endian loads from unaligned bytes that the caller has bounds-checked. */
static inline uint16_t load_u16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t load_u32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t load_u64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* A signed 32-bit displacement, widened for modulo-2^64 address arithmetic. */
static inline uint64_t load_displacement(const uint8_t *bytes)
{
    return (uint64_t)(int64_t)(int32_t)load_u32(bytes);
}

#endif
