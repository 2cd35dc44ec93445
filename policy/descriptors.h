/*
 * Which descriptors a system call is about, as the table of calls tells it: pure but for what it
 * reads through the function that it is given.
 */
#ifndef ENDORUN_POLICY_DESCRIPTORS_H
#define ENDORUN_POLICY_DESCRIPTORS_H

#include "ranges.h"

/* Told of one descriptor, which need not be open; AT_FDCWD where a path begins there. */
typedef void descriptors_visit(void *context, int32_t descriptor);

/* Those that the caller gives: arguments, and what poll(2) and select(2) wait for. */
void call_descriptors(uint32_t number, const uint64_t arguments[6], ranges_read *reader,
                      descriptors_visit *visitor, void *context);

/* Those that the caller has got, by a call that returned `result`, no error. */
void call_new_descriptors(uint32_t number, const uint64_t arguments[6], int64_t result,
                          ranges_read *reader, descriptors_visit *visitor, void *context);

/* Whether the call's result is a new descriptor. */
bool call_returns_descriptor(uint32_t number, const uint64_t arguments[6]);

#endif
