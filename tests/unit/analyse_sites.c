/* What is a site, and what covers it. Most sites here could be displaced, if they were trusted. */
#include <stdlib.h>
#include <string.h>

#include "analyse_fixture.h"

#define FUNCTION(name) ".globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n"
#define END(name)      ".cfi_endproc\n.size " name ",.-" name "\n"
#define SITE(body)     FUNCTION("site") body "ret\n" END("site")

static struct fixture fixture;

static void teardown(void)
{
    fixture_close(&fixture);
}

static void expect_only_reason(enum endorun_sud_reason reason)
{
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
    ck_assert_str_eq(sud_reason_name(plan_sites(fixture.analysis.plan)->reason),
                     sud_reason_name(reason));
}

/* Every site of the function is rewritten, and it has one. `alias` is another name for it. */
static void expect_rewritten(const char *symbol, const char *alias)
{
    const struct analysis *analysis = &fixture.analysis;
    unsigned seen = 0;

    for (uint32_t i = 0; i < analysis->plan->site_count; i++) {
        const char *name = analysis->sites[i].symbol;

        if (name == NULL || (strcmp(name, symbol) != 0 && strcmp(name, alias) != 0))
            continue;
        seen++;
        ck_assert_msg(plan_sites(analysis->plan)[i].tactic != ENDORUN_TACTIC_SUD, "%s", symbol);
    }
    ck_assert_msg(seen > 0, "no site in %s", symbol);
}

START_TEST(restorers_are_left_alone)
{
    fixture_make(&fixture, SITE("mov $15,%eax\nsyscall\nmov $15,%rax\nsyscall\nmov $16,%eax\n"
                                "syscall\n") ".nops 16\n");
    expect_sud(&fixture, "site", 5, ENDORUN_REASON_SIGRETURN);
    expect_sud(&fixture, "site", 14, ENDORUN_REASON_SIGRETURN);
    expect_tactic(&fixture, "site", 21, ENDORUN_TACTIC_PADDING);
}
END_TEST

START_TEST(bytes_inside_another_instruction_are_no_site)
{
    fixture_make(&fixture, SITE("mov $0x050f,%eax\nmov $39,%eax\nsyscall\n"));
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
    expect_tactic(&fixture, "site", 10, ENDORUN_TACTIC_PRECEDING);
}
END_TEST

START_TEST(a_prefixed_instruction_is_left_alone)
{
    fixture_make(&fixture, SITE("mov $39,%eax\n.byte 0x48,0x0f,0x05\n"));
    expect_sud(&fixture, "site", 6, ENDORUN_REASON_NOT_DECODED);
}
END_TEST

START_TEST(uncovered_bytes_are_left_alone)
{
    fixture_make(&fixture, ".globl there\nthere: mov $39,%eax\nsyscall\nret\n");
    expect_only_reason(ENDORUN_REASON_NO_FDE);
}
END_TEST

START_TEST(what_cannot_be_decoded_hides_what_follows)
{
    fixture_make(&fixture, SITE("mov $39,%eax\nsyscall\njmp 1f\n.byte 0x06\n1: mov $39,%eax\n"
                                "syscall\n"));
    expect_tactic(&fixture, "site", 5, ENDORUN_TACTIC_PRECEDING);
    expect_sud(&fixture, "site", 15, ENDORUN_REASON_NOT_DECODED);
}
END_TEST

/* A constant pool behind the code: nothing branches there. */
START_TEST(data_in_a_function_is_left_alone)
{
    fixture_make(&fixture, FUNCTION("site") "lea 1f(%rip),%rax\nret\n1: .byte 0xb8,39,0,0,0\n"
                                            ".byte 0x0f,0x05,0xc3\n" END("site"));
    expect_sud(&fixture, "site", 13, ENDORUN_REASON_NOT_DECODED);
}
END_TEST

START_TEST(code_that_a_branch_leads_to_is_reached)
{
    fixture_make(&fixture, SITE("je 1f\nret\n1: mov $39,%eax\nsyscall\n"));
    expect_tactic(&fixture, "site", 8, ENDORUN_TACTIC_PRECEDING);
}
END_TEST

