/* The command's descriptors, in a table that may be nearly full and holds others' files. */
#ifndef ENDORUN_COMMAND_DESCRIPTORS_H
#define ENDORUN_COMMAND_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Raises the soft limit of open files to the hard one, once. False: it cannot be raised (again).
 * *soft_before gets the limit that the program is to have.
 */
bool raise_descriptor_limit(uint64_t *soft_before);

/*
 * Moves both so that *upper is *lower + 1, using free numbers only. *lower stays open over exec and
 * *upper does not. Wants *lower the lowest free number at its creation and *upper the next one.
 * False: below the limit no two adjacent numbers are free; both are still open and valid.
 */
bool make_adjacent(int *lower, int *upper);

/*
 * Moves it out of the way of 0 to 2, which may be closed and stay so; close-on-exec. Returns its
 * number, or -1 with errno set and the descriptor closed.
 */
int move_above_standard(int fd);

/* Closes every descriptor but those kept; -1 among them means none. */
void close_all_descriptors_but(const int *kept, size_t count);

#endif
