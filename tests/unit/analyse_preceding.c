/*
 * Displaced instructions before a site. The files hold no padding, so that nothing else serves.
 */
#include <stdlib.h>
#include <string.h>

#include "analyse_fixture.h"

#define FUNCTION(name) ".globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n"
#define END(name)      ".cfi_endproc\n.size " name ",.-" name "\n"
#define SITE(body)     FUNCTION("site") body "ret\n" END("site")

/* More bytes than a short branch reaches, none of them padding. */
#define FAR FUNCTION("far") ".rept 200\nadd %rax,%rax\n.endr\nret\n" END("far")

static struct fixture fixture;

static void teardown(void)
{
    fixture_close(&fixture);
}

static void expect_displaced(uint64_t offset, uint8_t displaced, uint8_t rip_relative)
{
    const struct endorun_plan_site *site = fixture_site(&fixture, "site", offset);

    expect_tactic(&fixture, "site", offset, ENDORUN_TACTIC_PRECEDING);
    ck_assert_uint_eq(site->displaced, displaced);
    ck_assert_uint_eq(site->rip_relative, rip_relative);
}

/* Tests of one site: what becomes of it, `offset` bytes behind the symbol. */
#define DISPLACED(test, offset, displaced, rip_relative, code)                                     \
    START_TEST(test)                                                                               \
    {                                                                                              \
        fixture_make(&fixture, code);                                                              \
        expect_displaced(offset, displaced, rip_relative);                                         \
    }                                                                                              \
    END_TEST
