/* Which of the bytes of unsafe instructions are cured, and what the plan says of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyse_fixture.h"

#define FUNCTION(name) ".globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n"
#define END(name)      ".cfi_endproc\n.size " name ",.-" name "\n"
#define BODY(body)     FUNCTION("f") body "ret\n" END("f")
#define XRSTOR         ".long 0x28ae0f\n"

#define TEXT 0x1000 /* offset and address of the fixture's text */

static struct fixture fixture;

static void teardown(void)
{
    fixture_close(&fixture);
}

/* Makes the file; its one match that is refused has this cure. */
static const struct unsafe_match *make(const char *source, enum unsafe_cure cure)
{
    const struct unsafe_match *match = NULL;

    fixture_make(&fixture, source);
    fixture_search_unsafe(&fixture);
    for (size_t i = 0; i < fixture.analysis.unsafe_count; i++) {
        if (fixture.analysis.unsafe[i].cure == CURE_NOT_NEEDED)
            continue;
        ck_assert_ptr_null(match);
        match = &fixture.analysis.unsafe[i];
    }
    ck_assert_ptr_nonnull(match);
    ck_assert_msg(match->cure == cure, "%s: %s instead of %s", source,
                  unsafe_cure_name(match->cure), unsafe_cure_name(cure));
    return match;
}

/* The plan's one entry moves `size` bytes at f + `offset`, with the displacement at `field`. */
static void expect_moved(uint64_t offset, unsigned size, unsigned field)
{
    const struct endorun_plan *plan = fixture.analysis.plan;
    const struct endorun_plan_site *site = plan_sites(plan);

    ck_assert_uint_eq(plan->site_count, 1);
    ck_assert_uint_eq(site->tactic, ENDORUN_TACTIC_MOVED);
    ck_assert_uint_eq(site->offset, TEXT + offset);
    ck_assert_uint_eq(site->displaced, size);
    ck_assert_uint_eq(site->rip_relative, field);
    ck_assert_int_eq(memcmp(site->original, fixture.file + TEXT + offset, size), 0);
}

static void expect_no_plan(void)
{
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 0);
    ck_assert_uint_eq(fixture.analysis.plan->size, sizeof(struct endorun_plan));
}

START_TEST(instructions_that_move)
{
    static const struct {
        const char *bytes; /* before the displacement */
        const char *behind;
        unsigned field, size;
    } cases[] = {
        {"0x48,0x8d,0x05", "", 3, 7},
        {"0x8b,0x0d", "", 2, 6},
        {"0xf2,0x0f,0x10,0x0d", "", 4, 8},
        {"0xf0,0x48,0x0f,0xb1,0x0d", "", 5, 9},
        {"0x80,0x3d", ".byte 0x5a\n", 2, 7},
        {"0x66,0x81,0x3d", ".short 0x5a\n", 3, 9},
        {"0x48,0xc7,0x05", ".long 0x5a\n", 3, 11},
        {"0xc5,0xfb,0x10,0x05", "", 4, 8},
        {"0xc4,0xe3,0x79,0x0f,0x05", ".byte 3\n", 5, 10},
        {"0xff,0x25", "", 2, 6},
        {"0xff,0x35", "", 2, 6},
        {"0xff,0x15", "", 2, 6},
        {"0xe8", "", 1, 5},
        {"0x67,0xe8", "", 2, 6},
        {"0xe9", "", 1, 5},
        {"0x0f,0x8f", "", 2, 6},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char source[512];

        snprintf(source, sizeof(source), BODY("nop\n.byte %s\n" XRSTOR "%s"), cases[i].bytes,
                 cases[i].behind);
        make(source, CURE_MOVED);
        expect_moved(1, cases[i].size, cases[i].field);
        fixture_close(&fixture);
    }
    memset(&fixture, 0, sizeof(fixture));
}
END_TEST

START_TEST(instructions_that_stay)
{
    static const struct {
        const char *body;
        enum unsafe_cure cure;
    } cases[] = {
        {"wrpkru\n", CURE_INSTRUCTION},
        {"xrstor 0x1000(%rip)\n", CURE_INSTRUCTION},
        {"mov $0x28ae0f,%eax\n", CURE_FIXED},
        {"mov 0x28ae0f(%rax),%eax\n", CURE_FIXED},
        {"movl $0x28ae0f,0x1000(%rip)\n", CURE_FIXED},
        {".byte 0xc7,0xf8\n" XRSTOR, CURE_FIXED},           /* xbegin */
        {".byte 0x67,0x48,0x8b,0x05\n" XRSTOR, CURE_FIXED}, /* an address of 32 bits */
        {".byte 0x41,0xff,0x15\n" XRSTOR, CURE_FIXED},      /* another form of call */
        {".byte 0xf2,0xe8\n" XRSTOR, CURE_FIXED},           /* bnd call */
        {".byte 0x74,0x0f,0xae,0x28,0xc0\n", CURE_SHORT},   /* je; scasb; subb */
        {"jz 1f\n.byte 0xf0\n1: .byte 0x48,0xff,0x05\n" XRSTOR, CURE_ENTERED},
        {"ret\n.byte 0x06,0x48,0x8b,0x05\n" XRSTOR, CURE_UNCERTAIN},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char source[512];

        snprintf(source, sizeof(source), BODY("%s"), cases[i].body);
        make(source, cases[i].cure);
        expect_no_plan();
        fixture_close(&fixture);
    }
    memset(&fixture, 0, sizeof(fixture));
}
END_TEST

