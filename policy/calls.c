#include "calls.h"

#define ARGUMENTS 6

/* Tests stand in the order of the rows, none for two: no call makes more of them than there are. */
static bool rows_check(const struct policy_part *part, const struct policy_calls *calls,
                       uint32_t rules, uint32_t text_size)
{
    const struct policy_row *rows = array_items(part, &calls->rows);
    const struct policy_test *tests = array_items(part, &calls->tests);
    uint32_t used = 0;
    for (uint32_t i = 0; i < calls->rows.count; i++) {
        if (!verdict_check(&rows[i].verdict, rules, text_size) || rows[i].first_test != used ||
            rows[i].test_count > calls->tests.count - used) {
            return false;
        }
        used += rows[i].test_count;
    }
    for (uint32_t i = 0; i < calls->tests.count; i++) {
        if (tests[i].argument >= ARGUMENTS || tests[i].comparison >= POLICY_TEST_LIMIT) {
            return false;
        }
    }
    return true;
}

static bool starts_check(const struct policy_part *part, const struct policy_calls *calls)
{
    const uint32_t *starts = array_items(part, &calls->starts);
    uint32_t start = 0;
    if (calls->starts.count == 0) {
        return false;
    }
    for (uint32_t i = 0; i < calls->starts.count; i++) {
        uint32_t next = starts[i] & ~POLICY_CALL_UNKNOWN;
        if (next < start || next > calls->rows.count) {
            return false;
        }
        start = next;
    }
    return true;
}

bool calls_check(const struct policy_part *part, uint32_t rules, uint32_t text_size)
{
    const struct policy_calls *calls = (const void *)part->bytes;
    return part->size >= sizeof *calls && verdict_check(&calls->fallback, rules, text_size) &&
           verdict_check(&calls->unknown, rules, text_size) &&
           array_check(part, &calls->starts, sizeof(uint32_t)) &&
           array_check(part, &calls->rows, sizeof(struct policy_row)) &&
           array_check(part, &calls->tests, sizeof(struct policy_test)) &&
           rows_check(part, calls, rules, text_size) && starts_check(part, calls);
}

static bool test_holds(const struct policy_test *test, const uint64_t arguments[6])
{
    uint64_t value = arguments[test->argument] & test->mask;
    switch (test->comparison) {
    case POLICY_TEST_EQUAL:
        return value == test->value;
    case POLICY_TEST_NOT_EQUAL:
        return value != test->value;
    case POLICY_TEST_LESS:
        return value < test->value;
    case POLICY_TEST_LESS_EQUAL:
        return value <= test->value;
    case POLICY_TEST_GREATER:
        return value > test->value;
    default: /* POLICY_TEST_GREATER_EQUAL */
        return value >= test->value;
    }
}

static bool row_holds(const struct policy_row *row, const struct policy_test *tests,
                      const uint64_t arguments[6])
{
    for (uint32_t i = 0; i < row->test_count; i++) {
        if (!test_holds(&tests[row->first_test + i], arguments)) {
            return false;
        }
    }
    return true;
}

struct endorun_verdict calls_decide(const struct policy_part *part, uint32_t number,
                                    const uint64_t arguments[6])
{
    const struct policy_calls *calls = (const void *)part->bytes;
    const uint32_t *starts = array_items(part, &calls->starts);
    const struct policy_row *rows = array_items(part, &calls->rows);
    const struct policy_test *tests = array_items(part, &calls->tests);
    if (number >= calls->starts.count - 1 || (starts[number] & POLICY_CALL_UNKNOWN) != 0) {
        return calls->unknown;
    }
    uint32_t end = starts[number + 1] & ~POLICY_CALL_UNKNOWN;
    for (uint32_t i = starts[number]; i < end; i++) {
        if (row_holds(&rows[i], tests, arguments)) {
            return rows[i].verdict;
        }
    }
    return calls->fallback;
}

static bool is_free(const struct endorun_verdict *verdict)
{
    return verdict->action == ENDORUN_ACTION_ALLOW && !verdict->is_logged;
}

bool calls_are_free(const struct policy_part *part, uint32_t number)
{
    const struct policy_calls *calls = (const void *)part->bytes;
    const uint32_t *starts = array_items(part, &calls->starts);
    const struct policy_row *rows = array_items(part, &calls->rows);
    if (number >= calls->starts.count - 1 || (starts[number] & POLICY_CALL_UNKNOWN) != 0) {
        return is_free(&calls->unknown);
    }
    uint32_t end = starts[number + 1] & ~POLICY_CALL_UNKNOWN;
    for (uint32_t i = starts[number]; i < end; i++) {
        if (!is_free(&rows[i].verdict)) {
            return false;
        }
        if (rows[i].test_count == 0) {
            return true; /* it holds, whatever the arguments are */
        }
    }
    return is_free(&calls->fallback);
}
