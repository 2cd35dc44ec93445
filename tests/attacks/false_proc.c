/*
 * P3, P6: in namespaces of its own a program may mount what it likes on /proc. Whoever executes
 * /proc/self/exe or a descriptor's name there executes what the program put in that place. Natively
 * the program does so itself.
 */
#include "executed.h"
#include <sys/mount.h>

static char target[4096];
static const char *executed; /* natively the false link itself */

static void execute(void)
{
    enter_mount_namespace();
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
    int status = in_child(execute);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NAMESPACE_REFUSED) {
        not_reached("EPERM");
    }
    long answer = probe_answer(status);
    if (answer == NOT_EXECUTED) {
        not_reached("ENOENT");
    }
    judge_probe(answer);
}
