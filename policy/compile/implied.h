/*
 * Rules for system calls that other sections imply: what those say of a call as a whole, and the
 * calls that reach an object by a way on which nothing is decided.
 */
#ifndef ENDORUN_POLICY_IMPLIED_H
#define ENDORUN_POLICY_IMPLIED_H

#include "model.h"

/* Adds them behind the model's own. False: no memory. */
bool policy_imply(struct policy_model *model);

#endif
