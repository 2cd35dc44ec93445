/* On which file systems a file's owner is what it says. */
#ifndef ENDORUN_POLICY_OWNERS_H
#define ENDORUN_POLICY_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

/* `type` as in struct statfs: a file system of this machine, and no other's or a user's own. */
bool owners_are_true(uint64_t type);

#endif
