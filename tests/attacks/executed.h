/* What the attacks by exec share: the small programs that they execute, and their answers. */
#ifndef ATTACKS_EXECUTED_H
#define ATTACKS_EXECUTED_H

#include "attack.h"
#include <sys/mount.h>
#include <sys/stat.h>

/* A helper program of this folder; the runner says where they are built. */
static inline const char *helper(const char *name)
{
    static char path[4096];
    const char *folder = getenv("ATTACK_FOLDER");
    CHECK(folder != NULL, "ATTACK_FOLDER is not set");
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* The wait status of a probe as the answer that its exit status stands for; 0: it was not executed.
 */
#define NOT_EXECUTED 0
#define ANSWER_BASE  64 /* exit status of "not executed", and what a probe adds to the errno */

static inline long probe_answer(int status)
{
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) >= ANSWER_BASE, "the probe: %s", ending(status));
    return ANSWER_BASE - WEXITSTATUS(status);
}

/* A copy of a file in a memfd. */
static inline int copy_to_memfd(const char *path, unsigned flags)
{
    char bytes[65536];
    int from = MUST(open(path, O_RDONLY | O_CLOEXEC));
    int to = MUST(memfd_create("copy", flags));
    ssize_t size;
    while ((size = MUST(read(from, bytes, sizeof bytes))) > 0) {
        CHECK_EQ(write(to, bytes, (size_t)size), size, "write");
    }
    close(from);
    return to;
}

static inline void write_text(const char *path, const char *text)
{
    int fd = MUST(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text), path);
    close(fd);
}

#define NAMESPACE_REFUSED 98 /* the exit status of enter_mount_namespace()'s process */

/* A mount namespace of one's own, with the right to mount; as root without a user namespace too. */
static inline void enter_mount_namespace(void)
{
    char map[64];
    unsigned user = getuid(), group = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        if (errno == EPERM && under_monitor()) {
            _exit(NAMESPACE_REFUSED);
        }
        CHECK(user == 0, "unshare: %s", strerror(errno));
        MUST(unshare(CLONE_NEWNS));
    } else {
        write_text("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1", user);
        write_text("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1", group);
        write_text("/proc/self/gid_map", map);
    }
    MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

#endif
