/* What is typed at --live: keys that are more than one byte, and bytes that are no key. */
#include <check.h>
#include <stdlib.h>

#include "live_keys.h"

#define KEYS_MAX 4

static const struct {
    const char *bytes;
    int keys[KEYS_MAX]; /* up to the first LIVE_KEY_NONE */
} typed[] = {
    {"q1\t", {'q', '1', '\t'}},
    {"\033[A\033[B", {LIVE_KEY_UP, LIVE_KEY_DOWN}},
    {"\033OA\033OB", {LIVE_KEY_UP, LIVE_KEY_DOWN}},
    {"\033[5~\033[6~", {LIVE_KEY_PAGE_UP, LIVE_KEY_PAGE_DOWN}},
    {"\033[H\033[F", {LIVE_KEY_HOME, LIVE_KEY_END}},
    {"\033[1~\033[4~", {LIVE_KEY_HOME, LIVE_KEY_END}},
    {"\033[1;5A", {LIVE_KEY_UP}},        /* with Ctrl */
    {"\033[15;2~", {LIVE_KEY_NONE}},     /* F5 with Shift */
    {"\033[200~q", {'q'}},               /* a paste begins */
    {"\033[<0;1;1Mq", {'q'}},            /* a mouse */
    {"\033[99999999999999999~q", {'q'}}, /* no number that a key has */
    {"\033\033[A", {LIVE_KEY_UP}},       /* with Alt */
    {"\033qq", {'q'}},                   /* the first with Alt */
    {"\033[\033[A", {LIVE_KEY_UP}},      /* a sequence that was cut off */
    {"\033[5\033[6~", {LIVE_KEY_PAGE_DOWN}},
};
#define TYPED_COUNT (int)(sizeof typed / sizeof typed[0])

START_TEST(test_keys)
{
    struct live_keys keys = {0};
    int taken[KEYS_MAX] = {0};
    size_t count = 0;

    for (const char *byte = typed[_i].bytes; *byte != '\0'; byte++) {
        const int key = live_keys_take(&keys, (unsigned char)*byte);

        if (key != LIVE_KEY_NONE)
            taken[count++] = key;
        ck_assert_uint_lt(count, KEYS_MAX);
    }
    ck_assert_mem_eq(taken, typed[_i].keys, sizeof taken);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_keys");
    TCase *tests = tcase_create("keys");

    tcase_add_loop_test(tests, test_keys, 0, TYPED_COUNT);
    suite_add_tcase(suite, tests);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
