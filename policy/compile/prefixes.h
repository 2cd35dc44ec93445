/* Rules for addresses: which prefix lies in which, and what is said of the ports of each. */
#ifndef ENDORUN_POLICY_PREFIXES_H
#define ENDORUN_POLICY_PREFIXES_H

#include "../network.h"
#include "outcomes.h"

struct address_rule {
    enum policy_address_family family;
    struct policy_address first; /* the lowest of the prefix */
    unsigned prefix;             /* 0 to 32, 0 to 128 */
    uint16_t port_first, port_last;
    struct outcome_set says;
    uint32_t strength; /* of what it says */
};

/* Sorts the rules, and appends to the part what struct policy_network has of addresses. */
bool prefixes_write(struct outcome_table *outcomes, struct address_rule *rules, size_t count,
                    struct bytes *part, struct policy_network *network);

#endif