START_TEST(code_that_a_jump_table_leads_to_is_reached)
{
    fixture_make(&fixture,
                 SITE("lea table(%rip),%rdx\nmovslq (%rdx,%rax,4),%rax\nadd %rdx,%rax\njmp *%rax\n"
                      "1: mov $39,%eax\nsyscall\n") ".section .rodata\n.balign 4\ntable:\n.long "
                                                    "1b-table,1b-table\n");
    expect_tactic(&fixture, "site", 21, ENDORUN_TACTIC_PRECEDING);
}
END_TEST

START_TEST(sized_symbols_cover)
{
    fixture_make(&fixture, ".globl site\n.type site,@function\nsite: mov $39,%eax\nsyscall\nret\n"
                           ".size site,.-site\n");
    expect_tactic(&fixture, "site", 5, ENDORUN_TACTIC_PRECEDING);
}
END_TEST

START_TEST(unsized_symbols_cover_to_the_last_transfer)
{
    fixture_make(&fixture, ".globl site\n.type site,@function\nsite: test %edi,%edi\njne 1f\n"
                           "ret\n1: mov $39,%eax\nsyscall\nret\nmov $39,%eax\nsyscall\nret\n");
    expect_tactic(&fixture, "site", 10, ENDORUN_TACTIC_PRECEDING);
    expect_sud(&fixture, "site", 18, ENDORUN_REASON_NO_FDE);
}
END_TEST

START_TEST(padding_behind_an_unsized_symbol_is_used)
{
    fixture_make(&fixture, ".globl site\n.type site,@function\nsite: xor %eax,%eax\nsyscall\nret\n"
                           ".balign 16\n" FUNCTION("next") "ret\n" END("next"));
    ck_assert_int_eq(fixture_slot(&fixture, "site", 2), 5);
}
END_TEST

/* clone() ends its unwind information before the call, since the child has no caller. */
START_TEST(a_symbol_covers_more_than_its_unwind_information)
{
    fixture_make(&fixture, ".globl site\n.type site,@function\nsite:\n.cfi_startproc\n"
                           "mov %rsi,%rdi\n.cfi_endproc\nmov $56,%eax\nsyscall\nret\n"
                           ".size site,.-site\n");
    expect_tactic(&fixture, "site", 8, ENDORUN_TACTIC_PRECEDING);
}
END_TEST

/* The same without a symbol: control falls out of the unwind information, so code goes on. */
START_TEST(code_that_is_fallen_into_is_covered)
{
    fixture_make(&fixture, ".cfi_startproc\nmov %rsi,%rdi\n.cfi_endproc\nmov $56,%eax\nsyscall\n"
                           "ret\nmov $56,%eax\nsyscall\nret\n");
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 2);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)[0].tactic, ENDORUN_TACTIC_PRECEDING);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)[1].reason, ENDORUN_REASON_NO_FDE);
}
END_TEST

START_TEST(code_behind_a_call_is_not_covered)
{
    fixture_make(&fixture, ".cfi_startproc\ncall 1f\n.cfi_endproc\nmov $56,%eax\nsyscall\n"
                           "1: ret\n");
    expect_only_reason(ENDORUN_REASON_NO_FDE);
}
END_TEST

/* Without section headers there are unwind information and dynamic symbols. */
START_TEST(section_headers_are_not_needed)
{
    static const uint64_t none;

    fixture_link(&fixture,
                 SITE("xor %eax,%eax\nsyscall\n") ".nops 16\n" FUNCTION("next") "ret\n" END("next"),
                 "-shared -Wl,--eh-frame-hdr");
    fixture_alter(&fixture, 40, &none, sizeof(none)); /* e_shoff */
    fixture_alter(&fixture, 60, &none, 4);            /* e_shnum, e_shstrndx */
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    expect_tactic(&fixture, "site", 2, ENDORUN_TACTIC_PADDING);
}
END_TEST

/*
 * Go's function table, version 1.20: two functions, the text start in the header or, in a file
 * without a symbol and relocation for it, equal to .text's.
 */
