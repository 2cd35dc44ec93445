/*
 * Classic BPF as seccomp(2) takes it: pure functions, which know of no thread and of no call.
 */
#ifndef ENDORUN_POLICY_FILTER_H
#define ENDORUN_POLICY_FILTER_H

#include "../monitor/abi.h"

/* What a filter may load: the words of a struct seccomp_data. */
union filter_input {
    struct seccomp_data data;
    uint32_t words[sizeof(struct seccomp_data) / sizeof(uint32_t)];
};

/* Whether the kernel would take a program of `length` instructions, 1 to BPF_MAXINSNS. */
bool filter_check(const struct sock_filter *program, uint32_t length);

/* What a program that was checked returns. */
uint32_t filter_run(const struct sock_filter *program, const union filter_input *input);

/* As in seccomp_run_filters(): the lower action prevails, and of equal ones the first. */
static inline bool filter_prevails(uint32_t result, uint32_t first)
{
    return (int32_t)(result & SECCOMP_RET_ACTION_FULL) < (int32_t)(first & SECCOMP_RET_ACTION_FULL);
}

#endif
