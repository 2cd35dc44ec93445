#include "automaton.h"

#define ERRNO_MAX 4095U

bool array_check(const struct policy_part *part, const struct policy_array *array, size_t item_size)
{
    return array->offset % ENDORUN_POLICY_ALIGNMENT == 0 && array->offset <= part->size &&
           array->count <= (part->size - array->offset) / item_size;
}

bool verdict_check(const struct endorun_verdict *verdict, uint32_t rules, uint32_t text_size)
{
    bool has_error = verdict->error != 0;
    return verdict->action <= ENDORUN_ACTION_REDIRECT && verdict->error <= ERRNO_MAX &&
           has_error == (verdict->action == ENDORUN_ACTION_DENY) && verdict->rule < rules &&
           verdict->target < text_size;
}

bool outcomes_check(const struct policy_part *part, const struct policy_outcomes *outcomes,
                    uint32_t accesses, uint32_t rules, uint32_t text_size)
{
    if (outcomes->accesses != accesses || outcomes->sets.count == 0 ||
        !array_check(part, &outcomes->outcomes, sizeof(struct policy_outcome)) ||
        !array_check(part, &outcomes->sets, accesses * sizeof(uint32_t))) {
        return false;
    }
    const struct policy_outcome *items = array_items(part, &outcomes->outcomes);
    for (uint32_t i = 0; i < outcomes->outcomes.count; i++) {
        if (!verdict_check(&items[i].verdict, rules, text_size)) {
            return false;
        }
    }
    const uint32_t *indices = array_items(part, &outcomes->sets);
    for (uint64_t i = 0; i < (uint64_t)outcomes->sets.count * accesses; i++) {
        if (indices[i] >= outcomes->outcomes.count) {
            return false;
        }
    }
    return true;
}

static bool node_check(const struct policy_node *nodes, uint32_t index,
                       const struct policy_automaton *automaton, uint32_t sets)
{
    const struct policy_node *node = &nodes[index];
    uint32_t count = automaton->nodes.count;
    uint32_t room = node->kind == POLICY_NODE_RUN ? automaton->text.count : automaton->edges.count;
    if (node->set >= sets || node->otherwise >= count || node->first > room ||
        node->count > room - node->first) {
        return false;
    }
    switch (node->kind) {
    case POLICY_NODE_BRANCH:
        return true;
    case POLICY_NODE_PARTIAL:
        return nodes[node->otherwise].kind == POLICY_NODE_BRANCH;
    case POLICY_NODE_RUN:
        return nodes[node->otherwise].kind == POLICY_NODE_BRANCH && node->next < count &&
               node->count > 0;
    default:
        return false;
    }
}

bool automaton_check(const struct policy_part *part, const struct policy_automaton *automaton,
                     uint32_t sets)
{
    if (!array_check(part, &automaton->nodes, sizeof(struct policy_node)) ||
        !array_check(part, &automaton->edges, sizeof(struct policy_edge)) ||
        !array_check(part, &automaton->text, 1)) {
        return false;
    }
    if (automaton->nodes.count == 0) {
        return true;
    }
    const struct policy_node *nodes = array_items(part, &automaton->nodes);
    const struct policy_edge *edges = array_items(part, &automaton->edges);
    for (uint32_t i = 0; i < automaton->nodes.count; i++) {
        if (!node_check(nodes, i, automaton, sets)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < automaton->edges.count; i++) {
        if (edges[i].target >= automaton->nodes.count) {
            return false;
        }
    }
    return automaton->start < automaton->nodes.count;
}

/* The edges of a node that is no run. */
static const struct policy_edge *find_edge(const struct policy_edge *edges,
                                           const struct policy_node *node, uint8_t byte)
{
    uint32_t low = node->first, high = node->first + node->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (byte < edges[middle].first) {
            high = middle;
        } else if (byte > edges[middle].last) {
            low = middle + 1;
        } else {
            return &edges[middle];
        }
    }
    return 0;
}

static uint32_t leave_branch(const struct policy_edge *edges, const struct policy_node *branch,
                             uint8_t byte)
{
    const struct policy_edge *edge = find_edge(edges, branch, byte);
    return edge != 0 ? edge->target : branch->otherwise;
}

static size_t common_length(const uint8_t *text, const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && text[i] == (uint8_t)bytes[i]) {
        i++;
    }
    return i;
}

/* A node that nothing leads away from: what follows does not matter. */
static bool is_end(const struct policy_node *nodes, uint32_t at)
{
    return nodes[at].kind == POLICY_NODE_BRANCH && nodes[at].count == 0 &&
           nodes[at].otherwise == at;
}

/* The node that the bytes lead to, or lead into. There is one at least. */
static uint32_t run(const struct policy_part *part, const struct policy_automaton *automaton,
                    const char *bytes, size_t length)
{
    const struct policy_node *nodes = array_items(part, &automaton->nodes);
    const struct policy_edge *edges = array_items(part, &automaton->edges);
    const uint8_t *text = array_items(part, &automaton->text);
    uint32_t at = automaton->start;
    for (size_t i = 0; i < length;) {
        const struct policy_node *node = &nodes[at];
        if (node->kind == POLICY_NODE_BRANCH) {
            if (is_end(nodes, at)) {
                return at;
            }
            at = leave_branch(edges, node, (uint8_t)bytes[i++]);
            continue;
        }
        if (node->kind == POLICY_NODE_RUN) {
            size_t rest = length - i < node->count ? length - i : node->count;
            size_t same = common_length(text + node->first, bytes + i, rest);
            i += same;
            if (same == node->count) {
                at = node->next;
                continue;
            }
            if (i == length) {
                return at;
            }
        } else {
            const struct policy_edge *edge = find_edge(edges, node, (uint8_t)bytes[i]);
            if (edge != 0) {
                at = edge->target;
                i++;
                continue;
            }
        }
        at = leave_branch(edges, &nodes[node->otherwise], (uint8_t)bytes[i++]);
    }
    return at;
}

uint32_t automaton_run(const struct policy_part *part, const struct policy_automaton *automaton,
                       const char *bytes, size_t length)
{
    const struct policy_node *nodes = array_items(part, &automaton->nodes);
    return automaton->nodes.count == 0 ? 0 : nodes[run(part, automaton, bytes, length)].set;
}

bool automaton_settles(const struct policy_part *part, const struct policy_automaton *automaton,
                       const char *bytes, size_t length)
{
    const struct policy_node *nodes = array_items(part, &automaton->nodes);
    return automaton->nodes.count == 0 || is_end(nodes, run(part, automaton, bytes, length));
}

const struct policy_outcome *outcome_of(const struct policy_part *part,
                                        const struct policy_outcomes *outcomes, uint32_t set,
                                        uint32_t access)
{
    const struct policy_outcome *items = array_items(part, &outcomes->outcomes);
    const uint32_t *sets = array_items(part, &outcomes->sets);
    return &items[sets[(size_t)set * outcomes->accesses + access]];
}
