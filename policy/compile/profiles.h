/* Built-in profiles: the files of policy/profiles, which `include = ["@name"]` names. */
#ifndef ENDORUN_POLICY_PROFILES_H
#define ENDORUN_POLICY_PROFILES_H

#include <stddef.h>

struct policy_profile {
    const char *name; /* without '@' */
    const char *text; /* ends with NUL */
    const char *text_end;
};

extern const struct policy_profile policy_profiles[];
extern const size_t policy_profile_count;

#endif
