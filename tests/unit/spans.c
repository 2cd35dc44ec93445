/* monitor/spans.c against a bitmap. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "../../monitor/spans.h"
#include "../../monitor/support.h"

noreturn void fatal(const char *what)
{
    ck_abort_msg("%s", what);
    abort();
}

#define PAGES 300U
#define PAGE  4096UL

static struct spans spans;
static bool pages[PAGES];

static void expect_same(void)
{
    uint64_t before = 0;
    bool seen[PAGES] = {0};
    for (uint32_t i = 0; i < spans.count; i++) {
        const struct span *span = &spans.at[i];
        ck_assert_msg(i == 0 || span->start > before, "span %u is not behind the one before", i);
        ck_assert(span->start < span->end && span->end <= PAGES * PAGE);
        for (uint64_t at = span->start; at < span->end; at += PAGE) {
            seen[at / PAGE] = true;
        }
        before = span->end;
    }
    ck_assert_mem_eq(seen, pages, sizeof pages);
}

static void expect_questions(uint32_t first, uint32_t behind)
{
    bool all = true, some = false;
    for (uint32_t i = first; i < behind; i++) {
        all = all && pages[i];
        some = some || pages[i];
    }
    ck_assert_int_eq(spans_hold(&spans, first * PAGE, behind * PAGE), all);
    ck_assert_int_eq(spans_touch(&spans, first * PAGE, behind * PAGE), some);
    bool inside;
    uint32_t piece = first + 1;
    while (piece < behind && pages[piece] == pages[first]) {
        piece++;
    }
    ck_assert_uint_eq(spans_piece(&spans, first * PAGE, behind * PAGE, &inside), piece * PAGE);
    ck_assert_int_eq(inside, pages[first]);
}

START_TEST(against_a_bitmap)
{
    srandom((unsigned)_i);
    memset(&spans, 0, sizeof spans);
    memset(pages, 0, sizeof pages);
    for (int step = 0; step < 3000; step++) {
        uint32_t first = (uint32_t)random() % PAGES;
        uint32_t length = 1 + (uint32_t)random() % (random() % 8 == 0 ? PAGES : 6);
        uint32_t behind = first + length < PAGES ? first + length : PAGES;
        bool adds = random() % 2 == 0;
        (adds ? spans_add : spans_remove)(&spans, first * PAGE, behind * PAGE);
        memset(pages + first, adds, behind - first);
        expect_same();
        uint32_t from = (uint32_t)random() % PAGES;
        expect_questions(from, from + 1 + (uint32_t)random() % (PAGES - from));
    }
}
END_TEST

/* The last entry can still be used, and the one after it ends the process. */
START_TEST(no_room)
{
    memset(&spans, 0, sizeof spans);
    for (uint64_t i = 0; i < SPANS_MAX; i++) {
        ck_assert_int_eq(spans_have_room(&spans), i + 4 < SPANS_MAX);
        spans_add(&spans, 2 * i * PAGE, (2 * i + 1) * PAGE);
    }
    ck_assert_uint_eq(spans.count, SPANS_MAX);
    spans_add(&spans, PAGE, 2 * PAGE); /* joins two */
    ck_assert_uint_eq(spans.count, SPANS_MAX - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spans");
    TCase *cases = tcase_create("spans");
    tcase_add_loop_test(cases, against_a_bitmap, 0, 10);
    tcase_add_test(cases, no_room);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
