/*
 * What seccomp can hold of a policy (policy/compile/filters.h), against the decision: the filters
 * deny nothing that the policy allows, but for another errno, and what a rule without a gap denies,
 * they deny. Random policies of rules that overlap; the seed is printed, ENDORUN_TEST_SEED sets it.
 */
#include "call_names.h"
#include "compile.h"
#include "decide.h"
#include "filters.h"
#include "policy_front_fixture.h"

#include "../../policy/filter.h"

#include <check.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#define POLICIES 3000U

static struct policy_model model;
static struct policy_filters filters;
static enum filter_gap *gaps; /* one for each rule */
static struct policy_image image;

static void make(const char *body)
{
    char text[4096], error[POLICY_ERROR_SIZE];

    snprintf(text, sizeof text, "version = 1\n[syscalls]\n%s", body);
    policy_write("p.toml", text);
    ck_assert_msg(policy_take("p.toml", &model), "%s: %s", text, policy_said);
    ck_assert_msg(policy_compile(&model, &image, error) == 0, "%s", error);
    gaps = calloc(model.call_rule_count + 1, sizeof *gaps);
    ck_assert_ptr_nonnull(gaps);
    int result = policy_filters_make(&model, &filters, gaps);

    ck_assert_msg(result == 0, "%s: %s", text, strerror(-result));
    for (unsigned i = 0; i < POLICY_FILTER_LIMIT; i++)
        ck_assert(filters.programs[i].filter == NULL ||
                  filter_check(filters.programs[i].filter, filters.programs[i].len));
}

static void release(void)
{
    free(gaps);
    policy_filters_release(&filters);
    policy_image_release(&image);
    policy_model_release(&model);
}

/* What the kernel would make of the call: a SECCOMP_RET_*. */
static uint32_t answer(uint32_t architecture, uint32_t number, const uint64_t arguments[6])
{
    union filter_input input = {.data = {.nr = (int)number, .arch = architecture}};
    uint32_t prevailing = SECCOMP_RET_ALLOW;

    memcpy(input.data.args, arguments, sizeof input.data.args);
    for (unsigned i = 0; i < POLICY_FILTER_LIMIT; i++) {
        if (filters.programs[i].filter == NULL)
            continue;
        uint32_t result = filter_run(filters.programs[i].filter, &input);

        prevailing = filter_prevails(result, prevailing) ? result : prevailing;
    }
    return prevailing;
}

/* Of the rule on that line; of the default, of all rules that allow the call. */
static bool has_gap(uint32_t number, unsigned line)
{
    for (size_t i = 0; i < model.call_rule_count; i++) {
        const struct policy_call_rule *rule = &model.call_rules[i];
        bool is_meant = line == model.calls.origin.line
                            ? rule->action == POLICY_CALL_ALLOW && rule->number == number
                            : rule->origin.line == line;

        if (is_meant && gaps[i] != FILTER_EXACT)
            return true;
    }
    return false;
}

static void compare(uint32_t number, const uint64_t arguments[6], const char *text)
{
    const struct endorun_policy_header *policy = image.bytes;
    struct endorun_verdict verdict = decide_call(policy, number, arguments);
    uint32_t got = answer(AUDIT_ARCH_X86_64, number, arguments);
    unsigned line = policy_rule(policy, verdict.rule)->line;

    bool is_right;

    if (verdict.action == ENDORUN_ACTION_ALLOW)
        is_right = got == SECCOMP_RET_ALLOW;
    else if (verdict.rule == 0 || has_gap(number, line))
        is_right = true;
    else if (verdict.action == ENDORUN_ACTION_KILL)
        is_right = got == SECCOMP_RET_KILL_PROCESS;
    else
        is_right = got != SECCOMP_RET_ALLOW;
    if (!is_right) /* each assertion of Check costs a system call */
        ck_abort_msg("%s(%#lx, %#lx): the decision is %u, the filters say %#x: %s",
                     call_name(number), arguments[0], arguments[1], verdict.action, got, text);
}

/* ---------------------------------------------------------------- random policies */

static uint64_t state;

/* SplitMix64. */
static uint64_t draw(uint64_t limit)
{
    uint64_t value = state += 0x9e3779b97f4a7c15;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return (value ^ value >> 31) % limit;
}

static const struct {
    const char *name;
    uint32_t number;
} calls[] = {{"socket", SYS_socket}, {"listen", SYS_listen}, {"getppid", SYS_getppid},
             {"dup2", SYS_dup2},     {"flock", SYS_flock},   {"ftruncate", SYS_ftruncate}};

#define CALLS (sizeof calls / sizeof calls[0])

