#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

#include "descriptors.h"

bool raise_descriptor_limit(uint64_t *soft_before)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return false;
    uint64_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    *soft_before = soft;
    return true;
}

bool make_adjacent(int *lower, int *upper)
{
    int below = *lower;

    /* Lets *upper climb over the free numbers until it meets two in a row. */
    while (*upper != below + 1) {
        int next = fcntl(*upper, F_DUPFD_CLOEXEC, *upper + 1);

        if (next < 0)
            return false;
        below = *upper;
        close(*upper);
        *upper = next;
    }
    if (below != *lower) {
        /* below was *upper's a moment ago, so it is free. */
        if (fcntl(*lower, F_DUPFD, below) != below)
            return false;
        close(*lower);
        *lower = below;
    }
    return true;
}

int move_above_standard(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;

    close(fd);
    errno = error;
    return moved;
}

void close_all_descriptors_but(const int *kept, size_t count)
{
    unsigned from = 0;
    unsigned next;

    do {
        next = UINT_MAX; /* what (unsigned)-1 is, too */
        for (size_t i = 0; i < count; i++)
            if ((unsigned)kept[i] >= from && (unsigned)kept[i] < next)
                next = (unsigned)kept[i];
        if (next > from)
            close_range(from, next - 1, 0);
        from = next + 1;
    } while (next != UINT_MAX);
}
