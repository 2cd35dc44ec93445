/* What is wrong with a policy: all that was found, not only the first. */
#ifndef ENDORUN_POLICY_ERRORS_H
#define ENDORUN_POLICY_ERRORS_H

#include "arena.h"
#include "model.h"

#include <stdio.h>

#define POLICY_ERRORS_MAX 100U /* of more only that there are some is said */

struct policy_error {
    struct policy_origin origin; /* line 0: of the file as a whole */
    const char *what;
};

struct policy_errors {
    struct policy_error items[POLICY_ERRORS_MAX];
    size_t count; /* those beyond POLICY_ERRORS_MAX are not kept */
    struct arena memory;
};

__attribute__((format(printf, 3, 4))) void policy_error_add(struct policy_errors *errors,
                                                            struct policy_origin origin,
                                                            const char *format, ...);

/* One line for each, `FILE:LINE:COLUMN: what`. Control characters are shown as \xNN. */
void policy_errors_print(FILE *out, const struct policy_errors *errors);

void policy_errors_release(struct policy_errors *errors);

#endif
