/* UTF-8, told from what only looks like it. */
#ifndef ENDORUN_COMMAND_UTF8_H
#define ENDORUN_COMMAND_UTF8_H

#include <stdint.h>

#define NOT_UTF8 UINT32_MAX

/*
 * The character that the string, which ends with NUL, begins with, and its length. NOT_UTF8 (and
 * length 1) for what no encoder makes: stray and missing continuation bytes, overlong forms,
 * surrogates.
 */
uint32_t next_character(const unsigned char *bytes, unsigned *length);

#endif
