/*
 * bench_landlock WRITTEN -- PROGRAM [ARG]...: a sandbox of Landlock alone, to compare with: PROGRAM
 * reads and executes what lies beneath /, and writes beneath the folder WRITTEN and in /dev.
 */
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVERY_RIGHT ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) /* of the first ABI */
#define READ_RIGHTS                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static int allow(int ruleset, const char *folder, __u64 rights)
{
    const struct landlock_path_beneath_attr rule = {rights, open(folder, O_PATH | O_CLOEXEC)};

    return rule.parent_fd < 0
               ? -1
               : (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int main(int argc, char **argv)
{
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = EVERY_RIGHT};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);

    if (argc < 4 || strcmp(argv[2], "--") != 0 || ruleset < 0 ||
        allow(ruleset, "/", READ_RIGHTS) != 0 || allow(ruleset, argv[1], EVERY_RIGHT) != 0 ||
        allow(ruleset, "/dev", EVERY_RIGHT) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        fprintf(stderr, "bench_landlock: this kernel has no Landlock, or the usage is wrong\n");
        return 125;
    }
    close(ruleset);
    execvp(argv[3], argv + 3);
    perror("bench_landlock");
    return 126;
}
