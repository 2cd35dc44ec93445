/*
 * Which of the known names was meant by an unknown one: the first that it is the beginning of, else
 * the first at the smallest edit distance.
 */
#ifndef ENDORUN_COMMAND_NEAREST_H
#define ENDORUN_COMMAND_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *name; /* the answer so far; NULL: nothing was offered */
    const char *typed;
    size_t length; /* of `typed`, which need not end there */
    size_t distance;
};

struct nearest nearest_to(const char *typed, size_t length);

void nearest_offer(struct nearest *nearest, const char *name);

#endif
