/* Text from a program in a given number of a terminal's columns. */
#ifndef ENDORUN_COMMAND_LIVE_TEXT_H
#define ENDORUN_COMMAND_LIVE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/*
 * The terminal shows what the environment's locale says, if that is UTF-8; else only ASCII is
 * written as it is.
 */
void live_text_use_locale(void);

/*
 * Writes the text in at most so many columns, and returns how many it took. Control characters, a
 * backslash, what has no width of its own, and what is no UTF-8 become \xNN. A text that is too
 * long is cut in the middle, where paths say least.
 */
size_t write_fitted(FILE *out, const char *text, size_t columns);

#endif
