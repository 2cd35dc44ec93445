/*
 * Attacks on a policy (policy.toml): open/ may be read, out/ changed as well, closed/ neither.
 * There is a "file" in each, and that of closed/ holds SECRET.
 */
#ifndef ATTACKS_POLICY_H
#define ATTACKS_POLICY_H

#include "attack.h"
#include <limits.h>
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

/* The n-th way to change or remove the file. */
static inline void change_file(const char *path, unsigned n)
{
    switch (n % 7) {
    case 0:
        chmod(path, 0700);
        break;
    case 1:
        if (truncate(path, 0) != 0)
            errno = 0;
        break;
    case 2:
        link(path, "out/link");
        unlink("out/link");
        break;
    case 3:
        rename(path, "out/renamed");
        break;
    case 4:
        unlink(path);
        break;
    case 5:
        close(open(path, O_WRONLY | O_TRUNC));
        break;
    default:
        rename("out/file", path);
        break;
    }
}

/*
 * When a race has been tried for long enough, by monotonic_ns(): natively it has to be won. Where
 * nothing of it has been seen by then it has not begun, and goes on.
 */
static inline long long race_end(void)
{
    const char *full = getenv("ENDORUN_TEST_FULL");
    bool is_long = (full != NULL && *full != '\0') || getenv("ENDORUN_VM") != NULL;

    return under_monitor() ? monotonic_ns() + (is_long ? 10 : 2) * 1000000000LL : LLONG_MAX;
}

#endif
