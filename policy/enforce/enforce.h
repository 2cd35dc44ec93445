/*
 * The object managers: where calls of the program meet the decisions of its policy. They find out
 * which objects a call is about, ask about those, and make sure that the call acts on no others.
 * Part of the monitor image; what they call of it stands in monitor/.
 *
 * Without a policy nothing here is ever called but policy_start().
 */
#ifndef ENDORUN_POLICY_ENFORCE_H
#define ENDORUN_POLICY_ENFORCE_H

#include "../../monitor/calls.h"
#include "../questions.h"
#include "endorun/policy.h"

/* The policy of the session, looked at by policy_check(); NULL: there is none. */
extern const struct endorun_policy_header *policy_in_use;

/* Takes the session's policy. Fatal where it is damaged. */
void policy_start(void);

/* Whether a call of this number is to be decided on: the gate must not make it itself. */
bool policy_watches(uint32_t number);

/*
 * The verdict on a call. CALL_FORWARD: nothing is against it, and it goes its usual way. Else it is
 * not, or has been made: what the program finds in RAX. Does not return where the policy ends the
 * process. What open(2) and execve(2) act on their own handlers ask about, by the functions below.
 */
long policy_mediate(struct thread *thread, const struct user_registers *call);

/* Whether paths are decided on. */
bool policy_has_paths(void);

/* ---- for open(2) and its kin (opens.c) ---- */

struct opening;

/*
 * Opens what the policy permits of it, by open_exactly(). `path` is absolute, or begins at the
 * opening's directory; room for PATH_MAX_BYTES.
 */
long policy_open(struct thread *thread, struct opening *opening, char *path);

/* ---- for execve(2) ---- */

/*
 * Whether the open file may be used for this, by the call `number`: 0, or a negative errno, and the
 * denial is reported.
 * Nobody else may have the descriptor table.
 */
long policy_permits_file(int fd, unsigned accesses, uint32_t number);

/* What the policy puts in the place of what a path leads to; NULL: nothing. */
const char *policy_replacement(int directory, const char *path);

/* The same of what a path leads to now: to say so before an error could tell what is there. */
long policy_permits_path(int directory, const char *path, unsigned accesses, uint32_t number);

#endif
