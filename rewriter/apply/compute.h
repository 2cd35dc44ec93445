/*
 * Instructions whose constant of 4 bytes is that of an unsafe instruction by chance, so that no
 * copy of them may be executed either: those that work on registers are carried out here.
 */
#ifndef ENDORUN_REWRITER_COMPUTE_H
#define ENDORUN_REWRITER_COMPUTE_H

#include "../../monitor/abi.h"
#include "instruction.h"

/* The general register of a number from 0 to 15, as ModRM and REX make it. */
uint64_t *register_of(struct sigcontext *registers, unsigned number);

/* False: it is none of them. Else the registers are those behind it. */
bool compute(struct sigcontext *registers, const struct instruction *instruction,
             const uint8_t *bytes);

#endif
