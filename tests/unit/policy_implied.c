/*
 * Calls that reach files or sockets on a way where nothing is decided on those: what each section
 * closes by being there (policy/compile/implied.h), and what stays open beside it.
 */
#include "../../policy/compile/compile.h"
#include "../../policy/decide.h"
#include "implied.h"
#include "policy_front_fixture.h"

#include <check.h>
#include <errno.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FILES   1U
#define SOCKETS 2U
#define EXEC    4U

/* The sections of the test's policies, by these bits. */
static const char *const bodies[] = {
    "[filesystem]\n",
    "[network]\n",
    "[process]\nexec = false\n",
};
#define BODIES (sizeof bodies / sizeof bodies[0])

static const struct {
    const char *what;
    uint32_t number;
    uint64_t arguments[6];
    unsigned closed_by;
} cases[] = {
    {"io_uring", SYS_io_uring_setup, {0}, FILES | SOCKETS},
    {"io_uring", SYS_io_uring_enter, {0}, FILES | SOCKETS},
    {"io_uring", SYS_io_uring_register, {0}, FILES | SOCKETS},
    {"file handles", SYS_open_by_handle_at, {0}, FILES},
    {"mounts", SYS_mount, {0}, FILES},
    {"mounts", SYS_umount2, {0}, FILES},
    {"mounts", SYS_pivot_root, {0}, FILES},
    {"mounts", SYS_move_mount, {0}, FILES},
    {"mounts", SYS_open_tree, {0}, FILES},
    {"mounts", 467, {0}, FILES}, /* open_tree_attr */
    {"mounts", SYS_fsopen, {0}, FILES},
    {"mounts", SYS_fsconfig, {0}, FILES},
    {"mounts", SYS_fsmount, {0}, FILES},
    {"mounts", SYS_fspick, {0}, FILES},
    {"mounts", SYS_mount_setattr, {0}, FILES},
    {"mounts of others", SYS_setns, {0}, FILES},
    {"chroot", SYS_chroot, {0}, FILES},
    {"a new mount namespace", SYS_unshare, {CLONE_NEWNS}, FILES},
    {"a new mount namespace", SYS_clone, {CLONE_NEWNS | 17}, FILES},
    {"a new user namespace", SYS_unshare, {CLONE_NEWUSER | CLONE_NEWNET}, FILES},
    {"a new user namespace", SYS_clone, {CLONE_NEWUSER | 17}, FILES},
    {"a new PID namespace", SYS_unshare, {CLONE_NEWPID}, FILES},
    {"a new PID namespace", SYS_clone, {CLONE_NEWPID | 17}, FILES},
    {"another namespace", SYS_unshare, {CLONE_NEWNET}, 0},
    {"fork", SYS_clone, {17}, 0},
    {"pidfd_getfd", SYS_pidfd_getfd, {0}, FILES | SOCKETS},
    {"fanotify", SYS_fanotify_init, {0}, FILES},
    {"bpf", SYS_bpf, {0}, FILES},
    {"quotactl", SYS_quotactl, {0}, FILES},
    {"quotactl", SYS_quotactl_fd, {0}, FILES},
    {"swapon", SYS_swapon, {0}, FILES},
    {"swapon", SYS_swapoff, {0}, FILES},
    {"acct", SYS_acct, {0}, FILES},
    {"devices", SYS_mknod, {1, S_IFCHR | 0600}, FILES},
    {"devices", SYS_mknod, {1, S_IFBLK | 0600}, FILES},
    {"devices", SYS_mknodat, {3, 1, S_IFCHR | 0600}, FILES},
    {"devices", SYS_mknodat, {3, 1, S_IFBLK | 0600}, FILES},
    {"no device", SYS_mknod, {1, S_IFIFO | 0600}, 0},
    {"no device", SYS_mknodat, {3, 1, S_IFSOCK | 0600}, 0},
    {"attributes by ioctl", SYS_ioctl, {3, FS_IOC_SETFLAGS}, FILES},
    {"attributes by ioctl", SYS_ioctl, {3, FS_IOC_FSSETXATTR}, FILES},
    {"a snapshot by ioctl", SYS_ioctl, {3, 0x50009401}, FILES},
    {"attributes that are read", SYS_ioctl, {3, FS_IOC_GETFLAGS}, 0},
    {"a terminal", SYS_ioctl, {3, 0x5413}, 0},
    {"raw sockets", SYS_socket, {AF_INET, SOCK_RAW | SOCK_CLOEXEC}, SOCKETS},
    {"raw sockets", SYS_socket, {AF_INET6, SOCK_RAW}, SOCKETS},
    {"other sockets", SYS_socket, {AF_INET, SOCK_DGRAM}, 0},
    {"other sockets", SYS_socket, {AF_NETLINK, SOCK_RAW}, 0},
    {"source routes", SYS_setsockopt, {3, IPPROTO_IP, IP_OPTIONS}, SOCKETS},
    {"source routes", SYS_setsockopt, {3, IPPROTO_IPV6, IPV6_RTHDR}, SOCKETS},
    {"source routes", SYS_setsockopt, {3, IPPROTO_IPV6, IPV6_NEXTHOP}, SOCKETS},
    {"source routes", SYS_setsockopt, {3, IPPROTO_IPV6, 5}, SOCKETS}, /* IPV6_2292RTHDR */
    {"source routes", SYS_setsockopt, {3, IPPROTO_IPV6, 6}, SOCKETS}, /* IPV6_2292PKTOPTIONS */
    {"other options", SYS_setsockopt, {3, IPPROTO_IP, IP_TOS}, 0},
    {"other options", SYS_setsockopt, {3, SOL_SOCKET, SO_REUSEADDR}, 0},
    {"SCTP's options", SYS_setsockopt, {3, IPPROTO_SCTP, 100}, SOCKETS},
    {"SCTP's options", SYS_getsockopt, {3, IPPROTO_SCTP, 110}, SOCKETS},
    {"execution", SYS_execve, {0}, EXEC},
    {"execution", SYS_execveat, {0}, EXEC},
};

