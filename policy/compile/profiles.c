#include "profiles.h"

/* profiles_text.S */
extern const char policy_profile_base[], policy_profile_base_end[];
extern const char policy_profile_nothing[], policy_profile_nothing_end[];

const struct policy_profile policy_profiles[] = {
    {"base", policy_profile_base, policy_profile_base_end},
    {"nothing", policy_profile_nothing, policy_profile_nothing_end},
};

const size_t policy_profile_count = sizeof policy_profiles / sizeof policy_profiles[0];
