/* The commands `endorun policy NAME FILE ...`: what each does, once its line has the right form. */
#ifndef ENDORUN_POLICY_COMMAND_COMMANDS_H
#define ENDORUN_POLICY_COMMAND_COMMANDS_H

#include "compile.h"
#include "model.h"

/*
 * Reads and compiles the policy; whatever is wrong with it is told on standard error, and ends the
 * command with STATUS_SETUP. Both stay for as long as the process.
 */
void take_policy(const char *file, struct policy_model *model, struct policy_image *image);

/*
 * Each returns the exit status. test: 0 when the call is allowed, 1 when it is denied or would end
 * the process.
 */
int check_policy(const char *file, char **rest);
int print_policy(const char *file, char **rest);
int test_policy(const char *file, char **rest);

#endif
