/*
 * ELF files, read and mapped by the monitor image. Untrusted input: every number is checked before
 * it is used, and nothing is mapped before all of it has been.
 */
#ifndef ENDORUN_LOADER_ELF_H
#define ENDORUN_LOADER_ELF_H

#include "../../monitor/abi.h"

#define ELF_TABLE_MAX 65536U /* bytes of program headers; fs/binfmt_elf.c: load_elf_phdrs() */

enum elf_error {
    ELF_FINE = 0,
    ELF_UNREADABLE,
    ELF_NOT_ELF,
    ELF_NOT_64_BIT,
    ELF_OTHER_MACHINE,
    ELF_OTHER_TYPE,
    ELF_TRUNCATED,
    ELF_BAD_HEADER_TABLE,
    ELF_NO_SEGMENTS,
    ELF_BAD_SEGMENT,
    ELF_SEGMENTS_OVERLAP,
    ELF_BAD_INTERPRETER,
    ELF_NO_MEMORY,
    ELF_ADDRESS_TAKEN,
    ELF_UNSAFE_CODE,
};

/* What the file says of itself. Addresses are before relocation by `bias`. */
struct elf_file {
    int fd;
    uint16_t type; /* ET_EXEC or ET_DYN */
    uint64_t entry;
    uint64_t size;          /* of the file, bytes */
    uint64_t low, high;     /* page-aligned span of all PT_LOAD */
    uint64_t alignment;     /* the largest p_align that is a power of two, at least a page */
    uint64_t table_address; /* of the program headers in memory; 0: not in any segment */
    uint32_t segment_count; /* all program headers */
    bool executable_stack;
    bool has_interpreter;
    char interpreter[PATH_MAX_BYTES];
    struct elf64_phdr table[ELF_TABLE_MAX / sizeof(struct elf64_phdr)];
};

/* Where it has been mapped. */
struct elf_image {
    uint64_t bias;
    uint64_t start_code, end_code, start_data, end_data,
        end; /* as struct prctl_mm_map means them */
};

/* Reads and checks the headers of `fd`; maps nothing. */
enum elf_error elf_read(int fd, struct elf_file *file);

/*
 * Maps the segments: ET_EXEC at its own address, ET_DYN at `base` (0: where the kernel likes), and
 * rewrites the executable ones. Nothing stays mapped after a failure.
 */
enum elf_error elf_map(const struct elf_file *file, uint64_t base, struct elf_image *image);

/* The reason for people, and the errno that execve(2) gives for it. */
const char *elf_error_text(enum elf_error error);
long elf_error_number(enum elf_error error);

#endif
