#include "construction.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE 0xffffffffU /* no place in the tree; no child, no sibling, no position */

/* Memory for sets of positions; with what the limit of the automaton allows it stays below 200 MiB.
 */
#define SETS_MAX (32U << 20)

/* Positions that are looked at until all is given up: about a second. */
#define WORK_MAX 200000000U

struct place {
    uint32_t child;
    uint32_t sibling;
    uint32_t position; /* the first of those that patterns begin at here */
    uint32_t byte;
};

/* Patterns that have a place and steps in common have the positions in common, but for the last. */
struct position {
    struct glob_step step;
    uint32_t child;   /* the first of the next ones */
    uint32_t sibling; /* another behind the same one, or at the same place */
    uint32_t said;    /* END, TREE: the set of outcomes */
};

/*
 * A set is sorted, each element once: the number of a position, or a kind of what has been said
 * with the number of a set of outcomes. Of each kind there is one at most.
 */
enum said_kind {
    SAID_HERE,  /* for the path that ends here */
    SAID_TREE,  /* the same, and for what lies below, behind a '/' */
    SAID_BELOW, /* the same, and for whatever follows */
    SAID_LIMIT
};
#define SAID_SHIFT    29
#define SAID_NUMBER   ((1U << SAID_SHIFT) - 1)
#define ELEMENT(k, n) (((uint32_t)(k) + 1) << SAID_SHIFT | (n))
#define IS_SAID(e)    ((e) > SAID_NUMBER)
#define KIND(e)       (((e) >> SAID_SHIFT) - 1)
#define POSITIONS_MAX SAID_NUMBER

struct state {
    uint32_t place; /* or NOWHERE */
    uint32_t set;
};

_Static_assert(SAID_LIMIT ==
                   sizeof(((struct construction *)NULL)->said) / sizeof(struct outcome_set),
               "one of each kind");

static bool no_memory(struct construction *construction)
{
    return fail_memory(construction->outcomes->compilation);
}

static struct place *place_at(struct construction *construction, uint32_t number)
{
    return (struct place *)(void *)construction->places.data + number;
}

static struct position *position_at(struct construction *construction, uint32_t number)
{
    return (struct position *)(void *)construction->positions.data + number;
}

static struct policy_node *node_at(struct construction *construction, uint32_t number)
{
    return (struct policy_node *)(void *)construction->nodes.data + number;
}

static uint32_t edge_count(const struct construction *construction)
{
    return (uint32_t)(construction->edges.size / sizeof(struct policy_edge));
}

static bool add_place(struct construction *construction, uint8_t byte, uint32_t sibling)
{
    const struct place place = {NOWHERE, sibling, NOWHERE, byte};

    return bytes_append(&construction->places, &place, sizeof(place)) || no_memory(construction);
}

bool construction_start(struct construction *construction, struct outcome_table *outcomes,
                        struct interner *classes, size_t limit)
{
    *construction = (struct construction){.outcomes = outcomes, .classes = classes};
    construction->limit = limit;
    construction->work_limit = WORK_MAX;
    return add_place(construction, 0, NOWHERE);
}

void construction_release(struct construction *construction)
{
    bytes_release(&construction->places);
    bytes_release(&construction->positions);
    interner_release(&construction->sets);
    interner_release(&construction->states);
    bytes_release(&construction->nodes);
    bytes_release(&construction->edges);
    bytes_release(&construction->text);
    bytes_release(&construction->scratch);
    bytes_release(&construction->stamps);
}

/* The place behind the byte, which is made if it is not there. Siblings ascend. */
static bool enter(struct construction *construction, uint32_t from, uint8_t byte, uint32_t *to)
{
    const uint32_t made = (uint32_t)(construction->places.size / sizeof(struct place));
    uint32_t before = NOWHERE;
    uint32_t at = place_at(construction, from)->child;

    while (at != NOWHERE && place_at(construction, at)->byte < byte) {
        before = at;
        at = place_at(construction, at)->sibling;
    }
    *to = at;
    if (at != NOWHERE && place_at(construction, at)->byte == byte)
        return true;
    *to = made;
    if (made >= NOWHERE - 1 || !add_place(construction, byte, at))
        return no_memory(construction);
    if (before == NOWHERE)
        place_at(construction, from)->child = made;
    else
        place_at(construction, before)->sibling = made;
    return true;
}

