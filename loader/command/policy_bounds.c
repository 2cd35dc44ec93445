#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"
#include "policy_bounds.h"

/* <linux/landlock.h> of the kernel whose ABI knows them: 4, and 6 of the ruleset's last field. */
struct ruleset_attributes {
    uint64_t handled_paths, handled_ports, scoped;
};
struct port_attributes {
    uint64_t rights, port;
};
#define RULE_OF_A_PORT 2 /* LANDLOCK_RULE_NET_PORT */

static const void *part_of(const struct endorun_prepared *prepared, enum endorun_prepared_part part,
                           size_t *size)
{
    *size = prepared->parts[part].size;
    return (const char *)prepared + prepared->parts[part].offset;
}

void bounds_set_environment(const struct endorun_prepared *prepared)
{
    size_t size, count = 0;
    const char *strings = part_of(prepared, ENDORUN_PREPARED_ENVIRONMENT, &size);
    char **variables = malloc((size + 1) * sizeof *variables);

    if (variables == NULL)
        die(STATUS_SETUP, "no memory left for the environment");
    for (size_t at = 0; at < size; at += strlen(strings + at) + 1)
        variables[count++] = (char *)strings + at;
    variables[count] = NULL;
    environ = variables;
}

/* ---------------------------------------------------------------- Landlock */

static void add_path(int ruleset, const char *path, uint64_t rights)
{
    const struct landlock_path_beneath_attr rule = {
        .allowed_access = rights,
        .parent_fd = open(path, O_PATH | O_CLOEXEC),
    };

    if (rule.parent_fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return; /* gone since the policy was read, or out of reach: it stays denied */
    if (rule.parent_fd < 0)
        die(STATUS_SETUP, "%s: the policy cannot be told to Landlock: %s", path, strerror(errno));
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        die(STATUS_SETUP, "Landlock takes no rule for %s: %s", path, strerror(errno));
    close(rule.parent_fd);
}

static void add_paths(const struct endorun_prepared *prepared, int ruleset)
{
    size_t size;
    const char *paths = part_of(prepared, ENDORUN_PREPARED_PATHS, &size);

    for (size_t at = 0; at < size;) {
        uint64_t rights;

        memcpy(&rights, paths + at, sizeof rights);
        at += sizeof rights;
        if (rights != 0)
            add_path(ruleset, paths + at, rights);
        at += strlen(paths + at) + 1;
    }
}

static void add_ports(const struct endorun_prepared *prepared, int ruleset)
{
    size_t size;
    const struct endorun_prepared_pair *ports = part_of(prepared, ENDORUN_PREPARED_PORTS, &size);

    for (size_t i = 0; i < size / sizeof *ports; i++) {
        const struct port_attributes rule = {ports[i].value, ports[i].what};

        if (syscall(SYS_landlock_add_rule, ruleset, RULE_OF_A_PORT, &rule, 0) != 0)
            die(STATUS_SETUP, "Landlock takes no rule for port %llu: %s",
                (unsigned long long)ports[i].what, strerror(errno));
    }
}

/* A kernel whose ABI does not know the last fields takes the structure as long as they are zero. */
static void restrict_by_landlock(const struct endorun_prepared *prepared)
{
    const struct ruleset_attributes attributes = {prepared->handled_paths, prepared->handled_ports,
                                                  prepared->scoped};

    if (attributes.handled_paths == 0 && attributes.handled_ports == 0 && attributes.scoped == 0)
        return;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0)
        die(STATUS_SETUP, "Landlock makes no ruleset: %s", strerror(errno));
    add_paths(prepared, ruleset);
    add_ports(prepared, ruleset);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        die(STATUS_SETUP, "Landlock does not restrict this process: %s", strerror(errno));
    close(ruleset);
}

/* ---------------------------------------------------------------- processes */

/* A line of a process's own maps: user_namespaces(7). */
static void write_map(const char *file, const char *format, unsigned id)
{
    char line[64];
    int length = snprintf(line, sizeof line, format, id, id);
    int fd = open(file, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, line, (size_t)length) != length)
        die(STATUS_SETUP, "max_processes: %s cannot be written: %s", file, strerror(errno));
    close(fd);
}

