/* `endorun learn`: runs a program with everything allowed, and writes the policy that it needs. */
#ifndef ENDORUN_COMMAND_LEARN_H
#define ENDORUN_COMMAND_LEARN_H

#include "command_line.h"

#define LEARN_OPERANDS "-o FILE [--merge] [--generalise] [--] PROGRAM [ARG]..."

/*
 * `line` is that of MODE_LEARN, its operands what follows the word. Returns in the process that is
 * to become the program, with the line of its run; the other writes the policy and ends as the
 * program does.
 */
void learn(struct command_line *line);

#endif
