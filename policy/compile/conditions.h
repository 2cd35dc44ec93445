/* The conditions of a system call: "arg1 == TIOCGWINSZ, arg0 & 0xf != 3, arg2 in 1..7". */
#ifndef ENDORUN_POLICY_CONDITIONS_H
#define ENDORUN_POLICY_CONDITIONS_H

#include "read.h"

/*
 * Reads those between `text` and `end` into the rule, whose number says which call's they are.
 * False: an error was added.
 */
bool read_conditions(struct reading *reading, const struct toml_node *node, const char *text,
                     const char *end, struct policy_call_rule *rule);

#endif
