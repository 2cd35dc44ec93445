/* Rules that name files by symbolic links: which are added to them (policy/compile/locate.h). */
#include "locate.h"
#include "policy_front_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the folder of the test: a folder `real` with a file, and links that lead to it. */
static void set_up(void)
{
    policy_set_up();
    ck_assert_int_eq(mkdir("real", 0700), 0);
    ck_assert_int_eq(mkdir("real/sub*", 0700), 0);
    policy_write("real/file", "");
    ck_assert_int_eq(symlink("real", "way"), 0);
    ck_assert_int_eq(symlink("../way/file", "real/other"), 0);
    ck_assert_int_eq(symlink("/", "root"), 0);
    ck_assert_int_eq(symlink("nowhere", "dangling"), 0);
    ck_assert_int_eq(symlink("real/sub*", "star"), 0);
}

/* A pattern from the folder, and what is added; NULL: nothing. A '.' stands for the folder. */
static const struct {
    const char *written;
    const char *added;
} cases[] = {
    {"./real/file", NULL},
    {"./real/**", NULL},
    {"./missing/x", NULL},
    {"./way", "./real"},
    {"./way/**", "./real/**"},
    {"./way/file", "./real/file"},
    {"./way/missing/x", "./real/missing/x"},
    {"./way/*.c", "./real/*.c"},
    {"./way/**/x", "./real/**/x"},
    {"./real/other", "./real/file"},
    {"./w*/x", NULL},
    {"./dangling", NULL},
    {"./root", "/"},
    {"./root/**", "/**"},
    {"./root/*", "/*"},
    {"./star/**", "./real/sub\\*/**"},
    {"./way/\\*", "./real/\\*"},
    {"/", NULL},
    {"/**", NULL},
    {"/*", NULL},
    {"/proc/self/**", NULL},
    {"/proc/thread-self/status", NULL},
};

static void expect_pattern(const char *pattern, const char *wanted)
{
    char whole[1024];

    snprintf(whole, sizeof whole, "%s%s", *wanted == '.' ? policy_folder() : "",
             *wanted == '.' ? wanted + 1 : wanted);
    ck_assert_str_eq(pattern, whole);
}

START_TEST(paths_are_located)
{
    char text[1024];
    struct policy_model model;

    snprintf(text, sizeof text, "version = 1\n[filesystem]\nread = ['%s']\n", cases[_i].written);
    policy_write("p.toml", text);
    ck_assert_msg(policy_take("p.toml", &model), "%s", policy_said);
    ck_assert(policy_locate(&model));
    ck_assert_uint_eq(model.path_count, cases[_i].added == NULL ? 1 : 2);
    if (cases[_i].added != NULL) {
        expect_pattern(model.paths[1].pattern, cases[_i].added);
        ck_assert_str_eq(model.paths[1].written, cases[_i].written);
        ck_assert_uint_eq(model.paths[1].origin.line, 3);
        ck_assert_uint_eq(model.paths[1].kind, POLICY_PATH_READ);
    }
    policy_model_release(&model);
}
END_TEST

START_TEST(all_rules_are_located)
{
    struct policy_model model;

    policy_write("p.toml", "version = 1\n[filesystem]\nread = ['./way/a', './real/b', './way/c']\n"
                           "redirect = { './way/d' = './real/e' }\n"
                           "[network]\nconnect = ['unix:./way/s', 'unix:@way', '10.0.0.1:80']\n");
    ck_assert_msg(policy_take("p.toml", &model), "%s", policy_said);
    ck_assert(policy_locate(&model));
    ck_assert_uint_eq(model.path_count, 7);
    expect_pattern(model.paths[4].pattern, "./real/a");
    expect_pattern(model.paths[5].pattern, "./real/c");
    expect_pattern(model.paths[6].pattern, "./real/d");
    expect_pattern(model.paths[6].target, "./real/e");
    ck_assert_uint_eq(model.peer_count, 4);
    expect_pattern(model.peers[3].pattern, "./real/s");
    policy_model_release(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_locate");
    TCase *tests = tcase_create("locate");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, policy_tear_down);
    tcase_add_loop_test(tests, paths_are_located, 0, (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tests, all_rules_are_located);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
