/*
 * What seccomp (seccomp(2)) can hold of [syscalls]: an outer bound, in filters of which the kernel
 * takes the strictest answer. What a rule leaves to the monitor is told, rule by rule.
 * Hosted, by libseccomp.
 */
#ifndef ENDORUN_POLICY_FILTERS_H
#define ENDORUN_POLICY_FILTERS_H

#include <linux/filter.h>

#include "model.h"

enum filter_gap {
    FILTER_EXACT,
    FILTER_OWN_CALL,   /* endorun makes the call itself, and a filter cannot tell who does */
    FILTER_COMPARISON, /* of fewer bits than a register has, by another way than equality */
    FILTER_COVERED,    /* the filter holds another rule for this call, and not both */
    FILTER_GAP_LIMIT
};

enum policy_filter {
    POLICY_FILTER_KILLS,   /* calls of foreign architectures, and what rules end the process for */
    POLICY_FILTER_DENIES,  /* the same, of rules that deny with an errno */
    POLICY_FILTER_PERMITS, /* `default = "deny"`: what rules allow, and endorun's own calls */
    POLICY_FILTER_LIMIT
};

/* Of malloc(). One without `filter` is not needed. */
struct policy_filters {
    struct sock_fprog programs[POLICY_FILTER_LIMIT];
};

/* `gaps` has an entry for each rule of the model's calls. 0, or a negative errno and no filters. */
int policy_filters_make(const struct policy_model *model, struct policy_filters *filters,
                        enum filter_gap *gaps);
void policy_filters_release(struct policy_filters *filters);

/* In words, to stand behind "because". */
const char *filter_gap_text(enum filter_gap gap);

/* Whether endorun makes the call itself, in the program's process. */
bool filter_is_own_call(uint32_t number);

#endif
