/* The part NETWORK: the rules of [network]. */
#ifndef ENDORUN_POLICY_NETWORK_H
#define ENDORUN_POLICY_NETWORK_H

#include "paths.h"

/* An address, IPv4 too, as a number of 128 bits. */
struct policy_address {
    uint64_t high, low;
};

/* From `start` on, up to the next interval's: the longest prefix in which all of it lies. */
struct policy_interval {
    struct policy_address start;
    uint32_t prefix; /* index in `prefixes` */
    uint32_t unused;
};

/* The rules of one prefix. Index 0: the addresses that no rule names. */
struct policy_prefix {
    uint32_t parent; /* the next shorter one around it; less than its own index */
    uint32_t first;  /* of its ports, which begin with port 0 */
    uint32_t count;  /* 1 at least */
};

/* Up to the next one's. */
struct policy_ports {
    uint32_t first;
    uint32_t set;
};

/* Prefixes that lie in one another: at most one for each length. */
#define POLICY_PREFIX_DEPTH 129U

enum policy_address_family { POLICY_IPV4, POLICY_IPV6, POLICY_ADDRESS_LIMIT };

/* How the part begins. The accesses are those of enum endorun_network_access. */
struct policy_network {
    uint64_t families; /* bit AF_*: sockets of it may be made; all: any, also those beyond bit 63 */
    struct endorun_verdict refused; /* for the other families */
    uint32_t unused;
    struct policy_outcomes outcomes;
    struct policy_array intervals[POLICY_ADDRESS_LIMIT]; /* ascending; none: no rule names any */
    struct policy_array prefixes;
    struct policy_array ports;
    struct policy_automaton paths[POLICY_AUTOMATON_LIMIT];
    struct policy_automaton names[POLICY_AUTOMATON_LIMIT]; /* abstract ones */
};

bool network_check(const struct policy_part *part, uint32_t rules, uint32_t text_size);
struct endorun_verdict network_decide(const struct policy_part *part,
                                      enum endorun_network_access access,
                                      const struct endorun_peer *peer);
struct endorun_verdict network_decide_family(const struct policy_part *part, int family);

#endif
