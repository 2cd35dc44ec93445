#include "implied.h"

#include "arena.h"

#include <errno.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/syscall.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15 */
#endif

enum section { FILESYSTEM = 1, NETWORK = 2 };

/* What makes the call one of these: (argument & mask) == value, in 32 bits; mask 0: always. */
static const struct closed_call {
    uint32_t number;
    unsigned sections;
    unsigned argument;
    uint32_t mask, value;
} closed_calls[] = {
    /* They carry out other calls, on which nobody decides. */
    {SYS_io_uring_setup, FILESYSTEM | NETWORK, 0, 0, 0},
    {SYS_io_uring_enter, FILESYSTEM | NETWORK, 0, 0, 0},
    {SYS_io_uring_register, FILESYSTEM | NETWORK, 0, 0, 0},
    /* Files without a name, or by one that is no path. */
    {SYS_open_by_handle_at, FILESYSTEM, 0, 0, 0},
    {SYS_fanotify_init, FILESYSTEM, 0, 0, 0},
    {SYS_bpf, FILESYSTEM, 0, 0, 0},
    {SYS_acct, FILESYSTEM, 0, 0, 0},
    {SYS_swapon, FILESYSTEM, 0, 0, 0},
    {SYS_uselib, FILESYSTEM, 0, 0, 0},
    /* They change what names mean. */
    {SYS_mount, FILESYSTEM, 0, 0, 0},
    {SYS_umount2, FILESYSTEM, 0, 0, 0},
    {SYS_pivot_root, FILESYSTEM, 0, 0, 0},
    {SYS_chroot, FILESYSTEM, 0, 0, 0},
    {SYS_move_mount, FILESYSTEM, 0, 0, 0},
    {SYS_open_tree, FILESYSTEM, 0, 0, 0},
    {SYS_open_tree_attr, FILESYSTEM, 0, 0, 0},
    {SYS_fsopen, FILESYSTEM, 0, 0, 0},
    {SYS_fsconfig, FILESYSTEM, 0, 0, 0},
    {SYS_fsmount, FILESYSTEM, 0, 0, 0},
    {SYS_fspick, FILESYSTEM, 0, 0, 0},
    {SYS_mount_setattr, FILESYSTEM, 0, 0, 0},
    {SYS_setns, FILESYSTEM, 0, 0, 0},
    /* They change attributes through a descriptor that was opened for reading alone. */
    {SYS_ioctl, FILESYSTEM, 1, UINT32_MAX, FS_IOC_SETFLAGS},
    {SYS_ioctl, FILESYSTEM, 1, UINT32_MAX, FS_IOC_SETVERSION},
    {SYS_ioctl, FILESYSTEM, 1, UINT32_MAX, FS_IOC_FSSETXATTR},
    /* SCTP connects and binds by its options. */
    {SYS_setsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_SCTP},
    {SYS_getsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_SCTP},
    {SYS_unshare, FILESYSTEM, 0, CLONE_NEWNS, CLONE_NEWNS},
    {SYS_unshare, FILESYSTEM, 0, CLONE_NEWUSER, CLONE_NEWUSER},
    {SYS_clone, FILESYSTEM, 0, CLONE_NEWNS, CLONE_NEWNS},
    {SYS_clone, FILESYSTEM, 0, CLONE_NEWUSER, CLONE_NEWUSER},
};

/* `closed` may be NULL: a rule without a condition. */
static bool add_rule(struct policy_model *model, const struct policy_call_rule *rule,
                     const struct closed_call *closed)
{
    struct arena *memory = model->memory;
    struct policy_call_rule *rules =
        arena_extend(memory, model->call_rules, model->call_rule_count, sizeof *rules);

    if (rules == NULL)
        return false;
    model->call_rules = rules;
    rules[model->call_rule_count] = *rule;
    if (closed != NULL && closed->mask != 0) {
        struct policy_condition *condition = arena_allocate(memory, sizeof *condition);

        if (condition == NULL)
            return false;
        *condition = (struct policy_condition){
            .argument = closed->argument,
            .comparison = POLICY_EQUAL,
            .mask = closed->mask,
            .value = closed->value,
        };
        rules[model->call_rule_count].conditions = condition;
        rules[model->call_rule_count].condition_count = 1;
    }
    model->call_rule_count++;
    return true;
}

static bool close_calls(struct policy_model *model, enum section section, const char *key,
                        const struct policy_section *written)
{
    const struct policy_call_rule rule = {
        .action = POLICY_CALL_DENY,
        .error = EPERM,
        .key = key,
        .written = "reached by no rule",
        .origin = written->origin,
    };

    for (size_t i = 0; written->is_written && i < sizeof closed_calls / sizeof closed_calls[0];
         i++) {
        struct policy_call_rule closed = rule;

        closed.number = closed_calls[i].number;
        if ((closed_calls[i].sections & section) != 0 &&
            !add_rule(model, &closed, &closed_calls[i]))
            return false;
    }
    return true;
}

static bool forbid_execution(struct policy_model *model)
{
    struct policy_call_rule rule = {
        .number = SYS_execve,
        .action = POLICY_CALL_DENY,
        .error = EPERM,
        .key = "process.exec",
        .written = "false",
        .origin = model->no_exec_origin,
    };

    if ((model->process_flags & POLICY_PROCESS_NO_EXEC) == 0)
        return true;
    if (!add_rule(model, &rule, NULL))
        return false;
    rule.number = SYS_execveat;
    return add_rule(model, &rule, NULL);
}

bool policy_imply(struct policy_model *model)
{
    return forbid_execution(model) &&
           close_calls(model, FILESYSTEM, "filesystem", &model->filesystem) &&
           close_calls(model, NETWORK, "network", &model->network);
}
