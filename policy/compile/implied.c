#include "implied.h"

#include "arena.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15 */
#endif

/* Of a type those that give the kernel something, <asm-generic/ioctl.h>: they may change something.
 */
#define IOCTL_WRITES   0x4000ff00U
#define IOCTL_OF(type) (0x40000000U | (uint32_t)(type) << 8)

#ifndef IPV6_2292RTHDR
#define IPV6_2292RTHDR 5 /* include/uapi/linux/in6.h */
#endif
#ifndef IPV6_2292PKTOPTIONS
#define IPV6_2292PKTOPTIONS 6
#endif

enum section { FILESYSTEM = 1, NETWORK = 2 };

#define ALWAYS(call, sections)                                                                     \
    {                                                                                              \
        SYS_##call, sections, 0, 0, 0, 0, 0                                                        \
    }
#define WHERE(call, sections, argument, mask, value)                                               \
    {                                                                                              \
        SYS_##call, sections, argument, mask, value, 0, 0                                          \
    }
#define BOTH(call, sections, argument, mask, value, next_mask, next_value)                         \
    {                                                                                              \
        SYS_##call, sections, argument, mask, value, next_mask, next_value                         \
    }

/*
 * What makes the call one of these: (argument & mask) == value, in 32 bits; mask 0: always. And the
 * same of the next argument, where next_mask is not 0.
 */
