/*
 * Calls that are changed on the program's behalf, as the options of a trace ask
 * (endorun/session.h): their result, a signal, a delay. Part of the monitor image.
 */
#ifndef ENDORUN_TRACE_INJECT_H
#define ENDORUN_TRACE_INJECT_H

#include "endorun/session.h"
#include "../../monitor/thread.h"

/* Whether calls of this number are changed, or counted for it. */
bool inject_watches(uint32_t number);

/* Counts the thread's call, which is about to be made: what becomes of it, or NULL. */
const struct endorun_injection *inject_count(struct thread *thread, uint32_t number);

/* Before the call, when it is over, and when that has been told: the signal may end the process. */
void inject_begin(const struct endorun_injection *injection);
void inject_end(const struct endorun_injection *injection);
void inject_signal(const struct thread *thread, const struct endorun_injection *injection);

/* What a thread has counted goes on in the program that it executes. */
void inject_read(struct thread *thread);
void inject_write(const struct thread *thread, struct endorun_injections *next);

#endif
