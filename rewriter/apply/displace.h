/*
 * Code of the program's that is carried out elsewhere than it stands, because the page in which it
 * stands holds the bytes of an unsafe instruction and may not become executable: up to the next
 * branch it is executed from a copy, and branches are followed here.
 */
#ifndef ENDORUN_REWRITER_DISPLACE_H
#define ENDORUN_REWRITER_DISPLACE_H

#include "../../monitor/abi.h"

#define BLOCK_SIZE_MAX 255U

/* What a copy stands for. */
struct block {
    uint64_t rip; /* of the code, `size` bytes of it, byte for byte */
    uint8_t size;
    bool pushed; /* a call, whose return address is on the stack already */
};

/* The copy: HLT behind it and to its end. */
struct block_code {
    uint8_t bytes[BLOCK_SIZE_MAX + 1];
};

enum displaced {
    DISPLACED_NOT,  /* it cannot be */
    DISPLACED_DONE, /* a branch: the registers are those behind it */
    DISPLACED_BLOCK /* `code` is to be executed at `place`; it holds no unsafe instruction */
};

/*
 * `bytes`, `known` of them, stand where registers->rip points. With `one` a block is one
 * instruction. A call pushes its return address, so the program's memory is written.
 */
enum displaced displace(struct sigcontext *registers, const uint8_t *bytes, size_t known, bool one,
                        uint64_t place, struct block *block, struct block_code *code);

#endif
