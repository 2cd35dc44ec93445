/*
 * What Landlock can hold of a policy (policy/compile/landlock.h): the rights and the gaps that a
 * rule has, and, in a process under such a bound, that the kernel allows what the policy allows.
 */
#include "landlock.h"
#include "locate.h"
#include "policy_front_fixture.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "endorun/linux_compat.h"

#define READ_FILE  LANDLOCK_ACCESS_FS_READ_FILE
#define READ_DIR   LANDLOCK_ACCESS_FS_READ_DIR
#define EXECUTE    LANDLOCK_ACCESS_FS_EXECUTE
#define WRITE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define ABI_NEWEST 7
#define RULES_MAX  16

static struct policy_model model;
static struct landlock_bound bound;
static enum landlock_gap path_gaps[RULES_MAX], peer_gaps[RULES_MAX];

static void set_up(void)
{
    policy_set_up();
    ck_assert_int_eq(mkdir("folder", 0700), 0);
    ck_assert_int_eq(mkdir("folder/sub", 0700), 0);
    ck_assert_int_eq(mkdir("empty", 0700), 0);
    policy_write("folder/file", "x");
    policy_write("folder/sub/deep", "x");
    policy_write("file", "x");
    ck_assert_int_eq(symlink("folder", "way"), 0);
}

static void make(const char *body, int abi)
{
    char text[4096];

    snprintf(text, sizeof text, "version = 1\n%s", body);
    policy_write("p.toml", text);
    ck_assert_msg(policy_take("p.toml", &model), "%s", policy_said);
    ck_assert(model.path_count <= RULES_MAX && model.peer_count <= RULES_MAX);
    ck_assert(policy_locate(&model));
    ck_assert(landlock_bound(&model, abi, &bound, path_gaps, peer_gaps));
}

/* The rights at a path from the folder; 0: none. */
static uint64_t rights_at(const char *name)
{
    char path[1024];
    uint64_t rights = 0;

    snprintf(path, sizeof path, "%s%s%s", policy_folder(), *name != '\0' ? "/" : "", name);
    for (size_t i = 0; i < bound.path_count; i++)
        if (strcmp(bound.paths[i].path, path) == 0)
            rights |= bound.paths[i].rights;
    return rights;
}

static enum landlock_gap gap_of(enum policy_path_kind kind, const char *written)
{
    for (size_t i = 0; i < model.path_count; i++)
        if (model.paths[i].kind == kind && strcmp(model.paths[i].written, written) == 0)
            return path_gaps[i];
    ck_abort_msg("no rule %s", written);
}

START_TEST(reading)
{
    make("[filesystem]\n"
         "read = ['./folder/**', './file', './folder/*.c', './missing', './folder/sub']\n",
         ABI_NEWEST);
    ck_assert_uint_eq(gap_of(POLICY_PATH_READ, "./folder/**"), LANDLOCK_EXACT);
    ck_assert_uint_eq(gap_of(POLICY_PATH_READ, "./file"), LANDLOCK_EXACT);
    ck_assert_uint_eq(gap_of(POLICY_PATH_READ, "./folder/*.c"), LANDLOCK_PATTERN);
    ck_assert_uint_eq(gap_of(POLICY_PATH_READ, "./missing"), LANDLOCK_EXACT); /* nothing is given */
    ck_assert_uint_eq(gap_of(POLICY_PATH_READ, "./folder/sub"), LANDLOCK_PATTERN);
    ck_assert_uint_eq(rights_at("folder"), READ_FILE | READ_DIR);
    ck_assert_uint_eq(rights_at("file"), READ_FILE);
    ck_assert_uint_eq(rights_at("folder/sub"), READ_FILE | READ_DIR);
    ck_assert_uint_eq(rights_at(""), 0);
}
END_TEST

