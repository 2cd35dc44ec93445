#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* path_resolution(7) */

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The last element, and its folder with all links followed; false: the path has no such element. */
static bool split(const char *path, char folder[PATH_MAX], char name[NAME_MAX + 1])
{
    size_t end = strlen(path);

    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;

    while (start > 0 && path[start - 1] != '/')
        start--;
    if (start == end || end - start > NAME_MAX)
        return false;
    snprintf(name, NAME_MAX + 1, "%.*s", (int)(end - start), path + start);
    snprintf(folder, PATH_MAX, "%.*s", (int)start, path);
    return !is_dots(name);
}

static bool join(const char *folder, const char *name, char joined[PATH_MAX])
{
    const char *separator = strcmp(folder, "/") == 0 ? "" : "/";

    if (strlen(folder) + strlen(separator) + strlen(name) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    stpcpy(stpcpy(stpcpy(joined, folder), separator), name);
    return true;
}

/* What a link at `path` leads to from its folder. */
static bool follow(const char *path, const char *folder, char target[PATH_MAX])
{
    char text[PATH_MAX];
    ssize_t length = readlink(path, text, sizeof text - 1);

    if (length < 0)
        return false;
    text[length] = '\0';
    return *text == '/' ? stpcpy(target, text) != NULL : join(folder, text, target);
}

bool resolve_path(const char *path, enum path_last last, char resolved[PATH_MAX], bool *is_absent)
{
    char at[PATH_MAX], folder[PATH_MAX], name[NAME_MAX + 1], canonical[PATH_MAX];

    *is_absent = false;
    if (strlen(path) >= sizeof at) {
        errno = ENAMETOOLONG;
        return false;
    }
    stpcpy(at, path);
    if (last == PATH_LAST_KEPT && *at != '\0' && at[strlen(at) - 1] == '/')
        last = PATH_LAST_FOLLOWED;
    for (int links = 0; links < LINKS_MAX; links++) {
        struct stat status;

        if (!split(at, folder, name))
            return realpath(*at != '\0' ? at : ".", resolved) != NULL;
        if (realpath(*folder != '\0' ? folder : ".", canonical) == NULL ||
            !join(canonical, name, resolved))
            return false;
        *is_absent = lstat(resolved, &status) != 0;
        if (*is_absent && errno != ENOENT)
            return false;
        if (*is_absent || last != PATH_LAST_FOLLOWED || !S_ISLNK(status.st_mode))
            return true;
        if (!follow(resolved, canonical, at))
            return false;
    }
    errno = ELOOP;
    return false;
}
