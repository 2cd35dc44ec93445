/* The reports of `endorun --analyze`: what they say, and that hostile names stay harmless. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyse_fixture.h"

#define FUNCTION(name) ".globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n"
#define END(name)      ".cfi_endproc\n.size " name ",.-" name "\n"

static const char source[] = FUNCTION("padded") "xor %eax,%eax\nsyscall\nret\n" END(
    "padded") ".nops 5\n" FUNCTION("displaced") "mov $39,%eax\nsyscall\nret\n" END("displaced")
    FUNCTION("restorer") "mov $15,%eax\nsyscall\n" END("restorer");

static struct fixture fixture;
static char *report;

static void teardown(void)
{
    free(report);
    fixture_close(&fixture);
}

typedef void report_writer(FILE *out, const char *file_name, const struct analysis *analysis);

static void write_report(report_writer *writer, const char *file_name)
{
    size_t size;
    FILE *out = open_memstream(&report, &size);

    ck_assert_ptr_nonnull(out);
    writer(out, file_name, &fixture.analysis);
    ck_assert_int_eq(fclose(out), 0);
}

static void expect(const char *part)
{
    ck_assert_msg(strstr(report, part) != NULL, "\"%s\" not in:\n%s", part, report);
}

START_TEST(the_text_tells_every_site)
{
    fixture_make(&fixture, source);
    write_report(analysis_write_text, "name");
    expect("name: 3 system call sites: 1 by padding, 1 by the preceding instruction, "
           "1 left to SUD\n");
    expect("  padding    padded+0x2  (slot at 0x1005)\n");
    expect("  preceding  displaced+0x5  (5 bytes displaced)\n");
    expect("  sud        restorer+0x5  (sigreturn: ");
}
END_TEST

START_TEST(the_json_tells_every_site)
{
    fixture_make(&fixture, source);
    write_report(analysis_write_json, "name");
    expect("{\n  \"schema\": 1,\n  \"file\": \"name\",\n  \"build_id\": null,\n"
           "  \"counts\": {\"padding\": 1, \"preceding\": 1, \"sud\": 1},\n  \"sites\": [\n");
    expect("{\"address\": \"0x1002\", \"offset\": 4098, \"symbol\": \"padded\", "
           "\"symbol_offset\": 2, \"tactic\": \"padding\", \"slot\": \"0x1005\"},\n");
    expect("\"symbol\": \"displaced\", \"symbol_offset\": 5, \"tactic\": \"preceding\", "
           "\"displaced\": 5, \"rip_relative\": false},\n");
    expect("\"symbol\": \"restorer\", \"symbol_offset\": 5, \"tactic\": \"sud\", "
           "\"reason\": \"sigreturn\"}\n  ]\n}\n");
}
END_TEST

START_TEST(json_without_sites_is_complete)
{
    fixture_make(&fixture, FUNCTION("f") "ret\n" END("f"));
    write_report(analysis_write_json, "name");
    expect("\"counts\": {\"padding\": 0, \"preceding\": 0, \"sud\": 0},\n  \"sites\": []\n}\n");
}
END_TEST

START_TEST(a_site_without_symbol_is_told)
{
    fixture_make(&fixture, ".cfi_startproc\nmov $39,%eax\nsyscall\nret\n.cfi_endproc\n");
    write_report(analysis_write_text, "name");
    expect("  preceding  -  (");
    free(report);
    write_report(analysis_write_json, "name");
    expect("\"symbol\": null, \"symbol_offset\": null, \"tactic\"");
}
END_TEST

START_TEST(names_are_escaped_in_json)
{
    fixture_make(&fixture, FUNCTION("f") "ret\n" END("f"));
    write_report(analysis_write_json, "a\"b\\c\nd\033e\x7f");
    expect("\"file\": \"a\\\"b\\\\c\\u000ad\\u001be\\u007f\"");
}
END_TEST

START_TEST(json_is_utf8_whatever_the_name_is)
{
    fixture_make(&fixture, FUNCTION("f") "ret\n" END("f"));
    write_report(analysis_write_json,
                 "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xff \xc0\x80 \xed\xa0\x80 \xe2\x82");
    expect("\"file\": \"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \\ufffd \\ufffd\\ufffd "
           "\\ufffd\\ufffd\\ufffd \\ufffd\\ufffd\"");
}
END_TEST

START_TEST(terminals_get_no_control_characters)
{
    fixture_make(&fixture, ".globl \"x\033[2Jx\"\n.type \"x\033[2Jx\",@function\n"
                           "\"x\033[2Jx\":\nmov $39,%eax\nsyscall\nret\n");
    write_report(analysis_write_text, "a\nb\xff");
    expect("a?b?: 1 system call sites");
    ck_assert_ptr_null(strchr(report, '\033'));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_text_tells_every_site,           the_json_tells_every_site,
        json_without_sites_is_complete,      a_site_without_symbol_is_told,
        names_are_escaped_in_json,           json_is_utf8_whatever_the_name_is,
        terminals_get_no_control_characters,
    };

    return fixture_run("analyse_report", tests, sizeof(tests) / sizeof(tests[0]), teardown);
}
