#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "path_search.h"

/* Room for confstr's "/bin:/usr/bin" of any C library. */
#define DEFAULT_PATH_SIZE 256U

static const char *search_list(void)
{
    static char standard[DEFAULT_PATH_SIZE];
    const char *list = getenv("PATH");

    if (list != NULL)
        return list;
    size_t needed = confstr(_CS_PATH, standard, sizeof standard);
    if (needed == 0 || needed > sizeof standard)
        die(STATUS_SETUP, "PATH is not set and the system names no standard one");
    return standard;
}

/* Joins "directory/word"; an empty directory is the current one. False: no path is that long. */
static bool join(char path[static PATH_MAX], const char *directory, size_t length, const char *word)
{
    size_t word_length = strlen(word);

    if (length == 0) {
        directory = ".";
        length = 1;
    }
    bool slash = directory[length - 1] != '/';
    if (length + slash + word_length >= PATH_MAX)
        return false;
    memcpy(path, directory, length);
    if (slash)
        path[length] = '/';
    memcpy(path + length + slash, word, word_length + 1);
    return true;
}

/* 0: an executable regular file. Else an errno; EACCES: there is or may be one, and no right. */
static int try_candidate(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EISDIR;
    /* With the effective IDs, which are what execve goes by. */
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : EACCES;
}

const char *search_path(const char *word)
{
    static char path[PATH_MAX];
    static char denied[PATH_MAX]; /* the first one that permission kept from us */

    if (strchr(word, '/') != NULL)
        return word;
    if (*word == '\0')
        die(STATUS_NOT_FOUND, "'': not found: the name of the program is empty");

    const char *element = search_list();
    for (;;) {
        size_t length = strcspn(element, ":");

        if (join(path, element, length, word)) {
            int error = try_candidate(path);

            if (error == 0)
                return path;
            if (error == EACCES && *denied == '\0')
                memcpy(denied, path, sizeof denied);
        }
        if (element[length] == '\0')
            break;
        element += length + 1;
    }
    if (*denied != '\0')
        die(STATUS_CANNOT_RUN, "%s: permission denied", denied);
    die(STATUS_NOT_FOUND, "%s: not found in PATH", word);
}