static bool is_same_step(const struct glob_step *a, const struct glob_step *b)
{
    return a->kind == b->kind && a->byte == b->byte && a->class == b->class;
}

/* The list at a place (`behind` is NOWHERE), or of the positions behind another one. */
static uint32_t *positions_list(struct construction *construction, uint32_t place, uint32_t behind)
{
    return behind == NOWHERE ? &place_at(construction, place)->position
                             : &position_at(construction, behind)->child;
}

/* The position of the step behind the last one, which becomes this one. */
static bool add_position(struct construction *construction, uint32_t place,
                         const struct glob_step *step, uint32_t said, uint32_t *last)
{
    const bool is_last = step->kind == GLOB_END || step->kind == GLOB_TREE;
    const size_t made = construction->positions.size / sizeof(struct position);
    const uint32_t first = *positions_list(construction, place, *last);
    const struct position position = {*step, NOWHERE, first, said};

    for (uint32_t at = first; !is_last && at != NOWHERE;
         at = position_at(construction, at)->sibling) {
        if (is_same_step(&position_at(construction, at)->step, step)) {
            *last = at;
            return true;
        }
    }
    if (made >= POSITIONS_MAX ||
        !bytes_append(&construction->positions, &position, sizeof(position)))
        return no_memory(construction);
    *positions_list(construction, place, *last) = (uint32_t)made;
    *last = (uint32_t)made;
    return true;
}

bool construction_add(struct construction *construction, const struct glob *glob,
                      const struct outcome_set *says)
{
    const struct glob_step *steps = (const void *)glob->steps.data;
    const size_t count = glob->steps.size / sizeof(*steps);
    uint32_t place = 0, last = NOWHERE, said;

    for (uint32_t i = 0; i < glob->prefix; i++)
        if (!enter(construction, place, steps[i].byte, &place))
            return false;
    if (!outcomes_intern(construction->outcomes, says, &said))
        return false;
    for (size_t i = glob->prefix; i < count; i++)
        if (!add_position(construction, place, &steps[i], said, &last))
            return false;
    construction->pattern_count++;
    return true;
}

/* A set is made in `scratch`: begun, filled by the functions behind, and ended. */
static void begin_set(struct construction *construction)
{
    construction->scratch.size = 0;
    construction->said_kinds = 0;
    construction->stamp++;
}

static void say(struct construction *construction, enum said_kind kind, uint32_t number)
{
    const struct outcome_set set = outcomes_set(construction->outcomes, number);

    if ((construction->said_kinds & 1U << kind) != 0)
        outcomes_join(construction->outcomes, &construction->said[kind], &set);
    else
        construction->said[kind] = set;
    construction->said_kinds |= 1U << kind;
}

static bool put_position(struct construction *construction, uint32_t number)
{
    uint32_t *stamps = (uint32_t *)(void *)construction->stamps.data;

    if (stamps[number] == construction->stamp)
        return true;
    stamps[number] = construction->stamp;
    return bytes_append(&construction->scratch, &number, sizeof(number)) || no_memory(construction);
}

static bool arrive_at_all(struct construction *construction, uint32_t first);

/*
 * The position, and those that are reached from it by nothing. Behind a STAR stands no other, and
 * behind a SPAN no other SPAN, so this is not deep.
 */
static bool arrive(struct construction *construction, uint32_t number)
{
    const struct position *position = position_at(construction, number);

    construction->work++;
    switch (position->step.kind) {
    case GLOB_END:
        say(construction, SAID_HERE, position->said);
        return true;
    case GLOB_TREE:
        say(construction, SAID_TREE, position->said);
        return true;
    case GLOB_STAR:
    case GLOB_SPAN:
        return put_position(construction, number) && arrive_at_all(construction, position->child);
    default:
        return put_position(construction, number);
    }
}

static bool arrive_at_all(struct construction *construction, uint32_t first)
{
    for (uint32_t at = first; at != NOWHERE; at = position_at(construction, at)->sibling)
        if (!arrive(construction, at))
            return false;
    return true;
}

