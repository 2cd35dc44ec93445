/*
 * Linear sweep: decoding one function's bytes, instruction after instruction, and the few facts
 * about an instruction that the analyser asks for.
 */
#ifndef ENDORUN_ANALYSE_SWEEP_H
#define ENDORUN_ANALYSE_SWEEP_H

#include "image.h"
#include "libraries.h"

struct decoder {
    const struct zydis_library *library;
    ZydisDecoder state;
};

struct instruction {
    uint64_t address;
    const uint8_t *bytes;
    const struct decoder *decoder;
    ZydisDecodedInstruction decoded;
    ZydisDecoderContext context; /* for the operands, which are rarely wanted */
};

/* Returns whether the sweep is to go on. */
typedef bool instruction_visitor(void *context, const struct instruction *instruction);

int decoder_open(struct decoder *decoder, char *error);

/*
 * Calls `visitor` for each instruction from `start` on. Stops at `end`, where the visitor says so,
 * and before an instruction that can't be decoded or reaches beyond `end`. Returns the address
 * behind the last instruction visited. The range must lie within one executable segment.
 */
uint64_t sweep(const struct decoder *decoder, const struct image *image, uint64_t start,
               uint64_t end, instruction_visitor *visitor, void *context);

/* Control never reaches the next instruction: jmp, ret, ud2, hlt. A call may always return. */
bool is_unconditional_transfer(const struct instruction *instruction);

bool is_call(const struct instruction *instruction);

/* nop in any of its forms; not the hints that have a meaning (endbr64, pause). */
bool is_nop(const struct instruction *instruction);

/* The target of a direct branch or call (jmp, jcc, call, loop, jrcxz, xbegin). */
bool branch_target(const struct instruction *instruction, uint64_t *target);

/* The address of a RIP-relative memory operand; `field` is the offset of its disp32. */
bool rip_relative_target(const struct instruction *instruction, uint64_t *target, uint8_t *field);

/*
 * The instruction does the same at another address (after its RIP-relative disp32, if any, is
 * adjusted) and leaves the stack pointer as it is, so that the unwind information of the place
 * that it came from holds behind it too.
 */
bool is_displaceable(const struct instruction *instruction);

#endif
