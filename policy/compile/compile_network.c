/* The part NETWORK. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_set.h"
#include "prefixes.h"

static const struct {
    const char *key;
    enum outcome_class class;
    uint8_t action; /* enum endorun_action */
    uint16_t error;
} kinds[] = {
    [POLICY_NETWORK_CONNECT] = {"network.connect", OUTCOME_ALLOW, ENDORUN_ACTION_ALLOW, 0},
    [POLICY_NETWORK_BIND] = {"network.bind", OUTCOME_ALLOW, ENDORUN_ACTION_ALLOW, 0},
    [POLICY_NETWORK_DENY] = {"network.deny", OUTCOME_DENY, ENDORUN_ACTION_DENY, EACCES},
};

struct network_parts {
    struct compilation *compilation;
    struct outcome_table outcomes;
    struct pattern_set paths, names;
    struct address_rule *addresses;
    struct ranked *ranked;
    size_t address_count;
    struct policy_network written;
};

static bool speaks_of(enum policy_network_kind kind, enum endorun_network_access access)
{
    return kind == POLICY_NETWORK_DENY ||
           (kind == POLICY_NETWORK_CONNECT) == (access == ENDORUN_NETWORK_CONNECT);
}

static uint64_t big_endian(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* What lies in ::ffff:0:0/96 is IPv4, as peers that have such an address are decided on as IPv4. */
static struct address_rule read_address(const struct policy_network_rule *rule)
{
    struct address_rule address = {.family = POLICY_IPV4,
                                   .prefix = rule->prefix,
                                   .port_first = rule->port_first,
                                   .port_last = rule->port_last};

    if (!rule->is_ipv6) {
        address.first.low = big_endian(rule->address, 4);
        return address;
    }
    address.first.high = big_endian(rule->address, 8);
    address.first.low = big_endian(rule->address + 8, 8);
    if (rule->prefix >= 96 && address.first.high == 0 && address.first.low >> 32 == 0xffff) {
        address.first.low = (uint32_t)address.first.low;
        address.prefix -= 96;
    } else {
        address.family = POLICY_IPV6;
    }
    return address;
}

static bool check_address(struct compilation *compilation, const struct policy_network_rule *rule)
{
    if (rule->prefix > (rule->is_ipv6 ? 128U : 32U))
        return fail_at(compilation, &rule->origin, "\"%s\": no address has %u bits", rule->written,
                       rule->prefix);
    if (rule->port_first > rule->port_last)
        return fail_at(compilation, &rule->origin, "\"%s\": ports end before they begin",
                       rule->written);
    return true;
}

/* The prefix that counts is the one that is written; of equal ones the fewer ports decide. */
static bool add_address(struct network_parts *parts, const struct policy_network_rule *rule,
                        const struct outcome_set *says, struct ranked *ranked)
{
    struct address_rule *address = &parts->addresses[parts->address_count++];

    if (!check_address(parts->compilation, rule))
        return false;
    *address = read_address(rule);
    address->says = *says;
    address->strength = ranked->outcome; /* until the strengths are known */
    ranked->weight = address->prefix;
    ranked->tie = (uint32_t)rule->port_last - rule->port_first;
    return true;
}

static bool add_pattern(struct pattern_set *set, const struct policy_network_rule *rule,
                        const struct outcome_set *says, struct ranked *ranked)
{
    if (!pattern_set_add(set, rule->pattern, rule->written, &rule->origin, says))
        return false;
    ranked->weight = set->glob.weight;
    return true;
}

static bool add_peer(struct network_parts *parts, const struct policy_network_rule *rule,
                     struct ranked *ranked)
{
    struct endorun_verdict verdict = {.action = kinds[rule->kind].action,
                                      .error = kinds[rule->kind].error};
    struct outcome_set says = outcomes_none(&parts->outcomes);

    if (!add_rule(parts->compilation, &rule->origin, kinds[rule->kind].key, rule->written,
                  &verdict.rule) ||
        !outcomes_add(&parts->outcomes, &verdict, &ranked->outcome))
        return false;
    ranked->class = kinds[rule->kind].class;
    for (unsigned access = 0; access < ENDORUN_NETWORK_ACCESS_LIMIT; access++)
        if (speaks_of(rule->kind, access))
            says.indices[access] = ranked->outcome;
    switch (rule->peer) {
    case POLICY_PEER_PATH:
        return add_pattern(&parts->paths, rule, &says, ranked);
    case POLICY_PEER_ABSTRACT:
        return add_pattern(&parts->names, rule, &says, ranked);
    default:
        return add_address(parts, rule, &says, ranked);
    }
}

static bool add_peers(struct network_parts *parts)
{
    const struct policy_model *model = parts->compilation->model;
    const struct policy_outcome *outcomes;

    for (size_t i = 0; i < model->peer_count; i++) {
        parts->ranked[i].order = (uint32_t)i;
        if (!add_peer(parts, &model->peers[i], &parts->ranked[i]))
            return false;
    }
    outcomes_rank(&parts->outcomes, parts->ranked, model->peer_count);
    outcomes = (const void *)parts->outcomes.outcomes.data;
    for (size_t i = 0; i < parts->address_count; i++)
        parts->addresses[i].strength = outcomes[parts->addresses[i].strength].strength;
    return true;
}

static bool add_families(struct network_parts *parts)
{
    const struct policy_model *model = parts->compilation->model;
    struct endorun_verdict *refused = &parts->written.refused;

    *refused = (struct endorun_verdict){.action = ENDORUN_ACTION_DENY, .error = EAFNOSUPPORT};
    parts->written.families = model->families;
    return model->families == UINT64_MAX ||
           add_rule(parts->compilation, &model->families_origin, "network.families",
                    "others are refused", &refused->rule);
}

static bool start(struct network_parts *parts)
{
    const struct policy_model *model = parts->compilation->model;
    struct endorun_verdict fallback;
    bool is_started;

    if (!add_default(parts->compilation, &model->network, "network.default", EACCES, &fallback))
        return false;
    const struct endorun_verdict defaults[ENDORUN_NETWORK_ACCESS_LIMIT] = {fallback, fallback};

    is_started = outcomes_start(&parts->outcomes, parts->compilation, defaults,
                                ENDORUN_NETWORK_ACCESS_LIMIT);
    is_started =
        pattern_set_start(&parts->paths, &parts->outcomes, glob_read_path, "network") && is_started;
    is_started =
        pattern_set_start(&parts->names, &parts->outcomes, glob_read_name, "network") && is_started;
    parts->addresses = calloc(model->peer_count + 1, sizeof(parts->addresses[0]));
    parts->ranked = calloc(model->peer_count + 1, sizeof(parts->ranked[0]));
    if (parts->addresses == NULL || parts->ranked == NULL)
        return fail_memory(parts->compilation);
    return is_started;
}

static bool write_network(struct network_parts *parts, struct bytes *part)
{
    struct policy_network *written = &parts->written;

    if (!bytes_append(part, written, sizeof(*written)))
        return fail_memory(parts->compilation);
    if (!prefixes_write(&parts->outcomes, parts->addresses, parts->address_count, part, written) ||
        !pattern_set_write(&parts->paths, part, written->paths) ||
        !pattern_set_write(&parts->names, part, written->names) ||
        !outcomes_write(&parts->outcomes, part, &written->outcomes))
        return false;
    memcpy(part->data, written, sizeof(*written));
    return true;
}

bool compile_network(struct compilation *compilation, struct bytes *part)
{
    struct network_parts parts = {.compilation = compilation};
    const struct policy_model *model = compilation->model;
    bool is_made;

    if (!model->network.is_written && model->families == UINT64_MAX)
        return true;
    is_made =
        start(&parts) && add_peers(&parts) && add_families(&parts) && write_network(&parts, part);
    pattern_set_release(&parts.paths);
    pattern_set_release(&parts.names);
    outcomes_release(&parts.outcomes);
    free(parts.addresses);
    free(parts.ranked);
    return is_made;
}