static bool class_of_position_has(struct construction *construction,
                                  const struct position *position, uint8_t byte)
{
    return class_has(interned_data(construction->classes, position->step.class), byte);
}

static bool step_position(struct construction *construction, uint32_t number, uint8_t byte)
{
    const struct position *position = position_at(construction, number);

    switch (position->step.kind) {
    case GLOB_BYTE:
        return position->step.byte != byte || arrive_at_all(construction, position->child);
    case GLOB_CLASS:
        return !class_of_position_has(construction, position, byte) ||
               arrive_at_all(construction, position->child);
    case GLOB_STAR:
        return !class_of_position_has(construction, position, byte) || arrive(construction, number);
    default: /* GLOB_SPAN */
        return put_position(construction, number) &&
               (byte != '/' || arrive_at_all(construction, position->child));
    }
}

/* Where the set is after a byte. */
static bool step_set(struct construction *construction, uint32_t set, uint8_t byte)
{
    const struct interned entry = construction->sets.entries[set];
    const uint32_t *elements = interned_data(&construction->sets, set);

    construction->work += entry.size / sizeof(uint32_t) + 1;
    for (uint32_t i = 0; i < entry.size / sizeof(uint32_t); i++) {
        const uint32_t element = elements[i];

        if (!IS_SAID(element)) {
            if (!step_position(construction, element, byte))
                return false;
        } else if (KIND(element) == SAID_BELOW || (KIND(element) == SAID_TREE && byte == '/')) {
            say(construction, SAID_BELOW, element & SAID_NUMBER);
        }
    }
    return true;
}

/* What patterns begin at the place. */
static bool begin_patterns(struct construction *construction, uint32_t place)
{
    return place == NOWHERE || arrive_at_all(construction, place_at(construction, place)->position);
}

static int compare_numbers(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static bool end_set(struct construction *construction, uint32_t *set)
{
    struct bytes *scratch = &construction->scratch;

    if (scratch->size > 0)
        qsort(scratch->data, scratch->size / sizeof(uint32_t), sizeof(uint32_t), compare_numbers);
    for (unsigned kind = 0; kind < SAID_LIMIT; kind++) {
        uint32_t element;

        if ((construction->said_kinds & 1U << kind) == 0)
            continue;
        if (!outcomes_intern(construction->outcomes, &construction->said[kind], &element))
            return false;
        element = ELEMENT(kind, element);
        if (!bytes_append(scratch, &element, sizeof(element)))
            return no_memory(construction);
    }
    return intern(&construction->sets, scratch->size == 0 ? (const void *)"" : scratch->data,
                  (uint32_t)scratch->size, set) ||
           no_memory(construction);
}

/* The node of a state; a new one is still to be filled. */
static bool find_node(struct construction *construction, uint32_t place, uint32_t set,
                      uint32_t *number)
{
    const struct state state = {place, set};
    const struct policy_node empty = {0, 0, 0, 0, 0, 0};
    const size_t count = construction->states.count;

    if (!intern(&construction->states, &state, sizeof(state), number) ||
        (*number == count && !bytes_append(&construction->nodes, &empty, sizeof(empty))))
        return no_memory(construction);
    return true;
}

static bool set_behind(struct construction *construction, uint32_t set, uint8_t byte,
                       uint32_t place, uint32_t *behind)
{
    begin_set(construction);
    return step_set(construction, set, byte) && begin_patterns(construction, place) &&
           end_set(construction, behind);
}

/* The outcomes where the path ends at the set. */
static bool find_outcome(struct construction *construction, uint32_t set, uint32_t *number)
{
    const uint32_t count = construction->sets.entries[set].size / (uint32_t)sizeof(uint32_t);
    const uint32_t *elements = interned_data(&construction->sets, set);
    struct outcome_set joined = outcomes_none(construction->outcomes);

    for (uint32_t i = 0; i < count; i++) {
        struct outcome_set said;

        if (!IS_SAID(elements[i]))
            continue;
        said = outcomes_set(construction->outcomes, elements[i] & SAID_NUMBER);
        outcomes_join(construction->outcomes, &joined, &said);
    }
    return outcomes_intern(construction->outcomes, &joined, number);
}

/* A bit for each byte whose way differs from that of the byte before it. */
static void mark_changes(struct construction *construction, uint32_t element,
                         struct glob_class *changes)
{
    const struct position *position;
    struct glob_class class = {{0}};
    uint64_t carry = 0;

    if (IS_SAID(element)) {
        class.bits['/' / 64] = 1UL << '/' % 64;
    } else {
        position = position_at(construction, element);
        if (position->step.kind == GLOB_BYTE)
            class.bits[position->step.byte / 64] = 1UL << position->step.byte % 64;
        else if (position->step.kind == GLOB_SPAN)
            class.bits['/' / 64] = 1UL << '/' % 64;
        else
            class = *(const struct glob_class *)interned_data(construction->classes,
                                                              position->step.class);
    }
    for (unsigned i = 0; i < 4; i++) {
        changes->bits[i] |= class.bits[i] ^ (class.bits[i] << 1 | carry);
        carry = class.bits[i] >> 63;
    }
}

/* All ways out of a set that is at no place: edges for 0 to 255 without a gap. */
static bool find_ways(struct construction *construction, uint32_t set, struct policy_edge ways[256],
                      unsigned *count)
{
    const uint32_t elements = construction->sets.entries[set].size / (uint32_t)sizeof(uint32_t);
    struct glob_class changes = {{1, 0, 0, 0}};

    *count = 0;
    for (uint32_t i = 0; i < elements; i++) {
        const uint32_t *items = interned_data(&construction->sets, set);

        mark_changes(construction, items[i], &changes);
    }
    construction->work += elements;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint32_t behind, target;

        if (!class_has(&changes, (uint8_t)byte)) {
            ways[*count - 1].last = (uint8_t)byte;
            continue;
        }
        if (!set_behind(construction, set, (uint8_t)byte, NOWHERE, &behind) ||
            !find_node(construction, NOWHERE, behind, &target))
            return false;
        if (*count > 0 && ways[*count - 1].target == target)
            ways[*count - 1].last = (uint8_t)byte;
        else
            ways[(*count)++] = (struct policy_edge){target, (uint8_t)byte, (uint8_t)byte, 0};
    }
    return true;
}

