#include "front.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *look_up(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* Read here: getpwuid() of a static executable would load libraries. NULL: not known. */
static const char *home_by_password_file(struct arena *memory)
{
    FILE *file = fopen("/etc/passwd", "re");
    const struct passwd *entry;
    const char *home = NULL;

    if (file == NULL)
        return NULL;
    while (home == NULL && (entry = fgetpwent(file)) != NULL)
        if (entry->pw_uid == getuid())
            home = arena_copy(memory, entry->pw_dir, strlen(entry->pw_dir));
    fclose(file);
    return home;
}

struct policy_surroundings policy_own_surroundings(struct arena *memory)
{
    const char *home = getenv("HOME");

    if (home == NULL || *home != '/')
        home = home_by_password_file(memory);
    return (struct policy_surroundings){
        .home = home != NULL && *home == '/' ? home : NULL,
        .environment = look_up,
        .profiles = policy_profiles,
        .profile_count = policy_profile_count,
    };
}
