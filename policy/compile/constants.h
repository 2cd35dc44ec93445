/* Names of the system's headers with their values: constants of conditions, and errno. */
#ifndef ENDORUN_POLICY_CONSTANTS_H
#define ENDORUN_POLICY_CONSTANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A constant by a name that need not end at `length`. */
bool constant_value(const char *name, size_t length, int64_t *value);

const char *constant_nearest(const char *name, size_t length);

/* 0: no such name. */
int errno_number(const char *name);

/* NULL: no name for it. */
const char *errno_name(int number);

const char *errno_nearest(const char *name);

#endif
