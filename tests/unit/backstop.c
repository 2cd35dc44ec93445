/*
 * The backstop (loader/command/backstop.c) against the table of system calls: what the monitor
 * forwards passes, and what it never makes ends the process.
 */
#include <check.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../loader/command/backstop.h"
#include "../../policy/filter.h"
#include "endorun/syscall_shapes.h"

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../../policy/syscalls.def"
};
static const char *const names[] = {
#define SYSCALL(number, name, ...) [number] = #name,
#include "../../policy/syscalls.def"
};
#define CALL_COUNT ((int)(sizeof calls / sizeof calls[0]))

static uint32_t answer(uint32_t architecture, int number, const uint64_t arguments[6])
{
    union filter_input input = {.data = {.nr = number, .arch = architecture}};
    for (int i = 0; i < 6; i++) {
        input.data.args[i] = arguments[i];
    }
    uint32_t first = filter_run(backstop_program(BACKSTOP_NUMBERS)->filter, &input);
    uint32_t second = filter_run(backstop_program(BACKSTOP_ARGUMENTS)->filter, &input);
    return filter_prevails(second, first) ? second : first;
}

static uint32_t answer_to(int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t arguments[6] = {a, b, c, d};
    return answer(AUDIT_ARCH_X86_64, number, arguments);
}

static bool is_refused(int number)
{
    return calls[number].handler == ENDORUN_HANDLER_REFUSED ||
           calls[number].handler == ENDORUN_HANDLER_PTRACE;
}

START_TEST(test_kernel_takes_them)
{
    for (int which = BACKSTOP_NUMBERS; which <= BACKSTOP_ARGUMENTS; which++) {
        const struct sock_fprog *program = backstop_program((enum backstop_filter)which);
        ck_assert(filter_check(program->filter, program->len));
    }
}
END_TEST

START_TEST(test_forwarded_calls_pass)
{
    static const uint64_t arguments[][6] = {
        {0, 0, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1}, {~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL}};
    for (int number = 0; number < CALL_COUNT; number++) {
        for (size_t i = 0; i < 3 && calls[number].handler == ENDORUN_HANDLER_FORWARD; i++) {
            if (calls[number].family != ENDORUN_FAMILY_UNASSIGNED) {
                ck_assert_msg(answer(AUDIT_ARCH_X86_64, number, arguments[i]) == SECCOMP_RET_ALLOW,
                              "%s", names[number]);
            }
        }
    }
}
END_TEST

/* Those that have a handler too: it may forward them, or the monitor makes them for itself. */
START_TEST(test_handled_calls_pass)
{
    for (int number = 0; number < CALL_COUNT; number++) {
        bool passes = calls[number].family != ENDORUN_FAMILY_UNASSIGNED && !is_refused(number) &&
                      calls[number].handler != ENDORUN_HANDLER_RSEQ;
        if (passes && number != 135 /* personality: the arguments' part */) {
            ck_assert_msg(answer_to(number, 0, 0, 0, 0) == SECCOMP_RET_ALLOW, "%s", names[number]);
        }
    }
}
END_TEST

START_TEST(test_refused_calls_kill)
{
    int count = 0;
    for (int number = 0; number < CALL_COUNT; number++) {
        if (is_refused(number)) {
            ck_assert_msg(answer_to(number, 0, 0, 0, 0) == SECCOMP_RET_KILL_PROCESS, "%s",
                          names[number]);
            count++;
        }
    }
    ck_assert_int_ge(count, 15);
}
END_TEST

#define ENOSYS_ANSWER (SECCOMP_RET_ERRNO | ENOSYS)
#define EINVAL_ANSWER (SECCOMP_RET_ERRNO | EINVAL)

