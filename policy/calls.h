/* The part CALLS: the rules of [syscalls]. */
#ifndef ENDORUN_POLICY_CALLS_H
#define ENDORUN_POLICY_CALLS_H

#include "automaton.h"

/* (argument & mask) COMPARISON value, unsigned. */
struct policy_test {
    uint64_t mask;
    uint64_t value;
    uint8_t argument;   /* 0 to 5 */
    uint8_t comparison; /* enum policy_test_kind */
    uint16_t unused[3];
};

enum policy_test_kind {
    POLICY_TEST_EQUAL,
    POLICY_TEST_NOT_EQUAL,
    POLICY_TEST_LESS,
    POLICY_TEST_LESS_EQUAL,
    POLICY_TEST_GREATER,
    POLICY_TEST_GREATER_EQUAL,
    POLICY_TEST_LIMIT
};

/* Decides when all its tests hold. */
struct policy_row {
    struct endorun_verdict verdict;
    uint32_t test_count; /* its tests stand behind those of the row before */
    uint32_t first_test;
};

#define POLICY_CALL_UNKNOWN 0x80000000U

/*
 * How the part begins. Call N has the rows from starts[N] up to starts[N + 1], the first of which
 * that holds decides. A number with POLICY_CALL_UNKNOWN, or beyond `starts`, is no call's.
 */
struct policy_calls {
    struct endorun_verdict fallback;
    struct endorun_verdict unknown;
    struct policy_array starts; /* uint32_t; one more than there are numbers */
    struct policy_array rows;
    struct policy_array tests;
};

bool calls_check(const struct policy_part *part, uint32_t rules, uint32_t text_size);
bool calls_are_free(const struct policy_part *part, uint32_t number);
struct endorun_verdict calls_decide(const struct policy_part *part, uint32_t number,
                                    const uint64_t arguments[6]);

#endif
