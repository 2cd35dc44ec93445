/* What --live counts: each call in its rows, and no more rows than there is room for. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live_model.h"

#define SECOND 1000000000LL

static struct live_model *model;

static void set_up(void)
{
    model = calloc(1, sizeof *model);
    ck_assert_ptr_nonnull(model);
}

static void tear_down(void)
{
    for (size_t table = 0; table < LIVE_TABLES; table++)
        for (size_t i = 0; i < model->tables[table].count; i++)
            free(model->tables[table].rows[i].name);
    free(model);
}

static const struct live_call plain = {.name = "read",
                                       .pid = 10,
                                       .tid = 11,
                                       .program = "/bin/first",
                                       .library = "/lib/libc.so",
                                       .time = 5};

static const struct live_row *row_of(enum live_table_name table, const char *name)
{
    for (size_t i = 0; i < model->tables[table].count; i++)
        if (strcmp(model->tables[table].rows[i].name, name) == 0)
            return &model->tables[table].rows[i];
    ck_abort_msg("no row is named %s", name);
}

START_TEST(test_a_call_counts_in_each_table)
{
    struct live_call failed = plain;

    failed.has_failed = failed.is_denied = true;
    failed.name = "openat";
    live_model_count(model, &plain);
    live_model_count_object(model, &plain, "/file");
    live_model_count(model, &failed);
    live_model_count_object(model, &failed, "/file");
    live_model_count_object(model, &failed, "/other");
    live_model_sample(model, SECOND);
    ck_assert_uint_eq(row_of(LIVE_CALLS, "read")->shown.calls, 1);
    ck_assert_uint_eq(row_of(LIVE_CALLS, "openat")->shown.errors, 1);
    ck_assert_uint_eq(row_of(LIVE_OBJECTS, "/file")->shown.calls, 2);
    ck_assert_uint_eq(row_of(LIVE_OBJECTS, "/other")->shown.errors, 1);
    ck_assert_uint_eq(row_of(LIVE_THREADS, "/bin/first")->number, 10ULL << 32 | 11);
    ck_assert_int_eq(row_of(LIVE_LIBRARIES, "/lib/libc.so")->shown.time, 10);
    ck_assert_uint_eq(model->total.shown.calls, 2);
    ck_assert_uint_eq(model->total.shown.errors, 1);
    ck_assert_uint_eq(model->total.shown.denied, 1);
    ck_assert_int_eq(model->total.shown.time, 10);
}
END_TEST

START_TEST(test_the_same_object_twice_is_one_call)
{
    for (int i = 0; i < 3; i++) {
        live_model_count(model, &plain);
        live_model_count_object(model, &plain, "/file");
        live_model_count_object(model, &plain, "/file");
    }
    ck_assert_uint_eq(row_of(LIVE_OBJECTS, "/file")->now.calls, 3);
}
END_TEST

START_TEST(test_a_thread_that_executes_keeps_its_row)
{
    struct live_call later = plain;

    later.program = "/bin/second";
    live_model_count(model, &plain);
    live_model_count(model, &later);
    ck_assert_uint_eq(model->tables[LIVE_THREADS].count, 1);
    ck_assert_uint_eq(row_of(LIVE_THREADS, "/bin/second")->now.calls, 2);
}
END_TEST

START_TEST(test_rates_are_of_the_last_interval)
{
    for (int i = 0; i < 30; i++)
        live_model_count(model, &plain);
    live_model_sample(model, 3 * SECOND);
    ck_assert_double_eq(live_model_rate(model, &model->total), 10);
    live_model_count(model, &plain);
    ck_assert_uint_eq(model->total.shown.calls, 30); /* until the next sample */
    live_model_sample(model, 3 * SECOND + SECOND / 2);
    ck_assert_uint_eq(model->total.shown.calls, 31);
    ck_assert_double_eq(live_model_rate(model, row_of(LIVE_CALLS, "read")), 2);
    live_model_sample(model, 3 * SECOND + SECOND / 2);
    ck_assert_double_eq(live_model_rate(model, &model->total), 0);
}
END_TEST

static void count_objects(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char name[32];

        snprintf(name, sizeof name, "/file/%u", i);
        live_model_count(model, &plain);
        live_model_count_object(model, &plain, name);
    }
}

static uint64_t sum_of_rows(const struct live_table *table)
{
    uint64_t sum = table->others.shown.calls;

    for (size_t i = 0; i < table->count; i++)
        sum += table->rows[i].shown.calls;
    return sum;
}

START_TEST(test_what_has_no_room_is_summed)
{
    const struct live_table *table = &model->tables[LIVE_OBJECTS];

    count_objects(0, LIVE_ROWS_MAX + 100);
    ck_assert_uint_eq(table->count, LIVE_ROWS_MAX);
    ck_assert_uint_eq(table->others.now.calls, 100);
    live_model_sample(model, SECOND);
    ck_assert_uint_eq(sum_of_rows(table), LIVE_ROWS_MAX + 100);
    ck_assert_uint_lt(table->count, LIVE_ROWS_MAX);
}
END_TEST

START_TEST(test_rows_out_of_use_make_room)
{
    const struct live_table *table = &model->tables[LIVE_OBJECTS];

    for (unsigned round = 1; round <= 20; round++) {
        count_objects(0, 10); /* these are in use all the time */
        count_objects(round * LIVE_ROWS_MAX, round * LIVE_ROWS_MAX + LIVE_ROWS_MAX / 8);
        live_model_sample(model, round * SECOND);
        ck_assert_uint_eq(sum_of_rows(table), model->total.shown.calls);
    }
    ck_assert_uint_eq(row_of(LIVE_OBJECTS, "/file/0")->shown.calls, 20);
    row_of(LIVE_OBJECTS, "/file/81920"); /* of the last round */
    ck_assert_uint_gt(table->others.shown.calls, 0);
    count_objects(5, 6);
    ck_assert_uint_eq(row_of(LIVE_OBJECTS, "/file/5")->now.calls, 21);
}
END_TEST

START_TEST(test_threads_come_and_go)
{
    struct live_call call = plain;

    for (int32_t tid = 1; tid <= 100000; tid++) {
        call.tid = tid;
        live_model_count(model, &call);
        if (tid % 500 == 0)
            live_model_sample(model, tid * SECOND);
    }
    ck_assert_uint_eq(sum_of_rows(&model->tables[LIVE_THREADS]), 100000);
    ck_assert_uint_eq(model->tables[LIVE_CALLS].count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_model");
    TCase *tests = tcase_create("model");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_a_call_counts_in_each_table);
    tcase_add_test(tests, test_the_same_object_twice_is_one_call);
    tcase_add_test(tests, test_a_thread_that_executes_keeps_its_row);
    tcase_add_test(tests, test_rates_are_of_the_last_interval);
    tcase_add_test(tests, test_what_has_no_room_is_summed);
    tcase_add_test(tests, test_rows_out_of_use_make_room);
    tcase_add_test(tests, test_threads_come_and_go);
    suite_add_tcase(suite, tests);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
