/* Runs the executable of `endorun policy` (policy/command) in the place of this process. */
#ifndef ENDORUN_COMMAND_POLICY_PROCESS_H
#define ENDORUN_COMMAND_POLICY_PROCESS_H

/* `operands`: "policy" and what follows it, NULL-terminated. */
__attribute__((noreturn)) void policy_process_run(char **operands);

#endif
