/* The part CALLS. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../calls.h"
#include "compilation.h"
#include "endorun/syscall_shapes.h"

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../syscalls.def"
};
#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

static const char *const names[] = {
#define SYSCALL(number, name, ...) [number] = #name,
#include "../syscalls.def"
};

/* What the compiler makes of one rule, and where it stands among those of its call. */
struct call_entry {
    const struct policy_call_rule *rule;
    size_t order;
};

struct call_parts {
    struct compilation *compilation;
    struct bytes starts, rows, tests;
    uint32_t test_count;
};

static bool is_known(uint32_t number)
{
    return number < CALL_COUNT && calls[number].family != ENDORUN_FAMILY_UNASSIGNED;
}

/* Kill before errno, both before what allows; otherwise the order of the policy. */
static int precedence(enum policy_call_action action)
{
    switch (action) {
    case POLICY_CALL_KILL:
        return 0;
    case POLICY_CALL_DENY:
        return 1;
    default:
        return 2;
    }
}

static int compare_entries(const void *left, const void *right)
{
    const struct call_entry *a = left;
    const struct call_entry *b = right;

    if (a->rule->number != b->rule->number)
        return a->rule->number < b->rule->number ? -1 : 1;
    if (precedence(a->rule->action) != precedence(b->rule->action))
        return precedence(a->rule->action) - precedence(b->rule->action);
    return a->order < b->order ? -1 : 1;
}

/*
 * The value in the bits that count. A negative number may be written in 64 bits; other bits beyond
 * would make a comparison that never, or always, holds.
 */
static bool narrow(uint64_t value, uint64_t width, uint64_t *narrowed)
{
    const uint64_t sign = width ^ width >> 1;
    const bool is_extended = (value & ~width) == ~width && (value & sign) != 0;

    *narrowed = value & width;
    return (value & ~width) == 0 || is_extended;
}

static bool add_test(struct call_parts *parts, const struct policy_call_rule *rule,
                     const struct policy_condition *condition)
{
    static const uint8_t comparisons[] = {
        [POLICY_EQUAL] = POLICY_TEST_EQUAL,     [POLICY_NOT_EQUAL] = POLICY_TEST_NOT_EQUAL,
        [POLICY_LESS] = POLICY_TEST_LESS,       [POLICY_LESS_EQUAL] = POLICY_TEST_LESS_EQUAL,
        [POLICY_GREATER] = POLICY_TEST_GREATER, [POLICY_GREATER_EQUAL] = POLICY_TEST_GREATER_EQUAL,
    };
    const struct endorun_syscall *call = &calls[rule->number];
    struct policy_test test = {.argument = (uint8_t)condition->argument,
                               .comparison = comparisons[condition->comparison]};

    if (condition->argument >= call->nargs)
        return fail_at(parts->compilation, &rule->origin, "\"%s\": %s has no argument %u",
                       rule->written, names[rule->number], condition->argument);
    const unsigned bits = endorun_kind_info(call->arg[condition->argument].kind).bits;
    const uint64_t width = UINT64_MAX >> (64 - bits);

    if (!narrow(condition->value, width, &test.value))
        return fail_at(parts->compilation, &rule->origin,
                       "\"%s\": a value has more than the %u bits that the kernel takes of "
                       "argument %u of %s",
                       rule->written, bits, condition->argument, names[rule->number]);
    test.mask = condition->mask & width;
    parts->test_count++;
    return bytes_append(&parts->tests, &test, sizeof(test)) || fail_memory(parts->compilation);
}

static bool add_row(struct call_parts *parts, const struct policy_call_rule *rule)
{
    struct policy_row row = {.first_test = parts->test_count};
    struct endorun_verdict *verdict = &row.verdict;
    const bool is_allow = rule->action == POLICY_CALL_ALLOW;

    verdict->is_logged = rule->is_logged;
    verdict->action = is_allow                           ? ENDORUN_ACTION_ALLOW
                      : rule->action == POLICY_CALL_KILL ? ENDORUN_ACTION_KILL
                                                         : ENDORUN_ACTION_DENY;
    if (verdict->action == ENDORUN_ACTION_DENY)
        verdict->error = (uint16_t)rule->error;
    const char *key = rule->key != NULL ? rule->key : is_allow ? "syscalls.allow" : "syscalls.deny";

    if (!add_rule(parts->compilation, &rule->origin, key, rule->written, &verdict->rule))
        return false;
    for (size_t i = 0; i < rule->condition_count; i++)
        if (!add_test(parts, rule, &rule->conditions[i]))
            return false;
    row.test_count = parts->test_count - row.first_test;
    return bytes_append(&parts->rows, &row, sizeof(row)) || fail_memory(parts->compilation);
}

