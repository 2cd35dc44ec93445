/* The whitelist of devices (policy/devices.c): what stands in it, and what stands beside. */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../../policy/devices.h"

static const struct {
    mode_t type;
    unsigned major, minor;
    bool harmless;
} files[] = {
    {S_IFCHR, 1, 3, true},     {S_IFCHR, 1, 5, true},           {S_IFCHR, 1, 7, true},
    {S_IFCHR, 1, 9, true},     {S_IFCHR, 4, 0, true},           {S_IFCHR, 4, 64, true},
    {S_IFCHR, 5, 0, true},     {S_IFCHR, 5, 2, true},           {S_IFCHR, 10, 200, true},
    {S_IFCHR, 136, 0, true},   {S_IFCHR, 143, 255, true},       {S_IFCHR, 136, 0xfffff, true},
    {S_IFCHR, 229, 0, true},   {S_IFCHR, 0, 0, false},          {S_IFCHR, 1, 1, false},
    {S_IFCHR, 1, 2, false},    {S_IFCHR, 1, 4, false},          {S_IFCHR, 1, 6, false},
    {S_IFCHR, 1, 10, false},   {S_IFCHR, 1, 11, true},          {S_IFCHR, 10, 235, true},
    {S_IFCHR, 1, 259, false},  {S_IFCHR, 5, 3, false},          {S_IFCHR, 10, 229, true},
    {S_IFCHR, 10, 232, false}, {S_IFCHR, 10, 200 + 256, false}, {S_IFCHR, 257, 3, false},
    {S_IFCHR, 135, 0, false},  {S_IFCHR, 144, 0, false},        {S_IFCHR, 226, 128, false},
    {S_IFBLK, 1, 3, false},    {S_IFBLK, 8, 0, false},          {S_IFREG, 10, 232, true},
    {S_IFIFO, 0, 0, true},     {S_IFSOCK, 0, 0, true},          {S_IFDIR, 1, 1, true},
    {0, 0, 0, true},
};

START_TEST(test_list)
{
    ck_assert_msg(
        device_is_harmless(files[_i].type | 0666, makedev(files[_i].major, files[_i].minor)) ==
            files[_i].harmless,
        "%o %u:%u", files[_i].type, files[_i].major, files[_i].minor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("devices");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, test_list, 0, sizeof files / sizeof files[0]);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
