/* policy/ranges.c: which memory a call works on, by calls of each shape. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <asm/unistd.h>
#include "../../policy/ranges.h"

#define RANGES_MAX 32

static struct {
    uint64_t start, length;
    bool written;
} seen[RANGES_MAX];
static uint32_t count;
static bool answer;

static long read_own(void *target, uint64_t source, uint64_t size)
{
    if (source < 4096) {
        return -EFAULT;
    }
    memcpy(target, (const void *)source, size);
    return 0;
}

static bool note(void *context, const struct call_range *range)
{
    (void)context;
    ck_assert_uint_lt(count, RANGES_MAX);
    seen[count].start = range->start;
    seen[count].length = range->length;
    seen[count++].written = range->written;
    return answer;
}

#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

static bool visit(uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    const uint64_t arguments[6] = {a, b, c, d, e, 0};
    count = 0;
    return call_visits(number, arguments, read_own, note, NULL);
}

static void expect(uint32_t i, uint64_t start, uint64_t length, bool written)
{
    ck_assert_uint_lt(i, count);
    ck_assert_uint_eq(seen[i].start, start);
    ck_assert_uint_eq(seen[i].length, length);
    ck_assert_int_eq(seen[i].written, written);
}

START_TEST(plain)
{
    ck_assert(!visit(__NR_read, 3, 0x5000, 100, 0, 0));
    ck_assert_uint_eq(count, 1);
    expect(0, 0x5000, 100, true);
    visit(__NR_write, 3, 0x5000, 100, 0, 0);
    expect(0, 0x5000, 100, false);
    visit(__NR_fstat, 3, 0x5000, 0, 0, 0);
    expect(0, 0x5000, 144, true);
    visit(__NR_getdents64, 3, 0x5000, 0xf00000000UL | 800, 0, 0); /* 32 bits count */
    expect(0, 0x5000, 800, true);
    visit(__NR_poll, 0x5000, 3, 0, 0, 0);
    expect(0, 0x5000, 24, true);
    visit(__NR_wait4, 1, 0x5000, 0, 0, 0); /* no rusage */
    ck_assert_uint_eq(count, 1);
    expect(0, 0x5000, 4, true);
    visit(__NR_getpid, 1, 2, 3, 4, 5);
    visit(__NR_mmap, 0x5000, 4096, 3, 4, 5);
    ck_assert_uint_eq(count, 0);
    visit(100000, 1, 2, 3, 4, 5);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(untold)
{
    visit(__NR_ioctl, 3, 0x5401, 0x7000, 0, 0);
    expect(0, 0x7000, LENGTH_UNTOLD, true);
    visit(__NR_select, 70, 0, 0x5000, 0, 0x6000);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_ge(seen[0].length, 16); /* 70 bits in whole words */
    ck_assert(seen[0].written);
    visit(__NR_accept, 3, 0x5000, 0x6000, 0, 0);
    ck_assert_uint_eq(count, 2);
    expect(1, 0x6000, 4, true);
}
END_TEST

START_TEST(nested)
{
    struct iovec pieces[2] = {{(void *)0x5000, 10}, {(void *)0x6000, 20}};
    visit(__NR_readv, 3, ADDRESS(pieces), 2, 0, 0);
    ck_assert_uint_eq(count, 3);
    expect(1, 0x5000, 10, true);
    expect(2, 0x6000, 20, true);
    visit(__NR_writev, 3, ADDRESS(pieces), 1, 0, 0);
    ck_assert_uint_eq(count, 2);
    expect(1, 0x5000, 10, false);
    visit(__NR_readv, 3, 100, 2, 0, 0); /* can't be read */
    ck_assert_uint_eq(count, 1);
    struct mmsghdr many[2] = {{.msg_hdr = {.msg_name = (void *)0x8000, .msg_namelen = 16}},
                              {.msg_hdr = {.msg_iov = pieces,
                                           .msg_iovlen = 2,
                                           .msg_control = (void *)0x9000,
                                           .msg_controllen = 64}}};
    visit(__NR_recvmmsg, 3, ADDRESS(many), 2, 0, 0);
    ck_assert_uint_eq(count, 6);
    expect(0, ADDRESS(many), sizeof many, true);
    expect(1, 0x8000, 16, true);
    expect(2, ADDRESS(pieces), sizeof pieces, false);
    expect(3, 0x9000, 64, true);
    expect(5, 0x6000, 20, true);
    visit(__NR_recvmsg, 3, ADDRESS(&many[1]), 0, 0, 0);
    ck_assert_uint_eq(count, 5);
    const uint64_t clone[11] = {0, 0x5000, 0x6000, 0x7000};
    visit(__NR_clone3, ADDRESS(clone), sizeof clone, 0, 0, 0);
    ck_assert_uint_eq(count, 4);
    expect(1, 0x5000, 4, true);
    expect(3, 0x7000, 4, true);
}
END_TEST

START_TEST(answers)
{
    answer = true;
    ck_assert(visit(__NR_read, 3, 0x5000, 100, 0, 0));
    ck_assert(!visit(__NR_read, 3, 0x5000, 0, 0, 0)); /* nothing to visit */
    answer = false;
    ck_assert(call_uses_memory(__NR_read) && call_uses_memory(__NR_set_tid_address));
    ck_assert(!call_uses_memory(__NR_getpid) && !call_uses_memory(__NR_munmap));
    ck_assert(call_is_repeatable(__NR_read) && call_is_repeatable(__NR_write));
    ck_assert(call_is_repeatable(__NR_sendmsg) && !call_is_repeatable(__NR_recvmsg));
    ck_assert(!call_is_repeatable(__NR_wait4) && !call_is_repeatable(__NR_accept4));
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("ranges");
    tcase_add_test(cases, plain);
    tcase_add_test(cases, untold);
    tcase_add_test(cases, nested);
    tcase_add_test(cases, answers);
    Suite *suite = suite_create("ranges");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
