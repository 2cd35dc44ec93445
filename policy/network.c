#include "network.h"

#include <asm/errno.h>

#define FAMILY_BITS 64

static bool prefixes_check(const struct policy_part *part, const struct policy_network *network)
{
    if (!array_check(part, &network->prefixes, sizeof(struct policy_prefix)) ||
        !array_check(part, &network->ports, sizeof(struct policy_ports))) {
        return false;
    }
    const struct policy_prefix *prefixes = array_items(part, &network->prefixes);
    const struct policy_ports *ports = array_items(part, &network->ports);
    for (uint32_t i = 0; i < network->prefixes.count; i++) {
        const struct policy_prefix *prefix = &prefixes[i];
        if ((i > 0 && prefix->parent >= i) || prefix->first > network->ports.count ||
            prefix->count > network->ports.count - prefix->first || prefix->count == 0 ||
            ports[prefix->first].first != 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < network->ports.count; i++) {
        if (ports[i].set >= network->outcomes.sets.count) {
            return false;
        }
    }
    return true;
}

static bool intervals_check(const struct policy_part *part, const struct policy_array *array,
                            uint32_t prefixes)
{
    if (!array_check(part, array, sizeof(struct policy_interval))) {
        return false;
    }
    const struct policy_interval *intervals = array_items(part, array);
    for (uint32_t i = 0; i < array->count; i++) {
        if (intervals[i].prefix >= prefixes) {
            return false;
        }
    }
    return array->count == 0 || (intervals[0].start.high == 0 && intervals[0].start.low == 0);
}

bool network_check(const struct policy_part *part, uint32_t rules, uint32_t text_size)
{
    const struct policy_network *network = (const void *)part->bytes;
    if (part->size < sizeof *network || !verdict_check(&network->refused, rules, text_size) ||
        network->refused.action != ENDORUN_ACTION_DENY ||
        !outcomes_check(part, &network->outcomes, ENDORUN_NETWORK_ACCESS_LIMIT, rules, text_size) ||
        !prefixes_check(part, network)) {
        return false;
    }
    for (uint32_t i = 0; i < POLICY_ADDRESS_LIMIT; i++) {
        if (!intervals_check(part, &network->intervals[i], network->prefixes.count)) {
            return false;
        }
    }
    return automata_check(part, &network->outcomes, network->paths) &&
           automata_check(part, &network->outcomes, network->names);
}

static uint64_t big_endian(const uint8_t *bytes, uint32_t count)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* IPv4 in IPv6 (::ffff:a.b.c.d) is what the kernel connects to by IPv4. */
static enum policy_address_family address_of(const struct endorun_peer *peer,
                                             struct policy_address *address)
{
    *address = (struct policy_address){0, big_endian(peer->address, 4)};
    if (peer->kind == ENDORUN_PEER_IPV4) {
        return POLICY_IPV4;
    }
    uint64_t high = big_endian(peer->address, 8), low = big_endian(peer->address + 8, 8);
    if (high == 0 && low >> 32 == 0xffff) {
        *address = (struct policy_address){0, (uint32_t)low};
        return POLICY_IPV4;
    }
    *address = (struct policy_address){high, low};
    return POLICY_IPV6;
}

static bool begins_behind(const struct policy_interval *interval,
                          const struct policy_address *address)
{
    return interval->start.high > address->high ||
           (interval->start.high == address->high && interval->start.low > address->low);
}

/* The last that begins at the address or before it; the first does, whatever the address. */
static uint32_t find_prefix(const struct policy_interval *intervals, uint32_t count,
                            const struct policy_address *address)
{
    uint32_t low = 0, high = count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (begins_behind(&intervals[middle], address)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return intervals[low].prefix;
}

static uint32_t find_set(const struct policy_ports *ports, uint32_t count, uint16_t port)
{
    uint32_t low = 0, high = count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (ports[middle].first > port) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return ports[low].set;
}

static const struct policy_outcome *decide_address(const struct policy_part *part,
                                                   enum endorun_network_access access,
                                                   const struct endorun_peer *peer)
{
    const struct policy_network *network = (const void *)part->bytes;
    const struct policy_prefix *prefixes = array_items(part, &network->prefixes);
    const struct policy_ports *ports = array_items(part, &network->ports);
    const struct policy_outcome *outcome = outcome_of(part, &network->outcomes, 0, access);
    struct policy_address address;
    const struct policy_array *intervals = &network->intervals[address_of(peer, &address)];
    if (intervals->count == 0) {
        return outcome;
    }
    uint32_t at = find_prefix(array_items(part, intervals), intervals->count, &address);
    for (uint32_t depth = 0; at != 0 && depth < POLICY_PREFIX_DEPTH; depth++) {
        const struct policy_prefix *prefix = &prefixes[at];
        uint32_t set = find_set(ports + prefix->first, prefix->count, peer->port);
        outcome = stronger(outcome, outcome_of(part, &network->outcomes, set, access));
        at = prefix->parent;
    }
    return outcome;
}

struct endorun_verdict network_decide(const struct policy_part *part,
                                      enum endorun_network_access access,
                                      const struct endorun_peer *peer)
{
    const struct policy_network *network = (const void *)part->bytes;
    switch (peer->kind) {
    case ENDORUN_PEER_IPV4:
    case ENDORUN_PEER_IPV6:
        return decide_address(part, access, peer)->verdict;
    case ENDORUN_PEER_ABSTRACT:
        return automata_decide(part, &network->outcomes, network->names, access, peer->name,
                               peer->length)
            ->verdict;
    case ENDORUN_PEER_PATH:
        return automata_decide(part, &network->outcomes, network->paths, access, peer->name,
                               peer->length)
            ->verdict;
    default:
        return (struct endorun_verdict){.action = ENDORUN_ACTION_DENY, .error = EAFNOSUPPORT};
    }
}

struct endorun_verdict network_decide_family(const struct policy_part *part, int family)
{
    const struct policy_network *network = (const void *)part->bytes;
    bool is_allowed = network->families == UINT64_MAX ||
                      (family >= 0 && family < FAMILY_BITS && network->families >> family & 1);
    return is_allowed ? (struct endorun_verdict){.action = ENDORUN_ACTION_ALLOW} : network->refused;
}
