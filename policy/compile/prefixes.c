#include "prefixes.h"

#include <stdlib.h>
#include <string.h>

#define PORT_LIMIT 65536U

/* Ports up to the next piece's are alike to all rules of a prefix. */
struct piece {
    uint32_t first;
    uint32_t skip; /* the next piece, from this on, of which nothing is said yet */
    struct outcome_set set;
};

struct prefix_table {
    struct outcome_table *outcomes;
    struct bytes prefixes; /* struct policy_prefix */
    struct bytes ports;    /* struct policy_ports */
    struct bytes intervals[POLICY_ADDRESS_LIMIT];
    /* The prefixes that the one in work lies in, from the outside; the first is that of no rule. */
    struct {
        struct policy_address last;
        uint32_t prefix;
    } around[POLICY_PREFIX_DEPTH + 1];
    unsigned depth;
};

static bool no_memory(const struct prefix_table *table)
{
    return fail_memory(table->outcomes->compilation);
}

static int compare_addresses(const struct policy_address *a, const struct policy_address *b)
{
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return (a->low > b->low) - (a->low < b->low);
}

/* Equal prefixes side by side, outer before inner; those of a prefix by descending strength. */
static int compare_rules(const void *left, const void *right)
{
    const struct address_rule *a = left;
    const struct address_rule *b = right;
    const int by_address = compare_addresses(&a->first, &b->first);

    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (by_address != 0)
        return by_address;
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    return (a->strength < b->strength) - (a->strength > b->strength);
}

static bool is_same_prefix(const struct address_rule *a, const struct address_rule *b)
{
    return a->family == b->family && a->prefix == b->prefix &&
           compare_addresses(&a->first, &b->first) == 0;
}

static struct policy_address last_address(const struct address_rule *rule)
{
    const unsigned bits = (rule->family == POLICY_IPV4 ? 32 : 128) - rule->prefix;
    struct policy_address last = rule->first;

    if (bits >= 64)
        last.low = UINT64_MAX;
    else
        last.low |= (1UL << bits) - 1;
    if (bits == 128)
        last.high = UINT64_MAX;
    else if (bits > 64)
        last.high |= (1UL << (bits - 64)) - 1;
    return last;
}

static int compare_ports(const void *left, const void *right)
{
    const struct piece *a = left;
    const struct piece *b = right;

    return (a->first > b->first) - (a->first < b->first);
}

/* The pieces into which port 0 and the ends of all ranges cut; one more is behind the last port. */
static unsigned cut_pieces(const struct outcome_table *outcomes, const struct address_rule *rules,
                           size_t count, struct piece *pieces)
{
    unsigned used = 1, kept = 1;

    pieces[0].first = 0;
    for (size_t i = 0; i < count; i++) {
        pieces[used++].first = rules[i].port_first;
        pieces[used++].first = rules[i].port_last + 1U;
    }
    pieces[used++].first = PORT_LIMIT;
    qsort(pieces, used, sizeof(pieces[0]), compare_ports);
    for (unsigned i = 1; i < used; i++)
        if (pieces[i].first != pieces[kept - 1].first)
            pieces[kept++].first = pieces[i].first;
    for (unsigned i = 0; i < kept; i++)
        pieces[i].set = outcomes_none(outcomes);
    return kept;
}

/* The first piece, from `index` on, of which nothing is said. */
static unsigned find_unsaid(struct piece *pieces, unsigned index)
{
    while (pieces[index].skip != index) {
        pieces[index].skip = pieces[pieces[index].skip].skip;
        index = pieces[index].skip;
    }
    return index;
}

static unsigned find_piece(const struct piece *pieces, unsigned count, uint32_t port)
{
    unsigned low = 0, high = count;

    while (high - low > 1) {
        const unsigned middle = low + (high - low) / 2;

        if (pieces[middle].first > port)
            high = middle;
        else
            low = middle;
    }
    return low;
}

/* The strongest rule comes first, so what is said once stays. The last piece is none. */
static void fill_pieces(const struct outcome_table *outcomes, const struct address_rule *rules,
                        size_t count, struct piece *pieces, unsigned piece_count, uint32_t access)
{
    const uint32_t unsaid = outcomes_none(outcomes).indices[access];

    for (unsigned i = 0; i < piece_count; i++)
        pieces[i].skip = i;
    for (size_t i = 0; i < count; i++) {
        unsigned at = find_piece(pieces, piece_count, rules[i].port_first);

        if (rules[i].says.indices[access] == unsaid)
            continue;
        for (at = find_unsaid(pieces, at); pieces[at].first <= rules[i].port_last;
             at = find_unsaid(pieces, at)) {
            pieces[at].set.indices[access] = rules[i].says.indices[access];
            pieces[at].skip = at + 1;
        }
    }
}

static bool add_ports(struct prefix_table *table, const struct piece *pieces, unsigned count,
                      uint32_t *added)
{
    struct policy_ports ports, last = {0, 0};

    *added = 0;
    for (unsigned i = 0; i + 1 < count; i++) {
        ports.first = pieces[i].first;
        if (!outcomes_intern(table->outcomes, &pieces[i].set, &ports.set))
            return false;
        if (i > 0 && ports.set == last.set)
            continue;
        if (!bytes_append(&table->ports, &ports, sizeof(ports)))
            return no_memory(table);
        last = ports;
        (*added)++;
    }
    return true;
}

