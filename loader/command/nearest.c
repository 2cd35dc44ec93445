#include <stdint.h>
#include <string.h>

#include "nearest.h"

#define COMPARED_MAX 64U /* longer than any name: what follows cannot bring it nearer */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Insertions, deletions and replacements that lead from one to the other (Levenshtein). */
static size_t edit_distance(const char *from, size_t from_length, const char *to, size_t to_length)
{
    size_t row[COMPARED_MAX + 1];

    for (size_t j = 0; j <= to_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= from_length; i++) {
        size_t diagonal = row[0]; /* of the row above, one to the left */

        row[0] = i;
        for (size_t j = 1; j <= to_length; j++) {
            size_t above = row[j];

            row[j] = smallest(above + 1, row[j - 1] + 1,
                              diagonal + (from[i - 1] != to[j - 1] ? 1U : 0U));
            diagonal = above;
        }
    }
    return row[to_length];
}

struct nearest nearest_to(const char *typed, size_t length)
{
    return (struct nearest){.typed = typed,
                            .length = length < COMPARED_MAX ? length : COMPARED_MAX,
                            .distance = SIZE_MAX};
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    size_t length = strlen(name), distance = 0;

    if (length > COMPARED_MAX)
        return;
    if (nearest->length == 0 || strncmp(name, nearest->typed, nearest->length) != 0)
        distance = edit_distance(nearest->typed, nearest->length, name, length);
    if (distance < nearest->distance) {
        nearest->name = name;
        nearest->distance = distance;
    }
}
