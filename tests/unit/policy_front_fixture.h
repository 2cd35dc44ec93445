/* Policies from strings: files in a folder of their own, and surroundings that the test decides on.
 */
#ifndef ENDORUN_TESTS_POLICY_FRONT_FIXTURE_H
#define ENDORUN_TESTS_POLICY_FRONT_FIXTURE_H

#include "front.h"

/* Begins and ends a test: an empty folder as the working one, which goes with all its files. */
void policy_set_up(void);
void policy_tear_down(void);

/* The folder, without symbolic links. */
const char *policy_folder(void);

void policy_write(const char *name, const char *text);
void policy_write_bytes(const char *name, const char *bytes, size_t size);

/* HOME=/home/user; the variables A, WILD, BYTES, EMPTY, RELATIVE, DOTS; the built-in profiles. */
extern struct policy_surroundings policy_test_surroundings;

/* Reads a file; what is wrong stands in `policy_said`, line by line. */
bool policy_take(const char *name, struct policy_model *model);
extern char *policy_said;

/* What policy_print() makes of a model; the caller frees it. */
char *policy_printed(const struct policy_model *model);

/*
 * All that a model says, but for origins and for the order between its lists, as text to compare
 * (policy_compare.c). The caller frees it.
 */
char *policy_shown(const struct policy_model *model);

#endif
