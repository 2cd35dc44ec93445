/* Storing plans: names, checksums, atomicity, bounds. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyse.h"
#include "plan_cache.h"

/* What the definitions in endorun/plan.h yield, computed by another program. */
#define NAME_OF_ZEROS   "6b54ea71af95ef15.plan"      /* no build ID, all of the identity zero */
#define NAME_OF_ABC     "9c889ca65a5f7f62.plan"      /* inode 0x0102030405060708, build ID "abc" */
#define CHECKSUM_OF_1_2 UINT64_C(0x645f95bbe520d31c) /* of make_plan(1, 2) */

#define WRITERS UINT64_C(4)
#define ROUNDS  UINT64_C(200)

static char root[] = "/tmp/endorun-cache-XXXXXX";
static char directory[sizeof(root) + 16];

static void setup(void)
{
    memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(directory, sizeof(directory), "%s/deep/endorun", root);
}

static void remove_all(const char *path)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        char child[512];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (unlink(child) != 0)
            remove_all(child);
    }
    if (stream != NULL)
        closedir(stream);
    rmdir(path);
}

static void teardown(void)
{
    remove_all(root);
}

/* A plan of one site for the file with that inode number. */
static struct endorun_plan *make_plan(uint64_t inode, uint64_t offset)
{
    const uint32_t size = sizeof(struct endorun_plan) + sizeof(struct endorun_plan_site);
    struct endorun_plan *plan = calloc(1, size);

    ck_assert_ptr_nonnull(plan);
    plan->magic = ENDORUN_PLAN_MAGIC;
    plan->version = ENDORUN_PLAN_VERSION;
    plan->size = size;
    plan->identity.inode = inode;
    plan->site_count = 1;
    plan_sites(plan)->offset = offset;
    plan_sites(plan)->reason = ENDORUN_REASON_NO_ROOM;
    plan->checksum = plan_checksum(plan);
    return plan;
}

static int store(uint64_t inode, uint64_t offset)
{
    struct endorun_plan *plan = make_plan(inode, offset);
    const int result = plan_cache_store(directory, plan);
    const int saved_errno = errno;

    free(plan);
    errno = saved_errno;
    return result;
}

static void path_of(uint64_t inode, char *path, size_t size)
{
    struct endorun_plan *plan = make_plan(inode, 0);
    char name[PLAN_CACHE_NAME_SIZE];

    plan_cache_name(plan, name);
    snprintf(path, size, "%s/%s", directory, name);
    free(plan);
}

/* The offset of the stored plan's site; UINT64_MAX when there is no sound plan. */
static uint64_t stored_offset(uint64_t inode)
{
    struct {
        struct endorun_plan plan;
        struct endorun_plan_site site;
    } stored;
    char path[512];
    ssize_t size;
    int fd;

    path_of(inode, path, sizeof(path));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return UINT64_MAX;
    size = read(fd, &stored, sizeof(stored));
    close(fd);
    if (size != sizeof(stored) || stored.plan.size != sizeof(stored) ||
        stored.plan.checksum != plan_checksum(&stored.plan))
        return UINT64_MAX;
    return stored.site.offset;
}

static unsigned count_files(void)
{
    DIR *stream = opendir(directory);
    unsigned count = 0;
    const struct dirent *entry;

    ck_assert_ptr_nonnull(stream);
    while ((entry = readdir(stream)) != NULL)
        count += entry->d_type == DT_REG;
    closedir(stream);
    return count;
}

/* An old file of that name and size, without content. */
static void make_old(const char *name, off_t size, time_t age)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
    char path[512];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, size), 0);
    ck_assert_int_eq(futimens(fd, times), 0);
    close(fd);
}