START_TEST(test_unknown_numbers_are_missing)
{
    ck_assert_uint_eq(answer_to(__NR_rseq, 0, 0, 0, 0), ENOSYS_ANSWER);
    ck_assert_uint_eq(answer_to(400, 0, 0, 0, 0), ENOSYS_ANSWER);
    ck_assert_uint_eq(answer_to(CALL_COUNT, 0, 0, 0, 0), ENOSYS_ANSWER);
    ck_assert_uint_eq(answer_to(100000, 0, 0, 0, 0), ENOSYS_ANSWER);
}
END_TEST

START_TEST(test_foreign_architectures_kill)
{
    const uint64_t none[6] = {0};
    for (int number = 0; number < CALL_COUNT; number++) {
        ck_assert_uint_eq(answer(AUDIT_ARCH_I386, number, none), SECCOMP_RET_KILL_PROCESS);
        ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, number | 0x40000000, none),
                          SECCOMP_RET_KILL_PROCESS);
    }
}
END_TEST

#define HIGH (1UL << 32) /* the kernel drops it where it takes an int */

static const struct {
    int number;
    uint64_t a, b, c, d;
    uint32_t answer;
} by_arguments[] = {
    {__NR_mprotect, 0, 4096, PROT_READ | PROT_EXEC, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_mprotect, 0, 4096, PROT_READ | PROT_WRITE, 0, SECCOMP_RET_ALLOW},
    {__NR_shmat, 1, 0, 0100000, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 4096, SECCOMP_RET_KILL_PROCESS},
    {__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH | HIGH, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_prctl, PR_SET_MM, PR_SET_MM_BRK, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_prctl, PR_SET_PTRACER, 1, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_prctl, PR_SET_NAME, 1, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_arch_prctl, 0x1001 /* ARCH_SET_GS */, 0, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_arch_prctl, 0x2001 /* ARCH_MAP_VDSO_X32 */, 0, 0, 0, EINVAL_ANSWER},
    {__NR_arch_prctl, 0x2002 | HIGH, 0, 0, 0, EINVAL_ANSWER},
    {__NR_arch_prctl, 0x4002 /* ARCH_ENABLE_TAGGED_ADDR */, 0, 0, 0, EINVAL_ANSWER},
    {__NR_arch_prctl, 0x5001 /* ARCH_SHSTK_ENABLE */, 0, 0, 0, EINVAL_ANSWER},
    {__NR_modify_ldt, 0, 0, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_modify_ldt, 1, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_modify_ldt, 0x11 | HIGH, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_personality, 0xffffffff, 0, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_personality, 0x0040000 /* ADDR_NO_RANDOMIZE */, 0, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_personality, 0x0400000 /* READ_IMPLIES_EXEC */, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_personality, 0xfffffffe, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_unshare, 0x10000000, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_unshare, 0x400, 0, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_clone, 0x10000000, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
    {__NR_clone, 0x10000200, 0, 0, 0, SECCOMP_RET_ALLOW}, /* EINVAL, by the kernel */
    {__NR_fanotify_init, 0x200, 0, 0, 0, SECCOMP_RET_ALLOW},
    {__NR_fanotify_init, 0x204, 0, 0, 0, SECCOMP_RET_KILL_PROCESS},
};

START_TEST(test_arguments)
{
    for (size_t i = 0; i < sizeof by_arguments / sizeof by_arguments[0]; i++) {
        uint32_t got = answer_to(by_arguments[i].number, by_arguments[i].a, by_arguments[i].b,
                                 by_arguments[i].c, by_arguments[i].d);
        ck_assert_msg(got == by_arguments[i].answer, "line %zu, %s: %x", i,
                      names[by_arguments[i].number], got);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backstop");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, test_kernel_takes_them);
    tcase_add_test(tests, test_forwarded_calls_pass);
    tcase_add_test(tests, test_handled_calls_pass);
    tcase_add_test(tests, test_refused_calls_kill);
    tcase_add_test(tests, test_unknown_numbers_are_missing);
    tcase_add_test(tests, test_foreign_architectures_kill);
    tcase_add_test(tests, test_arguments);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