/* The target of the most edges; of several the one that comes first. */
static uint32_t most_frequent(const struct policy_edge *ways, unsigned count)
{
    uint32_t target = ways[0].target;
    unsigned most = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned same = 0;

        for (unsigned j = i; j < count; j++)
            same += ways[j].target == ways[i].target;
        if (same > most) {
            most = same;
            target = ways[i].target;
        }
    }
    return target;
}

static bool add_edge(struct construction *construction, const struct policy_edge *edge)
{
    return bytes_append(&construction->edges, edge, sizeof(*edge)) || no_memory(construction);
}

static bool fill_branch(struct construction *construction, uint32_t set, struct policy_node *node)
{
    struct policy_edge ways[256];
    unsigned count;

    if (!find_ways(construction, set, ways, &count))
        return false;
    node->kind = POLICY_NODE_BRANCH;
    node->otherwise = most_frequent(ways, count);
    node->first = edge_count(construction);
    for (unsigned i = 0; i < count; i++)
        if (ways[i].target != node->otherwise && !add_edge(construction, &ways[i]))
            return false;
    node->count = (uint16_t)(edge_count(construction) - node->first);
    return true;
}

/* The branch that goes on as the set does where no place of the tree is behind. */
static bool find_fallback(struct construction *construction, uint32_t set, uint32_t *number)
{
    const struct interned entry = construction->sets.entries[set];
    uint32_t without;

    begin_set(construction);
    for (uint32_t i = 0; i < entry.size / sizeof(uint32_t); i++) {
        const uint32_t element = ((const uint32_t *)interned_data(&construction->sets, set))[i];

        if (!IS_SAID(element)) {
            if (!put_position(construction, element))
                return false;
        } else if (KIND(element) != SAID_HERE) {
            say(construction, (enum said_kind)KIND(element), element & SAID_NUMBER);
        }
    }
    return end_set(construction, &without) && find_node(construction, NOWHERE, without, number);
}