static bool exists(const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

START_TEST(names_are_as_defined)
{
    struct endorun_plan *plan = make_plan(0, 0);
    char name[PLAN_CACHE_NAME_SIZE];

    plan_cache_name(plan, name);
    ck_assert_str_eq(name, NAME_OF_ZEROS);
    plan->identity.inode = 0x0102030405060708;
    plan->build_id_size = 3;
    memcpy(plan->build_id, "abc", 3);
    plan_cache_name(plan, name);
    ck_assert_str_eq(name, NAME_OF_ABC);
    free(plan);
}
END_TEST

START_TEST(checksums_are_as_defined)
{
    struct endorun_plan *plan = make_plan(1, 2);

    plan->version = 1; /* the number for which the other program was run */
    ck_assert_uint_eq(plan_checksum(plan), CHECKSUM_OF_1_2);
    plan->checksum ^= 1; /* counts as zero */
    ck_assert_uint_eq(plan_checksum(plan), CHECKSUM_OF_1_2);
    plan_sites(plan)->original[15] ^= 1;
    ck_assert_uint_ne(plan_checksum(plan), CHECKSUM_OF_1_2);
    free(plan);
}
END_TEST

START_TEST(a_stored_plan_is_found)
{
    struct stat status;

    ck_assert_int_eq(store(1, 100), 0);
    ck_assert_uint_eq(stored_offset(1), 100);
    ck_assert_uint_eq(count_files(), 1);
    ck_assert_int_eq(stat(directory, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0700);
}
END_TEST

START_TEST(a_damaged_plan_is_replaced)
{
    char path[512];
    struct stat status;

    ck_assert_int_eq(store(1, 100), 0);
    path_of(1, path, sizeof(path));
    ck_assert_int_eq(truncate(path, 10), 0);
    ck_assert_uint_eq(stored_offset(1), UINT64_MAX);
    ck_assert_int_eq(store(1, 200), 0);
    ck_assert_uint_eq(stored_offset(1), 200);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
}
END_TEST

START_TEST(a_missing_parent_that_is_a_file_is_an_error)
{
    char path[sizeof(root) + 16];
    int fd;

    snprintf(path, sizeof(path), "%s/deep", root);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    ck_assert_int_eq(store(1, 100), -1);
    ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

START_TEST(a_directory_that_others_may_write_is_refused)
{
    ck_assert_int_eq(store(1, 100), 0);
    ck_assert_int_eq(chmod(directory, 0770), 0);
    ck_assert_int_eq(store(2, 100), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_uint_eq(stored_offset(2), UINT64_MAX);
}
END_TEST

START_TEST(an_empty_name_is_an_error)
{
    struct endorun_plan *plan = make_plan(1, 1);

    ck_assert_int_eq(plan_cache_store("", plan), -1);
    free(plan);
}
END_TEST

START_TEST(the_oldest_go_when_there_are_too_many_bytes)
{
    ck_assert_int_eq(store(1, 100), 0);
    for (unsigned i = 0; i < 9; i++) {
        char name[PLAN_CACHE_NAME_SIZE];

        snprintf(name, sizeof(name), "%016x.plan", i);
        make_old(name, 8 << 20, 1000 - (time_t)i);
    }
    make_old("somebody's", 32 << 20, 5000);
    ck_assert_int_eq(store(2, 200), 0);
    ck_assert(!exists("0000000000000000.plan"));
    ck_assert(!exists("0000000000000001.plan"));
    ck_assert(exists("0000000000000002.plan"));
    ck_assert(exists("0000000000000008.plan"));
    ck_assert(exists("somebody's"));
    ck_assert_uint_eq(stored_offset(1), 100);
    ck_assert_uint_eq(stored_offset(2), 200);
}
END_TEST

START_TEST(the_oldest_go_when_there_are_too_many_files)
{
    ck_assert_int_eq(store(1, 100), 0);
    for (unsigned i = 0; i < PLAN_CACHE_MAX_FILES; i++) {
        char name[PLAN_CACHE_NAME_SIZE];

        snprintf(name, sizeof(name), "%016x.plan", i);
        make_old(name, 1, 10000 - (time_t)i);
    }
    ck_assert_int_eq(store(2, 200), 0);
    ck_assert_uint_eq(count_files(), PLAN_CACHE_MAX_FILES);
    ck_assert(!exists("0000000000000000.plan"));
    ck_assert(!exists("0000000000000001.plan"));
    ck_assert(exists("0000000000000002.plan"));
    ck_assert_uint_eq(stored_offset(1), 100);
    ck_assert_uint_eq(stored_offset(2), 200);
}
END_TEST

START_TEST(what_dead_writers_left_goes)
{
    ck_assert_int_eq(store(1, 100), 0);
    make_old(".new-dead00", 10, 7200);
    make_old(".new-alive0", 10, 60);
    ck_assert_int_eq(store(2, 200), 0);
    ck_assert(!exists(".new-dead00"));
    ck_assert(exists(".new-alive0"));
}
END_TEST

static void write_many(uint64_t writer)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        if (store(i % 7, writer * ROUNDS + i) != 0)
            _exit(1);
    }
    _exit(0);
}

/* Whatever moment a reader looks at: a whole plan, from one of the writers. */
START_TEST(concurrent_writers_never_show_half_a_plan)
{
    uint64_t running = WRITERS;

    ck_assert_int_eq(store(0, 0), 0);
    for (uint64_t writer = 0; writer < WRITERS; writer++) {
        const pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0)
            write_many(writer);
    }
    while (running > 0) {
        int status;

        ck_assert_uint_lt(stored_offset(0), WRITERS * ROUNDS);
        if (waitpid(-1, &status, WNOHANG) > 0) {
            running--;
            ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
    }
    ck_assert_uint_eq(count_files(), 7);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        names_are_as_defined,
        checksums_are_as_defined,
        a_stored_plan_is_found,
        a_damaged_plan_is_replaced,
        a_missing_parent_that_is_a_file_is_an_error,
        a_directory_that_others_may_write_is_refused,
        an_empty_name_is_an_error,
        the_oldest_go_when_there_are_too_many_bytes,
        the_oldest_go_when_there_are_too_many_files,
        what_dead_writers_left_goes,
        concurrent_writers_never_show_half_a_plan,
    };
    Suite *suite = suite_create("analyse_cache");
    TCase *tcase = tcase_create("analyse_cache");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
