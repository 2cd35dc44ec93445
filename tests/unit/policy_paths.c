/* Patterns of policy files: what they begin with, variables, and the one form that all get. */
#include "policy_front_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Literal TOML strings, and the pattern of the model. A '.' at its beginning stands for the folder.
 */
static const struct {
    const char *written;
    const char *pattern;
} good[] = {
    {"/", "/"},
    {"//", "/"},
    {"/.", "/"},
    {"/..", "/"},
    {"/../a", "/a"},
    {"/a/", "/a"},
    {"/a//b/./c/", "/a/b/c"},
    {"/a/b/../c", "/a/c"},
    {"/a/b/../../..", "/"},
    {"/a/...", "/a/..."},
    {"/a/.b", "/a/.b"},
    {"/a b", "/a b"},
    {"/\xc3\xa4", "/\xc3\xa4"},

    {"~", "/home/user"},
    {"~/", "/home/user"},
    {"~/x/*", "/home/user/x/*"},
    {"~/..", "/home"},
    {"/~", "/~"},
    {"/a/~/b", "/a/~/b"},
    {".", "."},
    {"./", "."},
    {"./x/**", "./x/**"},
    {"./x/../y", "./y"},
    {"./${NAME}", "./n-1"},

    {"${A}", "/var/a"},
    {"${A}/b", "/var/a/b"},
    {"/x${A}", "/x/var/a"},
    {"/x${EMPTY}y", "/xy"},
    {"/x/${EMPTY}/y", "/x/y"},
    {"/$", "/$"},
    {"/$A", "/$A"},
    {"/$$", "/$$"},
    {"/$${NAME}", "/$n-1"},
    {"/\\${NAME}", "/$\\{NAME}"},
    {"/$\\{NAME}", "/$\\{NAME}"},
    {"/{}", "/{}"},
    {"/${RELATIVE}", "/var/a"},
    {"/a${DOTS}d", "/a/c/d"},
    {"${WILD}", "/x\\*\\?\\[y]\\\\{$"},
    {"/[${NAME}]", "/[n\\-1]"},
    {"/${NAME}{", "/n-1{"},
    {"${WILD}{", "/x\\*\\?\\[y]\\\\{$\\{"},

    {"/*", "/*"},
    {"/a*b?c", "/a*b?c"},
    {"/**", "/**"},
    {"/a/**", "/a/**"},
    {"/a/**/", "/a/**"},
    {"/**/b", "/**/b"},
    {"/a/**/**/b", "/a/**/**/b"},
    {"/a/./**", "/a/**"},
    {"/a/*b*c*", "/a/*b*c*"},
    {"/a/../*", "/*"},
    {"/*/./a", "/*/a"},

    {"/[abc]", "/[abc]"},
    {"/[a-z0-9_.]", "/[a-z0-9_.]"},
    {"/[!a]", "/[!a]"},
    {"/[^a]", "/[!a]"},
    {"/[]]", "/[\\]]"},
    {"/[]a]", "/[\\]a]"},
    {"/[!]a]", "/[!\\]a]"},
    {"/[a-]", "/[a\\-]"},
    {"/[-a]", "/[\\-a]"},
    {"/[+--]", "/[\\+-\\-]"},
    {"/[\\]]", "/[\\]]"},
    {"/[\\!a]", "/[\\!a]"},
    {"/[\\^a]", "/[\\^a]"},
    {"/[\\\\]", "/[\\\\]"},
    {"/[*?[]", "/[\\*\\?\\[]"},
    {"/[a\\-z]", "/[a\\-z]"},
    {"/a]", "/a]"},
    {"/!^-", "/!^-"},

    {"/\\*", "/\\*"},
    {"/\\a", "/a"},
    {"/\\?\\[\\]\\\\", "/\\?\\[]\\\\"},
    {"/\\.", "/"},
    {"/a/\\.\\.", "/"},
    {"/a\\/b", "/a/b"},
    {"/\\~", "/~"},
    {"/\\**", "/\\**"},
};