static const struct closed_call {
    uint32_t number;
    unsigned sections;
    unsigned argument;
    uint32_t mask, value;
    uint32_t next_mask, next_value;
} closed_calls[] = {
    /* They carry out other calls, on which nobody decides. */
    ALWAYS(io_uring_setup, FILESYSTEM | NETWORK),
    ALWAYS(io_uring_enter, FILESYSTEM | NETWORK),
    ALWAYS(io_uring_register, FILESYSTEM | NETWORK),
    /* Files without a name, or by one that is no path. */
    ALWAYS(open_by_handle_at, FILESYSTEM),
    ALWAYS(fanotify_init, FILESYSTEM),
    ALWAYS(bpf, FILESYSTEM),
    ALWAYS(acct, FILESYSTEM),
    ALWAYS(swapon, FILESYSTEM),
    ALWAYS(swapoff, FILESYSTEM),
    ALWAYS(quotactl, FILESYSTEM),
    ALWAYS(quotactl_fd, FILESYSTEM),
    ALWAYS(uselib, FILESYSTEM),
    WHERE(mknod, FILESYSTEM, 1, S_IFMT, S_IFCHR),
    WHERE(mknod, FILESYSTEM, 1, S_IFMT, S_IFBLK),
    WHERE(mknodat, FILESYSTEM, 2, S_IFMT, S_IFCHR),
    WHERE(mknodat, FILESYSTEM, 2, S_IFMT, S_IFBLK),
    /* What another process has, or is. */
    ALWAYS(pidfd_getfd, FILESYSTEM | NETWORK),
    /* They change what names mean. */
    ALWAYS(mount, FILESYSTEM),
    ALWAYS(umount2, FILESYSTEM),
    ALWAYS(pivot_root, FILESYSTEM),
    ALWAYS(chroot, FILESYSTEM),
    ALWAYS(move_mount, FILESYSTEM),
    ALWAYS(open_tree, FILESYSTEM),
    ALWAYS(open_tree_attr, FILESYSTEM),
    ALWAYS(fsopen, FILESYSTEM),
    ALWAYS(fsconfig, FILESYSTEM),
    ALWAYS(fsmount, FILESYSTEM),
    ALWAYS(fspick, FILESYSTEM),
    ALWAYS(mount_setattr, FILESYSTEM),
    ALWAYS(setns, FILESYSTEM),
    /* They change attributes through a descriptor that was opened for reading alone. */
    WHERE(ioctl, FILESYSTEM, 1, IOCTL_WRITES, IOCTL_OF('f')),
    WHERE(ioctl, FILESYSTEM, 1, IOCTL_WRITES, IOCTL_OF('v')),
    WHERE(ioctl, FILESYSTEM, 1, IOCTL_WRITES, IOCTL_OF('X')),
    WHERE(ioctl, FILESYSTEM, 1, UINT32_MAX, _IO('f', 9)),  /* EXT4_IOC_MIGRATE */
    WHERE(ioctl, FILESYSTEM, 1, UINT32_MAX, _IO('f', 12)), /* EXT4_IOC_ALLOC_DA_BLKS */
    WHERE(ioctl, FILESYSTEM, 1, UINT32_MAX, _IO('f', 17)), /* EXT4_IOC_SWAP_BOOT */
    WHERE(ioctl, FILESYSTEM, 1, UINT32_MAX, 0x800c6613),   /* FS_IOC_SET_ENCRYPTION_POLICY */
    WHERE(ioctl, FILESYSTEM, 1, UINT32_MAX, 0x40047211),   /* FAT_IOCTL_SET_ATTRIBUTES */
    WHERE(ioctl, FILESYSTEM, 1, 0xffffff00, 0x50009400),   /* struct btrfs_ioctl_vol_args */
    WHERE(ioctl, FILESYSTEM, 1, UINT32_MAX, 0x4008941a),   /* BTRFS_IOC_SUBVOL_SETFLAGS */
    WHERE(ioctl, FILESYSTEM, 1, UINT32_MAX, 0x40089413),   /* BTRFS_IOC_DEFAULT_SUBVOL */
    /* Their packets go where these say, whatever the address is. */
    BOTH(socket, NETWORK, 0, UINT32_MAX, AF_INET, 0xf, SOCK_RAW),
    BOTH(socket, NETWORK, 0, UINT32_MAX, AF_INET6, 0xf, SOCK_RAW),
    BOTH(setsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_IP, UINT32_MAX, IP_OPTIONS),
    BOTH(setsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_IPV6, UINT32_MAX, IPV6_RTHDR),
    BOTH(setsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_IPV6, UINT32_MAX, IPV6_2292RTHDR),
    BOTH(setsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_IPV6, UINT32_MAX, IPV6_NEXTHOP),
    BOTH(setsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_IPV6, UINT32_MAX, IPV6_2292PKTOPTIONS),
    /* SCTP connects and binds by its options. */
    WHERE(setsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_SCTP),
    WHERE(getsockopt, NETWORK, 1, UINT32_MAX, IPPROTO_SCTP),
    WHERE(unshare, FILESYSTEM, 0, CLONE_NEWNS, CLONE_NEWNS),
    WHERE(unshare, FILESYSTEM, 0, CLONE_NEWUSER, CLONE_NEWUSER),
    WHERE(unshare, FILESYSTEM, 0, CLONE_NEWPID, CLONE_NEWPID),
    WHERE(clone, FILESYSTEM, 0, CLONE_NEWPID, CLONE_NEWPID),
    WHERE(clone, FILESYSTEM, 0, CLONE_NEWNS, CLONE_NEWNS),
    WHERE(clone, FILESYSTEM, 0, CLONE_NEWUSER, CLONE_NEWUSER),
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
        struct policy_condition *conditions = arena_allocate_array(memory, 2, sizeof *conditions);

        if (conditions == NULL)
            return false;
        conditions[0] = (struct policy_condition){
            .argument = closed->argument,
            .comparison = POLICY_EQUAL,
            .mask = closed->mask,
            .value = closed->value,
        };
        conditions[1] = (struct policy_condition){
            .argument = closed->argument + 1,
            .comparison = POLICY_EQUAL,
            .mask = closed->next_mask,
            .value = closed->next_value,
        };
        rules[model->call_rule_count].conditions = conditions;
        rules[model->call_rule_count].condition_count = closed->next_mask != 0 ? 2 : 1;
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
