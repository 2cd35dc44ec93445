/* Policy files as files: what they include, what cannot be read, and what is no TOML. */
#include "policy_front_fixture.h"
#include "toml.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define V "version = 1\n"

static struct policy_model model;

static void take_good(const char *name)
{
    ck_assert_msg(policy_take(name, &model), "%s", policy_said);
}

static void take_bad(const char *name, const char *said)
{
    ck_assert(!policy_take(name, &model));
    ck_assert_str_eq(policy_said, said);
}

/* Included rules come first, in the order of the includes, each file's once. */
START_TEST(test_include_order)
{
    static const char *const expected[] = {"/d", "/b", "/c", "/a"};

    policy_write("a.toml", V "include = ['b.toml', './c.toml']\n[filesystem]\nread = ['/a']\n");
    policy_write("b.toml", V "include = ['d.toml']\n[filesystem]\nread = ['/b']\n");
    policy_write("c.toml", V "include = ['d.toml']\n[filesystem]\nread = ['/c']\n");
    policy_write("d.toml", V "[filesystem]\nread = ['/d']\n");
    take_good("a.toml");
    ck_assert_uint_eq(model.path_count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(model.paths[i].pattern, expected[i]);
    policy_model_release(&model);
}
END_TEST

/* Of one value: the includer's, else that of the later include. */
START_TEST(test_include_values)
{
    policy_write("b.toml", V "[process]\nmax_processes = 1\nexec = false\nsignals = 'sandbox'\n"
                             "[limits]\nnofile = 1\ncore = 1\n[filesystem]\ndefault = 'allow'\n"
                             "redirect = { '/r' = '/1', '/s' = '/1' }\n"
                             "[environment]\nset = { A = '1', B = '1' }\n");
    policy_write("c.toml", V "[process]\nmax_processes = 2\n[limits]\ncore = 2\n");
    policy_write("a.toml", V "include = ['b.toml', 'c.toml']\n[process]\nexec = true\n"
                             "[limits]\nnofile = 3\n[filesystem]\nredirect = { '/r' = '/3' }\n"
                             "[environment]\nset = { A = '3' }\n");
    take_good("a.toml");
    ck_assert_uint_eq(model.max_processes, 2);
    ck_assert_str_eq(model.max_processes_origin.file, "c.toml");
    ck_assert_uint_eq(model.process_flags, POLICY_PROCESS_SIGNALS_SANDBOX);
    ck_assert_str_eq(model.no_exec_origin.file, "a.toml");
    ck_assert_str_eq(model.signals_origin.file, "b.toml");
    ck_assert_uint_eq(model.limit_count, 2);
    ck_assert_uint_eq(model.limits[0].value, 3);
    ck_assert_uint_eq(model.limits[1].value, 2);
    ck_assert_int_eq(model.filesystem.fallback, POLICY_DEFAULT_ALLOW);
    ck_assert_str_eq(model.filesystem.origin.file, "b.toml");
    ck_assert_uint_eq(model.path_count, 2);
    ck_assert_str_eq(model.paths[0].target, "/3");
    ck_assert_str_eq(model.paths[1].target, "/1");
    ck_assert_uint_eq(model.environment_count, 2);
    ck_assert_str_eq(model.environment[0].value, "3");
    ck_assert_str_eq(model.environment[1].value, "1");
    policy_model_release(&model);
}
END_TEST

START_TEST(test_redirected_twice)
{
    policy_write("b.toml", V "[filesystem]\nredirect = { '/r' = '/1' }\n");
    policy_write("a.toml", V "include = ['b.toml']\n[filesystem]\n"
                             "redirect = { '/r' = '/2', '//r' = '/3' }\n");
    take_bad("a.toml", "a.toml:4:27: '/r' is redirected twice, in line 4 too\n");
}
END_TEST

/* Lists add up; `keep` of one file is enough to remove what is not kept. */
START_TEST(test_include_lists)
{
    policy_write("b.toml", V "[network]\nfamilies = ['inet']\nconnect = ['1.1.1.1']\n"
                             "[environment]\nkeep = ['A']\n[syscalls]\ndeny = ['read']\n");
    policy_write("a.toml", V "include = ['b.toml']\n[network]\nfamilies = ['unix']\n"
                             "connect = ['2.2.2.2']\n[environment]\nkeep = ['B']\n"
                             "[syscalls]\ndeny = ['write']\n");
    take_good("a.toml");
    ck_assert_uint_eq(model.families, 0x6);
    ck_assert_uint_eq(model.peer_count, 2);
    ck_assert_uint_eq(model.peers[0].address[0], 1);
    ck_assert_uint_eq(model.environment_count, 2);
    ck_assert(!model.environment_is_kept);
    ck_assert_uint_eq(model.call_rule_count, 2);
    ck_assert_str_eq(model.call_rules[0].written, "read");
    policy_model_release(&model);
}
END_TEST

START_TEST(test_include_cycles)
{
    policy_write("a.toml", V "include = ['a.toml']\n");
    take_bad("a.toml", "a.toml:2:12: 'a.toml' is being read: a cycle of includes\n");
    policy_write("a.toml", V "include = ['./../x/b.toml']\n");
    ck_assert_int_eq(mkdir("x", 0755), 0);
    ck_assert_int_eq(symlink("../a.toml", "x/c.toml"), 0);
    policy_write("x/b.toml", V "include = ['c.toml']\n");
    policy_write("a.toml", V "include = ['x/b.toml']\n");
    take_bad("a.toml", "x/b.toml:2:12: 'x/c.toml' is being read: a cycle of includes\n");
}
END_TEST

/* The same file by another name is read once: its list does not stand there twice. */
START_TEST(test_include_twice)
{
    policy_write("b.toml", V "[filesystem]\nread = ['/b']\n");
    ck_assert_int_eq(link("b.toml", "c.toml"), 0);
    policy_write("a.toml", V "include = ['b.toml', './b.toml', 'c.toml', '@base', '@base']\n");
    take_good("a.toml");
    ck_assert_str_eq(model.paths[0].pattern, "/b");
    ck_assert_str_eq(model.paths[1].origin.file, "@base");
    for (size_t i = 1; i < model.path_count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert(strcmp(model.paths[i].pattern, model.paths[j].pattern) != 0 ||
                      model.paths[i].kind != model.paths[j].kind);
    policy_model_release(&model);
}
END_TEST

START_TEST(test_include_errors)
{
    policy_write("b.toml", "[filesystem]\nread = ['x']\n");
    policy_write("c.toml", V "[filesystem]\nread = ['x']\n");
    policy_write("d.toml", V "[\n");
    policy_write("a.toml", V "include = ['b.toml', 'c.toml', 'd.toml']\n");
    ck_assert(!policy_take("a.toml", &model));
    ck_assert_ptr_nonnull(strstr(policy_said, "b.toml:1:1: version is missing"));
    ck_assert_ptr_nonnull(strstr(policy_said, "\nc.toml:3:9: 'x' is no absolute path"));
    ck_assert_ptr_nonnull(strstr(policy_said, "\nd.toml:2:2: no valid TOML: "));
}
END_TEST

static void write_chain(unsigned length)
{
    for (unsigned i = 0; i <= length; i++) {
        char name[32], text[64];

        snprintf(name, sizeof name, "%u.toml", i);
        snprintf(text, sizeof text, V "include = [%s%u.toml%s]\n", i < length ? "'" : "#", i + 1,
                 i < length ? "'" : "\n");
        policy_write(name, text);
    }
}

START_TEST(test_include_depth)
{
    write_chain(32);
    take_bad("0.toml", "32.toml:2:11: more than 32 files include each other\n");
    policy_write("31.toml", V);
    take_good("0.toml");
    policy_model_release(&model);
}
END_TEST

START_TEST(test_profiles)
{
    static const char other[] = V "include = ['p.toml', '@third']\n[filesystem]\nread = ['./x']\n";
    static const char third[] = V "[filesystem]\nread = ['/third']\n";
    const struct policy_profile profiles[] = {{"other", other, other + strlen(other)},
                                              {"third", third, third + strlen(third)}};

    policy_test_surroundings.profiles = profiles;
    policy_test_surroundings.profile_count = 2;
    take_bad("@other", "@other:2:12: a built-in profile can only include built-in ones\n"
                       "@other:4:9: a built-in profile lies in no folder\n");
    take_good("@third");
    ck_assert_str_eq(model.paths[0].pattern, "/third");
    policy_model_release(&model);
    take_bad("@base", "@base: no built-in profile has this name\n");
}
END_TEST

/* Each of them is a policy by itself, and stands in the folder. */
START_TEST(test_built_in_profiles)
{
    for (size_t i = 0; i < policy_profile_count; i++) {
        char name[64], *printed, *shown, *again;

        snprintf(name, sizeof name, "@%s", policy_profiles[i].name);
        take_good(name);
        printed = policy_printed(&model);
        shown = policy_shown(&model);
        policy_write("printed.toml", printed);
        policy_model_release(&model);
        take_good("printed.toml");
        again = policy_shown(&model);
        ck_assert_str_eq(again, shown);
        policy_model_release(&model);
        free(printed);
        free(shown);
        free(again);
    }
    ck_assert_uint_gt(policy_profile_count, 0);
}
END_TEST

START_TEST(test_unreadable)
{
    take_bad("none.toml", "none.toml: No such file or directory\n");
    take_bad("", ": No such file or directory\n");
    ck_assert_int_eq(mkdir("folder", 0755), 0);
    take_bad("folder", "folder: Is a directory\n");
    policy_write("a\nb", V);
    take_bad("a\nb/c", "a\\x0ab/c: Not a directory\n");
    policy_write("closed.toml", V);
    ck_assert_int_eq(chmod("closed.toml", 0), 0);
    if (geteuid() != 0) /* whom nothing is closed to */
        take_bad("closed.toml", "closed.toml: Permission denied\n");
}
END_TEST

START_TEST(test_large)
{
    const size_t limit = POLICY_FILE_MAX;
    char *text = malloc(limit + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, '\n', limit + 1);
    memcpy(text, V, strlen(V));
    policy_write_bytes("a.toml", text, limit);
    take_good("a.toml");
    policy_model_release(&model);
    policy_write_bytes("a.toml", text, limit + 1);
    take_bad("a.toml", "a.toml: larger than 1 MiB\n");
    ck_assert_int_eq(truncate("a.toml", 100 << 20), 0);
    take_bad("a.toml", "a.toml: larger than 1 MiB\n");
    take_bad("/dev/zero", "/dev/zero: larger than 1 MiB\n");
    free(text);
}
END_TEST

/* Texts that are no policy for what they are made of; the whole of what is said of them. */
static const struct {
    const char *text;
    size_t size; /* 0: to the NUL */
    const char *said;
} odd[] = {
    {V "a\0b", sizeof V + 2, "a.toml:2:2: no valid TOML: a NUL byte\n"},
    {V "# \xff", 0, "a.toml:2:3: no valid TOML: this is no UTF-8\n"},
    {V "# \xc3\xa4\xc3", 0, "a.toml:2:5: no valid TOML: this is no UTF-8\n"},
    {"\xff\xfe", 0, "a.toml:1:1: no valid TOML: this is no UTF-8\n"},
    {"version = 1\r\n[filesystem]\r\nread = ['/a', 'b']\r\n", 0,
     "a.toml:3:15: 'b' is no absolute path, and does not begin with '~/', './', '../' or '${'\n"},
    {"\xef\xbb\xbfodd = 1\nversion = 1\n", 0,
     "a.toml:1:1: unknown key at the top level 'odd' (the nearest known one is 'report')\n"},
    {V "[filesystem]\nread = ['/\xc3\xa4', '/\xf0\x9f\x98\x80', 'b']\n", 0,
     "a.toml:3:25: 'b' is no absolute path, and does not begin with '~/', './', '../' or '${'\n"},
    {V "  [ .a]\n", 0, "a.toml:2:5: no valid TOML: a heading that begins with no name\n"},
    {V "\xef\xbb\xbb = 1\n", 0,
     "a.toml:2:1: no valid TOML: this character stands in strings and comments only\n"},
    {V "x\xc2\xa0 = 1\n", 0,
     "a.toml:2:2: no valid TOML: this character stands in strings and comments only\n"},
    {V "[[=]]\n", 0, "a.toml:2:3: no valid TOML: a heading that begins with no name\n"},
};

START_TEST(test_odd)
{
    size_t size = odd[_i].size > 0 ? odd[_i].size : strlen(odd[_i].text);

    policy_write_bytes("a.toml", odd[_i].text, size);
    take_bad("a.toml", odd[_i].said);
}
END_TEST

/* What toml++ finds; its own words are not the project's to test, their place is. */
static const struct {
    const char *text;
    const char *said;
} invalid[] = {
    {V "version = 1\n", "a.toml:2:"},
    {V "[filesystem]\nread = []\nread = []\n", "a.toml:4:"},
    {V "[filesystem]\n[filesystem]\n", "a.toml:3:"},
    {V "[filesystem]\nredirect = { '/a' = '/b', '/a' = '/c' }\n", "a.toml:3:"},
    {V "[filesystem\n", "a.toml:2:12: no valid TOML: "},
    {V "[]\n", "a.toml:2:2: no valid TOML: "},
    {V "[", "a.toml:2:2: no valid TOML: "},
    {V "x = \"a\n", "a.toml:2:"},
    {V "x = [1,\n", "a.toml:2:9: no valid TOML: "},
    {V "x = 'a'y\n", "a.toml:2:8: no valid TOML: "},
    {V "x = 99999999999999999999\n", "a.toml:2:"},
    {V "x = \"\\q\"\n", "a.toml:2:7: no valid TOML: "},
    {"version = 1\rx = 1\n", "a.toml:1:"},
    {V "x = 1979-05-27T\"/\xc3\xa4\"\n", "a.toml:2:"},
};

START_TEST(test_invalid)
{
    policy_write("a.toml", invalid[_i].text);
    ck_assert(!policy_take("a.toml", &model));
    ck_assert_msg(strncmp(policy_said, invalid[_i].said, strlen(invalid[_i].said)) == 0, "%s",
                  policy_said);
    ck_assert_ptr_nonnull(strstr(policy_said, "no valid TOML: "));
}
END_TEST

START_TEST(test_newlines_and_mark)
{
    policy_write("a.toml", "\xef\xbb\xbfversion = 1\r\n[filesystem]\r\nread = ['/a']\r\n");
    take_good("a.toml");
    ck_assert_str_eq(model.paths[0].pattern, "/a");
    policy_model_release(&model);
}
END_TEST

/* `count` times `piece` behind the version. */
static void write_repeated(const char *before, const char *piece, size_t count, const char *after)
{
    FILE *file = fopen("a.toml", "we");

    ck_assert_ptr_nonnull(file);
    fprintf(file, V "%s", before);
    for (size_t i = 0; i < count; i++)
        fputs(piece, file);
    fputs(after, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_nesting)
{
    write_repeated("x = ", "[", 100000, "");
    take_bad("a.toml", "a.toml:2:69: no valid TOML: nested too deeply\n");
    write_repeated("x = ", "[\n", 100000, "");
    take_bad("a.toml", "a.toml:66:1: no valid TOML: nested too deeply\n");
    write_repeated("x = ", "{a=", 100000, "");
    take_bad("a.toml", "a.toml:2:197: no valid TOML: nested too deeply\n");
    write_repeated("", "[[", 100000, "");
    ck_assert(!policy_take("a.toml", &model));
    write_repeated("a", ".a", 100000, " = 1");
    take_bad("a.toml", "a.toml:2:130: no valid TOML: too many dots in a line\n");
    write_repeated("[a", ".a", 100000, "]");
    take_bad("a.toml", "a.toml:2:131: no valid TOML: too many dots in a line\n");
    write_repeated("x = ", "[", 63, "1");
    ck_assert(!policy_take("a.toml", &model));
    ck_assert_ptr_null(strstr(policy_said, "nested"));
}
END_TEST

/* What looks like nesting and stands in strings and comments. */
START_TEST(test_no_nesting)
{
    write_repeated("# ", "[.", 1000, "\n");
    take_good("a.toml");
    policy_model_release(&model);
    write_repeated("[filesystem]\nread = [",
                   "'/[[]...\"', \"/.\\\"[]]..\", '''/'.[[]''', "
                   "\"\"\"/\"\\\"[.]\"\"\", ",
                   100, "]\n");
    take_good("a.toml");
    ck_assert_uint_eq(model.path_count, 400);
    ck_assert_str_eq(model.paths[3].written, "/\"\"[.]");
    policy_model_release(&model);
}
END_TEST

/* The tree itself: order, positions and values. */
START_TEST(test_tree)
{
    static const char text[] = "z = 'a'\n\"b c\" = [1, 2.5, true, 1979-05-27]\n[t.u]\n  a = -3\n";
    struct arena memory = {0};
    struct toml_failure failure;
    const struct toml_node *root = toml_parse(&memory, text, strlen(text), &failure), *node;

    ck_assert_ptr_nonnull(root);
    ck_assert_uint_eq(root->child_count, 3);
    node = &root->children[0];
    ck_assert_str_eq(node->key, "z");
    ck_assert_int_eq(node->kind, TOML_KIND_STRING);
    ck_assert_str_eq(node->string, "a");
    ck_assert_uint_eq(node->at.column, 5);
    node = &root->children[1];
    ck_assert_str_eq(node->key, "b c");
    ck_assert_uint_eq(node->key_at.line, 2);
    ck_assert_uint_eq(node->key_at.column, 1);
    ck_assert_uint_eq(node->child_count, 4);
    ck_assert_int_eq(node->children[0].integer, 1);
    ck_assert_double_eq(node->children[1].number, 2.5);
    ck_assert(node->children[2].boolean);
    ck_assert_int_eq(node->children[3].kind, TOML_KIND_DATE);
    ck_assert_uint_eq(node->children[1].at.column, 13);
    node = &root->children[2];
    ck_assert_str_eq(node->key, "t");
    ck_assert_str_eq(node->children[0].key, "u");
    node = &node->children[0].children[0];
    ck_assert_str_eq(node->key, "a");
    ck_assert_uint_eq(node->key_at.line, 4);
    ck_assert_uint_eq(node->key_at.column, 3);
    ck_assert_int_eq(node->integer, -3);
    arena_release(&memory);
}
END_TEST

/* What stands between the offsets of a value, as the file has it. */
static const char *span(const char *text, const struct toml_node *node)
{
    static char copy[64];

    snprintf(copy, sizeof copy, "%.*s", (int)(node->end - node->begin), text + node->begin);
    return copy;
}

START_TEST(test_offsets)
{
    static const char text[] = "\xef\xbb\xbf\"k\xc3\xa9\" . a = [ 'x]', { y = '\xc3\xa9' }, # ]\r\n"
                               "  \"\"\"z\r\n]\"\"\"\r\n] # c\r\nb = 'last'";
    struct arena memory = {0};
    struct toml_failure failure;
    const struct toml_node *root = toml_parse(&memory, text, strlen(text), &failure), *node;

    ck_assert_ptr_nonnull(root);
    ck_assert_uint_eq(root->children[0].key_begin, 3);
    node = &root->children[0].children[0];
    ck_assert_uint_eq(node->key_begin, 11);
    ck_assert_int_eq(text[node->key_begin], 'a');
    ck_assert_int_eq(text[node->begin], '[');
    ck_assert_str_eq(text + node->end, " # c\r\nb = 'last'");
    ck_assert_uint_eq(node->child_count, 3);
    ck_assert_str_eq(span(text, &node->children[0]), "'x]'");
    ck_assert_str_eq(span(text, &node->children[1]), "{ y = '\xc3\xa9' }");
    ck_assert_str_eq(span(text, &node->children[2]), "\"\"\"z\r\n]\"\"\"");
    ck_assert_str_eq(span(text, &root->children[1]), "'last'");
    ck_assert_uint_eq(root->children[1].end, strlen(text));
    arena_release(&memory);
}
END_TEST

START_TEST(test_own_surroundings)
{
    struct arena memory = {0};
    struct policy_surroundings own;

    ck_assert_int_eq(setenv("HOME", "/home/of/test", 1), 0);
    ck_assert_int_eq(setenv("POLICY_TEST", "x", 1), 0);
    own = policy_own_surroundings(&memory);
    ck_assert_str_eq(own.home, "/home/of/test");
    ck_assert_str_eq(own.environment(own.context, "POLICY_TEST"), "x");
    ck_assert_ptr_null(own.environment(own.context, "POLICY_TEST_NONE"));
    ck_assert_ptr_eq(own.profiles, policy_profiles);
    ck_assert_int_eq(unsetenv("HOME"), 0);
    own = policy_own_surroundings(&memory);
    ck_assert(own.home == NULL || *own.home == '/');
    if (getuid() == 0)
        ck_assert_str_eq(own.home, "/root");
    arena_release(&memory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_files");
    TCase *cases = tcase_create("files");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, policy_set_up, policy_tear_down);
    tcase_add_test(cases, test_include_order);
    tcase_add_test(cases, test_include_values);
    tcase_add_test(cases, test_redirected_twice);
    tcase_add_test(cases, test_include_lists);
    tcase_add_test(cases, test_include_cycles);
    tcase_add_test(cases, test_include_twice);
    tcase_add_test(cases, test_include_errors);
    tcase_add_test(cases, test_include_depth);
    tcase_add_test(cases, test_profiles);
    tcase_add_test(cases, test_built_in_profiles);
    tcase_add_test(cases, test_unreadable);
    tcase_add_test(cases, test_large);
    tcase_add_loop_test(cases, test_odd, 0, sizeof odd / sizeof odd[0]);
    tcase_add_loop_test(cases, test_invalid, 0, sizeof invalid / sizeof invalid[0]);
    tcase_add_test(cases, test_newlines_and_mark);
    tcase_add_test(cases, test_nesting);
    tcase_add_test(cases, test_no_nesting);
    tcase_add_test(cases, test_tree);
    tcase_add_test(cases, test_offsets);
    tcase_add_test(cases, test_own_surroundings);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
