/*
 * P3, P6: in namespaces of its own a program may mount what it likes on /proc. Whoever executes
 * /proc/self/exe or a descriptor's name there executes what the program put in that place. Natively
 * the program does so itself.
 */
#include "executed.h"
#include <sched.h>
#include <sys/mount.h>

static char target[4096];
static const char *executed; /* natively the false link itself */

static void write_text(const char *path, const char *text)
{
    int fd = MUST(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text), path);
    close(fd);
}

static void enter_namespaces(void)
{
    char map[64];
    unsigned user = getuid(), group = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
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

static void execute(void)
{
    enter_namespaces();
    MUST(mount("none", "/proc", "tmpfs", 0, NULL));
    for (int thread = 0; thread < 2; thread++) {
        const char *folder = thread ? "/proc/thread-self" : "/proc/self";
        char path[64];
        MUST(mkdir(folder, 0755));
        snprintf(path, sizeof path, "%s/exe", folder);
        MUST(symlink(target, path));
        snprintf(path, sizeof path, "%s/fd", folder);
        MUST(mkdir(path, 0755));
        for (int fd = 0; fd < 64; fd++) {
            snprintf(path, sizeof path, "%s/fd/%d", folder, fd);
            MUST(symlink(target, path));
        }
    }
    execl(executed, "probe", (char *)NULL);
    _exit(errno == ENOENT ? ANSWER_BASE : 1);
}

int main(void)
{
    snprintf(target, sizeof target, "%s", helper("probe"));
    executed = under_monitor() ? "/bin/true" : "/proc/self/exe";
    long answer = probe_answer(in_child(execute));
    if (answer == NOT_EXECUTED) {
        not_reached("ENOENT");
    }
    judge_probe(answer);
}
