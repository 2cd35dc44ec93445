/*
 * Attacks on a policy (policy.toml): open/ may be read, out/ changed as well, closed/ neither.
 * There is a "file" in each, and that of closed/ holds SECRET.
 */
#ifndef ATTACKS_POLICY_H
#define ATTACKS_POLICY_H

#include "attack.h"
#include <pthread.h>

#define SECRET "secret\n"

/* Whether the descriptor, which is closed, shows the secret. */
static inline bool shows_secret(int fd)
{
    char text[sizeof SECRET] = "";
    bool is_secret = fd >= 0 && read(fd, text, sizeof SECRET - 1) > 0 && strcmp(text, SECRET) == 0;

    if (fd >= 0)
        close(fd);
    return is_secret;
}

/* The file as it must stay: a look at it is allowed. */
static inline bool closed_file_has_changed(void)
{
    struct stat status;

    return stat("closed/file", &status) != 0 || status.st_size != sizeof SECRET - 1 ||
           (status.st_mode & 07777) != 0644 || status.st_nlink != 1;
}

/* How long a race is tried; in the emulated machine it takes that long to begin. */
static inline time_t race_end(void)
{
    const char *full = getenv("ENDORUN_TEST_FULL");
    bool is_long = (full != NULL && *full != '\0') || getenv("ENDORUN_VM") != NULL;

    return time(NULL) + (is_long ? 10 : 2);
}

#endif
