/* The named values are those of the system's headers, and each can be shown. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "decode_headers.h"
#include "values.h"

#define NAMES_MIN 1200U /* so many at least are in the headers of 2022 */

static const struct value {
    uint64_t mask, value;
    const char *name;
    uint16_t set;
} values[] = {
#define VALUE(set, name, mask, value) {(mask), (value), #name, SET_##set},
#include "policy/flags.def"
#define VALUE(set, name, mask, value) {(mask), (value), #name, SET_##set},
#define FLAG(set, name, value)        {(value), (value), #name, SET_##set},
#define ONE(set, name, value)         {UINT64_MAX, (value), #name, SET_##set},
#include "trace/decode/values.def"
#define VALUE(set, name, mask, value) {(mask), (value), #name, SET_##set},
#define FLAG(set, name, value)        {(value), (value), #name, SET_##set},
#define ONE(set, name, value)         {UINT64_MAX, (value), #name, SET_##set},
#include "trace/decode/fields.def"
#define ONE(set, name, value) {UINT64_MAX, (value), #name, SET_##set},
#include "trace/decode/commands.def"
};
#define VALUE_COUNT (sizeof values / sizeof values[0])

static unsigned compared;

/* Where the C library tells something else than the kernel. */
static bool is_library_own(const char *name)
{
    return strcmp(name, "O_LARGEFILE") == 0 || strcmp(name, "SIGRTMIN") == 0;
}

/* Negative numbers are shown where the kernel takes 32 bits. */
static void compare(const char *name, int64_t value)
{
    for (size_t i = 0; i < VALUE_COUNT && !is_library_own(name); i++) {
        if (strcmp(values[i].name, name) == 0) {
            uint64_t mine = values[i].value;
            ck_assert_msg(mine == (uint64_t)value || mine == (uint32_t)value,
                          "%s is %#llx, not %#llx", name, (unsigned long long)value,
                          (unsigned long long)mine);
            compared++;
        }
    }
}

START_TEST(values_are_those_of_the_headers)
{
    compared = 0;
    tell_library_values(compare);
    tell_kernel_values(compare);
    tell_device_values(compare);
    ck_assert_uint_ge(compared, NAMES_MIN);
}
END_TEST

START_TEST(no_name_hides_behind_another)
{
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        ck_assert_uint_eq(values[i].value & ~values[i].mask, 0);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(values[i].set != values[k].set || values[k].value == 0 ||
                              (values[i].value & values[k].mask) != values[k].value,
                          "%s is always shown as %s", values[i].name, values[k].name);
    }
}
END_TEST

/* Numbers without a name are left for the sets of which no constant is known. */
START_TEST(every_set_has_values)
{
    static const uint16_t nameless[] = {SET_reserved, SET_modify_ldt, SET_sysfs};
    bool has_values[SET_LIMIT] = {false};

    for (size_t i = 0; i < VALUE_COUNT; i++)
        has_values[values[i].set] = true;
    for (size_t i = 0; i < sizeof nameless / sizeof nameless[0]; i++)
        has_values[nameless[i]] = true;
    for (size_t i = 0; i < SET_LIMIT; i++)
        ck_assert_msg(has_values[i], "set %zu is empty", i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode_values");
    TCase *all = tcase_create("all");

    tcase_add_test(all, values_are_those_of_the_headers);
    tcase_add_test(all, no_name_hides_behind_another);
    tcase_add_test(all, every_set_has_values);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
