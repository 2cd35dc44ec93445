/*
 * Where the parts of an instruction stand, by the tables of opcodes in the Intel SDM, volume 2,
 * appendix A, and section 2.3 and 2.7 (VEX, EVEX). Freestanding; reads what it is given and nothing
 * else.
 */
#ifndef ENDORUN_REWRITER_INSTRUCTION_H
#define ENDORUN_REWRITER_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSTRUCTION_SIZE_MAX 15U

enum instruction_map {
    INSTRUCTION_MAP_ONE, /* opcodes of one byte */
    INSTRUCTION_MAP_0F,
    INSTRUCTION_MAP_0F38,
    INSTRUCTION_MAP_0F3A,
    INSTRUCTION_MAP_VECTOR, /* any map of VEX or EVEX */
};

/* Offsets from the first byte. */
struct instruction {
    uint8_t size;
    uint8_t map; /* enum instruction_map */
    uint8_t opcode;
    uint8_t modrm_at;                /* 0: it has none */
    uint8_t displacement_at;         /* 0: it has none, or is not RIP-relative; else 4 bytes */
    uint8_t immediate_at;            /* 0: it has none. Branches: how far they go */
    uint8_t rex;                     /* the REX byte; 0: none */
    bool operand_size, address_size; /* 66 and 67 stand before it */
};

/*
 * Of `bytes`, `known` are there. False: they are no instruction that a program may use in 64-bit
 * mode and that is known here (APX, XOP and 3DNow! are not), or there are too few.
 */
bool instruction_decode(const uint8_t *bytes, size_t known, struct instruction *instruction);

#endif
