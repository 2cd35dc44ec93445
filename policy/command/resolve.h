/* The object that a path leads to, found as the kernel finds it, for a path that may not be there.
 */
#ifndef ENDORUN_POLICY_COMMAND_RESOLVE_H
#define ENDORUN_POLICY_COMMAND_RESOLVE_H

#include <limits.h>
#include <stdbool.h>

#include "questions.h"

/*
 * Writes the absolute, canonical path. *is_absent: nothing has the name yet. False, with errno: a
 * folder on the way is missing or cannot be searched.
 */
bool resolve_path(const char *path, enum path_last last, char resolved[PATH_MAX], bool *is_absent);

#endif
