/* Strings that came from a program, for a terminal and for JSON. */
#ifndef ENDORUN_COMMAND_ESCAPE_H
#define ENDORUN_COMMAND_ESCAPE_H

#include <stdio.h>

/* Printable characters as they are; a backslash, control characters and what is no UTF-8 as \xNN.
 */
void write_escaped(FILE *out, const char *string);

/* With the quotes. Bytes that are no UTF-8 become U+FFFD: JSON has no other way to say them. */
void write_json_string(FILE *out, const char *string);

#endif
