/*
 * The monitor's seccomp filters: which programs are taken, as kernel/seccomp.c and
 * net/core/filter.c take them, and what they return. tests/fuzz/fuzz_filter.c compares with the
 * kernel itself.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/filter.h"

#define RETURN_K(k)   BPF_STMT(BPF_RET | BPF_K, k)
#define RETURN_A      BPF_STMT(BPF_RET | BPF_A, 0)
#define LOAD(offset)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define LOAD_K(k)     BPF_STMT(BPF_LD | BPF_IMM, k)
#define LOAD_X(k)     BPF_STMT(BPF_LDX | BPF_IMM, k)
#define ALU(op, k)    BPF_STMT(BPF_ALU | BPF_##op | BPF_K, k)
#define ALU_X(op)     BPF_STMT(BPF_ALU | BPF_##op | BPF_X, 0)
#define JUMP(k)       BPF_STMT(BPF_JMP | BPF_JA, k)
#define IF(op, k)     BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, k, 0, 1)
#define IF_X(op)      BPF_JUMP(BPF_JMP | BPF_##op | BPF_X, 0, 0, 1)
#define ANSWER(yes)   RETURN_K(yes), RETURN_K(!(yes))
#define STORE(k)      BPF_STMT(BPF_ST, k)
#define STORE_X(k)    BPF_STMT(BPF_STX, k)
#define LOAD_M(k)     BPF_STMT(BPF_LD | BPF_MEM, k)
#define LOAD_XM(k)    BPF_STMT(BPF_LDX | BPF_MEM, k)
#define TO_X          BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define TO_A          BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define LENGTH_MAX    10
#define OFFSET(field) offsetof(struct seccomp_data, field)

static const union filter_input input = {
    .data = {.nr = -2,
             .arch = AUDIT_ARCH_X86_64,
             .instruction_pointer = 0x1122334455667788,
             .args = {0xa0a1a2a3a4a5a6a7, 1, 2, 3, 4, 0xfffffffffffffffe}}};

/* The rest of a program is zeroes, which are LOAD_K(0). */
static const struct {
    struct sock_filter program[LENGTH_MAX];
    uint32_t length;
    uint32_t result;
} good[] = {
    {{RETURN_K(7)}, 1, 7},
    {{RETURN_A}, 1, 0}, /* A and X begin as 0 */
    {{TO_A, RETURN_A}, 2, 0},
    {{LOAD(OFFSET(nr)), RETURN_A}, 2, 0xfffffffe},
    {{LOAD(OFFSET(arch)), RETURN_A}, 2, AUDIT_ARCH_X86_64},
    {{LOAD(OFFSET(instruction_pointer)), RETURN_A}, 2, 0x55667788},
    {{LOAD(OFFSET(instruction_pointer) + 4), RETURN_A}, 2, 0x11223344},
    {{LOAD(OFFSET(args[0])), RETURN_A}, 2, 0xa4a5a6a7},
    {{LOAD(OFFSET(args[5]) + 4), RETURN_A}, 2, 0xffffffff},
    {{BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 3), RETURN_A}, 2, sizeof(struct seccomp_data)},
    {{BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 3), TO_A, RETURN_A}, 3, sizeof(struct seccomp_data)},
    {{LOAD_K(5), TO_X, LOAD_K(1), TO_A, RETURN_A}, 5, 5},
    {{LOAD_K(0xffffffff), ALU(ADD, 3), RETURN_A}, 3, 2},
    {{LOAD_X(4), LOAD_K(3), ALU_X(SUB), RETURN_A}, 4, 0xffffffff},
    {{LOAD_K(0x10001), ALU(MUL, 0x10001), RETURN_A}, 3, 0x20001},
    {{LOAD_K(0xfffffffe), ALU(DIV, 3), RETURN_A}, 3, 0x55555554},
    {{LOAD_X(2), LOAD_K(9), ALU_X(DIV), RETURN_A}, 4, 4},
    {{LOAD_K(9), ALU_X(DIV), RETURN_K(5)}, 3, 0}, /* by zero */
    {{LOAD_K(0xf0f), ALU(AND, 0xff), ALU(OR, 0x100), ALU(XOR, 1), RETURN_A}, 5, 0x10e},
    {{LOAD_K(3), ALU(LSH, 31), RETURN_A}, 3, 0x80000000},
    {{LOAD_K(0x80000000), ALU(RSH, 31), RETURN_A}, 3, 1},
    {{LOAD_X(33), LOAD_K(3), ALU_X(LSH), RETURN_A}, 4, 6}, /* modulo 32 */
    {{LOAD_X(33), LOAD_K(3), ALU_X(RSH), RETURN_A}, 4, 1},
    {{LOAD_K(1), BPF_STMT(BPF_ALU | BPF_NEG, 0), RETURN_A}, 3, 0xffffffff},
    {{LOAD_K(5), IF(JEQ, 5), ANSWER(1)}, 4, 1},
    {{LOAD_K(5), IF(JGT, 5), ANSWER(0)}, 4, 1},
    {{LOAD_K(5), IF(JGE, 5), ANSWER(1)}, 4, 1},
    {{LOAD_K(0xfffffffe), IF(JGT, 5), ANSWER(1)}, 4, 1}, /* unsigned */
    {{LOAD_K(5), IF(JSET, 0xfffffffa), ANSWER(0)}, 4, 1},
    {{LOAD_X(6), LOAD_K(5), IF_X(JGE), ANSWER(0)}, 5, 1},
    {{LOAD_X(4), LOAD_K(5), IF_X(JGT), ANSWER(1)}, 5, 1},
    {{LOAD_X(5), LOAD_K(5), IF_X(JEQ), ANSWER(1)}, 5, 1},
    {{LOAD_X(4), LOAD_K(5), IF_X(JSET), ANSWER(1)}, 5, 1},
    {{JUMP(1), RETURN_K(1), RETURN_K(2)}, 3, 2},
    {{LOAD_K(8), STORE(15), LOAD_K(0), LOAD_M(15), RETURN_A}, 5, 8},
    {{LOAD_X(8), STORE_X(0), LOAD_XM(0), TO_A, RETURN_A}, 5, 8},
    {{IF(JEQ, 0), STORE(1), STORE(1), LOAD_M(1), RETURN_A}, 5, 0},
    {{STORE(1), JUMP(0), LOAD_M(1), RETURN_A}, 4, 0},
};

