/*
 * What the kernel is told of a policy, once and for all that runs from then on: the program, its
 * children, and the monitor in them. Each function ends the command with STATUS_SETUP where the
 * kernel refuses.
 */
#ifndef ENDORUN_COMMAND_POLICY_BOUNDS_H
#define ENDORUN_COMMAND_POLICY_BOUNDS_H

#include <stdbool.h>

#include "endorun/prepared_policy.h"

/* The environment becomes the policy's. */
void bounds_set_environment(const struct endorun_prepared *prepared);

/* Whether the policy limits it, RLIMIT_*. */
bool bounds_has_limit(const struct endorun_prepared *prepared, int resource);

/*
 * What a reader has to be under as well, or the program could not reach its channel: no_new_privs
 * and Landlock, and the user namespace for max_processes.
 */
void bounds_restrict(const struct endorun_prepared *prepared);

/*
 * What it is not: resource limits, `beside` processes being none of the sandbox's; then the seccomp
 * filters, behind which nothing but an exec is left to be done by this process.
 */
void bounds_limit(const struct endorun_prepared *prepared, unsigned beside);
void bounds_filter(const struct endorun_prepared *prepared);

#endif
