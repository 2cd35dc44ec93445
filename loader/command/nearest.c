/* Which option was meant: a prefix, else the one at the smallest edit distance. */
#include <stdint.h>
#include <string.h>

#include "command_line.h"

#define COMPARED_MAX 32U /* longer names than any option: what follows cannot bring it nearer */

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

const struct command_option *nearest_option(const char *typed, size_t length)
{
    const struct command_option *nearest = NULL;
    size_t nearest_distance = SIZE_MAX;

    if (length > COMPARED_MAX)
        length = COMPARED_MAX;
    for (size_t i = 0; i < command_option_count; i++) {
        const struct command_option *option = &command_options[i];
        size_t option_length = strlen(option->name);

        if (option->help == NULL || option_length > COMPARED_MAX)
            continue;
        bool is_prefix = length > 0 && strncmp(option->name, typed, length) == 0;
        size_t distance = is_prefix ? 0 : edit_distance(typed, length, option->name, option_length);
        if (distance < nearest_distance) {
            nearest = option;
            nearest_distance = distance;
        }
    }
    return nearest;
}