static struct endorun_verdict verdict_of(const char *body, uint32_t number,
                                         const uint64_t arguments[6])
{
    char text[128], error[POLICY_ERROR_SIZE];
    struct policy_model model;
    struct policy_image image;

    snprintf(text, sizeof text, "version = 1\n%s", body);
    policy_write("p.toml", text);
    ck_assert_msg(policy_take("p.toml", &model), "%s", policy_said);
    ck_assert(policy_imply(&model));
    ck_assert_msg(policy_compile(&model, &image, error) == 0, "%s", error);
    struct endorun_verdict verdict = decide_call(image.bytes, number, arguments);

    policy_image_release(&image);
    policy_model_release(&model);
    return verdict;
}

START_TEST(sections_close_calls)
{
    for (unsigned i = 0; i < BODIES; i++) {
        struct endorun_verdict verdict =
            verdict_of(bodies[i], cases[_i].number, cases[_i].arguments);
        bool is_closed = verdict.action == ENDORUN_ACTION_DENY && verdict.error == EPERM;

        ck_assert_msg(is_closed || verdict.action == ENDORUN_ACTION_ALLOW, "%s", cases[_i].what);
        ck_assert_msg(is_closed == ((cases[_i].closed_by >> i & 1) != 0), "%s with %s",
                      cases[_i].what, bodies[i]);
    }
    struct endorun_verdict verdict = verdict_of("", cases[_i].number, cases[_i].arguments);

    ck_assert_msg(verdict.action == ENDORUN_ACTION_ALLOW, "%s without rules", cases[_i].what);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_implied");
    TCase *tests = tcase_create("implied");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, policy_set_up, policy_tear_down);
    tcase_add_loop_test(tests, sections_close_calls, 0, (int)(sizeof cases / sizeof cases[0]));
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
