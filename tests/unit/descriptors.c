/* policy/descriptors.c: which descriptors a call is about. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <asm/unistd.h>
#include "../../policy/descriptors.h"

#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))
#define SEEN_MAX         128

static int32_t seen[SEEN_MAX];
static uint32_t count;

static long read_own(void *target, uint64_t source, uint64_t size)
{
    if (source < 4096) {
        return -EFAULT;
    }
    memcpy(target, (const void *)source, size);
    return 0;
}

static void note(void *context, int32_t descriptor)
{
    (void)context;
    ck_assert_uint_lt(count, SEEN_MAX);
    seen[count++] = descriptor;
}

static void given(uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2)
{
    const uint64_t arguments[6] = {a0, a1, a2};
    count = 0;
    call_descriptors(number, arguments, read_own, note, NULL);
}

static void got(uint32_t number, uint64_t a0, uint64_t a1, int64_t result)
{
    const uint64_t arguments[6] = {a0, a1};
    count = 0;
    call_new_descriptors(number, arguments, result, read_own, note, NULL);
}

static void expect(uint32_t expected, int32_t first, int32_t second)
{
    ck_assert_uint_eq(count, expected);
    ck_assert(count < 1 || seen[0] == first);
    ck_assert(count < 2 || seen[1] == second);
}

START_TEST(arguments)
{
    given(__NR_read, 5, 0, 0);
    expect(1, 5, 0);
    given(__NR_dup2, 5, 6, 0);
    expect(2, 5, 6);
    given(__NR_openat, (uint64_t)AT_FDCWD, 0, 0);
    expect(1, AT_FDCWD, 0);
    given(__NR_getpid, 5, 6, 0);
    expect(0, 0, 0);
    given(9999, 5, 6, 0);
    expect(0, 0, 0);
}
END_TEST

START_TEST(waited_for)
{
    struct pollfd polled[100] = {{.fd = 7}, {.fd = -1}};
    fd_set set;

    given(__NR_poll, ADDRESS(polled), 2, 0);
    expect(2, 7, -1);
    given(__NR_poll, ADDRESS(polled), 100, 0);
    ck_assert_uint_eq(count, 64);
    given(__NR_poll, 0, 2, 0);
    expect(0, 0, 0);
    FD_ZERO(&set);
    FD_SET(3, &set);
    FD_SET(900, &set);
    given(__NR_select, 901, ADDRESS(&set), 0);
    expect(2, 3, 900);
    given(__NR_select, 900, ADDRESS(&set), 0);
    expect(1, 3, 0);
}
END_TEST

START_TEST(new_ones)
{
    int32_t pair[2] = {8, 9};

    got(__NR_pipe, ADDRESS(pair), 0, 0);
    expect(2, 8, 9);
    got(__NR_openat, 0, 0, 4);
    expect(1, 4, 0);
    got(__NR_fcntl, 3, F_DUPFD_CLOEXEC, 10);
    expect(1, 10, 0);
    got(__NR_fcntl, 3, F_GETFL, 2);
    expect(0, 0, 0);
    got(__NR_read, 3, 0, 4);
    expect(0, 0, 0);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("descriptors");
    tcase_add_test(cases, arguments);
    tcase_add_test(cases, waited_for);
    tcase_add_test(cases, new_ones);
    Suite *suite = suite_create("descriptors");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
