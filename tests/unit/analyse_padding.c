/*
 * Slots in dead padding: which bytes count as dead, which do not, and who gets them.
 *
 * `xor %eax,%eax` (two bytes) before `syscall` leaves nothing displaceable, so that padding is the
 * only way; offsets: xor 0, syscall 2, ret 4, padding from 5.
 */

#include <stdlib.h>
#include <string.h>

#include "analyse_fixture.h"

#define FUNCTION(name) ".globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n"
#define END(name)      ".cfi_endproc\n.size " name ",.-" name "\n"
#define CALL           "xor %eax,%eax\nsyscall\n"
#define BARE(name)     FUNCTION(name) CALL "ret\n" END(name)
#define NEXT           FUNCTION("next") "ret\n" END("next")

/* Bytes that are neither nop nor int3, in a function of their own, before and behind. */
#define FAR FUNCTION("far") ".rept 200\nadd %rax,%rax\n.endr\nret\n" END("far")

static struct fixture fixture;

static void teardown(void)
{
    fixture_close(&fixture);
}

START_TEST(padding_behind_a_function_is_used)
{
    fixture_make(&fixture, BARE("site") ".balign 16,0xcc\n" NEXT);
    expect_tactic(&fixture, "site", 2, ENDORUN_TACTIC_PADDING);
    ck_assert_int_eq(fixture_slot(&fixture, "site", 2), 5);
    ck_assert_uint_eq(fixture_site(&fixture, "site", 2)->original[0], 0xcc);
}
END_TEST

START_TEST(multi_byte_nops_are_padding)
{
    fixture_make(&fixture, BARE("site") ".nops 11\n" NEXT);
    expect_tactic(&fixture, "site", 2, ENDORUN_TACTIC_PADDING);
}
END_TEST

START_TEST(padding_before_the_site_is_used)
{
    fixture_make(&fixture, FUNCTION("first") "ret\n" END("first") ".nops 7\n" BARE("site") FAR);
    ck_assert_int_eq(fixture_slot(&fixture, "site", 2), -7);
}
END_TEST

