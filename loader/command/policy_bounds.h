/*
 * What the kernel is told of a policy, once and for all that runs from then on: the program, its
 * children, and the monitor in them. Each function ends the command with STATUS_SETUP where the
 * kernel refuses.
 */
#ifndef ENDORUN_COMMAND_POLICY_BOUNDS_H
#define ENDORUN_COMMAND_POLICY_BOUNDS_H

#include "endorun/prepared_policy.h"

/* The environment becomes the policy's. */
void bounds_set_environment(const struct endorun_prepared *prepared);

/*
 * no_new_privs, Landlock and resource limits; then, by themselves, the seccomp filters, behind
 * which nothing but an exec is left to be done by this process.
 */
void bounds_restrict(const struct endorun_prepared *prepared);
void bounds_filter(const struct endorun_prepared *prepared);

#endif
