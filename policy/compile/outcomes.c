#include "outcomes.h"

#include <stdlib.h>
#include <string.h>

#define CLASS_SHIFT 30 /* a rank takes the bits below */

bool outcomes_start(struct outcome_table *table, struct compilation *compilation,
                    const struct endorun_verdict *defaults, uint32_t accesses)
{
    struct outcome_set none = {{0}};
    uint32_t number;

    *table = (struct outcome_table){.compilation = compilation, .accesses = accesses};
    for (uint32_t i = 0; i < accesses; i++)
        if (!outcomes_add(table, &defaults[i], &none.indices[i]))
            return false;
    return outcomes_intern(table, &none, &number);
}

bool outcomes_add(struct outcome_table *table, const struct endorun_verdict *verdict,
                  uint32_t *index)
{
    const struct policy_outcome outcome = {*verdict, 0};

    *index = (uint32_t)(table->outcomes.size / sizeof(outcome));
    return bytes_append(&table->outcomes, &outcome, sizeof(outcome)) ||
           fail_memory(table->compilation);
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;

    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    if (a->tie != b->tie)
        return a->tie < b->tie ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

void outcomes_rank(struct outcome_table *table, struct ranked *rules, size_t count)
{
    struct policy_outcome *outcomes = (void *)table->outcomes.data;

    if (count > 0)
        qsort(rules, count, sizeof(rules[0]), compare_ranked);
    for (size_t i = 0; i < count; i++)
        outcomes[rules[i].outcome].strength =
            (uint32_t)rules[i].class << CLASS_SHIFT | (uint32_t)(count - i);
}

void outcomes_release(struct outcome_table *table)
{
    bytes_release(&table->outcomes);
    interner_release(&table->sets);
}

struct outcome_set outcomes_none(const struct outcome_table *table)
{
    return outcomes_set(table, 0);
}

void outcomes_join(const struct outcome_table *table, struct outcome_set *set,
                   const struct outcome_set *other)
{
    const struct policy_outcome *outcomes = (const void *)table->outcomes.data;

    for (uint32_t i = 0; i < table->accesses; i++)
        if (outcomes[other->indices[i]].strength > outcomes[set->indices[i]].strength)
            set->indices[i] = other->indices[i];
}

bool outcomes_intern(struct outcome_table *table, const struct outcome_set *set, uint32_t *number)
{
    return intern(&table->sets, set->indices, table->accesses * (uint32_t)sizeof(uint32_t),
                  number) ||
           fail_memory(table->compilation);
}

struct outcome_set outcomes_set(const struct outcome_table *table, uint32_t number)
{
    struct outcome_set set = {{0}};

    memcpy(set.indices, interned_data(&table->sets, number), table->accesses * sizeof(uint32_t));
    return set;
}

bool outcomes_write(const struct outcome_table *table, struct bytes *part,
                    struct policy_outcomes *written)
{
    written->accesses = table->accesses;
    return add_items(table->compilation, part, table->outcomes.data,
                     table->outcomes.size / sizeof(struct policy_outcome),
                     sizeof(struct policy_outcome), &written->outcomes) &&
           add_items(table->compilation, part, table->sets.content.data, table->sets.count,
                     table->accesses * sizeof(uint32_t), &written->sets);
}
