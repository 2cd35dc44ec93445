/*
 * Instructions whose constant of 4 bytes is that of an unsafe instruction by chance, so that no
 * copy of them may be executed either: those that work on registers are carried out here.
 */
#ifndef ENDORUN_REWRITER_COMPUTE_H
#define ENDORUN_REWRITER_COMPUTE_H

#include "../../monitor/abi.h"
#include "instruction.h"

/* SDM volume 1, 3.4.3.1. */
#define FLAG_CARRY    (1UL << 0)
#define FLAG_PARITY   (1UL << 2)
#define FLAG_ADJUST   (1UL << 4)
#define FLAG_ZERO     (1UL << 6)
#define FLAG_SIGN     (1UL << 7)
#define FLAG_OVERFLOW EFLAGS_OF

/* The general register of a number from 0 to 15, as ModRM and REX make it. */
uint64_t *register_of(struct sigcontext *registers, unsigned number);

/* False: it is none of them. Else the registers are those behind it. */
bool compute(struct sigcontext *registers, const struct instruction *instruction,
             const uint8_t *bytes);

#endif
