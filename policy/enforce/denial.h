/*
 * What the user is told of a denial, or of a call that is logged: one line, as text or as a JSON
 * object, on standard error, where the program has left that as it was, or in the file that the
 * policy names. The same denial again is counted, and told at every power of two.
 */
#ifndef ENDORUN_POLICY_DENIAL_H
#define ENDORUN_POLICY_DENIAL_H

#include "objects.h"

/*
 * Each reports, and gives what becomes of the call: the negative errno of the verdict, or 0 where
 * the policy only complains.
 */
long deny_path(const struct inquiry *inquiry, enum endorun_path_access access, const char *name,
               const struct endorun_verdict *verdict);
long deny_peer(const struct inquiry *inquiry, enum endorun_network_access access,
               const struct endorun_peer *peer, const struct endorun_verdict *verdict);
long deny_family(const struct inquiry *inquiry, int family, const struct endorun_verdict *verdict);
long deny_call(const struct inquiry *inquiry, const struct endorun_verdict *verdict);

/* The policy reports what it would deny, and allows it. */
bool policy_complains(void);

#endif