static bool check_rule(struct compilation *compilation, const struct policy_call_rule *rule)
{
    if (!is_known(rule->number))
        return fail_at(compilation, &rule->origin, "\"%s\": no system call has the number %u",
                       rule->written, rule->number);
    if (rule->action == POLICY_CALL_DENY && (rule->error <= 0 || rule->error > 4095))
        return fail_at(compilation, &rule->origin, "\"%s\": %d is no errno", rule->written,
                       rule->error);
    return true;
}

/* The rows of one call. What stands behind a row without conditions decides nothing. */
static bool add_call(struct call_parts *parts, uint32_t number, const struct call_entry **entry)
{
    uint32_t start = (uint32_t)(parts->rows.size / sizeof(struct policy_row));
    bool is_decided = false;

    if (!is_known(number))
        start |= POLICY_CALL_UNKNOWN;
    if (!bytes_append(&parts->starts, &start, sizeof(start)))
        return fail_memory(parts->compilation);
    for (; (*entry)->rule != NULL && (*entry)->rule->number == number; (*entry)++) {
        if (!is_decided && !add_row(parts, (*entry)->rule))
            return false;
        is_decided = is_decided || (*entry)->rule->condition_count == 0;
    }
    return true;
}

/* `entries` are sorted, and end with one that has no rule. */
static bool add_calls(struct call_parts *parts, const struct call_entry *entries)
{
    for (uint32_t number = 0; number <= CALL_COUNT; number++)
        if (!add_call(parts, number, &entries))
            return false;
    return true;
}

static bool write_calls(struct call_parts *parts, struct policy_calls *written, struct bytes *part)
{
    struct compilation *compilation = parts->compilation;

    if (!bytes_append(part, written, sizeof(*written)))
        return fail_memory(compilation);
    if (!add_items(compilation, part, parts->starts.data, CALL_COUNT + 1, sizeof(uint32_t),
                   &written->starts) ||
        !add_items(compilation, part, parts->rows.data,
                   parts->rows.size / sizeof(struct policy_row), sizeof(struct policy_row),
                   &written->rows) ||
        !add_items(compilation, part, parts->tests.data, parts->test_count,
                   sizeof(struct policy_test), &written->tests))
        return false;
    memcpy(part->data, written, sizeof(*written));
    return true;
}

static bool sort_rules(struct compilation *compilation, struct call_entry *entries)
{
    const struct policy_model *model = compilation->model;

    for (size_t i = 0; i < model->call_rule_count; i++) {
        if (!check_rule(compilation, &model->call_rules[i]))
            return false;
        entries[i] = (struct call_entry){&model->call_rules[i], i};
    }
    qsort(entries, model->call_rule_count, sizeof(entries[0]), compare_entries);
    return true;
}

bool compile_calls(struct compilation *compilation, struct bytes *part)
{
    const struct policy_model *model = compilation->model;
    struct call_parts parts = {.compilation = compilation};
    struct policy_calls written;
    struct call_entry *entries;
    bool is_made;

    if (!model->calls.is_written && model->call_rule_count == 0)
        return true;
    memset(&written, 0, sizeof(written));
    if (model->calls.is_written)
        written.unknown = (struct endorun_verdict){.action = ENDORUN_ACTION_DENY, .error = ENOSYS};
    entries = calloc(model->call_rule_count + 1, sizeof(entries[0]));
    if (entries == NULL)
        return fail_memory(compilation);
    is_made =
        add_default(compilation, &model->calls, "syscalls.default", EPERM, &written.fallback) &&
        sort_rules(compilation, entries) && add_calls(&parts, entries) &&
        write_calls(&parts, &written, part);
    free(entries);
    bytes_release(&parts.starts);
    bytes_release(&parts.rows);
    bytes_release(&parts.tests);
    return is_made;
}
