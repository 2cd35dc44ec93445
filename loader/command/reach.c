#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../../policy/devices.h"
#include "reach.h"

#define FOLDERS_DEEP 8

/* As in monitor/open.c: only there does a position below zero exist. */
static bool is_process_memory(int fd, const struct stat *status)
{
    const off_t position = -(1L << 16);

    return status->st_mode == (S_IFREG | S_IRUSR | S_IWUSR) &&
           lseek(fd, position, SEEK_SET) == position;
}

/*
 * Objects that have no file: known ones pass. Others (KVM's, io_uring, userfaultfd, perf, bpf) act
 * on memory.
 */
static bool is_unknown_object(int fd)
{
    static const char *const known[] = {"[eventfd]",         "[eventpoll]", "[signalfd]",
                                        "[timerfd]",         "inotify",     "[pidfd]",
                                        "[landlock-ruleset]"};
    static const char prefix[] = "anon_inode:";
    char path[32];
    char target[64] = "";

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (readlink(path, target, sizeof target - 1) < 0 ||
        strncmp(target, prefix, sizeof prefix - 1) != 0)
        return false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(target + sizeof prefix - 1, known[i]) == 0)
            return false;
    return true;
}

const char *forbidden_to_inherit(int fd)
{
    struct statfs system;
    struct stat status;

    if (fstat(fd, &status) != 0 || (fcntl(fd, F_GETFL) & O_PATH) != 0)
        return NULL;
    if (!device_is_harmless(status.st_mode, status.st_rdev))
        return "a device that may reach all memory";
    if (is_unknown_object(fd))
        return "an object of the kernel that may reach all memory";
    if (!S_ISREG(status.st_mode) || fstatfs(fd, &system) != 0)
        return NULL;
    if (system.f_type == TRACEFS_MAGIC || system.f_type == DEBUGFS_MAGIC)
        return "a file of tracefs or debugfs";
    return system.f_type == PROC_SUPER_MAGIC && is_process_memory(fd, &status) ? "a /proc/PID/mem"
                                                                               : NULL;
}

bool has_one_identity(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    uid_t users[3];
    gid_t groups[3];

    return getresuid(&users[0], &users[1], &users[2]) == 0 &&
           getresgid(&groups[0], &groups[1], &groups[2]) == 0 &&
           syscall(SYS_capget, &header, data) == 0 && users[0] == users[1] &&
           users[0] == users[2] && groups[0] == groups[1] && groups[0] == groups[2] &&
           data[0].permitted == 0 && data[1].permitted == 0;
}

bool writes_for_another(int fd)
{
    struct stat status;
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY &&
           fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid != getuid();
}

static bool may_open(int folder, const char *name)
{
    return faccessat(folder, name, R_OK, AT_EACCESS) == 0 ||
           faccessat(folder, name, W_OK, AT_EACCESS) == 0;
}

/* Takes the descriptor of the folder. */
static bool are_in_folder(int fd, int depth)
{
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    bool found = folder == NULL || depth == 0;

    while (!found && (entry = readdir(folder)) != NULL) {
        struct stat status;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (!device_is_harmless(status.st_mode, status.st_rdev))
            found = may_open(dirfd(folder), entry->d_name);
        else if (S_ISDIR(status.st_mode) && may_open(dirfd(folder), entry->d_name))
            found = are_in_folder(
                openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                depth - 1);
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

bool devices_are_in_reach(void)
{
    return geteuid() == 0 || /* makes them where it likes */
           are_in_folder(open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC), FOLDERS_DEEP);
}
