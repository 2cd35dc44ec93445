#include "construction.h"

/* Memory for sets; with what the limit of the automaton allows, all stays below 200 MiB. */
#define SETS_MAX (32U << 20)

/* Positions that are looked at until all is given up: about a second. */
#define WORK_MAX 200000000U

struct state {
    uint32_t place; /* or NOWHERE */
    uint32_t set;
};

static bool no_memory(struct construction *construction)
{
    return fail_memory(construction->positions.outcomes->compilation);
}

static struct policy_node *node_at(struct construction *construction, uint32_t number)
{
    return (struct policy_node *)(void *)construction->nodes.data + number;
}

static uint32_t edge_count(const struct construction *construction)
{
    return (uint32_t)(construction->edges.size / sizeof(struct policy_edge));
}

bool construction_start(struct construction *construction, struct outcome_table *outcomes,
                        struct interner *classes, size_t limit)
{
    *construction = (struct construction){.limit = limit};
    return positions_start(&construction->positions, outcomes, classes);
}

void construction_release(struct construction *construction)
{
    positions_release(&construction->positions);
    interner_release(&construction->states);
    bytes_release(&construction->nodes);
    bytes_release(&construction->edges);
    bytes_release(&construction->text);
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

/* All ways out of a set that is at no place: edges for 0 to 255 without a gap. */
static bool find_ways(struct construction *construction, uint32_t set, struct policy_edge ways[256],
                      unsigned *count)
{
    struct glob_class changes;

    *count = 0;
    set_changes(&construction->positions, set, &changes);
    for (unsigned byte = 0; byte < 256; byte++) {
        uint32_t behind, target;

        if (!class_has(&changes, (uint8_t)byte)) {
            ways[*count - 1].last = (uint8_t)byte;
            continue;
        }
        if (!set_behind(&construction->positions, set, (uint8_t)byte, NOWHERE, &behind) ||
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
    uint32_t without;

    return set_without_end(&construction->positions, set, &without) &&
           find_node(construction, NOWHERE, without, number);
}

static bool fill_partial(struct construction *construction, const struct state *state,
                         struct policy_node *node)
{
    uint32_t child = place_at(&construction->positions, state->place)->child;

    node->kind = POLICY_NODE_PARTIAL;
    node->first = edge_count(construction);
    for (; child != NOWHERE; child = place_at(&construction->positions, child)->sibling) {
        const uint8_t byte = (uint8_t)place_at(&construction->positions, child)->byte;
        struct policy_edge edge = {0, byte, byte, 0};
        uint32_t behind;

        if (!set_behind(&construction->positions, state->set, byte, child, &behind) ||
            !find_node(construction, child, behind, &edge.target) || !add_edge(construction, &edge))
            return false;
    }
    node->count = (uint16_t)(edge_count(construction) - node->first);
    return true;
}

static bool has_one_child(struct construction *construction, uint32_t place)
{
    const uint32_t child = place_at(&construction->positions, place)->child;

    return child != NOWHERE && place_at(&construction->positions, child)->sibling == NOWHERE;
}

/* As long as the set stays the same, and there is one child, the places are one node. */
static bool fill_run(struct construction *construction, const struct state *state,
                     struct policy_node *node)
{
    uint32_t place = state->place, behind;

    node->kind = POLICY_NODE_RUN;
    node->first = (uint32_t)construction->text.size;
    do {
        place = place_at(&construction->positions, place)->child;
        const uint8_t byte = (uint8_t)place_at(&construction->positions, place)->byte;

        if (!set_behind(&construction->positions, state->set, byte, place, &behind))
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
    bool is_filled = set_outcome(&construction->positions, state.set, &node.set);

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

    return size > construction->limit || construction->positions.sets.content.size > SETS_MAX ||
           construction->positions.work > WORK_MAX;
}

bool construction_run(struct construction *construction)
{
    uint32_t set, start;

    if (construction->positions.pattern_count == 0)
        return true;
    if (!positions_close(&construction->positions) || !set_first(&construction->positions, &set) ||
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
    struct compilation *compilation = construction->positions.outcomes->compilation;

    written->start = 0;
    return add_items(compilation, part, construction->nodes.data,
                     construction->nodes.size / sizeof(struct policy_node),
                     sizeof(struct policy_node), &written->nodes) &&
           add_items(compilation, part, construction->edges.data, edge_count(construction),
                     sizeof(struct policy_edge), &written->edges) &&
           add_items(compilation, part, construction->text.data, construction->text.size, 1,
                     &written->text);
}
