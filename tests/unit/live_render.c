/* The screen of --live: what stands where, and that no name breaks out of its line. */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "live_render.h"
#include "live_text.h"

#define SECOND    1000000000LL
#define LINES_MAX 64U
#define LONG_NAME "/usr/share/a/very/long/path/that/no/screen/has/room/for/and/its/name.txt"

static struct live_model *model;
static struct live_screen screen;
static char *text;
static char *lines[LINES_MAX]; /* of the text */
static unsigned line_count;

static const struct live_header header = {.command = "program \033]0;title\a word",
                                          .elapsed = 3723 * SECOND,
                                          .processes = 2,
                                          .threads = 5,
                                          .lost = 7};

static void set_up(void)
{
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    model = calloc(1, sizeof *model);
    ck_assert_ptr_nonnull(model);
    screen = (struct live_screen){.lines = 24, .columns = 80};
}

static void tear_down(void)
{
    for (size_t table = 0; table < LIVE_TABLES; table++)
        for (size_t i = 0; i < model->tables[table].count; i++)
            free(model->tables[table].rows[i].name);
    free(model);
    free(text);
    text = NULL;
}

/* ---- what is shown ---- */

static void count(const char *name, unsigned calls, unsigned errors, int64_t time)
{
    for (unsigned i = 0; i < calls; i++) {
        const struct live_call call = {.name = name,
                                       .pid = 10,
                                       .tid = name[0] == 'r' ? 10 : 11,
                                       .program = "/bin/program",
                                       .library = name[0] == 'r' ? "" : "/lib/libc.so",
                                       .has_failed = i < errors,
                                       .time = time};

        live_model_count(model, &call);
    }
}

static void count_object(const char *name)
{
    const struct live_call call = {.name = "openat", .program = "", .library = ""};

    live_model_count(model, &call);
    live_model_count_object(model, &call, name);
}

static void render(void)
{
    size_t size;

    free(text);
    FILE *out = open_memstream(&text, &size);
    live_render(out, model, &header, &screen);
    ck_assert_int_eq(fclose(out), 0);
    line_count = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        ck_assert_uint_lt(line_count, LINES_MAX);
        lines[line_count++] = line;
    }
}

/* Columns; fails at what is no printable character. */
static size_t width_of(const char *line)
{
    wchar_t wide[2048];
    const size_t length = mbstowcs(wide, line, 2048);

    ck_assert_msg(length < 2048, "no UTF-8: %s", line);
    const int width = wcswidth(wide, length);
    ck_assert_msg(width >= 0, "not printable: %s", line);
    return (size_t)width;
}

static void expect_fits(void)
{
    ck_assert_uint_eq(line_count, screen.lines);
    for (unsigned i = 0; i < line_count; i++)
        ck_assert_uint_le(width_of(lines[i]), screen.columns);
}

static const char *const hostile[] = {
    "/plain",
    LONG_NAME,
    "\033[2J\033[1;1H",
    "a\nb\rc\td\be\177",
    "\xc2\x9b"
    "31m",          /* C1 */
    "\xff\xfe\x80", /* no UTF-8 */
    "\xe2\x80\xae"
    "txt.exe",                           /* right to left from here on */
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", /* combining characters */
    "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87"
    "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87"
    "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87"
    "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87", /* wide ones */
    "\xf0\x9f\x98\x80/\xc3\xa9t\xc3\xa9",
    "\xe2\x80\x8b\xe2\x80\x8b", /* no width */
    "\\x1b",
};
#define HOSTILE_COUNT (sizeof hostile / sizeof hostile[0])

static void count_all(void)
{
    count("read", 6, 2, SECOND);
    count("write", 3, 3, 4 * SECOND);
    for (size_t i = 0; i < HOSTILE_COUNT; i++)
        count_object(hostile[i]);
    live_model_sample(model, 3 * SECOND);
}

START_TEST(test_the_screen)
{
    count("read", 6, 2, SECOND);
    count("write", 3, 3, 4 * SECOND);
    live_model_sample(model, 3 * SECOND);
    render();
    expect_fits();
    ck_assert_str_eq(lines[0], "1:02:03  program \\x1b]0;title\\x07 word");
    ck_assert_str_eq(lines[1], "2 proc, 5 thr, 9 calls, 3/s, 5 errors, 0 denied, 7 lost");
    ck_assert_str_eq(lines[2], "[1 calls]  2 objects   3 threads   4 libraries    2 rows, from 1");
    ck_assert_str_eq(lines[3], "CALLS/S*    CALLS  ERRORS   SECONDS SHARE  CALL");
    ck_assert_str_eq(lines[4], "      2         6       2     6.000  66.7  read");
    ck_assert_str_eq(lines[5], "      1         3       3    12.000  33.3  write");
    ck_assert_str_eq(lines[6], "");
    ck_assert_ptr_nonnull(strstr(lines[23], "q quit"));
}
END_TEST

START_TEST(test_what_it_is_sorted_by)
{
    static const struct {
        enum live_sort sort;
        const char *head, *first, *share;
    } sorts[] = {
        {LIVE_BY_RATE, "CALLS/S* ", "read", " 66.7 "},
        {LIVE_BY_CALLS, " CALLS* ", "read", " 66.7 "},
        {LIVE_BY_ERRORS, " ERRORS* ", "write", " 60.0 "},
        {LIVE_BY_TIME, " SECONDS*", "write", " 66.7 "},
    };

    count("read", 6, 2, SECOND);
    count("write", 3, 3, 4 * SECOND);
    live_model_sample(model, 3 * SECOND);
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
        screen.sort = sorts[i].sort;
        render();
        ck_assert_ptr_nonnull(strstr(lines[3], sorts[i].head));
        ck_assert_ptr_nonnull(strstr(lines[4], sorts[i].first));
        ck_assert_ptr_nonnull(strstr(lines[4], sorts[i].share));
    }
}
END_TEST

