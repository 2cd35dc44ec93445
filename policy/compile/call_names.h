/* System calls and their groups by name, from policy/syscalls.def. */
#ifndef ENDORUN_POLICY_CALL_NAMES_H
#define ENDORUN_POLICY_CALL_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* A name that need not end at `length`. Negative: no such call. */
int32_t call_number(const char *name, size_t length);

/* NULL: no call has this number. */
const char *call_name(uint32_t number);

const char *call_nearest(const char *name, size_t length);

/* One more than the highest number. */
uint32_t call_limit(void);

/* How many arguments a call has, and how many low bits of one the kernel takes. */
unsigned call_argument_count(uint32_t number);
unsigned call_argument_bits(uint32_t number, unsigned argument);

/*
 * The group of a name without '@': a family of the table in lower case, or "all". Negative: no such
 * group.
 */
int group_number(const char *name, size_t length);

const char *group_nearest(const char *name, size_t length);

/* Whether a call of the table is in the group. */
int group_has(int group, uint32_t number);

#endif
