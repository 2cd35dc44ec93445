/*
 * R1: every call that opens, changes or removes a file, and every way to name one. Goal: a file is
 * read, changed or removed that the policy closes.
 */
#include "policy.h"
#include <linux/openat2.h>
#include <sys/xattr.h>
#include <utime.h>

/* By what a path leads to the file: as it is, through links, folders, /proc. */
static const char *const paths[] = {
    "closed/file",
    "./closed/./file",
    "open/../closed/file",
    "out/link",
    "out/folder/file",
    "/proc/self/cwd/closed/file",
    "/proc/self/root/proc/self/cwd/closed/file",
    "/proc/thread-self/cwd/closed/file",
    "out/../out/../closed//file",
};
#define PATH_COUNT (sizeof paths / sizeof paths[0])

static bool reads(const char *path)
{
    struct open_how how = {.flags = O_RDONLY};
    char link[64];
    int folder = open("closed", O_PATH), file = open(path, O_PATH);
    bool is_secret = shows_secret((int)syscall(SYS_open, path, O_RDONLY)) ||
                     shows_secret(openat(AT_FDCWD, path, O_RDWR)) ||
                     shows_secret(open(path, O_RDONLY | O_CREAT, 0600)) ||
                     shows_secret((int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how)) ||
                     shows_secret(openat(folder, "file", O_RDONLY)) ||
                     shows_secret(openat(folder, "../closed/file", O_RDONLY));

    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    is_secret = is_secret || shows_secret(open(link, O_RDONLY));
    snprintf(link, sizeof link, "/proc/self/fd/%d/file", folder);
    is_secret = is_secret || shows_secret(open(link, O_RDONLY));
    snprintf(link, sizeof link, "/dev/fd/%d", file);
    is_secret = is_secret || shows_secret(open(link, O_RDONLY));
    how.resolve = RESOLVE_IN_ROOT;
    is_secret =
        is_secret || shows_secret((int)syscall(SYS_openat2, folder, "/file", &how, sizeof how));
    how.resolve = RESOLVE_BENEATH;
    is_secret =
        is_secret || shows_secret((int)syscall(SYS_openat2, folder, "file", &how, sizeof how));
    close(folder);
    close(file);
    return is_secret;
}

static bool changes(const char *path)
{
    int file = open(path, O_PATH);

    creat(path, 0600);
    close(open(path, O_WRONLY | O_TRUNC));
    close(open(path, O_RDONLY | O_TRUNC));
    if (truncate(path, 0) != 0)
        errno = 0;
    chmod(path, 0777);
    fchmodat(AT_FDCWD, path, 0777, 0);
    syscall(452 /* fchmodat2 */, file, "", 0777, AT_EMPTY_PATH);
    if (fchmod(file, 0777) != 0)
        errno = 0;
    setxattr(path, "user.a", "b", 1, 0);
    link(path, "out/another");
    linkat(file, "", AT_FDCWD, "out/another", AT_EMPTY_PATH);
    linkat(AT_FDCWD, path, AT_FDCWD, "out/another", AT_SYMLINK_FOLLOW);
    rename("closed/file", "out/moved");
    rename("closed", "out/closed");
    rename("out/file", "closed/file");
    syscall(SYS_renameat2, AT_FDCWD, "closed/file", AT_FDCWD, "out/file", RENAME_EXCHANGE);
    unlink("closed/file");
    unlinkat(AT_FDCWD, "out/folder/file", 0);
    rmdir("closed");
    close(file);
    return closed_file_has_changed();
}

int main(void)
{
    CHECK(symlink("../closed/file", "out/link") == 0 && symlink("../closed", "out/folder") == 0,
          "the folder out is not as it should be");
    for (size_t i = 0; i < PATH_COUNT; i++)
        if (reads(paths[i]) || changes(paths[i]))
            reached();
    not_reached("none");
}
