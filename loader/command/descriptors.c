#include <fcntl.h>
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
