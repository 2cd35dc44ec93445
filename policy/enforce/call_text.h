/* A system call as people write it. */
#ifndef ENDORUN_POLICY_CALL_TEXT_H
#define ENDORUN_POLICY_CALL_TEXT_H

#include "line.h"

/* The name of a call; "" of a number that is none. */
const char *call_name(uint32_t number);

/*
 * `argument, ...`, by the table of calls. Strings are read from the program's memory now,
 * where other threads may write: this is for telling, not for deciding.
 */
void line_add_arguments(struct line *line, uint32_t number, const uint64_t arguments[6]);

#endif
