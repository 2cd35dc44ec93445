/* policy/flags.def says what the system's headers say, and of each set which bits no name has
 * twice. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "constants.h"
#include "endorun/syscall_shapes.h"

static const struct {
    unsigned set;
    const char *name;
    uint64_t mask, value;
} values[] = {
#define VALUE(set, name, mask, value) {ENDORUN_SET_##set, #name, mask, value},
#include "policy/flags.def"
};
#define VALUE_COUNT (sizeof values / sizeof values[0])

START_TEST(values_are_those_of_the_headers)
{
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        int64_t value = -1;

        if (strcmp(values[i].name, "O_LARGEFILE") == 0) {
            ck_assert_uint_eq(values[i].value, 0100000); /* the C library has 0 for it */
            continue;
        }
        ck_assert_msg(constant_value(values[i].name, strlen(values[i].name), &value),
                      "%s is in no header that is asked", values[i].name);
        ck_assert_msg((uint64_t)value == values[i].value, "%s is %#llx, not %#llx", values[i].name,
                      (unsigned long long)value, (unsigned long long)values[i].value);
    }
}
END_TEST

/* Else one would never be shown. */
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

int main(void)
{
    Suite *suite = suite_create("flags");
    TCase *all = tcase_create("all");

    tcase_add_test(all, values_are_those_of_the_headers);
    tcase_add_test(all, no_name_hides_behind_another);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
