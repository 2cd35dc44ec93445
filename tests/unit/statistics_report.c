/* The report of --stats: what the ten hottest places are, and that no name breaks out of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "statistics_report.h"

static struct statistics statistics;
static char *text;
static size_t text_size;

static void set_up(void)
{
    statistics = (struct statistics){0};
}

static void tear_down(void)
{
    free(text);
    text = NULL;
}

/* Leaves in `text` what a writer writes. */
static void run_writer(void (*writer)(FILE *out, const char *string), const char *string)
{
    free(text);
    FILE *out = open_memstream(&text, &text_size);
    writer(out, string);
    ck_assert_int_eq(fclose(out), 0);
}

static void write_table(FILE *out, const char *program)
{
    write_statistics_table(out, &statistics, program);
}

static void write_json(FILE *out, const char *program)
{
    write_statistics_json(out, &statistics, program);
}

#define ck_assert_written(writer, string, expected)                                                \
    do {                                                                                           \
        run_writer(writer, string);                                                                \
        ck_assert_str_eq(text, expected);                                                          \
    } while (0)

static const struct {
    const char *raw, *plain, *json;
} names[] = {
    {"", "", "\"\""},
    {"/usr/lib/a b.so", "/usr/lib/a b.so", "\"/usr/lib/a b.so\""},
    {"\"\\", "\"\\x5c", "\"\\\"\\\\\""},
    {"a\nb\tc\033[1m\177", "a\\x0ab\\x09c\\x1b[1m\\x7f", "\"a\\u000ab\\u0009c\\u001b[1m\\u007f\""},
    {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80",
     "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {"\xc2\x9b", "\\xc2\\x9b", "\"\\u009b\""},                /* C1: a terminal's CSI */
    {"\xff\xfe", "\\xff\\xfe", "\"\\ufffd\\ufffd\""},         /* in no encoding */
    {"\x80x", "\\x80x", "\"\\ufffdx\""},                      /* continuation without start */
    {"\xe2\x82", "\\xe2\\x82", "\"\\ufffd\\ufffd\""},         /* cut by the end */
    {"\xe2\x82\"", "\\xe2\\x82\"", "\"\\ufffd\\ufffd\\\"\""}, /* cut by a quote */
    {"\xc0\xaf", "\\xc0\\xaf", "\"\\ufffd\\ufffd\""},         /* overlong */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* surrogate */
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
};
#define NAME_COUNT (int)(sizeof names / sizeof names[0])

START_TEST(test_names_are_escaped)
{
    ck_assert_written(write_escaped, names[_i].raw, names[_i].plain);
    ck_assert_written(write_json_string, names[_i].raw, names[_i].json);
}
END_TEST

START_TEST(test_nothing_to_tell)
{
    ck_assert_written(write_table, "a\nb",
                      "endorun: statistics of a\\x0ab\n"
                      "             0            system calls; images executed: 0\n"
                      "             0    0.00 %  through rewritten sites\n"
                      "             0    0.00 %  trapped by Syscall User Dispatch (SUD)\n");
    ck_assert_written(write_json, "a\nb",
                      "{\n  \"schema\": 1,\n  \"program\": \"a\\u000ab\",\n  \"images\": 0,\n"
                      "  \"calls\": {\"total\": 0, \"rewritten\": 0, \"trapped\": 0, "
                      "\"rewritten_percent\": 0.0000},\n"
                      "  \"lost\": {\"dropped_records\": 0, \"ignored_records\": 0, "
                      "\"unheard_threads\": 0, \"damaged_rings\": 0, \"unplaced_traps\": 0},\n"
                      "  \"modules\": [],\n  \"traps_outside_modules\": 0,\n"
                      "  \"hottest\": []\n}\n");
}
END_TEST

/* Two files and code outside of them, each with many places. */
static void fill(void)
{
    struct image *image = statistics_use_image(&statistics, 1);
    const struct endorun_event_module first = {
        .start = 0x10000, .end = 0x20000, .offset = 0x1000, .sites = {3, 2, 1}, .planned = 1};
    const struct endorun_event_module second = {.start = 0x30000, .end = 0x40000};

    statistics_module(&statistics, image, &first, "/lib/first.so");
    statistics_module(&statistics, image, &second, "/lib/\"second\"\n.so");
    for (unsigned place = 0; place < 30; place++)
        for (unsigned i = 0; i <= place; i++)
            statistics_trap(&statistics, image, (place % 3 + 1) * 0x10000 + place + 0x3000);
    statistics_count_calls(&statistics, 1000, 465 + 7, 7);
    statistics_release_image(&statistics, image);
    statistics_settle(&statistics);
}

START_TEST(test_the_hottest_places)
{
    fill();
    run_writer(write_json, "program");
    const char *at = strstr(text, "\"hottest\": [\n");
    ck_assert_ptr_nonnull(at);
    at += strlen("\"hottest\": [\n");
    for (unsigned place = 29; place > 19; place--) {
        char line[128];

        if (place % 3 == 1) /* 0x2....: between the two files */
            snprintf(line, sizeof line,
                     "    {\"module\": null, \"address\": \"0x%x\", \"traps\": %u}%s\n",
                     0x23000 + place, place + 1, place == 20 ? "" : ",");
        else
            snprintf(line, sizeof line,
                     "    {\"module\": \"%s\", \"offset\": \"0x%x\", \"traps\": %u}%s\n",
                     place % 3 == 0 ? "/lib/first.so" : "/lib/\\\"second\\\"\\u000a.so",
                     place + (place % 3 == 0 ? 0x4000 : 0x3000), place + 1, place == 20 ? "" : ",");
        ck_assert_msg(strncmp(at, line, strlen(line)) == 0, "expected %s at %s", line, at);
        at += strlen(line);
    }
    ck_assert_int_eq(strncmp(at, "  ]\n}\n", 6), 0);
}
END_TEST

START_TEST(test_the_table)
{
    fill();
    run_writer(write_table, "program");
    const char *const lines[] = {
        "          1000            system calls; images executed: 0\n",
        "           528   52.80 %  through rewritten sites\n",
        "           472   47.20 %  trapped by Syscall User Dispatch (SUD)\n",
        "             7            records dropped, because the reader was too slow\n",
        "             7            traps whose place is not known\n",
        "         2          1            3        145  /lib/first.so\n",
        "-        165  /lib/\"second\"\\x0a.so  (without a plan: 1 of 1 mappings)\n",
        "         -          -            -        155  (code outside of files)\n",
        "          30  /lib/\"second\"\\x0a.so+0x301d\n",
        "          29  address 0x2301c\n",
        "          28  /lib/first.so+0x401b\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(strstr(text, lines[i]) != NULL, "no '%s' in:\n%s", lines[i], text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("statistics_report");
    TCase *tests = tcase_create("report");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, test_names_are_escaped, 0, NAME_COUNT);
    tcase_add_test(tests, test_nothing_to_tell);
    tcase_add_test(tests, test_the_hottest_places);
    tcase_add_test(tests, test_the_table);
    suite_add_tcase(suite, tests);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