static const struct {
    struct sock_filter program[LENGTH_MAX];
    uint32_t length;
} bad[] = {
    {{RETURN_K(0)}, 0},
    {{LOAD_K(0)}, 1}, /* no return at the end */
    {{RETURN_K(0), JUMP(0)}, 2},
    {{BPF_STMT(BPF_RET | BPF_X, 0)}, 1},
    {{LOAD(sizeof(struct seccomp_data)), RETURN_A}, 2},
    {{LOAD(0xfffff000), RETURN_A}, 2}, /* SKF_AD_OFF */
    {{LOAD(2), RETURN_A}, 2},
    {{BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), RETURN_A}, 2},
    {{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RETURN_A}, 2},
    {{BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETURN_A}, 2},
    {{BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), RETURN_A}, 2},
    {{BPF_STMT(BPF_LDX | BPF_W | BPF_ABS, 0), RETURN_A}, 2}, /* what the kernel makes of a load */
    {{ALU(DIV, 0), RETURN_A}, 2},
    {{ALU(MOD, 3), RETURN_A}, 2},
    {{ALU_X(MOD), RETURN_A}, 2},
    {{ALU(LSH, 32), RETURN_A}, 2},
    {{ALU(RSH, 32), RETURN_A}, 2},
    {{BPF_STMT(BPF_ALU | BPF_NEG | BPF_X, 0), RETURN_A}, 2},
    {{BPF_STMT(BPF_JMP | BPF_JA | BPF_X, 0), RETURN_A}, 2},
    {{BPF_STMT(0xffff, 0), RETURN_A}, 2},
    {{BPF_STMT(0x100 | BPF_RET, 0), RETURN_A}, 2},
    {{JUMP(1), RETURN_K(0)}, 2},
    {{JUMP(0xffffffff), RETURN_K(0)}, 2}, /* backwards */
    {{JUMP(0xfffffffe), RETURN_K(0)}, 2},
    {{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RETURN_K(0)}, 2},
    {{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), RETURN_K(0)}, 2},
    {{STORE(16), RETURN_A}, 2},
    {{STORE_X(16), RETURN_A}, 2},
    {{STORE(0), LOAD_M(16), RETURN_A}, 3},
    {{LOAD_M(0), RETURN_A}, 2},
    {{LOAD_XM(0), RETURN_A}, 2},
    {{STORE(1), LOAD_M(0), RETURN_A}, 3},
    {{IF(JEQ, 0), STORE(1), LOAD_M(1), RETURN_A}, 4}, /* stored on one of two ways */
    {{JUMP(1), STORE(1), LOAD_M(1), RETURN_A}, 4},
};

START_TEST(good_programs)
{
    ck_assert(filter_check(good[_i].program, good[_i].length));
    ck_assert_uint_eq(filter_run(good[_i].program, &input), good[_i].result);
}
END_TEST

START_TEST(bad_programs)
{
    ck_assert(!filter_check(bad[_i].program, bad[_i].length));
}
END_TEST

START_TEST(longest_programs)
{
    struct sock_filter *program = calloc(BPF_MAXINSNS + 1, sizeof *program);
    for (unsigned i = 0; i < BPF_MAXINSNS + 1; i++)
        program[i] = (struct sock_filter)ALU(ADD, 2);
    program[BPF_MAXINSNS - 1] = program[BPF_MAXINSNS] = (struct sock_filter)RETURN_A;
    ck_assert(filter_check(program, BPF_MAXINSNS));
    ck_assert_uint_eq(filter_run(program, &input), 2 * (BPF_MAXINSNS - 1));
    ck_assert(!filter_check(program, BPF_MAXINSNS + 1));
    program[0] = (struct sock_filter)JUMP(BPF_MAXINSNS - 2);
    ck_assert(filter_check(program, BPF_MAXINSNS));
    program[0].k++;
    ck_assert(!filter_check(program, BPF_MAXINSNS));
    free(program);
}
END_TEST

/* From the strongest to the weakest; an action that the kernel does not know kills the process. */
START_TEST(order_of_actions)
{
    static const uint32_t order[] = {
        SECCOMP_RET_KILL_PROCESS, 0x80010000,        SECCOMP_RET_KILL_THREAD, 0x00010000,
        SECCOMP_RET_TRAP,         SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF,  SECCOMP_RET_TRACE,
        SECCOMP_RET_LOG,          SECCOMP_RET_ALLOW,
    };
    for (unsigned i = 0; i + 1 < sizeof order / sizeof order[0]; i++) {
        ck_assert(filter_prevails(order[i] | 0xffff, order[i + 1]));
        ck_assert(!filter_prevails(order[i + 1], order[i] | 0xffff));
        ck_assert(!filter_prevails(order[i], order[i] | 1)); /* the newest of equal ones */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("filter");
    TCase *tests = tcase_create("filter");
    tcase_add_loop_test(tests, good_programs, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(tests, bad_programs, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tests, longest_programs);
    tcase_add_test(tests, order_of_actions);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