/* Not what is given to a sibling, nor what a link stands in. */
START_TEST(rights_from_above)
{
    ck_assert_int_eq(mkdir("folder.d", 0700), 0);
    make("[filesystem]\nread = ['./folder/**', './way/**']\nexec = ['./folder/sub/**']\n"
         "write = ['./folder.d/**', './folder/file', './folder/sub/deep']\n",
         ABI_NEWEST);
    ck_assert_uint_eq(rights_at("folder"), READ_FILE | READ_DIR);
    ck_assert_uint_eq(rights_at("folder/sub"), READ_FILE | READ_DIR | EXECUTE);
    ck_assert_uint_eq(rights_at("folder/file"), READ_FILE | WRITE_FILE);
    ck_assert_uint_eq(rights_at("folder/sub/deep"), READ_FILE | EXECUTE | WRITE_FILE);
    ck_assert_uint_eq(rights_at("folder.d") & (READ_FILE | READ_DIR | EXECUTE), 0);
    policy_model_release(&model);
    make("[filesystem]\nread = ['./**']\nexec = ['./way/**']\n", ABI_NEWEST);
    ck_assert_uint_eq(rights_at("way"), EXECUTE | READ_FILE);
    ck_assert_uint_eq(rights_at("folder"), EXECUTE | READ_FILE | READ_DIR);
    ck_assert_uint_eq(rights_at(""), READ_FILE | READ_DIR);
    ck_assert_uint_eq(bound.path_count, 3);
}
END_TEST

START_TEST(writing)
{
    make("[filesystem]\n"
         "write = ['./folder/**', './file', './new/made', './sub/*.x', './folder/sub/made']\n"
         "read = ['./folder/sub/made']\n",
         ABI_NEWEST);
    ck_assert_uint_eq(gap_of(POLICY_PATH_WRITE, "./folder/**"), LANDLOCK_ATTRIBUTES);
    ck_assert_uint_eq(gap_of(POLICY_PATH_WRITE, "./folder/sub/made"), LANDLOCK_ABSENT);
    ck_assert_uint_eq(gap_of(POLICY_PATH_READ, "./folder/sub/made"), LANDLOCK_ABSENT);
    ck_assert_uint_eq(gap_of(POLICY_PATH_WRITE, "./new/made"), LANDLOCK_ABSENT);
    ck_assert((rights_at("folder") & LANDLOCK_ACCESS_FS_REFER) != 0);
    ck_assert((rights_at("folder") & READ_FILE) == 0);
    ck_assert_uint_eq(rights_at("file"), WRITE_FILE);
    ck_assert((rights_at("folder/sub") & (READ_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)) ==
              (READ_FILE | LANDLOCK_ACCESS_FS_MAKE_REG));
    ck_assert_uint_eq(rights_at(""), 0);
}
END_TEST

START_TEST(executing_and_denying)
{
    make("[filesystem]\nexec = ['./way/file']\ndeny = ['./folder/sub/**']\nhide = ['./x']\n"
         "redirect = { './y' = './file' }\n",
         ABI_NEWEST);
    ck_assert_uint_eq(gap_of(POLICY_PATH_EXEC, "./way/file"), LANDLOCK_EXECUTION);
    ck_assert_uint_eq(gap_of(POLICY_PATH_DENY, "./folder/sub/**"), LANDLOCK_NO_DENIAL);
    ck_assert_uint_eq(gap_of(POLICY_PATH_HIDE, "./x"), LANDLOCK_NO_DENIAL);
    ck_assert_uint_eq(gap_of(POLICY_PATH_REDIRECT, "./y"), LANDLOCK_NO_REDIRECT);
    ck_assert_uint_eq(rights_at("folder/file"), EXECUTE | READ_FILE);
}
END_TEST

