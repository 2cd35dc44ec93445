/*
 * What the user is told of a denial: one line on standard error, where the program has left that as
 * it was. The same denial again is counted, and told at every power of two.
 */
#ifndef ENDORUN_POLICY_DENIAL_H
#define ENDORUN_POLICY_DENIAL_H

#include "objects.h"

void report_path(const struct inquiry *inquiry, enum endorun_path_access access, const char *name,
                 const struct endorun_verdict *verdict);
void report_peer(const struct inquiry *inquiry, enum endorun_network_access access,
                 const struct endorun_peer *peer, const struct endorun_verdict *verdict);
void report_family(const struct inquiry *inquiry, int family,
                   const struct endorun_verdict *verdict);
void report_call(const struct inquiry *inquiry, const struct endorun_verdict *verdict);

#endif