/* Nothing is known to lead there, as behind jump tables; its function can be decoded to the end. */
START_TEST(behind_an_unconditional_transfer)
{
    make(BODY("ret\n.byte 0x48,0x8d,0x05\n" XRSTOR), CURE_MOVED);
    expect_moved(1, 7, 3);
}
END_TEST

START_TEST(code_that_no_function_covers)
{
    make(".byte 0x48,0x8d,0x05\n" XRSTOR "ret\n", CURE_UNCERTAIN);
    expect_no_plan();
}
END_TEST

/* The match begins in a short jump, and ends in the call that is moved. */
START_TEST(the_second_of_two_instructions)
{
    make(BODY(".skip 64,0x90\n.byte 0xeb,0xd5,0xe8,0xae,0xac,0x28,0x00\n"), CURE_MOVED);
    expect_moved(66, 5, 1);
}
END_TEST

START_TEST(an_addition_has_two_encodings)
{
    const struct endorun_plan_site *site;

    make(BODY("rol $15,%edx\nadd %ebp,%edi\n"), CURE_REENCODED);
    site = plan_sites(fixture.analysis.plan);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
    ck_assert_uint_eq(site->tactic, ENDORUN_TACTIC_REENCODED);
    ck_assert_uint_eq(site->offset, TEXT + 3);
}
END_TEST

/* Only where the two bytes are an instruction. */
START_TEST(bytes_of_an_addition)
{
    make(BODY("mov $0xef010f,%eax\n"), CURE_FIXED);
    expect_no_plan();
}
END_TEST

START_TEST(two_matches_in_one_instruction)
{
    fixture_make(&fixture, BODY(".byte 0x48,0x81,0x3d\n" XRSTOR ".long 0x28ae0f\n"));
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 2);
    expect_moved(0, 11, 3);
}
END_TEST

START_TEST(beside_a_system_call)
{
    const struct endorun_plan_site *sites;

    fixture_make(&fixture, BODY("mov $39,%eax\nsyscall\n.byte 0x48,0x8d,0x05\n" XRSTOR
                                "mov $39,%eax\nsyscall\n"));
    sites = plan_sites(fixture.analysis.plan);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 3);
    ck_assert_uint_eq(sites[1].tactic, ENDORUN_TACTIC_MOVED);
    expect_tactic(&fixture, "f", 5, ENDORUN_TACTIC_PRECEDING);
    expect_tactic(&fixture, "f", 19, ENDORUN_TACTIC_PRECEDING);
}
END_TEST

/* A page of code, and `pages` of data with one match at `offset` in them. */
static const struct endorun_plan_site *make_data(unsigned pages, unsigned offset,
                                                 enum unsafe_cure cure)
{
    char source[1024];

    snprintf(
        source, sizeof(source),
        FUNCTION("f") ".fill 4095,1,0x90\nret\n" END(
            "f") ".balign 4096\n"
                 ".section .rodata,\"a\"\n.balign 4096\n.fill %u,1,0x11\n.byte 0x0f,0x01,0xef\n"
                 ".fill %u,1,0x11\n",
        offset, pages * 4096 - offset - 3);
    fixture_link(&fixture, source, "-shared -Wl,-z,noseparate-code,--section-start=.text=0x1000");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 1);
    ck_assert_str_eq(unsafe_cure_name(fixture.analysis.unsafe[0].cure), unsafe_cure_name(cure));
    return plan_sites(fixture.analysis.plan);
}

/* Everything behind the code is one range, up to the end of what linkers map with it. */
START_TEST(pages_of_data)
{
    const struct endorun_plan_site *site = make_data(3, 5000, CURE_DATA);

    ck_assert_uint_eq(fixture.analysis.unsafe[0].offset, TEXT + 4096 + 5000);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
    ck_assert_uint_eq(site->tactic, ENDORUN_TACTIC_DATA);
    ck_assert_uint_eq(site->offset, TEXT + 4096);
    ck_assert_uint_ge(site->data_size, 3 * 4096);
}
END_TEST

