/*
 * R2: another thread changes what a name on the way stands for: a link to a folder that is open,
 * one to a folder that is closed, or a folder itself. Goal: a file is read, changed or removed that
 * the policy closes.
 */
#include "policy.h"
#include <linux/openat2.h>
#include <sys/syscall.h>

static int exchange(const char *one, const char *other)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

static volatile unsigned flips;
static unsigned openings;

static void *flip(void *argument)
{
    for (;;) {
        flips += exchange("out/way", "out/other") == 0;
        exchange("out/folder", "out/other");
    }
    return argument;
}

static const char *const paths[] = {"out/way/file", "out/folder/file", "out/other/file"};

static bool opens(unsigned i)
{
    const char *path = paths[i % 3];
    struct open_how how = {.flags = O_RDONLY};
    int folder;
    bool is_secret;

    switch (i % 5) {
    case 0:
        folder = open(path, O_RDONLY);
        openings += folder >= 0;
        return shows_secret(folder);
    case 1:
        folder = open("out", O_PATH);
        is_secret = shows_secret(openat(folder, path + 4, O_RDONLY));
        close(folder);
        return is_secret;
    case 2:
        return shows_secret((int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
    case 3:
        return shows_secret(open(path, O_RDWR | O_CREAT, 0600));
    default:
        folder = open(i % 2 == 0 ? "out/way" : "out/folder", O_PATH);
        is_secret = shows_secret(openat(folder, "file", O_RDONLY));
        close(folder);
        return is_secret;
    }
}

int main(void)
{
    pthread_t thread;
    long long end = race_end();

    CHECK(symlink("../open", "out/way") == 0 && symlink("../closed", "out/other") == 0 &&
              mkdir("out/folder", 0700) == 0,
          "the folder out is not as it should be");
    CHECK(pthread_create(&thread, NULL, flip, NULL) == 0, "no thread");
    for (unsigned i = 0; monotonic_ns() < end || openings == 0 || flips <= 10; i++) {
        if (opens(i))
            reached();
        change_file(paths[i % 3], i);
        if (closed_file_has_changed())
            reached();
    }
    not_reached("none-seen");
}
