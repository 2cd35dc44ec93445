/* The commands `endorun policy NAME FILE ...`: what each does, once its line has the right form. */
#ifndef ENDORUN_POLICY_COMMAND_COMMANDS_H
#define ENDORUN_POLICY_COMMAND_COMMANDS_H

#include "compile.h"
#include "model.h"

#include <stdio.h>

/*
 * Reading and compiling: whatever is wrong with the policy is told on standard error, and ends the
 * command with STATUS_SETUP. Model and image stay for as long as the process. The compiled model
 * has the rules of policy_locate() and policy_imply() as well.
 */
void read_policy(const char *file, struct policy_model *model);
void compile_policy(struct policy_model *model, struct policy_image *image);

/*
 * Each returns the exit status. test: 0 when the call is allowed, 1 when it is denied or would end
 * the process.
 */
int check_policy(const char *file, char **rest);
int print_policy(const char *file, char **rest);
int explain_policy(const char *file, char **rest);
int test_policy(const char *file, char **rest);

/*
 * For the launcher. `rest`: the number of a descriptor to write to, the folder of cached plans and
 * the path of the endorun command, each empty where there is none; whether the policy is only to
 * complain, and whether protection keys are in use, "" or "1".
 */
int prepare_policy(const char *file, char **rest);

/* The same. `file`: the records; `rest`: the policy that gets entries, and whether to generalise,
 * "" or "1". */
int learn_policy(const char *file, char **rest);

/* A rule of an explanation as it is told: two lines. */
struct explained_rule;
void print_explained_rule(FILE *out, const struct explained_rule *rule);

#endif
