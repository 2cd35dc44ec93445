/*
 * The front end of the policy compiler: reads a policy file, and what it includes, into a model.
 * Hosted. All that is wrong is collected; a policy with any error has no model.
 */
#ifndef ENDORUN_POLICY_FRONT_H
#define ENDORUN_POLICY_FRONT_H

#include "errors.h"
#include "model.h"
#include "profiles.h"

#include <stdbool.h>
#include <stdio.h>

#define POLICY_FILE_MAX (1U << 20) /* bytes */

/* What a policy may refer to beside its own files. */
struct policy_surroundings {
    const char *home; /* that of the user, for `~`; NULL: not known */
    /* The value of a variable, for `${NAME}`; NULL: not set. */
    const char *(*environment)(void *context, const char *name);
    void *context; /* of `environment` */
    const struct policy_profile *profiles;
    size_t profile_count;
};

/*
 * Those of this process: its environment, the home folder by HOME or else by the password file, the
 * built-in profiles. `memory` holds what has to be kept for it.
 */
struct policy_surroundings policy_own_surroundings(struct arena *memory);

/*
 * Reads the policy at `path`, or the built-in profile when it begins with '@'. True: *model is the
 * caller's, who releases it. False: *errors, which begins as all zero, has at least one error, and
 * *model is empty.
 */
bool policy_read(const char *path, const struct policy_surroundings *surroundings,
                 struct policy_model *model, struct policy_errors *errors);

/*
 * Writes the policy as one TOML file: includes, variables and defaults are put in, and a comment
 * tells where an entry comes from. What reads the file gets the same model but for the origins;
 * rules of different lists may stand in another order.
 */
void policy_print(FILE *out, const struct policy_model *model);

#endif
