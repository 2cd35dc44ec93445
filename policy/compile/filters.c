#include "filters.h"

#include "call_names.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REGISTER_BITS  64U
#define CONDITIONS_MAX 6U
#define FAMILIES       64U /* bits of the model */

static const uint32_t own_calls[] = {
#define OWN_CALL(name) SYS_##name,
#include "own_calls.def"
};

bool filter_is_own_call(uint32_t number)
{
    for (size_t i = 0; i < sizeof own_calls / sizeof own_calls[0]; i++)
        if (own_calls[i] == number)
            return true;
    return false;
}

static enum policy_filter filter_of(const struct policy_call_rule *rule)
{
    switch (rule->action) {
    case POLICY_CALL_KILL:
        return POLICY_FILTER_KILLS;
    case POLICY_CALL_DENY:
        return POLICY_FILTER_DENIES;
    default:
        return POLICY_FILTER_PERMITS;
    }
}

static uint32_t action_of(const struct policy_call_rule *rule)
{
    switch (rule->action) {
    case POLICY_CALL_KILL:
        return SCMP_ACT_KILL_PROCESS;
    case POLICY_CALL_DENY:
        return SCMP_ACT_ERRNO((uint16_t)rule->error);
    default:
        return SCMP_ACT_ALLOW;
    }
}

/*
 * The kernel drops the upper bits of what it takes as fewer than 64, and a filter sees them: an
 * equality can leave them out by its mask, another comparison only when there are none.
 */
static bool express(const struct policy_call_rule *rule, const struct policy_condition *condition,
                    struct scmp_arg_cmp *comparison)
{
    static const enum scmp_compare plain[] = {
        [POLICY_NOT_EQUAL] = SCMP_CMP_NE,     [POLICY_LESS] = SCMP_CMP_LT,
        [POLICY_LESS_EQUAL] = SCMP_CMP_LE,    [POLICY_GREATER] = SCMP_CMP_GT,
        [POLICY_GREATER_EQUAL] = SCMP_CMP_GE,
    };
    const unsigned bits = call_argument_bits(rule->number, condition->argument);
    const uint64_t width = UINT64_MAX >> (REGISTER_BITS - bits);
    const uint64_t mask = condition->mask & width, value = condition->value & width;

    if (condition->comparison == POLICY_EQUAL) {
        *comparison = (struct scmp_arg_cmp){condition->argument, SCMP_CMP_MASKED_EQ, mask, value};
        return true;
    }
    *comparison =
        (struct scmp_arg_cmp){condition->argument, plain[condition->comparison], value, 0};
    return mask == UINT64_MAX;
}

/* libseccomp takes one comparison of an argument in a rule. */
static bool express_all(const struct policy_call_rule *rule,
                        struct scmp_arg_cmp comparisons[CONDITIONS_MAX])
{
    unsigned seen = 0;

    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct policy_condition *condition = &rule->conditions[i];

        if ((seen & (1U << condition->argument)) != 0 || !express(rule, condition, &comparisons[i]))
            return false;
        seen |= 1U << condition->argument;
    }
    return true;
}

/* Whether an unconditional rule is all that the rule's filter holds for this call. */
static bool is_covered(const struct policy_model *model, const struct policy_call_rule *rule)
{
    for (size_t i = 0; i < model->call_rule_count; i++) {
        const struct policy_call_rule *other = &model->call_rules[i];
        bool is_same_call = other->number == rule->number && filter_of(other) == filter_of(rule);

        if (is_same_call && other != rule && other->condition_count == 0 &&
            (rule->condition_count > 0 || other < rule))
            return true;
    }
    return false;
}

/* 0, or a negative errno. */
static int add_denial(scmp_filter_ctx filter, const struct policy_model *model,
                      const struct policy_call_rule *rule, enum filter_gap *gap)
{
    struct scmp_arg_cmp comparisons[CONDITIONS_MAX];

    if (filter_is_own_call(rule->number))
        *gap = FILTER_OWN_CALL;
    else if (is_covered(model, rule))
        *gap = FILTER_COVERED;
    else if (!express_all(rule, comparisons))
        *gap = FILTER_COMPARISON;
    if (*gap != FILTER_EXACT)
        return 0;
    int error = seccomp_rule_add_array(filter, action_of(rule), (int)rule->number,
                                       (unsigned)rule->condition_count, comparisons);

    if (error == -EEXIST)
        *gap = FILTER_COVERED;
    return error == -EEXIST ? 0 : error;
}

static int add_permission(scmp_filter_ctx filter, const struct policy_model *model,
                          const struct policy_call_rule *rule, enum filter_gap *gap)
{
    struct scmp_arg_cmp comparisons[CONDITIONS_MAX];
    unsigned count = (unsigned)rule->condition_count;

    if (filter_is_own_call(rule->number)) {
        *gap = FILTER_OWN_CALL;
        return 0;
    }
    if (is_covered(model, rule))
        return 0; /* it adds nothing */
    if (!express_all(rule, comparisons)) {
        *gap = FILTER_COMPARISON;
        count = 0;
    }
    int error =
        seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, (int)rule->number, count, comparisons);

    return error == -EEXIST ? 0 : error;
}

