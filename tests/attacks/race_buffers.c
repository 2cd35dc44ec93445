/*
 * P7: another thread changes the path while the call is made. Goal: a file is read, changed or
 * removed that the policy closes.
 */
#include "policy.h"
#include <linux/openat2.h>

static char path[16] __attribute__((aligned(16))) = "open/file";

/* Both names have the same length but for the folder's: eight bytes are swapped at once. */
static void *flip(void *argument)
{
    static const char names[2][16] __attribute__((aligned(8))) = {"./open//file", "closed/file"};

    for (unsigned i = 0;; i++) {
        __atomic_store_n((uint64_t *)path, *(const uint64_t *)names[i & 1], __ATOMIC_RELAXED);
        __atomic_store_n((uint64_t *)(path + 8), *(const uint64_t *)(names[i & 1] + 8),
                         __ATOMIC_RELAXED);
    }
    return argument;
}

static unsigned openings;

static bool opens(unsigned i)
{
    struct open_how how = {.flags = O_RDONLY};

    int fd;

    switch (i % 4) {
    case 0:
        fd = (int)syscall(SYS_open, path, O_RDONLY);
        openings += fd >= 0;
        return shows_secret(fd);
    case 1:
        return shows_secret(openat(AT_FDCWD, path, O_RDONLY));
    case 2:
        return shows_secret((int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
    default:
        return shows_secret(open(path, O_RDWR));
    }
}

int main(void)
{
    pthread_t thread;
    long long end = race_end();

    CHECK(pthread_create(&thread, NULL, flip, NULL) == 0, "no thread");
    for (unsigned i = 0; monotonic_ns() < end || openings == 0; i++) {
        if (opens(i))
            reached();
        change_file(path, i);
        if (closed_file_has_changed())
            reached();
    }
    not_reached("none-seen");
}
