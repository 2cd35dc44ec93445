/*
 * The hosted analyser: from an open ELF file to its patch plan (endorun/plan.h).
 *
 * The file is hostile input: whatever its bytes are, a call ends with a plan or with a message. A
 * plan is advice; without one (after an error) every system call of the file is left to SUD.
 */
#ifndef ENDORUN_ANALYSE_H
#define ENDORUN_ANALYSE_H

#include "endorun/plan.h"
#include "endorun/unsafe_instructions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ANALYSE_ERROR_SIZE    256U /* bytes of a message, its NUL included */
#define ANALYSE_REPORT_SCHEMA 1    /* "schema" of analysis_write_json() */

/* What a reader of `endorun --analyze` wants to know of a place in the code; the monitor does not.
 */
struct analysed_place {
    uint64_t address;       /* as the file's own p_vaddr count it */
    uint64_t symbol_offset; /* address minus the symbol's value */
    char *symbol;           /* nearest function symbol at or below; NULL: none covers the place */
};

/*
 * How the bytes of an unsafe instruction stand in the code. Proven is an instruction that a sweep
 * of its function meets and that control can get to.
 */
enum unsafe_state {
    UNSAFE_INSTRUCTION, /* a proven instruction */
    UNSAFE_INSIDE,      /* within another proven instruction */
    UNSAFE_ACROSS,      /* begins within a proven instruction and ends behind it */
    UNSAFE_UNREACHED,   /* in a function, where it can't be decoded or nothing is known to lead */
    UNSAFE_UNCOVERED,   /* in code of which no function is known */
    UNSAFE_DATA, /* data by its section, or a neighbour in the segment's first or last page */
    UNSAFE_STATE_COUNT,
};

/* The part of an instruction that a byte belongs to. */
enum instruction_part {
    PART_OPCODE, /* and prefixes, VEX and its like included */
    PART_MODRM,
    PART_SIB,
    PART_DISPLACEMENT,
    PART_RIP_DISPLACEMENT, /* changes when the instruction is moved */
    PART_BRANCH,           /* so does a direct branch's */
    PART_IMMEDIATE,
    PART_COUNT,
};

/* What becomes of a match where protection keys are used. All but the first four are refused. */
enum unsafe_cure {
    CURE_NOT_NEEDED,  /* of a kind that the monitor lets pass */
    CURE_MOVED,       /* the instruction at .moved runs in a stub */
    CURE_REENCODED,   /* the `add %ebp,%edi` at .moved, its end, has other bytes */
    CURE_DATA,        /* its .pages of the file hold no code, and do not become executable */
    CURE_INSTRUCTION, /* it is one. The monitor knows two of glibc's, and replaces them */
    CURE_UNCERTAIN,   /* no instruction is proven here */
    CURE_FIXED,       /* nothing of what holds it changes with its place */
    CURE_SHORT,       /* no room for a jump */
    CURE_ENTERED,     /* something leads into the middle of what would be moved */
    CURE_COUNT,
};

/* An instruction that is to be moved, or to be changed in its place. */
struct moved_instruction {
    uint64_t address;
    uint8_t size;
    uint8_t field; /* offset of the displacement that changes */
};

/* Whole pages of the file. */
struct file_pages {
    uint64_t offset;
    uint64_t size;
};

struct unsafe_match {
    struct analysed_place place;
    uint64_t offset; /* in the file */
    enum endorun_unsafe_kind kind;
    enum unsafe_state state;
    uint8_t size;
    uint8_t bytes[ENDORUN_UNSAFE_SIZE_MAX];
    /* INSIDE and ACROSS: the instruction that it begins in */
    uint8_t host_offset; /* of the match in it */
    uint8_t host_size;
    enum instruction_part first; /* part of the match's first byte */
    enum instruction_part last;  /* of the last one that the host holds */
    enum unsafe_cure cure;
    struct moved_instruction moved; /* MOVED and REENCODED */
    struct file_pages pages;        /* DATA */
};

struct analysis {
    struct endorun_plan *plan;    /* plan->size bytes: the header, then its entries */
    struct analysed_place *sites; /* plan->site_count of them, in the plan's order */
    struct unsafe_match *unsafe;  /* in the order of the file */
    size_t unsafe_count;
    bool unsafe_searched;
};

/*
 * Analyses the ELF file open for reading at `fd`; the file position is neither used nor changed.
 * Returns 0 and a result to be given to analysis_release(), or -1 and a message in `error`.
 * The libraries libelf and Zydis are loaded at the first call that needs them.
 * Not to be called by two threads at once.
 */
int analyse_file(int fd, struct analysis *analysis, char error[ANALYSE_ERROR_SIZE]);

/*
 * Adds to the result of analyse_file() what executable pages hold of unsafe instructions, at every
 * byte offset. On failure (-1 and a message) the analysis is as before.
 */
int analyse_unsafe_instructions(int fd, struct analysis *analysis, char error[ANALYSE_ERROR_SIZE]);

void analysis_release(struct analysis *analysis);

/* What follows the header: sites, and instructions that are moved. */
struct endorun_plan_site *plan_sites(const struct endorun_plan *plan);

/* The names used in reports: "padding", "preceding", "sud"; "sigreturn", "no-fde", ... */
const char *tactic_name(unsigned tactic);
const char *sud_reason_name(unsigned reason);

/* "wrpkru", "xrstor", ...; "instruction", "inside", ...; "opcode", "modrm", ... */
const char *unsafe_kind_name(unsigned kind);
const char *unsafe_state_name(unsigned state);
const char *instruction_part_name(unsigned part);
const char *unsafe_cure_name(unsigned cure);

/*
 * Loads of a selector into %gs are listed where they are instructions, and otherwise counted only:
 * chance alone puts the two bytes of one into every 2 KiB of code.
 */
bool unsafe_is_listed(const struct unsafe_match *match);

/* Write the report on `file_name`. The caller looks at ferror(). */
void analysis_write_text(FILE *out, const char *file_name, const struct analysis *analysis);
void analysis_write_json(FILE *out, const char *file_name, const struct analysis *analysis);

#endif
