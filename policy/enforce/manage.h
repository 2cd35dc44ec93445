/* The managers of three kinds of objects: a call, decided on and made. Inside of enforce/ only. */
#ifndef ENDORUN_POLICY_MANAGE_H
#define ENDORUN_POLICY_MANAGE_H

#include "objects.h"

/*
 * Each gives what the program finds in RAX, CALL_ABORTED, or CALL_FORWARD: nothing to decide.
 * `looks_count`: also where what is only looked at is all that is asked about.
 */
long manage_paths(struct thread *thread, const struct user_registers *call,
                  const struct inquiry *inquiry, bool looks_count);
long manage_sockets(struct thread *thread, const struct user_registers *call,
                    const struct inquiry *inquiry);

long manage_listing(const struct user_registers *call, const struct inquiry *inquiry);

/* Whether the latter two have to see calls of this number. */
bool is_about_sockets(uint32_t number);
bool is_listing(uint32_t number);

#endif