/* Whether a process may be made where the limit is so many. */
static bool can_fork(rlim_t most)
{
    struct rlimit before = {0};

    getrlimit(RLIMIT_NPROC, &before);
    const struct rlimit limit = {most, before.rlim_max};
    if (setrlimit(RLIMIT_NPROC, &limit) != 0)
        die(STATUS_SETUP, "max_processes: setrlimit: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    const int error = errno;
    setrlimit(RLIMIT_NPROC, &before);
    if (child < 0 && error != EAGAIN)
        die(STATUS_SETUP, "max_processes cannot be tried: fork: %s", strerror(error));
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return child > 0;
}

/*
 * The kernel counts the processes of a user, by user namespace since Linux 5.14
 * (inc_rlimit_ucounts, kernel/ucount.c): in one of its own those of the sandbox are all. The user
 * stays who it is there, and has no capabilities in it. Those of root are never counted:
 * copy_process, kernel/fork.c.
 */
static void count_processes_apart(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    const unsigned user = geteuid(), group = getegid();

    if (unshare(CLONE_NEWUSER) != 0)
        die(STATUS_SETUP,
            "max_processes: this system gives no user namespace, in which a sandbox's processes "
            "are "
            "counted: %s; as root: sysctl user.max_user_namespaces, "
            "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns",
            strerror(errno));
    write_map("/proc/self/setgroups", "deny", 0);
    write_map("/proc/self/uid_map", "%u %u 1", user);
    write_map("/proc/self/gid_map", "%u %u 1", group);
    if (syscall(SYS_capset, &header, none) != 0)
        die(STATUS_SETUP, "max_processes: capabilities cannot be given up: %s", strerror(errno));
    if (can_fork(1))
        die(STATUS_SETUP, "max_processes: the kernel does not count the processes of root: start "
                          "endorun as another user");
    if (!can_fork(2))
        die(STATUS_SETUP, "max_processes: this kernel counts the processes of the user, not of the "
                          "sandbox (Linux 5.14 and later do)");
}

/* ---------------------------------------------------------------- limits */

/* Root could raise its limits again: not without this capability, which no exec gives back. */
static void give_up_raising_limits(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0); /* who may not has nothing to give up */
    if (syscall(SYS_capget, &header, data) != 0)
        die(STATUS_SETUP, "the capabilities of this process are not known: %s", strerror(errno));
    data[0].effective &= ~(1U << CAP_SYS_RESOURCE);
    data[0].permitted &= ~(1U << CAP_SYS_RESOURCE);
    data[0].inheritable &= ~(1U << CAP_SYS_RESOURCE);
    if (syscall(SYS_capset, &header, data) != 0)
        die(STATUS_SETUP, "CAP_SYS_RESOURCE cannot be given up: %s", strerror(errno));
}

void bounds_limit(const struct endorun_prepared *prepared, unsigned beside)
{
    size_t size;
    const struct endorun_prepared_pair *limits = part_of(prepared, ENDORUN_PREPARED_LIMITS, &size);

    for (size_t i = 0; i < size / sizeof *limits; i++) {
        const rlim_t value = limits[i].value + (limits[i].what == RLIMIT_NPROC ? beside : 0);
        const struct rlimit limit = {value, value};

        if (setrlimit((__rlimit_resource_t)limits[i].what, &limit) != 0)
            die(STATUS_SETUP, "the policy's limit for resource %llu (setrlimit(2)) is not set: %s",
                (unsigned long long)limits[i].what, strerror(errno));
    }
    if (size != 0)
        give_up_raising_limits();
}

bool bounds_has_limit(const struct endorun_prepared *prepared, int resource)
{
    size_t size;
    const struct endorun_prepared_pair *limits = part_of(prepared, ENDORUN_PREPARED_LIMITS, &size);

    for (size_t i = 0; i < size / sizeof *limits; i++)
        if (limits[i].what == (uint64_t)resource)
            return true;
    return false;
}

void bounds_restrict(const struct endorun_prepared *prepared)
{
    if (bounds_has_limit(prepared, RLIMIT_NPROC))
        count_processes_apart();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        die(STATUS_SETUP, "no_new_privs cannot be set: %s", strerror(errno));
    restrict_by_landlock(prepared);
}

/* ---------------------------------------------------------------- seccomp */

void bounds_filter(const struct endorun_prepared *prepared)
{
    for (int part = ENDORUN_PREPARED_KILLS; part <= ENDORUN_PREPARED_PERMITS; part++) {
        size_t size;
        const void *filter = part_of(prepared, (enum endorun_prepared_part)part, &size);
        const struct sock_fprog program = {
            .len = (unsigned short)(size / sizeof(struct sock_filter)),
            .filter = (struct sock_filter *)filter,
        };

        if (size != 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
            die(STATUS_SETUP,
                "this system allows no seccomp filter, the kernel's part of the "
                "policy: %s",
                strerror(errno));
    }
}