/* The program as bytes, by way of a file in memory: libseccomp writes to descriptors alone. */
static int export_program(scmp_filter_ctx filter, struct sock_fprog *program)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    int error = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

    program->filter = error == 0 && size > 0 ? malloc((size_t)size) : NULL;
    if (error == 0 && program->filter == NULL)
        error = -ENOMEM;
    if (error == 0 && (size_t)size > BPF_MAXINSNS * sizeof(struct sock_filter))
        error = -E2BIG;
    if (error == 0 && pread(fd, program->filter, (size_t)size, 0) != size)
        error = -EIO;
    program->len = (unsigned short)((size_t)size / sizeof(struct sock_filter));
    if (fd >= 0)
        close(fd);
    return error;
}

/*
 * Sockets of families that the policy does not name. Of a family the kernel takes 32 bits. Pairs of
 * AF_UNIX are endorun's own way to pass a descriptor from one process to another.
 */
static int add_families(scmp_filter_ctx filter, const struct policy_model *model, bool *is_needed)
{
    static const int makers[] = {SCMP_SYS(socket), SCMP_SYS(socketpair)};

    for (unsigned family = 0; family < FAMILIES; family++) {
        const struct scmp_arg_cmp is_family =
            SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)family);

        if ((model->families >> family & 1) != 0)
            continue;
        *is_needed = true;
        for (unsigned i = 0; i < (family == AF_UNIX ? 1 : sizeof makers / sizeof makers[0]); i++) {
            int error = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), makers[i], 1,
                                               &is_family);

            if (error != 0 && error != -EEXIST)
                return error;
        }
    }
    return 0;
}

static int make_denials(const struct policy_model *model, enum policy_filter which,
                        struct sock_fprog *program, enum filter_gap *gaps)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter == NULL
                    ? -ENOMEM
                    : seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    bool is_needed = which == POLICY_FILTER_KILLS; /* of calls by other architectures, always */

    if (error == 0 && which == POLICY_FILTER_DENIES && model->network.is_written)
        error = add_families(filter, model, &is_needed);
    for (size_t i = 0; error == 0 && i < model->call_rule_count; i++) {
        if (filter_of(&model->call_rules[i]) != which)
            continue;
        error = add_denial(filter, model, &model->call_rules[i], &gaps[i]);
        is_needed = is_needed || gaps[i] == FILTER_EXACT;
    }
    if (error == 0 && is_needed)
        error = export_program(filter, program);
    seccomp_release(filter);
    return error;
}

static int make_permissions(const struct policy_model *model, struct sock_fprog *program,
                            enum filter_gap *gaps)
{
    scmp_filter_ctx filter;
    int error;

    if (!model->calls.is_written || model->calls.fallback == POLICY_DEFAULT_ALLOW)
        return 0;
    filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    error = filter == NULL ? -ENOMEM : 0;
    for (size_t i = 0; error == 0 && i < sizeof own_calls / sizeof own_calls[0]; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, (int)own_calls[i], 0);
    for (size_t i = 0; error == 0 && i < model->call_rule_count; i++)
        if (filter_of(&model->call_rules[i]) == POLICY_FILTER_PERMITS)
            error = add_permission(filter, model, &model->call_rules[i], &gaps[i]);
    if (error == 0)
        error = export_program(filter, program);
    seccomp_release(filter);
    return error;
}

int policy_filters_make(const struct policy_model *model, struct policy_filters *filters,
                        enum filter_gap *gaps)
{
    *filters = (struct policy_filters){0};
    for (size_t i = 0; i < model->call_rule_count; i++)
        gaps[i] = FILTER_EXACT;
    struct sock_fprog *programs = filters->programs;
    int error = make_denials(model, POLICY_FILTER_KILLS, &programs[POLICY_FILTER_KILLS], gaps);

    if (error == 0)
        error = make_denials(model, POLICY_FILTER_DENIES, &programs[POLICY_FILTER_DENIES], gaps);
    if (error == 0)
        error = make_permissions(model, &programs[POLICY_FILTER_PERMITS], gaps);
    if (error != 0)
        policy_filters_release(filters);
    return error;
}

void policy_filters_release(struct policy_filters *filters)
{
    for (unsigned i = 0; i < POLICY_FILTER_LIMIT; i++)
        free(filters->programs[i].filter);
    *filters = (struct policy_filters){0};
}

const char *filter_gap_text(enum filter_gap gap)
{
    static const char *const texts[FILTER_GAP_LIMIT] = {
        [FILTER_EXACT] = "",
        [FILTER_OWN_CALL] = "endorun makes this call itself, and a filter cannot tell who does",
        [FILTER_COMPARISON] = "a filter compares whole registers, but for equality",
        [FILTER_COVERED] = "the filter holds another rule for this call",
    };

    return texts[gap];
}
