/* A policy file that is there gets entries, as a whole or not at all. */
#ifndef ENDORUN_POLICY_COMMAND_REWRITE_H
#define ENDORUN_POLICY_COMMAND_REWRITE_H

#include "extend.h"

/*
 * The file is replaced by one with the extensions, which has its mode and owner, and is a policy.
 * Where that can't be, the file stays as it was, and the command ends.
 */
void extend_policy(const char *file, const struct extension *extensions, size_t count);

#endif
