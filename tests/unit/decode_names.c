/* trace/decode: what descriptors lead to, in lines and among the objects of a call. */
#include "decode_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct sample named[] = {
    {CALL_openat,
     {(uint64_t)AT_FDCWD, 0x1000, 0},
     7,
     "openat(AT_FDCWD</tmp>, \"hosts\", O_RDONLY) = 7</tmp/hosts>",
     {TEXT(0x1000, "hosts"), NAME(AT_FDCWD, "/tmp")},
     {NAME(7, "/tmp/hosts")}},
    {CALL_dup2,
     {7, 5},
     5,
     "dup2(7</etc/hosts>, 5<socket:[12]>) = 5</etc/hosts>",
     {NAME(7, "/etc/hosts"), NAME(5, "socket:[12]")},
     {NAME(5, "/etc/hosts")}},
    {CALL_close,
     {8},
     0,
     "close(8</tmp/gone>(deleted)) = 0",
     {NAME(8, "/tmp/gone (deleted)")},
     {{0}}},
    {CALL_close, {8}, 0, "close(8</a \\74b\\76\\n\\\"c>) = 0", {NAME(8, "/a <b>\n\"c")}, {{0}}},
    {CALL_close, {9}, FAIL(EBADF), "close(9) = -1 EBADF (Bad file descriptor)", {{0}}, {{0}}},
    {CALL_pipe2,
     {0x2000, 0},
     0,
     "pipe2([3<pipe:[1]>, 4<pipe:[1]>], 0) = 0",
     {{0}},
     {INTS(0x2000, 3, 4), NAME(3, "pipe:[1]"), NAME(4, "pipe:[1]")}},
    {CALL_poll,
     {0x3000, 1, 0},
     1,
     "poll([{fd=3<pipe:[1]>, events=POLLIN}], 1, 0) = 1 ([{fd=3, revents=POLLIN}])",
     {INTS(0x3000, 3, 1), NAME(3, "pipe:[1]")},
     {INTS(0x3000, 3, 0x10001)}},
};

START_TEST(lines)
{
    check_all_named(named, sizeof named / sizeof named[0]);
}
END_TEST

static void add_object(void *context, const char *object)
{
    FILE *out = context;
    fprintf(out, "%s;", object);
}

static void check_objects(const struct sample *sample)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const struct recorded_call call = call_of(sample);

    ck_assert_ptr_nonnull(out);
    decode_objects(&call, add_object, out);
    fclose(out);
    ck_assert_str_eq(text, sample->text);
    free(text);
}

static const struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = 0x5000}; /* 80 */
static const struct sockaddr_un local = {AF_UNIX, "/run/socket"};
static const struct sockaddr_un abstract = {AF_UNIX, "\0name"};
#define ADDRESS(at, object)                                                                        \
    {                                                                                              \
        (at), sizeof(object), &(object), false                                                     \
    }

static const struct sample abouts[] = {
    {CALL_openat,
     {(uint64_t)AT_FDCWD, 0x1000, 0},
     7,
     "/tmp/hosts;",
     {TEXT(0x1000, "hosts"), NAME(AT_FDCWD, "/tmp")},
     {NAME(7, "/tmp/hosts")}},
    {CALL_openat,
     {(uint64_t)AT_FDCWD, 0x1000, 0},
     FAIL(ENOENT),
     "/tmp/hosts;",
     {TEXT(0x1000, "hosts"), NAME(AT_FDCWD, "/tmp")},
     {{0}}},
    {CALL_newfstatat,
     {3, 0x1000, 0x2000, 0x1000},
     0,
     "/etc/hosts;",
     {TEXT(0x1000, ""), NAME(3, "/etc/hosts")},
     {{0}}},
    {CALL_unlinkat, {3, 0x1000, 0}, 0, "/x;", {TEXT(0x1000, "x"), NAME(3, "/")}, {{0}}},
    {CALL_access, {0x1000, 0}, 0, "relative;", {TEXT(0x1000, "relative")}, {{0}}},
    {CALL_rename, {0x1000, 0x2000}, 0, "/a;/b;", {TEXT(0x1000, "/a"), TEXT(0x2000, "/b")}, {{0}}},
    {CALL_connect,
     {3, 0x1000, sizeof peer},
     0,
     "socket:[1];0.0.0.0:80;",
     {ADDRESS(0x1000, peer), NAME(3, "socket:[1]")},
     {{0}}},
    {CALL_connect,
     {3, 0x1000, sizeof local},
     0,
     "unix:/run/socket;",
     {ADDRESS(0x1000, local)},
     {{0}}},
    {CALL_connect, {3, 0x1000, 7}, 0, "unix:@name;", {ADDRESS(0x1000, abstract)}, {{0}}},
    {CALL_poll,
     {0x3000, 1, 0},
     0,
     "pipe:[1];",
     {INTS(0x3000, 3, 1), NAME(3, "pipe:[1]")},
     {INTS(0x3000, 3, 1)}},
    {CALL_getpid, {0}, 5, "", {{0}}, {{0}}},
    {9999, {0}, FAIL(ENOSYS), "", {{0}}, {{0}}},
};

START_TEST(objects)
{
    for (size_t i = 0; i < sizeof abouts / sizeof abouts[0]; i++) {
        check_objects(&abouts[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode_names");
    TCase *all = tcase_create("all");

    tcase_add_test(all, lines);
    tcase_add_test(all, objects);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