/* A call, with or without conditions. */
static void draw_call(char call[128])
{
    static const char *const comparisons[] = {"==", "==", "!=", "<", "<=", ">", ">="};
    const char *name = calls[draw(CALLS)].name;
    unsigned count = strcmp(name, "getppid") == 0 ? 0 : (unsigned)draw(3);

    strcpy(call, name);
    for (unsigned i = 0; i < count; i++) {
        const unsigned comparison = (unsigned)draw(7);
        /* An order that is not known before: from 1 to less than the mask. */
        const unsigned value = comparison < 3 ? (unsigned)draw(4) : 1 + (unsigned)draw(2);

        sprintf(call + strlen(call), "%sarg%u %s%s %u", i == 0 ? "(" : ", ", (unsigned)draw(2),
                draw(2) == 0 ? "& 3 " : "", comparisons[comparison], value);
    }
    strcat(call, count > 0 ? ")" : "");
}

static void draw_policy(char text[4096])
{
    static const char *const actions[] = {"errno = \"EIO\"", "errno = \"ENOENT\"",
                                          "action = \"kill\""};
    char call[128];

    sprintf(text, "default = \"%s\"\ndeny = [\n", draw(2) == 0 ? "deny" : "allow");
    for (uint64_t i = draw(5); i > 0; i--) {
        draw_call(call);
        sprintf(text + strlen(text), "    { call = \"%s\", %s },\n", call, actions[draw(3)]);
    }
    strcat(text, "]\nallow = [\n");
    for (uint64_t i = draw(5); i > 0; i--) {
        draw_call(call);
        sprintf(text + strlen(text), "    \"%s\",\n", call);
    }
    strcat(text, "]\n");
}

START_TEST(filters_agree_with_decisions)
{
    static const uint64_t values[] = {0, 1, 2, 3, 4, 1UL << 32, (1UL << 32) + 2, ~0UL};
    const size_t count = sizeof values / sizeof values[0];
    const char *setting = getenv("ENDORUN_TEST_SEED");
    uint64_t seed = setting != NULL ? strtoull(setting, NULL, 0) : (uint64_t)time(NULL);
    char text[4096];

    printf("seed %lu\n", seed);
    for (unsigned i = 0; i < POLICIES; i++) {
        state = seed ^ (uint64_t)i << 32;
        draw_policy(text);
        make(text);
        for (size_t call = 0; call < CALLS; call++) {
            for (size_t a = 0; a < count * count; a++) {
                const uint64_t arguments[6] = {values[a % count], values[a / count]};

                compare(calls[call].number, arguments, text);
            }
        }
        release();
    }
}
END_TEST

/* ---------------------------------------------------------------- by hand */

START_TEST(gaps_are_told)
{
    static const uint64_t zeros[6];

    make("default = \"allow\"\ndeny = [\n\"read\",\n\"listen\",\n\"lseek(arg1 < 5)\",\n"
         "\"socket(arg0 < 5)\",\n\"listen(arg1 == 9)\",\n{ call = \"flock\", action = \"kill\" "
         "},\n]\n");
    ck_assert_uint_eq(gaps[0], FILTER_OWN_CALL);
    ck_assert_uint_eq(gaps[1], FILTER_EXACT);
    ck_assert_uint_eq(gaps[2], FILTER_OWN_CALL);
    ck_assert_uint_eq(gaps[3], FILTER_COMPARISON);
    ck_assert_uint_eq(gaps[4], FILTER_COVERED);
    ck_assert_ptr_null(filters.programs[POLICY_FILTER_PERMITS].filter);
    ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, SYS_listen, zeros), SECCOMP_RET_ERRNO | 1);
    ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, SYS_read, zeros), SECCOMP_RET_ALLOW);
    ck_assert_uint_eq(answer(AUDIT_ARCH_I386, SYS_listen, zeros), SECCOMP_RET_KILL_PROCESS);
}
END_TEST

START_TEST(families_are_held)
{
    const uint64_t inet[6] = {2}, netlink[6] = {16}, wide[6] = {(1UL << 32) | 16};

    make("default = \"allow\"\n[network]\ndefault = \"allow\"\nfamilies = [\"inet\"]\n");
    ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, SYS_socket, inet), SECCOMP_RET_ALLOW);
    ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, SYS_socket, netlink),
                      SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, SYS_socketpair, wide),
                      SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    release();
    make("default = \"allow\"\n");
    ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, SYS_socket, netlink), SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(own_calls_always_pass)
{
    static const uint64_t zeros[6];

    make("default = \"deny\"\n");
    ck_assert_ptr_null(filters.programs[POLICY_FILTER_DENIES].filter);
    for (uint32_t number = 0; number < 470; number++)
        ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, number, zeros),
                          filter_is_own_call(number) ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | 1);
    release();
    make("default = \"allow\"\ndeny = [\"@all\"]\n");
    for (uint32_t number = 0; number < 400; number++)
        if (filter_is_own_call(number))
            ck_assert_uint_eq(answer(AUDIT_ARCH_X86_64, number, zeros), SECCOMP_RET_ALLOW);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_filters");
    TCase *tests = tcase_create("filters");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, policy_set_up, policy_tear_down);
    tcase_add_test(tests, filters_agree_with_decisions);
    tcase_add_test(tests, gaps_are_told);
    tcase_add_test(tests, families_are_held);
    tcase_add_test(tests, own_calls_always_pass);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
