#include "policy_front_fixture.h"

#include <check.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[PATH_MAX];
char *policy_said;

static const char *look_up(void *context, const char *name)
{
    static const char *const variables[][2] = {
        {"A", "/var/a"},       {"WILD", "/x*?[y]\\{$"}, {"BYTES", "/\xff"}, {"EMPTY", ""},
        {"RELATIVE", "var/a"}, {"DOTS", "/b/../c/./"},  {"NAME", "n-1"},
    };

    ck_assert_ptr_eq(context, &policy_said);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

struct policy_surroundings policy_test_surroundings;

void policy_set_up(void)
{
    char template[] = "/tmp/policy-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(template));
    ck_assert_ptr_nonnull(realpath(template, folder));
    ck_assert_int_eq(chdir(folder), 0);
    policy_test_surroundings = (struct policy_surroundings){
        .home = "/home/user",
        .environment = look_up,
        .context = &policy_said,
        .profiles = policy_profiles,
        .profile_count = policy_profile_count,
    };
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
    (void)status, (void)flag, (void)walk;
    return remove(path);
}

void policy_tear_down(void)
{
    free(policy_said);
    policy_said = NULL;
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *policy_folder(void)
{
    return folder;
}

void policy_write_bytes(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(name, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

void policy_write(const char *name, const char *text)
{
    policy_write_bytes(name, text, strlen(text));
}

bool policy_take(const char *name, struct policy_model *model)
{
    struct policy_errors *errors = calloc(1, sizeof *errors);
    size_t size;
    FILE *out;
    bool is_good;

    free(policy_said);
    out = open_memstream(&policy_said, &size);
    ck_assert_ptr_nonnull(errors);
    ck_assert_ptr_nonnull(out);
    is_good = policy_read(name, &policy_test_surroundings, model, errors);
    policy_errors_print(out, errors);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_msg(is_good == (errors->count == 0), "%zu errors", errors->count);
    ck_assert_msg(is_good || model->memory == NULL, "a partial result");
    policy_errors_release(errors);
    free(errors);
    return is_good;
}

char *policy_printed(const struct policy_model *model)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    policy_print(out, model);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}
