/* The outcomes of a part while it is compiled (struct policy_outcomes). */
#ifndef ENDORUN_POLICY_OUTCOMES_H
#define ENDORUN_POLICY_OUTCOMES_H

#include "compilation.h"

#define ACCESSES_MAX 4U

/* Of each access an index in the outcomes. */
struct outcome_set {
    uint32_t indices[ACCESSES_MAX];
};

struct outcome_table {
    struct compilation *compilation;
    uint32_t accesses;
    struct bytes outcomes; /* struct policy_outcome; the first are those without any rule */
    struct interner sets;  /* of `accesses` indices each; number 0: those without any rule */
};

/* A later class decides over all before it. */
enum outcome_class { OUTCOME_NONE, OUTCOME_ALLOW, OUTCOME_REDIRECT, OUTCOME_DENY };

/* A rule whose strength is still to be found: its class counts, then its rank among all rules. */
struct ranked {
    enum outcome_class class;
    uint32_t weight;  /* the larger decides */
    uint32_t tie;     /* of equal weight: the smaller decides */
    uint32_t order;   /* of equal tie: the smaller decides; no two rules have the same */
    uint32_t outcome; /* its index in the table */
};

/* `defaults`: of each access, what holds without any rule. Also on failure there is a release. */
bool outcomes_start(struct outcome_table *table, struct compilation *compilation,
                    const struct endorun_verdict *defaults, uint32_t accesses);

/* The strength is 0 until outcomes_rank(), which sorts the rules. */
bool outcomes_add(struct outcome_table *table, const struct endorun_verdict *verdict,
                  uint32_t *index);
void outcomes_rank(struct outcome_table *table, struct ranked *rules, size_t count);
void outcomes_release(struct outcome_table *table);

/* The set of no rule, to be joined with others. */
struct outcome_set outcomes_none(const struct outcome_table *table);

/* Of each access the stronger of the two. */
void outcomes_join(const struct outcome_table *table, struct outcome_set *set,
                   const struct outcome_set *other);
bool outcomes_intern(struct outcome_table *table, const struct outcome_set *set, uint32_t *number);
struct outcome_set outcomes_set(const struct outcome_table *table, uint32_t number);

bool outcomes_write(const struct outcome_table *table, struct bytes *part,
                    struct policy_outcomes *written);

#endif