START_TEST(four_bytes_are_too_few)
{
    fixture_make(&fixture, BARE("site") ".nops 4\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

/* The farthest slots that rel8 reaches: 127 bytes behind the site's end, 128 before it. */
START_TEST(reach_ends_where_rel8_ends)
{
    fixture_make(&fixture,
                 FUNCTION("site") CALL ".skip 126,0x90\nret\n" END("site") ".nops 5\n" NEXT);
    ck_assert_int_eq(fixture_site(&fixture, "site", 2)->slot, 127);
}
END_TEST

START_TEST(one_byte_beyond_reach_is_refused)
{
    fixture_make(&fixture,
                 FUNCTION("site") CALL ".skip 127,0x90\nret\n" END("site") ".nops 5\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(two_sites_share_a_run)
{
    fixture_make(&fixture, FUNCTION("site") CALL CALL "ret\n" END("site") ".nops 10\n" NEXT);
    expect_tactic(&fixture, "site", 2, ENDORUN_TACTIC_PADDING);
    expect_tactic(&fixture, "site", 6, ENDORUN_TACTIC_PADDING);
    ck_assert_int_eq(llabs(fixture_slot(&fixture, "site", 2) - fixture_slot(&fixture, "site", 6)),
                     5);
}
END_TEST

START_TEST(three_sites_cannot_share_fourteen_bytes)
{
    unsigned served = 0;

    fixture_make(&fixture, FUNCTION("site") CALL CALL CALL "ret\n" END("site") ".nops 14\n" NEXT);
    for (uint64_t offset = 2; offset <= 10; offset += 4)
        served += fixture_site(&fixture, "site", offset)->tactic == ENDORUN_TACTIC_PADDING;
    ck_assert_uint_eq(served, 2);
}
END_TEST

/* `mov $39,%eax` could be displaced, so its site leaves the only slot to the one behind it. */
START_TEST(slots_go_to_who_needs_them)
{
    fixture_make(&fixture, FUNCTION("site") "mov $39,%eax\nsyscall\n" CALL
                                            "ret\n" END("site") ".nops 5\n" NEXT);
    expect_tactic(&fixture, "site", 5, ENDORUN_TACTIC_PRECEDING);
    expect_tactic(&fixture, "site", 9, ENDORUN_TACTIC_PADDING);
}
END_TEST

/* With a second slot nobody has to go without. */
START_TEST(padding_is_preferred)
{
    fixture_make(&fixture, FUNCTION("site") "mov $39,%eax\nsyscall\n" CALL
                                            "ret\n" END("site") ".nops 10\n" NEXT);
    expect_tactic(&fixture, "site", 5, ENDORUN_TACTIC_PADDING);
    expect_tactic(&fixture, "site", 9, ENDORUN_TACTIC_PADDING);
}
END_TEST

START_TEST(a_site_may_straddle_a_page)
{
    fixture_make(&fixture, ".balign 4096\n" FUNCTION("site") ".skip 4093,0x90\n" CALL
                                                             "ret\n" END("site") ".nops 5\n" NEXT);
    expect_tactic(&fixture, "site", 4095, ENDORUN_TACTIC_PADDING);
    ck_assert_uint_eq(fixture_site(&fixture, "site", 4095)->offset % 4096, 4095);
}
END_TEST

START_TEST(a_slot_may_straddle_a_page)
{
    fixture_make(&fixture, ".balign 4096\n" FUNCTION("site") ".skip 4088,0x90\n" CALL
                                                             "ret\n" END("site") ".nops 5\n" NEXT);
    ck_assert_int_eq(fixture_slot(&fixture, "site", 4090), 4093);
}
END_TEST

/* The call might return, into the padding. */
START_TEST(padding_behind_a_call_is_not_dead)
{
    fixture_make(&fixture, FUNCTION("site") CALL "call next\n" END("site") ".nops 11\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(padding_behind_a_fall_through_is_not_dead)
{
    fixture_make(&fixture, FUNCTION("site") CALL END("site") ".nops 11\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(padding_at_a_symbol_is_refused)
{
    fixture_make(&fixture, BARE("site") ".globl entry\nentry:\n.nops 11\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

/* Control that enters at the symbol goes on to the end of the run; before it the run is dead. */
START_TEST(padding_is_cut_at_a_symbol)
{
    fixture_make(&fixture, BARE("site") ".nops 5\n.globl entry\nentry:\n.nops 11\n" NEXT);
    ck_assert_int_eq(fixture_slot(&fixture, "site", 2), 5);
}
END_TEST

START_TEST(padding_at_a_function_symbol_is_its_code)
{
    fixture_make(&fixture, BARE("site") ".globl entry\n.type entry,@function\nentry:\n"
                                        ".nops 11\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(a_function_that_begins_with_nops_is_code)
{
    fixture_make(&fixture, BARE("site") FUNCTION("next") ".nops 16\nret\n" END("next"));
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

/* Nops before an entry, as -fpatchable-function-entry=16,16 makes them, and their record. */
START_TEST(patchable_entry_nops_are_refused)
{
    fixture_make(&fixture,
                 BARE("site") "1:\n.nops 16,1\n" NEXT
                              ".section __patchable_function_entries,\"awo\",@progbits,next\n"
                              ".quad 1b\n");
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(the_compilers_patchable_entries_are_refused)
{
    fixture_compile(&fixture,
                    "__asm__(\".text\\n\" \".globl site\\n.type site,@function\\nsite:\\n\"\n"
                    "\".cfi_startproc\\nxor %eax,%eax\\nsyscall\\nret\\n.cfi_endproc\\n\"\n"
                    "\".size site,.-site\\n\");\n"
                    "__attribute__((patchable_function_entry(20, 20), aligned(1)))\n"
                    "int next(void) { return 1; }\n",
                    "-shared -fPIC -O2 -fno-toplevel-reorder");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(padding_that_data_points_to_is_refused)
{
    fixture_make(&fixture, BARE("site") "1:\n.nops 11\n" NEXT ".data\n.quad 1b\n");
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

/* The same with packed relative relocations, where the addend stands in the data itself. */
START_TEST(padding_that_packed_relocations_point_to_is_refused)
{
    fixture_link(&fixture,
                 BARE("site") "1:\n.nops 11\n" NEXT ".data\n.balign 8\n.quad 2f,2f,1b,2f\n2:\n",
                 "-shared -Wl,-z,pack-relative-relocs");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(padding_that_a_near_branch_enters_is_refused)
{
    fixture_make(&fixture, BARE("site") "1:\n.nops 11\n" FUNCTION("next") "jmp 1b\n" END("next"));
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(padding_that_a_far_branch_enters_is_refused)
{
    fixture_make(&fixture, BARE("site") "1:\n.nops 11\n" NEXT FAR FUNCTION(
                               "caller") "jne 1b\nret\n" END("caller"));
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(padding_whose_address_is_taken_is_refused)
{
    fixture_make(&fixture, BARE("site") "1:\n.nops 11\n" NEXT FAR FUNCTION(
                               "taker") "lea 1b(%rip),%rax\njmp *%rax\n" END("taker"));
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

/* Between displacement and end of the instruction stand four more bytes. */
START_TEST(padding_that_is_compared_with_a_number_is_refused)
{
    fixture_make(&fixture, BARE("site") "1:\n.nops 11\n" NEXT FAR FUNCTION(
                               "reader") "cmpl $0x12345678,1b(%rip)\nret\n" END("reader"));
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

/* Code that neither unwind information nor a symbol covers still counts as referring. */
START_TEST(padding_that_unknown_code_enters_is_refused)
{
    fixture_make(&fixture, BARE("site") "1:\n.nops 11\n" NEXT FAR "jmp 1b\n");
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(padding_that_unknown_code_enters_by_a_short_branch_is_refused)
{
    fixture_make(&fixture, BARE("site") "1:\n.nops 11\n" NEXT "test %eax,%eax\njne 1b\n");
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(padding_that_is_the_entry_point_is_refused)
{
    fixture_link(&fixture, BARE("site") ".Lentry:\n.globl entry\nentry:\n.nops 11\n" NEXT,
                 "-static-pie -Wl,-e,entry -s");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)->reason, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

/* At a fixed address no relocation tells where addresses are. */
START_TEST(padding_that_a_number_may_mean_is_refused)
{
    fixture_link(&fixture, BARE("site") "1:\n.nops 11\n" NEXT ".data\n.byte 0\n.long 1b\n",
                 "-static -Wl,-e,next");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(padding_that_an_immediate_may_mean_is_refused)
{
    fixture_link(&fixture,
                 BARE("site") "1:\n.nops 11\n" NEXT FAR FUNCTION(
                     "taker") "mov $1b,%eax\njmp *%rax\n" END("taker"),
                 "-static -Wl,-e,next");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(a_fixed_address_alone_is_no_obstacle)
{
    fixture_link(&fixture, BARE("site") ".nops 11\n" NEXT, "-static -Wl,-e,next");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    expect_tactic(&fixture, "site", 2, ENDORUN_TACTIC_PADDING);
}
END_TEST

/* What an object symbol covers is somebody's data, whatever it looks like. */
START_TEST(padding_in_an_object_is_refused)
{
    fixture_make(&fixture, BARE("site") ".globl object\n.type object,@object\nobject:\n"
                                        ".nops 11\n.size object,11\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(padding_that_runs_into_unknown_code_is_refused)
{
    fixture_make(&fixture, BARE("site") ".nops 11\nadd %rax,%rax\nret\n" NEXT);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

/* Inside a function: between a jump and an aligned label that the function branches to. */
#define INSIDE(before, nops, label)                                                                \
    ".balign 16\n" FUNCTION("site") "test %edi,%edi\nje 1f\n" CALL before nops label               \
                                    "1:\nneg %eax\nret\n" END("site") FAR

START_TEST(alignment_inside_a_function_is_used)
{
    fixture_make(&fixture, INSIDE("ret\n", ".balign 16\n", ""));
    expect_tactic(&fixture, "site", 6, ENDORUN_TACTIC_PADDING);
    ck_assert_int_eq(fixture_slot(&fixture, "site", 6), 9);
}
END_TEST

START_TEST(nops_inside_a_function_that_nothing_branches_behind_are_refused)
{
    fixture_make(&fixture, ".balign 16\n" FUNCTION("site") CALL "ret\n.balign 16\nneg %eax\n"
                                                                "ret\n" END("site") FAR);
    expect_sud(&fixture, "site", 2, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(nops_inside_a_function_that_align_nothing_are_refused)
{
    fixture_make(&fixture, INSIDE("ret\n", ".nops 6\n", ""));
    expect_sud(&fixture, "site", 6, ENDORUN_REASON_NO_ROOM);
}
END_TEST

/* A sled: jumped over until it is overwritten at run time. */
START_TEST(nops_that_are_jumped_over_are_refused)
{
    fixture_make(&fixture, INSIDE("jmp 1f\n", ".balign 16\n", ""));
    expect_sud(&fixture, "site", 6, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(alignment_in_a_file_with_sleds_is_refused)
{
    fixture_make(&fixture,
                 INSIDE("ret\n", ".balign 16\n", "") ".section xray_instr_map,\"a\"\n.quad 0\n");
    expect_sud(&fixture, "site", 6, ENDORUN_REASON_NO_ROOM);
}
END_TEST

START_TEST(nops_inside_a_function_that_are_branched_to_are_refused)
{
    fixture_make(&fixture, ".balign 16\n" FUNCTION(
                               "site") "test %edi,%edi\nje 1f\njs 2f\n" CALL
                                       "ret\n2:\n.balign 16\n1:\nneg %eax\nret\n" END("site") FAR);
    expect_sud(&fixture, "site", 8, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

/* A case of a switch that begins with nops. */
START_TEST(nops_inside_a_function_that_a_jump_table_enters_are_refused)
{
    fixture_make(&fixture,
                 ".balign 16\n" FUNCTION(
                     "site") "je 1f\n" CALL "ret\n2:\n.balign 16\n1:\nlea table(%rip),%rdx\n"
                             "movslq (%rdx,%rax,4),%rax\nadd %rdx,%rax\njmp *%rax\n" END("site") FAR
                 ".section .rodata\n.balign 4\ntable:\n.long 1b-table,2b-table\n");
    expect_sud(&fixture, "site", 4, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

START_TEST(nops_inside_a_function_that_exceptions_land_on_are_refused)
{
    fixture_make(&fixture, ".balign 16\n.globl site\n.type site,@function\nsite:\n.cfi_startproc\n"
                           ".cfi_lsda 0x1b,.Llsda\nje 1f\n" CALL
                           "ret\n2:\n.balign 16\n1:\nneg %eax\nret\n" END("site") FAR
                 ".section .gcc_except_table,\"a\"\n.Llsda:\n.byte 0xff,0xff,1\n.uleb128 4f-3f\n"
                 "3:\n.uleb128 0\n.uleb128 2\n.uleb128 2b-site\n.uleb128 0\n4:\n");
    expect_sud(&fixture, "site", 4, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        padding_behind_a_function_is_used,
        multi_byte_nops_are_padding,
        padding_before_the_site_is_used,
        four_bytes_are_too_few,
        reach_ends_where_rel8_ends,
        one_byte_beyond_reach_is_refused,
        two_sites_share_a_run,
        three_sites_cannot_share_fourteen_bytes,
        slots_go_to_who_needs_them,
        padding_is_preferred,
        a_site_may_straddle_a_page,
        a_slot_may_straddle_a_page,
        padding_behind_a_call_is_not_dead,
        padding_behind_a_fall_through_is_not_dead,
        padding_at_a_symbol_is_refused,
        padding_is_cut_at_a_symbol,
        padding_at_a_function_symbol_is_its_code,
        a_function_that_begins_with_nops_is_code,
        patchable_entry_nops_are_refused,
        the_compilers_patchable_entries_are_refused,
        padding_that_data_points_to_is_refused,
        padding_that_packed_relocations_point_to_is_refused,
        padding_that_a_near_branch_enters_is_refused,
        padding_that_a_far_branch_enters_is_refused,
        padding_whose_address_is_taken_is_refused,
        padding_that_is_compared_with_a_number_is_refused,
        padding_that_unknown_code_enters_is_refused,
        padding_that_unknown_code_enters_by_a_short_branch_is_refused,
        padding_that_is_the_entry_point_is_refused,
        padding_that_a_number_may_mean_is_refused,
        padding_that_an_immediate_may_mean_is_refused,
        a_fixed_address_alone_is_no_obstacle,
        padding_in_an_object_is_refused,
        padding_that_runs_into_unknown_code_is_refused,
        alignment_inside_a_function_is_used,
        nops_inside_a_function_that_nothing_branches_behind_are_refused,
        nops_inside_a_function_that_align_nothing_are_refused,
        nops_that_are_jumped_over_are_refused,
        alignment_in_a_file_with_sleds_is_refused,
        nops_inside_a_function_that_are_branched_to_are_refused,
        nops_inside_a_function_that_a_jump_table_enters_are_refused,
        nops_inside_a_function_that_exceptions_land_on_are_refused,
    };

    return fixture_run("analyse_padding", tests, sizeof(tests) / sizeof(tests[0]), teardown);
}
