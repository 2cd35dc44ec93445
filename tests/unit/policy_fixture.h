/* Compiled policies for tests of the decision. */
#ifndef ENDORUN_TESTS_POLICY_FIXTURE_H
#define ENDORUN_TESTS_POLICY_FIXTURE_H

#include "../../policy/compile/compile.h"
#include "../../policy/decide.h"

#define FIXTURE_FILE "policy.toml"

/* Where the rules of a test stand; that of index i has line i + 1 where nothing else is said. */
struct policy_origin fixture_origin(size_t line);

/* The image, which has been checked, and which fixture_release() frees. */
const struct endorun_policy_header *fixture_compile(const struct policy_model *model);
void fixture_release(const struct endorun_policy_header *policy);

/* The line of the rule that a verdict names; 0 for none. */
unsigned fixture_line(const struct endorun_policy_header *policy,
                      const struct endorun_verdict *verdict);

#endif