#define LEFT_TO_SUD(test, offset, reason, code)                                                    \
    START_TEST(test)                                                                               \
    {                                                                                              \
        fixture_make(&fixture, code);                                                              \
        expect_sud(&fixture, "site", offset, ENDORUN_REASON_##reason);                             \
    }                                                                                              \
    END_TEST

START_TEST(a_number_loaded_is_displaced)
{
    static const uint8_t mov[] = {0xb8, 0x27, 0x00, 0x00, 0x00};

    fixture_make(&fixture, SITE("mov $39,%eax\nsyscall\n"));
    expect_displaced(5, 5, 0);
    ck_assert_mem_eq(fixture_site(&fixture, "site", 5)->original, mov, sizeof(mov));
}
END_TEST

LEFT_TO_SUD(four_bytes_are_too_few, 4, NO_ROOM, SITE("mov 8(%rsp),%eax\nsyscall\n"));

DISPLACED(a_rip_relative_address_is_adjusted, 7, 7, 3,
          SITE("lea name(%rip),%rdi\nsyscall\n") ".section .rodata\nname: .byte 0\n");

DISPLACED(a_rip_relative_operand_with_an_immediate_is_adjusted, 10, 10, 2,
          SITE("movl $7,word(%rip)\nsyscall\n") ".data\nword: .long 0\n");

DISPLACED(the_first_long_enough_instruction_takes_the_jump, 8, 8, 0,
          SITE("mov $202,%eax\nmov %r8d,%esi\nsyscall\n"));

DISPLACED(
    an_adjusted_instruction_may_follow_another, 9, 9, 3,
    SITE("lea name(%rip),%rdi\nxor %eax,%eax\nsyscall\n") ".section .rodata\nname: .byte 0\n");

DISPLACED(sixteen_bytes_are_displaced, 16, 16, 0,
          SITE("movl $7,8(%rsp)\nmov %rsi,%r10\nmov %rdx,%rsi\n"
               "xor %edx,%edx\nsyscall\n"));

LEFT_TO_SUD(seventeen_bytes_are_too_many, 17, NO_ROOM,
            SITE("movl $7,8(%rsp)\nmov %rsi,%r10\nmov %rdx,%rsi\n"
                 "mov %rcx,%rdx\nsyscall\n"));

LEFT_TO_SUD(two_short_instructions_are_not_displaced, 6, NO_ROOM,
            SITE("mov %rdx,%rsi\nmov %rcx,%rdx\nsyscall\n"));

LEFT_TO_SUD(nops_are_not_displaced, 11, NO_ROOM, SITE("xor %eax,%eax\n.nops 9\nsyscall\n"));

LEFT_TO_SUD(control_transfers_are_not_displaced, 5, NO_ROOM, SITE("call far\nsyscall\n") FAR);

LEFT_TO_SUD(conditional_branches_are_not_displaced, 9, NO_ROOM,
            SITE("mov $1,%eax\njne far\nxor %edx,%edx\nsyscall\n") FAR);

/* The unwind information that holds at the site would not hold in the stub. */
START_TEST(changes_of_the_stack_pointer_are_not_displaced)
{
    fixture_make(&fixture, SITE("push $0x1000\nsyscall\nadd $0x100,%rsp\nsyscall\n"
                                "lea 0x100(%rsp),%rsp\nsyscall\n"));
    expect_sud(&fixture, "site", 5, ENDORUN_REASON_NO_ROOM);
    expect_sud(&fixture, "site", 14, ENDORUN_REASON_NO_ROOM);
    expect_sud(&fixture, "site", 24, ENDORUN_REASON_NO_ROOM);
}
END_TEST

DISPLACED(uses_of_the_stack_pointer_are_displaced, 5, 5, 0, SITE("mov 8(%rsp),%r10\nsyscall\n"));

LEFT_TO_SUD(transactions_are_not_displaced, 6, NO_ROOM, SITE("xbegin 1f\nsyscall\n1:\n"));

LEFT_TO_SUD(the_end_of_a_transaction_is_not_displaced, 8, NO_ROOM,
            SITE("mov $39,%eax\nxend\nsyscall\n"));

/* Its address is cut to 32 bits, which another place cannot imitate. */
LEFT_TO_SUD(addresses_relative_to_eip_are_not_displaced, 7, NO_ROOM,
            SITE("lea name(%eip),%edi\nsyscall\n") ".section .rodata\n"
                                                   "name: .byte 0\n");

LEFT_TO_SUD(breakpoints_are_not_displaced, 6, NO_ROOM, SITE("mov $39,%eax\nint3\nsyscall\n"));

START_TEST(another_system_call_is_not_displaced)
{
    fixture_make(&fixture, SITE("mov $39,%eax\nsyscall\nxor %eax,%eax\nsyscall\n"));
    expect_displaced(5, 5, 0);
    expect_sud(&fixture, "site", 9, ENDORUN_REASON_NO_ROOM);
}
END_TEST

LEFT_TO_SUD(another_functions_instruction_is_not_displaced, 0, NO_ROOM,
            FUNCTION("before") "mov $39,%eax\n" END("before") SITE("syscall\n") FAR);

/* To the start of the displaced instruction and to the site itself a branch may lead. */
DISPLACED(branches_to_start_and_site_are_no_obstacle, 5, 5, 0,
          SITE("1: mov $39,%eax\n2: syscall\njne 1b\njs 2b\n"));

LEFT_TO_SUD(a_branch_into_the_instruction_is_an_obstacle, 5, BRANCH_TARGET,
            SITE("1: mov $39,%eax\nsyscall\njne 1b+2\n"));

LEFT_TO_SUD(a_far_branch_into_the_instruction_is_an_obstacle, 5, BRANCH_TARGET,
            SITE("1: mov $39,%eax\nsyscall\n") FAR FUNCTION("caller") "jmp 1b+1\n" END("caller"));

LEFT_TO_SUD(a_pointer_into_the_instruction_is_an_obstacle, 5, BRANCH_TARGET,
            SITE("1: mov $39,%eax\nsyscall\n") ".data\n.quad 1b+4\n");

START_TEST(a_symbol_in_the_instruction_is_an_obstacle)
{
    fixture_make(&fixture, ".globl inside\n.set inside,site+1\n" SITE("mov $39,%eax\nsyscall\n"));
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 1);
    ck_assert_uint_eq(plan_sites(fixture.analysis.plan)->reason, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

LEFT_TO_SUD(a_jump_table_into_the_instruction_is_an_obstacle, 21, BRANCH_TARGET,
            SITE("lea table(%rip),%rdx\nmovslq (%rdx,%rax,4),%rax\nadd %rdx,%rax\njmp *%rax\n"
                 "1: mov $39,%eax\nsyscall\njne 1b\n") ".section .rodata\n.balign 4\ntable:\n.long "
                                                       "1b-table,1b+3-table\n");

/* Behind the jump the old bytes stay: who gets there runs them and the old `syscall`. */
DISPLACED(a_branch_between_displaced_instructions_is_no_obstacle, 8, 8, 0,
          SITE("mov $202,%eax\n1: mov %r8d,%esi\nsyscall\njne 1b\n"));

LEFT_TO_SUD(a_branch_into_the_site_is_an_obstacle, 5, BRANCH_TARGET,
            SITE("mov $39,%eax\n1: syscall\njne 1b+1\n") ".nops 16\n" FAR);

/* The run-time linker writes the address after the plan has been applied. */
START_TEST(a_text_relocation_is_an_obstacle)
{
    fixture_link(&fixture, SITE("movabs $far,%rdi\nsyscall\n") FAR, "-shared -Wl,-z,notext");
    ck_assert_msg(fixture_analyse(&fixture) == 0, "%s", fixture.error);
    expect_sud(&fixture, "site", 10, ENDORUN_REASON_BRANCH_TARGET);
}
END_TEST

DISPLACED(the_instruction_may_straddle_a_page, 4098, 5, 0,
          ".balign 4096\n" SITE(".rept 4093\ncld\n.endr\nmov $39,%eax\nsyscall\n"));

int main(void)
{
    const TTest *const tests[] = {
        a_number_loaded_is_displaced,
        four_bytes_are_too_few,
        a_rip_relative_address_is_adjusted,
        a_rip_relative_operand_with_an_immediate_is_adjusted,
        the_first_long_enough_instruction_takes_the_jump,
        an_adjusted_instruction_may_follow_another,
        sixteen_bytes_are_displaced,
        seventeen_bytes_are_too_many,
        two_short_instructions_are_not_displaced,
        nops_are_not_displaced,
        control_transfers_are_not_displaced,
        conditional_branches_are_not_displaced,
        changes_of_the_stack_pointer_are_not_displaced,
        uses_of_the_stack_pointer_are_displaced,
        transactions_are_not_displaced,
        the_end_of_a_transaction_is_not_displaced,
        addresses_relative_to_eip_are_not_displaced,
        breakpoints_are_not_displaced,
        another_system_call_is_not_displaced,
        another_functions_instruction_is_not_displaced,
        branches_to_start_and_site_are_no_obstacle,
        a_branch_into_the_instruction_is_an_obstacle,
        a_far_branch_into_the_instruction_is_an_obstacle,
        a_pointer_into_the_instruction_is_an_obstacle,
        a_symbol_in_the_instruction_is_an_obstacle,
        a_jump_table_into_the_instruction_is_an_obstacle,
        a_branch_between_displaced_instructions_is_no_obstacle,
        a_branch_into_the_site_is_an_obstacle,
        a_text_relocation_is_an_obstacle,
        the_instruction_may_straddle_a_page,
    };

    return fixture_run("analyse_preceding", tests, sizeof(tests) / sizeof(tests[0]), teardown);
}