/* What is allowed anyway needs no bound, and what no kernel knows is in none. */
START_TEST(kernels)
{
    static const char policy[] = "[filesystem]\nwrite = ['./folder/**']\n[network]\nconnect = "
                                 "['10.0.0.0/8:443']\n[process]\nsignals = 'sandbox'\n";

    make("[filesystem]\ndefault = 'allow'\nread = ['./file']\n[network]\ndefault = 'allow'\n",
         ABI_NEWEST);
    ck_assert_uint_eq(bound.handled_paths, LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                               LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                               LANDLOCK_ACCESS_FS_REFER);
    ck_assert_uint_eq(bound.path_count, 1); /* to move files is given for all */
    ck_assert_uint_eq(bound.handled_ports | bound.scoped, 0);
    policy_model_release(&model);
    for (int abi = 0; abi < 2; abi++) {
        make(policy, abi);
        ck_assert_uint_eq(bound.handled_paths, 0);
        ck_assert_uint_eq(gap_of(POLICY_PATH_WRITE, "./folder/**"), LANDLOCK_UNKNOWN);
        policy_model_release(&model);
    }
    make("[filesystem]\nread = ['./folder/**']\n", 1);
    ck_assert_uint_eq(bound.handled_paths >> 13, 0);
    ck_assert_uint_eq(gap_of(POLICY_PATH_READ, "./folder/**"), LANDLOCK_EXACT);
    policy_model_release(&model);
    make(policy, 2);
    ck_assert_uint_eq(bound.handled_paths >> 13, 1);
    ck_assert_uint_eq(bound.handled_ports, 0);
    policy_model_release(&model);
    make(policy, 4);
    ck_assert_uint_eq(bound.handled_paths >> 13, 3);
    ck_assert_uint_eq(bound.handled_ports,
                      LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP);
    ck_assert_uint_eq(bound.scoped, 0);
    ck_assert_uint_eq(bound.port_count, 1);
    ck_assert_uint_eq(bound.ports[0].port, 443);
    ck_assert_uint_eq(peer_gaps[0], LANDLOCK_PEERS);
    policy_model_release(&model);
    make(policy, 6);
    ck_assert_uint_eq(bound.scoped, LANDLOCK_SCOPE_SIGNAL | LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET);
    policy_model_release(&model);
    make("[network]\nconnect = ['*:1-1024', 'unix:@x']\nbind = ['*:80']\n", 6);
    ck_assert_uint_eq(bound.handled_ports, LANDLOCK_ACCESS_NET_BIND_TCP);
    ck_assert_uint_eq(bound.scoped, 0);
}
END_TEST

/* ---------------------------------------------------------------- in the kernel */

static int kernel_abi(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static void restrict_paths(void)
{
    struct landlock_ruleset_attr attributes = {.handled_access_fs = bound.handled_paths};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, 8, 0);

    ck_assert_msg(ruleset >= 0, "%s", strerror(errno));
    for (size_t i = 0; i < bound.path_count; i++) {
        struct landlock_path_beneath_attr beneath = {
            .allowed_access = bound.paths[i].rights,
            .parent_fd = open(bound.paths[i].path, O_PATH | O_CLOEXEC)};

        ck_assert_int_ge(beneath.parent_fd, 0);
        ck_assert_msg(
            syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0,
            "%s: %s", bound.paths[i].path, strerror(errno));
        close(beneath.parent_fd);
    }
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq((int)syscall(SYS_landlock_restrict_self, ruleset, 0), 0);
}

static int error_of(int result)
{
    return result < 0 ? errno : 0;
}

START_TEST(the_kernel_takes_the_bound)
{
    int abi = kernel_abi();

    if (abi < 3)
        return; /* main() says so */
    make("[filesystem]\nread = ['./folder/**', './empty/made']\nwrite = ['./folder/sub/**', "
         "'./empty/made']\n",
         abi);
    pid_t pid = fork();

    if (pid == 0) {
        restrict_paths();
        ck_assert_int_eq(error_of(open("folder/file", O_RDONLY)), 0);
        ck_assert_int_eq(error_of(open("folder/file", O_WRONLY)), EACCES);
        ck_assert_int_eq(error_of(open("file", O_RDONLY)), EACCES);
        ck_assert_int_eq(error_of(open("folder/sub/new", O_RDWR | O_CREAT, 0600)), 0);
        ck_assert_int_eq(error_of(truncate("folder/file", 0)), EACCES);
        ck_assert_int_eq(error_of(mkdir("folder/sub/a", 0700)), 0);
        ck_assert_int_eq(error_of(rename("folder/sub/new", "folder/sub/a/new")), 0);
        ck_assert_int_eq(error_of(rename("folder/file", "folder/other")), EACCES);
        ck_assert_int_eq(error_of(unlink("folder/sub/deep")), 0);
        ck_assert_int_eq(error_of(rmdir("folder/sub")), EACCES);
        ck_assert_int_eq(error_of(open("empty/made", O_RDWR | O_CREAT, 0600)), 0);
        ck_assert_int_eq(error_of(open("empty/made", O_RDONLY)), 0);
        _exit(0);
    }
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_landlock");
    TCase *tests = tcase_create("landlock");
    SRunner *runner = srunner_create(suite);

    if (kernel_abi() < 3)
        puts("the kernel's Landlock is too old, or not there: only what is computed is tested");
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, policy_tear_down);
    tcase_add_test(tests, reading);
    tcase_add_test(tests, rights_from_above);
    tcase_add_test(tests, writing);
    tcase_add_test(tests, executing_and_denying);
    tcase_add_test(tests, kernels);
    tcase_add_test(tests, the_kernel_takes_the_bound);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
