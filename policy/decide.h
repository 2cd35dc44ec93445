/*
 * What a compiled policy (include/endorun/policy.h) says of a request: pure functions, which read
 * the image and what they are given, and nothing else. Freestanding.
 */
#ifndef ENDORUN_POLICY_DECIDE_H
#define ENDORUN_POLICY_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endorun/policy.h"

/*
 * Whether `size` bytes at `image`, which is at a multiple of ENDORUN_POLICY_ALIGNMENT, are a policy
 * on which decisions can be asked for. They stay as they are from here on.
 */
bool policy_check(const void *image, size_t size);

/*
 * A part that the policy has not got allows everything, by rule 0.
 *
 * decide_path: `path` is absolute and canonical: no empty, `.` or `..` element, no '/' at the end
 * unless it is all. What does not begin with '/' is denied. A redirected path is decided on by
 * asking again for the target. Takes time in the length of the path alone.
 */
struct endorun_verdict decide_path(const struct endorun_policy_header *policy,
                                   enum endorun_path_access access, const char *path,
                                   size_t length);
struct endorun_verdict decide_peer(const struct endorun_policy_header *policy,
                                   enum endorun_network_access access,
                                   const struct endorun_peer *peer);

/* Whether a socket of the family (AF_*) may be made. */
struct endorun_verdict decide_family(const struct endorun_policy_header *policy, int family);

struct endorun_verdict decide_call(const struct endorun_policy_header *policy, uint32_t number,
                                   const uint64_t arguments[6]);

/*
 * What need not be asked: a call that is allowed with any arguments, unlogged; looks at paths,
 * where no rule denies or redirects any; names in a folder, where none is hidden; what lies beneath
 * a folder, given with a '/' at its end, when all of it has one verdict for each access. `settled`
 * may be false all the same.
 */
bool decide_call_is_free(const struct endorun_policy_header *policy, uint32_t number);
bool decide_counts_looks(const struct endorun_policy_header *policy);
bool decide_hides_names(const struct endorun_policy_header *policy);
bool decide_is_settled(const struct endorun_policy_header *policy, const char *path, size_t length);

/* A string of TEXT, as rules and targets name it. */
const char *policy_text(const struct endorun_policy_header *policy, uint32_t offset);
const struct endorun_policy_rule *policy_rule(const struct endorun_policy_header *policy,
                                              uint32_t index);

#endif
