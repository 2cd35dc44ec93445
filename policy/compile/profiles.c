#include "profiles.h"

/* profiles_text.S */
#define PROFILE(name) extern const char policy_profile_##name[], policy_profile_##name##_end[];
PROFILE(base)
PROFILE(nothing)
PROFILE(names)
PROFILE(convert)
PROFILE(curl)
PROFILE(gcc)
PROFILE(git)
PROFILE(nginx)
PROFILE(node)
PROFILE(postgres)
PROFILE(python3)
PROFILE(redis_server)
PROFILE(sqlite3)
PROFILE(tar)
#undef PROFILE

#define PROFILE(written, name) {written, policy_profile_##name, policy_profile_##name##_end},
const struct policy_profile policy_profiles[] = {
    PROFILE("base", base) PROFILE("nothing", nothing) PROFILE("names", names)
        PROFILE("convert", convert) PROFILE("curl", curl) PROFILE("gcc", gcc) PROFILE("git", git)
            PROFILE("nginx", nginx) PROFILE("node", node) PROFILE("postgres", postgres)
                PROFILE("python3", python3) PROFILE("redis-server", redis_server)
                    PROFILE("sqlite3", sqlite3) PROFILE("tar", tar)};
#undef PROFILE

const size_t policy_profile_count = sizeof policy_profiles / sizeof policy_profiles[0];
