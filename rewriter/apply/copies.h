/*
 * The block page of each thread, where copies of code are executed that stands in a page which may
 * not become executable as a whole. Of a copy only what it stands for is shown to the program.
 */
#ifndef ENDORUN_REWRITER_COPIES_H
#define ENDORUN_REWRITER_COPIES_H

#include "../../monitor/thread.h"

/*
 * Carries out what stands at RIP, and goes on in code_is_stepped() pages, up to a copy, where RIP
 * is then; with `once`, of one instruction. False: there is something that can't be executed. Under
 * memory_acquire().
 */
bool copies_step(struct sigcontext *registers, bool once);

/* Whether RIP is in this thread's block page. */
bool copies_hold(struct thread *thread, uint64_t rip);

/* Whether RIP is behind a copy of this thread's, at the HLT. */
bool copies_end(struct thread *thread, uint64_t rip);

/* From a copy, or from behind it, to what it stands for. False: RIP is at none of this thread's. */
bool copies_leave(struct thread *thread, struct sigcontext *registers);

#endif
