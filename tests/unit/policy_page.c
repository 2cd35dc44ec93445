/* docs/policy.md, the reference page, and the table of keys say the same; its examples are
 * policies. */
#include "endorun/syscall_shapes.h"
#include "policy_front_fixture.h"
#include "schema.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char page[1 << 16];

static void read_page(void)
{
    FILE *file = fopen(POLICY_PAGE, "re");

    ck_assert_ptr_nonnull(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    policy_set_up();
}

/* What stands under a heading, up to the next: a copy, which the caller frees. */
static char *section_of_page(const char *name)
{
    char heading[64];

    snprintf(heading, sizeof heading, *name != '\0' ? "\n## `[%s]`\n" : "\n## Every file\n%s",
             name);
    const char *start = strstr(page, heading);
    ck_assert_msg(start != NULL, "no heading of [%s]", name);
    start += strlen(heading);
    const char *end = strstr(start, "\n## ");
    return strndup(start, end != NULL ? (size_t)(end - start) : strlen(start));
}

/* The row of a key, up to the end of its line. NULL: it has none. */
static char *row_of(const char *section, const char *key)
{
    char begin[64];

    snprintf(begin, sizeof begin, "\n| `%s` |", key);
    const char *row = strstr(section, begin);
    return row != NULL ? strndup(row + 1, strcspn(row + 1, "\n")) : NULL;
}

/* Each key with its default; those of [limits] stand in one sentence and have no rows. */
START_TEST(test_keys)
{
    for (size_t i = 0; i < schema_key_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        const char *fallback =
            strncmp(key->fallback, "none: ", 6) == 0 && key->type != SCHEMA_VERSION
                ? key->fallback + 6
                : key->fallback;
        char *section = section_of_page(key->section);
        char *row = row_of(section, key->name);
        char quoted[64];

        snprintf(quoted, sizeof quoted, "`%s`", key->name);
        if (strcmp(key->section, "limits") == 0) {
            ck_assert_msg(strstr(section, quoted) != NULL, "[limits] %s is not there", key->name);
        } else {
            ck_assert_msg(row != NULL, "[%s] %s has no row", key->section, key->name);
            ck_assert_msg(strstr(row, fallback) != NULL, "[%s] %s: not %s: %s", key->section,
                          key->name, fallback, row);
        }
        free(row);
        free(section);
    }
}
END_TEST

/* And no row that is none's: a first cell that is a plain name in backquotes. */
START_TEST(test_rows)
{
    for (size_t i = 0; i < schema_section_count; i++) {
        char *section = section_of_page(schema_sections[i].name);

        for (const char *at = section; (at = strstr(at, "\n| `")) != NULL; at += 4) {
            size_t length = strspn(at + 4, "abcdefghijklmnopqrstuvwxyz_");
            bool known = strncmp(at + 4 + length, "` |", 3) != 0;

            for (size_t k = 0; k < schema_key_count; k++)
                known = known || (strcmp(schema_keys[k].section, schema_sections[i].name) == 0 &&
                                  strlen(schema_keys[k].name) == length &&
                                  strncmp(schema_keys[k].name, at + 4, length) == 0);
            ck_assert_msg(known || strncmp(at + 4, "localhost", length) == 0, "[%s]: no key %.*s",
                          schema_sections[i].name, (int)length, at + 4);
        }
        free(section);
    }
}
END_TEST

START_TEST(test_examples)
{
    static const char fence[] = "```toml\n";
    unsigned count = 0;

    for (const char *at = page; (at = strstr(at, fence)) != NULL; count++) {
        const char *start = at + strlen(fence), *end = strstr(start, "```");
        struct policy_model model;

        ck_assert_ptr_nonnull(end);
        char *text = strndup(start, (size_t)(end - start));
        policy_write("example.toml", text);
        ck_assert_msg(policy_take("example.toml", &model), "%s", policy_said);
        policy_model_release(&model);
        free(text);
        at = end;
    }
    ck_assert_uint_gt(count, 0);
}
END_TEST

/* Each built-in profile is named. */
START_TEST(test_profiles)
{
    for (size_t i = 0; i < policy_profile_count; i++) {
        char quoted[64];

        snprintf(quoted, sizeof quoted, "`@%s`", policy_profiles[i].name);
        ck_assert_msg(strstr(page, quoted) != NULL, "%s", quoted);
    }
}
END_TEST

static const char *const groups[] = {
#define X(name, holds) #name,
    ENDORUN_FAMILIES(X)
#undef X
};

/* Each group of calls as well; the first two families are none. */
START_TEST(test_groups)
{
    for (size_t i = ENDORUN_FAMILY_UNIMPLEMENTED + 1; i < ENDORUN_FAMILY_LIMIT; i++) {
        char quoted[64];
        size_t length = (size_t)snprintf(quoted, sizeof quoted, "`@%s`", groups[i]);

        for (size_t at = 0; at < length; at++)
            quoted[at] = (char)tolower(quoted[at]);
        ck_assert_msg(strstr(page, quoted) != NULL, "%s", quoted);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_page");
    TCase *tests = tcase_create("page");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, read_page, policy_tear_down);
    tcase_add_test(tests, test_keys);
    tcase_add_test(tests, test_rows);
    tcase_add_test(tests, test_examples);
    tcase_add_test(tests, test_profiles);
    tcase_add_test(tests, test_groups);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
