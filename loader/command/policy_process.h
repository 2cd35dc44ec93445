/* The executable of `endorun policy` (policy/command), which alone reads policies. */
#ifndef ENDORUN_COMMAND_POLICY_PROCESS_H
#define ENDORUN_COMMAND_POLICY_PROCESS_H

#include <stdbool.h>

#include "endorun/prepared_policy.h"

/* The launcher's own command of it: FILE FD CACHE COMMAND COMPLAIN. */
#define PREPARE_COMMAND "internal-prepare"

/* And the learner's: RECORDS POLICY GENERALISE. */
#define LEARN_COMMAND "internal-learn"

/* In a process of its own. False: it has said what is wrong. */
bool policy_process_call(char **operands);

/* In the place of this process. `operands`: "policy" and what follows it, NULL-terminated. */
__attribute__((noreturn)) void policy_process_run(char **operands);

/*
 * The policy of a file, ready to be applied; it stays as long as the process. `cache` and `command`
 * may be NULL. `has_keys`: with --isolation=pkey. Where something is wrong with the file the other
 * process has said so, and this one ends with its status.
 */
const struct endorun_prepared *policy_process_prepare(const char *file, const char *cache,
                                                      const char *command, bool complains,
                                                      bool has_keys);

#endif