static bool fill_partial(struct construction *construction, const struct state *state,
                         struct policy_node *node)
{
    uint32_t child = place_at(construction, state->place)->child;

    node->kind = POLICY_NODE_PARTIAL;
    node->first = edge_count(construction);
    for (; child != NOWHERE; child = place_at(construction, child)->sibling) {
        const uint8_t byte = (uint8_t)place_at(construction, child)->byte;
        struct policy_edge edge = {0, byte, byte, 0};
        uint32_t behind;

        if (!set_behind(construction, state->set, byte, child, &behind) ||
            !find_node(construction, child, behind, &edge.target) || !add_edge(construction, &edge))
            return false;
    }
    node->count = (uint16_t)(edge_count(construction) - node->first);
    return true;
}

static bool has_one_child(struct construction *construction, uint32_t place)
{
    const uint32_t child = place_at(construction, place)->child;

    return child != NOWHERE && place_at(construction, child)->sibling == NOWHERE;
}

/* As long as the set stays the same, and there is one child, the places are one node. */
static bool fill_run(struct construction *construction, const struct state *state,
                     struct policy_node *node)
{
    uint32_t place = state->place, behind;

    node->kind = POLICY_NODE_RUN;
    node->first = (uint32_t)construction->text.size;
    do {
        place = place_at(construction, place)->child;
        const uint8_t byte = (uint8_t)place_at(construction, place)->byte;

        if (!set_behind(construction, state->set, byte, place, &behind))
            return false;
        if (!bytes_append(&construction->text, &byte, 1))
            return no_memory(construction);
        node->count++;
    } while (behind == state->set && has_one_child(construction, place) &&
             node->count < UINT16_MAX);
    return find_node(construction, place, behind, &node->next);
}

static bool fill_node(struct construction *construction, uint32_t number)
{
    const struct state state = *(const struct state *)interned_data(&construction->states, number);
    struct policy_node node = {0, 0, 0, 0, 0, 0};
    bool is_filled = find_outcome(construction, state.set, &node.set);

    if (is_filled && state.place == NOWHERE) {
        is_filled = fill_branch(construction, state.set, &node);
    } else if (is_filled) {
        is_filled =
            find_fallback(construction, state.set, &node.otherwise) &&
            (has_one_child(construction, state.place) ? fill_run(construction, &state, &node)
                                                      : fill_partial(construction, &state, &node));
    }
    if (is_filled)
        *node_at(construction, number) = node;
    return is_filled;
}

static bool is_beyond_limits(const struct construction *construction)
{
    const size_t size =
        construction->nodes.size + construction->edges.size + construction->text.size;

    return size > construction->limit || construction->sets.content.size > SETS_MAX ||
           construction->work > construction->work_limit;
}

static bool make_stamps(struct construction *construction)
{
    const uint32_t zero = 0;

    for (size_t i = 0; i < construction->positions.size / sizeof(struct position); i++)
        if (!bytes_append(&construction->stamps, &zero, sizeof(zero)))
            return no_memory(construction);
    return true;
}

bool construction_run(struct construction *construction)
{
    uint32_t set, start;

    if (construction->pattern_count == 0)
        return true;
    if (!make_stamps(construction))
        return false;
    begin_set(construction);
    if (!begin_patterns(construction, 0) || !end_set(construction, &set) ||
        !find_node(construction, 0, set, &start))
        return false;
    for (uint32_t i = 0; i < construction->states.count; i++) {
        if (is_beyond_limits(construction)) {
            construction->is_too_large = true;
            return false;
        }
        if (!fill_node(construction, i))
            return false;
    }
    return true;
}

bool construction_write(const struct construction *construction, struct bytes *part,
                        struct policy_automaton *written)
{
    struct compilation *compilation = construction->outcomes->compilation;

    written->start = 0;
    return add_items(compilation, part, construction->nodes.data,
                     construction->nodes.size / sizeof(struct policy_node),
                     sizeof(struct policy_node), &written->nodes) &&
           add_items(compilation, part, construction->edges.data, edge_count(construction),
                     sizeof(struct policy_edge), &written->edges) &&
           add_items(compilation, part, construction->text.data, construction->text.size, 1,
                     &written->text);
}
