/*
 * The program's own seccomp filters, with protection keys or a policy: the monitor runs them on the
 * program's calls. In the kernel they would judge, and could answer, the monitor's own. Without
 * both they are the kernel's.
 */
#ifndef ENDORUN_MONITOR_SECCOMP_H
#define ENDORUN_MONITOR_SECCOMP_H

#include "thread.h"

bool seccomp_is_emulated(void);

/* One program and those installed before it. Never changed while a thread has it. */
struct filter;

/* Gives the filters of `parent` to a child that does not run yet, and gives back what a block has.
 */
void seccomp_share(struct thread *child, const struct thread *parent, bool same_process);
void seccomp_release(struct thread *thread);

enum seccomp_verdict {
    SECCOMP_MAKE,     /* the call is made */
    SECCOMP_ANSWERED, /* it is not: `result` is what the program finds in RAX */
    SECCOMP_AGAIN,    /* a signal comes first, as with CALL_ABORTED */
};
enum seccomp_verdict seccomp_judge(struct thread *thread, const struct user_registers *call,
                                   uint64_t *result);

/* The same of the thread's own dispatch, which comes first; and the prctl that sets it. */
enum seccomp_verdict user_dispatch_judge(struct thread *thread, const struct user_registers *call);
long user_dispatch_set(struct thread *thread, const struct user_registers *call);

/*
 * SIGSYS for a call that is not made, ahead of every other signal: a handler that emulates the call
 * changes the registers that its frame shows. Needs a handler of the program's.
 */
bool has_sigsys_handler(const struct thread *thread);
enum seccomp_verdict raise_sigsys(struct thread *thread, const struct kernel_siginfo *info);

/* Ends the process as a filter does that says so. */
noreturn void seccomp_end_process(struct thread *thread);

/* prctl's half of seccomp(2). */
long seccomp_mode(const struct thread *thread);
long seccomp_no_new_privs(struct thread *thread, const struct user_registers *call);
long seccomp_set_mode(struct thread *thread, uint64_t mode, uint64_t argument);

/*
 * Over an exec: bytes that the thread's filters take in the session, the same written to `target`,
 * and taken over from there. False: they are none.
 */
uint64_t seccomp_size(const struct filter *filter);
void seccomp_write(const struct filter *filter, uint8_t *target, uint64_t size);
bool seccomp_inherit(struct thread *thread, const uint8_t *source, uint64_t size);

#endif
