/*
 * What a policy means, read off the model rule by rule, without a thought for speed: what the
 * compiled image is compared with. It shares nothing with the compiler.
 */
#ifndef ENDORUN_TESTS_POLICY_REFERENCE_H
#define ENDORUN_TESTS_POLICY_REFERENCE_H

#include "../../policy/compile/model.h"
#include "endorun/policy.h"

struct reference_verdict {
    enum endorun_action action;
    int error;
    bool is_logged;
    unsigned line; /* of what decided; 0: nothing had to */
    const char *target;
};

struct reference_verdict reference_path(const struct policy_model *model,
                                        enum endorun_path_access access, const char *path);
struct reference_verdict reference_peer(const struct policy_model *model,
                                        enum endorun_network_access access,
                                        const struct endorun_peer *peer);
struct reference_verdict reference_family(const struct policy_model *model, int family);

/* `bits`: how many of each argument the kernel takes. `is_known`: the number is a call's. */
struct reference_verdict reference_call(const struct policy_model *model, uint32_t number,
                                        bool is_known, const uint64_t arguments[6],
                                        const unsigned bits[6]);

bool reference_matches(const char *pattern, const char *path);

#endif
