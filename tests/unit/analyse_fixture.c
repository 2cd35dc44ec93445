#include "analyse_fixture.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan_check.h"

#define MAX_ARGUMENTS 32

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void read_file(struct fixture *fixture)
{
    struct stat status;
    const int fd = open(fixture->path, O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &status), 0);
    fixture->size = (size_t)status.st_size;
    fixture->file = malloc(fixture->size);
    ck_assert_ptr_nonnull(fixture->file);
    ck_assert_int_eq(pread(fd, fixture->file, fixture->size, 0), status.st_size);
    close(fd);
}

static void run_compiler(char *const *arguments)
{
    pid_t child;
    int status;

    ck_assert_int_eq(posix_spawnp(&child, TEST_CC, NULL, NULL, arguments, environ), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s failed", TEST_CC);
}

static void build(struct fixture *fixture, const char *source, const char *extension,
                  const char *options)
{
    static const char template[] = "/tmp/endorun-analyse-XXXXXX";
    char source_path[sizeof(fixture->path)];
    char option_words[512];
    char *arguments[MAX_ARGUMENTS] = {TEST_CC,
                                      "-nostdlib",
                                      "-Wl,--build-id=none",
                                      "-Wl,-z,separate-code",
                                      "-Wl,--no-warn-rwx-segments",
                                      source_path,
                                      "-o",
                                      fixture->path};
    size_t count = 8;

    memset(fixture, 0, sizeof(*fixture));
    memcpy(fixture->directory, template, sizeof(template));
    ck_assert_ptr_nonnull(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof(fixture->path), "%s/file", fixture->directory);
    snprintf(source_path, sizeof(source_path), "%s/source.%s", fixture->directory, extension);
    write_file(source_path, source, strlen(source));
    ck_assert_uint_lt(strlen(options), sizeof(option_words));
    memcpy(option_words, options, strlen(options) + 1);
    for (char *word = strtok(option_words, " "); word != NULL; word = strtok(NULL, " ")) {
        ck_assert_uint_lt(count, MAX_ARGUMENTS - 1);
        arguments[count++] = word;
    }
    run_compiler(arguments);
    unlink(source_path);
    read_file(fixture);
}

void fixture_link(struct fixture *fixture, const char *source, const char *options)
{
    build(fixture, source, "s", options);
}

void fixture_compile(struct fixture *fixture, const char *source, const char *options)
{
    build(fixture, source, "c", options);
}

void fixture_open(struct fixture *fixture, const char *path)
{
    memset(fixture, 0, sizeof(*fixture));
    ck_assert_uint_lt(strlen(path), sizeof(fixture->path));
    memcpy(fixture->path, path, strlen(path) + 1);
    read_file(fixture);
}

void fixture_alter(struct fixture *fixture, uint64_t offset, const void *bytes, size_t size)
{
    ck_assert_uint_le(offset + size, fixture->size);
    memcpy(fixture->file + offset, bytes, size);
    write_file(fixture->path, fixture->file, fixture->size);
}

int fixture_analyse(struct fixture *fixture)
{
    const int fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
    int result;

    ck_assert_int_ge(fd, 0);
    result = analyse_file(fd, &fixture->analysis, fixture->error);
    close(fd);
    if (result == 0) {
        const char *wrong = plan_check(fixture->analysis.plan, fixture->file, fixture->size);

        ck_assert_msg(wrong == NULL, "unsound plan: %s", wrong);
    }
    return result;
}

void fixture_search_unsafe(struct fixture *fixture)
{
    const int fd = open(fixture->path, O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_msg(analyse_unsafe_instructions(fd, &fixture->analysis, fixture->error) == 0, "%s",
                  fixture->error);
    close(fd);
}

void fixture_make(struct fixture *fixture, const char *source)
{
    fixture_link(fixture, source, "-shared");
    ck_assert_msg(fixture_analyse(fixture) == 0, "%s", fixture->error);
}

static uint32_t site_index(const struct fixture *fixture, const char *symbol, uint64_t offset)
{
    const struct analysis *analysis = &fixture->analysis;

    for (uint32_t i = 0; i < analysis->plan->site_count; i++) {
        const struct analysed_place *site = &analysis->sites[i];

        if (site->symbol != NULL && strcmp(site->symbol, symbol) == 0 &&
            site->symbol_offset == offset)
            return i;
    }
    ck_abort_msg("no site at %s+0x%llx", symbol, (unsigned long long)offset);
    return 0;
}

const struct endorun_plan_site *fixture_site(const struct fixture *fixture, const char *symbol,
                                             uint64_t offset)
{
    return &plan_sites(fixture->analysis.plan)[site_index(fixture, symbol, offset)];
}

int64_t fixture_slot(const struct fixture *fixture, const char *symbol, uint64_t offset)
{
    return (int64_t)offset + 2 + fixture_site(fixture, symbol, offset)->slot;
}

void expect_sud(const struct fixture *fixture, const char *symbol, uint64_t offset,
                enum endorun_sud_reason reason)
{
    const struct endorun_plan_site *site = fixture_site(fixture, symbol, offset);

    ck_assert_str_eq(tactic_name(site->tactic), "sud");
    ck_assert_str_eq(sud_reason_name(site->reason), sud_reason_name(reason));
}

void expect_tactic(const struct fixture *fixture, const char *symbol, uint64_t offset,
                   enum endorun_tactic tactic)
{
    const struct endorun_plan_site *site = fixture_site(fixture, symbol, offset);

    ck_assert_msg(site->tactic == tactic, "%s+0x%llx: %s (%s) instead of %s", symbol,
                  (unsigned long long)offset, tactic_name(site->tactic),
                  sud_reason_name(site->reason), tactic_name(tactic));
}

void fixture_close(struct fixture *fixture)
{
    analysis_release(&fixture->analysis);
    free(fixture->file);
    if (fixture->directory[0] == '\0')
        return;
    unlink(fixture->path);
    rmdir(fixture->directory);
}

int fixture_run(const char *suite_name, const TTest *const *tests, size_t count,
                void (*teardown)(void))
{
    Suite *suite = suite_create(suite_name);
    TCase *tcase = tcase_create(suite_name);
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, NULL, teardown);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