static const struct {
    const char *written;
    const char *said; /* behind the position */
} bad[] = {
    {"", "'' is no absolute path, and does not begin with '~/', './', '../' or '${'"},
    {"a", "'a' is no absolute path, and does not begin with '~/', './', '../' or '${'"},
    {".a", "'.a' is no absolute path, and does not begin with '~/', './', '../' or '${'"},
    {"*", "'*' is no absolute path, and does not begin with '~/', './', '../' or '${'"},
    {"~root/a", "'~root/a' is no absolute path, and does not begin with '~/', './', '../' or '${'"},
    {"${RELATIVE}", "'${RELATIVE}' is no absolute path: it begins as 'var/a'"},
    {"${EMPTY}a", "'${EMPTY}a' is no absolute path: it begins as 'a'"},
    {"/${NONE}", "the variable NONE is not set"},
    {"/${BYTES}", "${BYTES} is no UTF-8"},
    {"/${", "'${' without a name and '}' behind it; behind a backslash it stands for itself"},
    {"/${}", "'${' without a name and '}' behind it; behind a backslash it stands for itself"},
    {"/${A", "'${' without a name and '}' behind it; behind a backslash it stands for itself"},
    {"/${A-b}", "'${' without a name and '}' behind it; behind a backslash it stands for itself"},
    {"/${1}", "'${' without a name and '}' behind it; behind a backslash it stands for itself"},
    {"/a**", "'/a**': '**' is not the whole of a name: only '/**/', or '/**' at the end, has a "
             "meaning"},
    {"/**a", "'/**a': '**' is not the whole of a name: only '/**/', or '/**' at the end, has a "
             "meaning"},
    {"/***", "'/***': '**' is not the whole of a name: only '/**/', or '/**' at the end, has a "
             "meaning"},
    {"/*/..", "'/*/..': '..' behind a wildcard"},
    {"/*/a/..", "'/*/a/..': '..' behind a wildcard"},
    {"/**/../a", "'/**/../a': '..' behind a wildcard"},
    {"/[a]/..", "'/[a]/..': '..' behind a wildcard"},
    {"/a\\", "'/a\\x5c': a backslash at the end"},
    {"/[a", "'/[a': '[' without a ']' behind it; behind a backslash it stands for itself"},
    {"/[", "'/[': '[' without a ']' behind it; behind a backslash it stands for itself"},
    {"/[]", "'/[]': '[' without a ']' behind it; behind a backslash it stands for itself"},
    {"/[!]", "'/[!]': '[' without a ']' behind it; behind a backslash it stands for itself"},
    {"/[a\\", "'/[a\\x5c': '[' without a ']' behind it; behind a backslash it stands for itself"},
    {"/[a/b]", "'/[a/b]': a '/' between brackets, which match one byte of a name"},
    {"/[z-a]", "'/[z-a]': a range between brackets that ends before it begins"},
    {"/[\xc3\xa4]",
     "'/[\xc3\xa4]': a character of several bytes between brackets, which match one byte"},
};

static const char *folder_put_in(const char *pattern)
{
    static char whole[8192];

    if (*pattern != '.')
        return pattern;
    snprintf(whole, sizeof whole, "%s%s", policy_folder(), pattern + 1);
    return whole;
}

static void write_policy(const char *written)
{
    char text[8192];

    snprintf(text, sizeof text, "version = 1\n[filesystem]\nread = ['''%s''']\n", written);
    policy_write("p.toml", text);
}