/* The range ends where code begins. */
START_TEST(data_before_code)
{
    const struct endorun_plan_site *site;

    fixture_link(&fixture,
                 ".section .interp,\"a\"\n.fill 9000,1,0\n.byte 0x0f,0x01,0xef\n"
                 ".text\n.balign 4096\n" BODY(""),
                 "-pie -Wl,-e,f,-z,noseparate-code");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 1);
    ck_assert_int_eq(fixture.analysis.unsafe[0].cure, CURE_DATA);
    site = plan_sites(fixture.analysis.plan);
    ck_assert_uint_eq(site->offset, 0);
    ck_assert_uint_eq(site->data_size, 3 * 4096);
}
END_TEST

/* In a page with code nothing can be done; across its end, the other page will do. */
START_TEST(data_beside_code)
{
    static const char rodata[] = ".section .rodata,\"a\"\n.balign 4096\n.fill %u,1,0x11\n"
                                 ".byte 0x0f,0x01,0xef\n.section .more,\"ax\"\nret\n";
    char source[512];

    for (unsigned before = 4092; before <= 4095; before++) {
        snprintf(source, sizeof(source), rodata, before);
        fixture_link(&fixture, source, "-shared -Wl,-z,noseparate-code");
        ck_assert_int_eq(fixture_analyse(&fixture), 0);
        fixture_search_unsafe(&fixture);
        ck_assert_uint_eq(fixture.analysis.unsafe_count, 1);
        ck_assert_int_eq(fixture.analysis.unsafe[0].cure, CURE_DATA);
        fixture_close(&fixture);
    }
    memset(&fixture, 0, sizeof(fixture));
    fixture_link(&fixture, BODY("") ".section .rodata,\"a\"\n.byte 0x0f,0x01,0xef\n",
                 "-shared -Wl,-z,noseparate-code");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_int_eq(fixture.analysis.unsafe[0].cure, CURE_UNCERTAIN);
    expect_no_plan();
}
END_TEST

START_TEST(data_without_section_headers)
{
    static const uint8_t none[8 + 16]; /* e_shoff; and e_shnum with what follows, at 60 */

    make_data(3, 5000, CURE_DATA);
    fixture_alter(&fixture, 40, none, 8);
    fixture_alter(&fixture, 60, none, 4);
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_int_eq(fixture.analysis.unsafe[0].cure, CURE_UNCERTAIN);
    expect_no_plan();
}
END_TEST

/* What run-time linkers map with the first segment before they map the second over it. */
START_TEST(data_behind_the_first_segment)
{
    fixture_link(&fixture, BODY("") ".data\n.fill 9000,1,0x11\n.byte 0x0f,0x01,0xef\n",
                 "-shared -Wl,-z,noseparate-code");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 1);
    ck_assert_int_eq(fixture.analysis.unsafe[0].cure, CURE_DATA);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
    fixture_close(&fixture);
    fixture_link(&fixture, BODY("") ".data\n.fill 9000,1,0x11\n.byte 0x0f,0x01,0xef\n", "-shared");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    fixture_search_unsafe(&fixture);
    ck_assert_uint_eq(fixture.analysis.unsafe_count, 0);
}
END_TEST

START_TEST(the_report_on_data)
{
    char *report = NULL;
    size_t size;
    FILE *out = open_memstream(&report, &size);

    ck_assert_ptr_nonnull(out);
    make_data(3, 5000, CURE_DATA);
    analysis_write_text(out, "name", &fixture.analysis);
    analysis_write_json(out, "name", &fixture.analysis);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_ptr_nonnull(strstr(
        report,
        "; with protection keys the pages around it hold no code, and are not executable\n"));
    ck_assert_ptr_nonnull(strstr(report, "\"cure\": \"data\"}"));
    free(report);
}
END_TEST

START_TEST(the_reports)
{
    char *report = NULL;
    size_t size;
    FILE *out = open_memstream(&report, &size);

    ck_assert_ptr_nonnull(out);
    make(BODY(".byte 0x48,0x8d,0x05\n" XRSTOR), CURE_MOVED);
    analysis_write_text(out, "name", &fixture.analysis);
    analysis_write_json(out, "name", &fixture.analysis);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_ptr_nonnull(strstr(report, "name: 0 system call sites"));
    ck_assert_ptr_nonnull(
        strstr(report, "; with protection keys the 7 bytes at 0x1000 run in a stub\n"));
    ck_assert_ptr_nonnull(strstr(report, "\"sites\": [],\n"));
    ck_assert_ptr_nonnull(
        strstr(report, "\"cure\": \"moved\", \"moved\": \"0x1000\", \"moved_size\": 7}"));
    free(report);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        instructions_that_move,
        instructions_that_stay,
        behind_an_unconditional_transfer,
        code_that_no_function_covers,
        the_second_of_two_instructions,
        an_addition_has_two_encodings,
        bytes_of_an_addition,
        two_matches_in_one_instruction,
        beside_a_system_call,
        pages_of_data,
        data_before_code,
        data_beside_code,
        data_without_section_headers,
        data_behind_the_first_segment,
        the_report_on_data,
        the_reports,
    };

    return fixture_run("analyse_cures", tests, sizeof(tests) / sizeof(tests[0]), teardown);
}