#define GO_TABLE(text_start)                                                                       \
    ".section .gopclntab,\"a\"\n.balign 32\n1: .long 0xfffffff1\n.byte 0,0,1,8\n.quad 2,0\n"       \
    ".quad " text_start "\n.quad 0,0,0,0,72\n.long go-go,0,second-go,0,end-go\n"

#define GO_TEXT                                                                                    \
    ".text\ngo: xor %eax,%eax\nsyscall\nret\n.balign 16,0xcc\nsecond: mov $39,%eax\nsyscall\n"     \
    "int3\n.balign 16,0xcc\nend:\n"

START_TEST(gos_function_table_covers)
{
    fixture_link(&fixture, GO_TEXT GO_TABLE("go"), "-static -Wl,-e,0 -s");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 2);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)[0].tactic, ENDORUN_TACTIC_PADDING);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)[1].tactic, ENDORUN_TACTIC_PADDING);
}
END_TEST

START_TEST(gos_text_start_may_be_the_sections)
{
    fixture_link(&fixture, GO_TEXT GO_TABLE("0"), "-static-pie -Wl,-e,0 -s");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)[0].tactic, ENDORUN_TACTIC_PADDING);
}
END_TEST

START_TEST(gos_text_start_may_be_relocated)
{
    fixture_link(&fixture, GO_TEXT ".skip 16\n" GO_TABLE("go"),
                 "-static-pie -Wl,-e,0 -Wl,-z,notext -s");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)[0].tactic, ENDORUN_TACTIC_PADDING);
}
END_TEST

START_TEST(gos_text_start_is_not_guessed)
{
    fixture_link(&fixture, GO_TEXT ".skip 16\n" GO_TABLE("0"), "-static-pie -Wl,-e,0 -s");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)[0].reason, ENDORUN_REASON_NO_FDE);
}
END_TEST

START_TEST(data_sections_in_the_executable_segment_are_not_searched)
{
    fixture_link(&fixture, SITE("mov $39,%eax\nsyscall\n") ".section .rodata\n.byte 0x0f,0x05\n",
                 "-shared -Wl,-z,noseparate-code -Wl,-N");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
}
END_TEST

/* The C library: what programs really call. At most two sites in a hundred may be left. */
START_TEST(the_c_library_is_served)
{
    uint64_t left = 0;

    fixture_open(&fixture, "/lib/x86_64-linux-gnu/libc.so.6");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    for (uint32_t i = 0; i < fixture.analysis.plan->site_count; i++)
        left += plan_sites(fixture.analysis.plan)[i].tactic == ENDORUN_TACTIC_SUD;
    ck_assert_uint_gt(fixture.analysis.plan->site_count, 400);
    ck_assert_uint_le(left * 100, (uint64_t)fixture.analysis.plan->site_count * 2);
    expect_rewritten("read", "__read");
    expect_rewritten("write", "__write");
    expect_rewritten("poll", "__poll");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        restorers_are_left_alone,
        bytes_inside_another_instruction_are_no_site,
        a_prefixed_instruction_is_left_alone,
        uncovered_bytes_are_left_alone,
        what_cannot_be_decoded_hides_what_follows,
        data_in_a_function_is_left_alone,
        code_that_a_branch_leads_to_is_reached,
        code_that_a_jump_table_leads_to_is_reached,
        sized_symbols_cover,
        unsized_symbols_cover_to_the_last_transfer,
        padding_behind_an_unsized_symbol_is_used,
        a_symbol_covers_more_than_its_unwind_information,
        code_that_is_fallen_into_is_covered,
        code_behind_a_call_is_not_covered,
        section_headers_are_not_needed,
        gos_function_table_covers,
        gos_text_start_may_be_the_sections,
        gos_text_start_may_be_relocated,
        gos_text_start_is_not_guessed,
        data_sections_in_the_executable_segment_are_not_searched,
        the_c_library_is_served,
    };

    return fixture_run("analyse_sites", tests, sizeof(tests) / sizeof(tests[0]), teardown);
}