START_TEST(test_good)
{
    struct policy_model model;
    char *shown, *again, *printed;

    write_policy(good[_i].written);
    ck_assert_msg(policy_take("p.toml", &model), "%s: %s", good[_i].written, policy_said);
    ck_assert_uint_eq(model.path_count, 1);
    ck_assert_str_eq(model.paths[0].pattern, folder_put_in(good[_i].pattern));
    ck_assert_str_eq(model.paths[0].written, good[_i].written);
    ck_assert_str_eq(model.paths[0].origin.file, "p.toml");
    ck_assert_uint_eq(model.paths[0].origin.line, 3);
    ck_assert_uint_eq(model.paths[0].origin.column, 9);
    shown = policy_shown(&model);
    printed = policy_printed(&model);
    policy_write("printed.toml", printed);
    policy_model_release(&model);
    ck_assert_msg(policy_take("printed.toml", &model), "%s%s", printed, policy_said);
    again = policy_shown(&model);
    ck_assert_str_eq(again, shown);
    policy_model_release(&model);
    free(again);
    free(printed);
    free(shown);
}
END_TEST

START_TEST(test_bad)
{
    struct policy_model model;
    char said[512];

    write_policy(bad[_i].written);
    ck_assert_msg(!policy_take("p.toml", &model), "%s", bad[_i].written);
    snprintf(said, sizeof said, "p.toml:3:9: %s\n", bad[_i].said);
    ck_assert_str_eq(policy_said, said);
}
END_TEST

/* The longest pattern, and one byte more; the longest that is looked at at all. */
START_TEST(test_length)
{
    static const size_t lengths[] = {4095, 4096, 8190, 8191, 8192};
    struct policy_model model;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        static char text[16384];
        size_t size = (size_t)sprintf(text, "version = 1\n[filesystem]\nread = ['/");

        memset(text + size, 'a', lengths[i] - 1);
        strcpy(text + size + lengths[i] - 1, "']\n");
        policy_write("p.toml", text);
        ck_assert_msg(policy_take("p.toml", &model) == (lengths[i] <= 4095), "%zu", lengths[i]);
        ck_assert(lengths[i] <= 4095 || strstr(policy_said, "longer than ") != NULL);
        if (lengths[i] <= 4095)
            ck_assert_uint_eq(strlen(model.paths[0].pattern), lengths[i]);
        policy_model_release(&model);
    }
}
END_TEST

START_TEST(test_no_home)
{
    struct policy_model model;

    policy_test_surroundings.home = NULL;
    write_policy("~/a");
    ck_assert(!policy_take("p.toml", &model));
    ck_assert_str_eq(policy_said, "p.toml:3:9: '~': the home folder is not known\n");
    policy_test_surroundings.home = "/h*me";
    write_policy("~/*");
    ck_assert(policy_take("p.toml", &model));
    ck_assert_str_eq(model.paths[0].pattern, "/h\\*me/*");
    policy_model_release(&model);
}
END_TEST

/* The folder is that of the file that says so, after symbolic links; its wildcards are names. */
START_TEST(test_own_folder)
{
    struct policy_model model;
    char expected[8192];

    ck_assert_int_eq(mkdir("odd[1]*", 0755), 0);
    policy_write("odd[1]*/inner.toml", "version = 1\n[filesystem]\nread = ['./a', '../b', '..']\n");
    policy_write("p.toml", "version = 1\ninclude = ['odd[1]*/inner.toml']\n");
    ck_assert_msg(policy_take("p.toml", &model), "%s", policy_said);
    ck_assert_uint_eq(model.path_count, 3);
    snprintf(expected, sizeof expected, "%s/odd\\[1]\\*/a", policy_folder());
    ck_assert_str_eq(model.paths[0].pattern, expected);
    snprintf(expected, sizeof expected, "%s/b", policy_folder());
    ck_assert_str_eq(model.paths[1].pattern, expected);
    ck_assert_str_eq(model.paths[2].pattern, policy_folder());
    ck_assert_str_eq(model.paths[2].origin.file, "odd[1]*/inner.toml");
    policy_model_release(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_paths");
    TCase *cases = tcase_create("patterns");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, policy_set_up, policy_tear_down);
    tcase_add_loop_test(cases, test_good, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(cases, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(cases, test_length);
    tcase_add_test(cases, test_no_home);
    tcase_add_test(cases, test_own_folder);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