/* `count` rules of one prefix, which lies in the innermost of `around`; none: that of no rule. */
static bool add_prefix(struct prefix_table *table, const struct address_rule *rules, size_t count)
{
    struct policy_prefix prefix = {
        .parent = table->depth == 0 ? 0 : table->around[table->depth - 1].prefix,
        .first = (uint32_t)(table->ports.size / sizeof(struct policy_ports))};
    struct piece *pieces = calloc(2 * count + 2, sizeof(pieces[0]));
    unsigned piece_count;
    bool is_added;

    if (pieces == NULL)
        return no_memory(table);
    piece_count = cut_pieces(table->outcomes, rules, count, pieces);
    for (uint32_t access = 0; access < ENDORUN_NETWORK_ACCESS_LIMIT; access++)
        fill_pieces(table->outcomes, rules, count, pieces, piece_count, access);
    is_added = add_ports(table, pieces, piece_count, &prefix.count) &&
               (bytes_append(&table->prefixes, &prefix, sizeof(prefix)) || no_memory(table));
    free(pieces);
    return is_added;
}

/* From `start` on; of several that begin there, the last counts. */
static bool add_interval(struct prefix_table *table, enum policy_address_family family,
                         const struct policy_address *start, uint32_t prefix)
{
    struct bytes *intervals = &table->intervals[family];
    const struct policy_interval interval = {*start, prefix, 0};

    if (intervals->size > 0) {
        const struct policy_interval *before =
            (const void *)(intervals->data + intervals->size - sizeof(interval));

        if (compare_addresses(&before->start, start) == 0)
            intervals->size -= sizeof(interval);
    }
    return bytes_append(intervals, &interval, sizeof(interval)) || no_memory(table);
}

/* Leaves the prefixes that end before `next`, which is NULL at the end of the family. */
static bool leave_prefixes(struct prefix_table *table, enum policy_address_family family,
                           const struct policy_address *next)
{
    while (table->depth > 1) {
        struct policy_address behind = table->around[table->depth - 1].last;

        if (next != NULL && compare_addresses(&behind, next) >= 0)
            break;
        table->depth--;
        if (++behind.low == 0 && ++behind.high == 0)
            continue; /* nothing is behind the last address */
        if (!add_interval(table, family, &behind, table->around[table->depth - 1].prefix))
            return false;
    }
    return true;
}

static bool enter_prefix(struct prefix_table *table, const struct address_rule *rules, size_t count)
{
    const uint32_t number = (uint32_t)(table->prefixes.size / sizeof(struct policy_prefix));

    if (!leave_prefixes(table, rules->family, &rules->first) || !add_prefix(table, rules, count) ||
        !add_interval(table, rules->family, &rules->first, number))
        return false;
    table->around[table->depth].last = last_address(rules);
    table->around[table->depth++].prefix = number;
    return true;
}

static bool add_family(struct prefix_table *table, const struct address_rule *rules, size_t count)
{
    const struct policy_address lowest = {0, 0};

    if (!add_interval(table, rules->family, &lowest, 0))
        return false;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && is_same_prefix(&rules[i], &rules[end]);)
            end++;
        if (!enter_prefix(table, &rules[i], end - i))
            return false;
    }
    return leave_prefixes(table, rules->family, NULL);
}

static bool add_families(struct prefix_table *table, const struct address_rule *rules, size_t count)
{
    size_t of_ipv4 = 0;

    if (!add_prefix(table, rules, 0))
        return false;
    table->around[table->depth++].prefix = 0;
    while (of_ipv4 < count && rules[of_ipv4].family == POLICY_IPV4)
        of_ipv4++;
    return (of_ipv4 == 0 || add_family(table, rules, of_ipv4)) &&
           (of_ipv4 == count || add_family(table, rules + of_ipv4, count - of_ipv4));
}

static bool write_table(const struct prefix_table *table, struct bytes *part,
                        struct policy_network *network)
{
    struct compilation *compilation = table->outcomes->compilation;

    for (unsigned i = 0; i < POLICY_ADDRESS_LIMIT; i++)
        if (!add_items(compilation, part, table->intervals[i].data,
                       table->intervals[i].size / sizeof(struct policy_interval),
                       sizeof(struct policy_interval), &network->intervals[i]))
            return false;
    return add_items(compilation, part, table->prefixes.data,
                     table->prefixes.size / sizeof(struct policy_prefix),
                     sizeof(struct policy_prefix), &network->prefixes) &&
           add_items(compilation, part, table->ports.data,
                     table->ports.size / sizeof(struct policy_ports), sizeof(struct policy_ports),
                     &network->ports);
}

bool prefixes_write(struct outcome_table *outcomes, struct address_rule *rules, size_t count,
                    struct bytes *part, struct policy_network *network)
{
    struct prefix_table table = {.outcomes = outcomes};
    bool is_written;

    qsort(rules, count, sizeof(rules[0]), compare_rules);
    is_written = add_families(&table, rules, count) && write_table(&table, part, network);
    for (unsigned i = 0; i < POLICY_ADDRESS_LIMIT; i++)
        bytes_release(&table.intervals[i]);
    bytes_release(&table.prefixes);
    bytes_release(&table.ports);
    return is_written;
}
