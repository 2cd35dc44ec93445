/*
 * A policy with what can hold each of its rules on this machine: the kernel, in part or as a whole,
 * or the monitor alone. Whatever is wrong with the policy ends the command with STATUS_SETUP.
 */
#ifndef ENDORUN_POLICY_COMMAND_EXPLANATION_H
#define ENDORUN_POLICY_COMMAND_EXPLANATION_H

#include "compile.h"
#include "filters.h"
#include "landlock.h"
#include "model.h"

struct explanation {
    struct policy_model model;
    size_t path_count, peer_count; /* those that the file has */
    struct policy_image image;
    int landlock_abi; /* 0: none */
    struct landlock_bound bound;
    struct policy_filters filters;
    enum landlock_gap *path_gaps, *peer_gaps;
    enum filter_gap *call_gaps;
};

struct explained_rule {
    struct policy_origin origin;
    const char *key;     /* section.key */
    const char *written; /* NULL: the key says it all */
    const char *kernel;  /* what of the kernel holds it; NULL: nothing does */
    const char *because; /* why the monitor has to hold it too; NULL: it has not */
};

typedef void explained_rule_visitor(void *context, const struct explained_rule *rule);

void explain_file(const char *file, struct explanation *explanation);

/* In the order of the sections, and of the file in each. */
void explanation_visit(const struct explanation *explanation, explained_rule_visitor *visit,
                       void *context);

#endif
