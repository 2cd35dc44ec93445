#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "folders.h"

int make_folders(const char *path)
{
    char part[PATH_MAX];
    const size_t length = strlen(path);

    if (length == 0 || length >= sizeof part) {
        errno = length == 0 ? ENOENT : ENAMETOOLONG;
        return -1;
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST && i == length)
            return -1;
        part[i] = path[i];
    }
    return 0;
}
