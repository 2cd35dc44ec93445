/* How the analyser's functions fail: a message in the caller's buffer, and -1. */
#ifndef ENDORUN_ANALYSE_FAILURE_H
#define ENDORUN_ANALYSE_FAILURE_H

#include <stddef.h>

/* Formats the message; always returns -1. `error` has ANALYSE_ERROR_SIZE bytes. */
int fail(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Makes room for one more item behind `count` in an array of items of `item_size` bytes. Returns
 * 0, or -1 with a message; the array is then unchanged.
 */
int make_room(void **items, size_t *capacity, size_t count, size_t item_size, char *error);

#endif