START_TEST(test_the_other_tables)
{
    count_all();
    screen.table = LIVE_THREADS;
    render();
    ck_assert_ptr_nonnull(strstr(lines[2], "[3 threads]"));
    ck_assert_ptr_nonnull(strstr(lines[5], "  10 /bin/program"));
    ck_assert_ptr_nonnull(strstr(lines[6], "  10/11 /bin/program"));
    screen.table = LIVE_LIBRARIES;
    render();
    ck_assert_ptr_nonnull(strstr(lines[4], "  (code outside of files)"));
    ck_assert_ptr_nonnull(strstr(lines[5], "  /lib/libc.so"));
}
END_TEST

START_TEST(test_names_are_escaped)
{
    static const char *const shown[] = {
        "  \\x1b[2J\\x1b[1;1H",
        "  a\\x0ab\\x0dc\\x09d\\x08e\\x7f",
        "  \\xc2\\x9b31m",
        "  \\xff\\xfe\\x80",
        "  \\xe2\\x80\\xaetxt.exe",
        "  e\\xcc\\x81\\xcc\\x81\\xcc\\x81\\xcc\\x81",
        "  \xf0\x9f\x98\x80/\xc3\xa9t\xc3\xa9",
        "  \\x5cx1b",
        "  /usr/share/a/very.../and/its/name.txt",
    };

    count_all();
    screen.table = LIVE_OBJECTS;
    render();
    expect_fits();
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        bool found = false;

        for (unsigned line = 0; line < line_count; line++)
            found = found || strstr(lines[line], shown[i]) != NULL;
        ck_assert_msg(found, "no '%s'", shown[i]);
    }
}
END_TEST

START_TEST(test_without_a_locale_only_ascii_is_shown)
{
    setenv("LC_ALL", "C", 1);
    live_text_use_locale();
    count_all();
    screen.table = LIVE_OBJECTS;
    render();
    for (unsigned i = 0; i < line_count; i++)
        for (const char *byte = lines[i]; *byte != '\0'; byte++)
            ck_assert(*byte >= ' ' && *byte < 0x7f);
}
END_TEST

START_TEST(test_every_size)
{
    count_all();
    for (screen.columns = 1; screen.columns <= 130; screen.columns++)
        for (screen.lines = 1; screen.lines <= 30; screen.lines++)
            for (unsigned table = 0; table < LIVE_TABLES; table++) {
                screen.table = (enum live_table_name)table;
                render();
                expect_fits();
            }
}
END_TEST

START_TEST(test_scrolling_has_bounds)
{
    for (unsigned i = 0; i < 50; i++) {
        char name[8];

        snprintf(name, sizeof name, "/%02u", i);
        count_object(name);
    }
    live_model_sample(model, SECOND);
    screen.table = LIVE_OBJECTS;
    screen.scroll = 3;
    render();
    ck_assert_ptr_nonnull(strstr(lines[2], "50 rows, from 4"));
    ck_assert_ptr_nonnull(strstr(lines[4], "/03"));
    screen.scroll = 1000;
    render();
    ck_assert_uint_eq(screen.scroll, 50 - live_page(&screen));
    ck_assert_ptr_nonnull(strstr(lines[22], "/49"));
    screen.lines = 60;
    render();
    ck_assert_uint_eq(screen.scroll, 0);
    expect_fits();
}
END_TEST

START_TEST(test_the_others_come_last)
{
    for (unsigned i = 0; i < LIVE_ROWS_MAX + 9000; i++) {
        char name[16];

        snprintf(name, sizeof name, "/%u", i);
        count_object(name);
    }
    live_model_sample(model, SECOND);
    screen.table = LIVE_OBJECTS;
    screen.scroll = 100000;
    render();
    expect_fits();
    ck_assert_ptr_nonnull(strstr(lines[22], "(others)"));
}
END_TEST

START_TEST(test_large_numbers_keep_their_columns)
{
    count("read", 1, 0, 0);
    live_model_sample(model, SECOND);
    struct live_row *row = &model->tables[LIVE_CALLS].rows[0];
    row->shown =
        (struct live_counts){.calls = UINT64_MAX, .errors = 123456789, .time = 3153600 * SECOND};
    row->recent = 123456789012;
    model->total.shown = row->shown;
    model->total.recent = row->recent;
    render();
    expect_fits();
    ck_assert_str_eq(lines[4], "123456M 18446744T 123456k   3153600 100.0  read");
}
END_TEST

START_TEST(test_what_the_last_line_says)
{
    screen.is_paused = true;
    render();
    ck_assert_int_eq(strncmp(lines[0], "paused at 1:02:03", 17), 0);
    ck_assert_ptr_nonnull(strstr(lines[23], "p go on"));
    screen.is_interrupted = true;
    render();
    ck_assert_ptr_nonnull(strstr(lines[23], "q kills it"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_render");
    TCase *tests = tcase_create("render");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_the_screen);
    tcase_add_test(tests, test_what_it_is_sorted_by);
    tcase_add_test(tests, test_the_other_tables);
    tcase_add_test(tests, test_names_are_escaped);
    tcase_add_test(tests, test_without_a_locale_only_ascii_is_shown);
    tcase_add_test(tests, test_every_size);
    tcase_add_test(tests, test_scrolling_has_bounds);
    tcase_add_test(tests, test_the_others_come_last);
    tcase_add_test(tests, test_large_numbers_keep_their_columns);
    tcase_add_test(tests, test_what_the_last_line_says);
    suite_add_tcase(suite, tests);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
