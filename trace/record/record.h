/*
 * Traced calls: what the monitor tells the reader of each, by the event channel (endorun/event.h).
 * Part of the monitor image. Does nothing where no trace is asked for.
 */
#ifndef ENDORUN_TRACE_RECORD_H
#define ENDORUN_TRACE_RECORD_H

#include "../../monitor/thread.h"

/* Whether calls of this number are traced: the gate must not make them itself. */
bool trace_watches(uint32_t number);

/* The thread is about to make the call in its registers; and has made it, `call` being what those
 * were before. */
void trace_call(struct thread *thread);
void trace_return(struct thread *thread, const struct user_registers *call, long result,
                  bool is_injected);

/* The thread has returned from a handler, by a frame whose mask stood at that address. That call
 * goes no other way. */
void trace_sigreturn(struct thread *thread, uint64_t address, uint64_t mask, long result);

/* A handler of the program is about to be entered. */
void trace_signal(struct thread *thread, const void *siginfo);

#endif
