/* Patterns in their one form: what means the same is written in the same way. */
#ifndef ENDORUN_POLICY_NORMALISE_H
#define ENDORUN_POLICY_NORMALISE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * In a normalised pattern a backslash stands only where it takes a meaning away: before `*`, `?`,
 * `[` and a backslash; before a `{` that would make `${` of it; and before every byte in brackets
 * that is no letter, digit, '_' or '.'. Negated brackets begin with `[!`.
 */
struct normal_pattern {
    char bytes[PATH_MAX];
    size_t length;
    bool has_wildcard;
};

/* Of an absolute path with wildcards. NULL, or what is wrong with it. */
const char *normalise_path(struct normal_pattern *pattern, const char *path);

/* Of the name of an abstract socket, where only `*` and `?` are wildcards. The same. */
const char *normalise_name(struct normal_pattern *pattern, const char *name);

/* Takes the backslashes out of a normalised pattern that has no wildcard. */
void strip_backslashes(char *pattern);

/* Puts them in: the pattern that stands for this path alone. The same as normalise_path(). */
const char *normalise_literally(struct normal_pattern *pattern, const char *path);

/* Of a normalised pattern: where the elements without a wildcard that it begins with end. */
const char *pattern_literal_end(const char *pattern);

#endif
