#include "decide.h"

#include <asm/errno.h>

#include "calls.h"
#include "network.h"
#include "paths.h"

static const struct endorun_verdict allowed = {.action = ENDORUN_ACTION_ALLOW};
static const struct endorun_verdict denied = {.action = ENDORUN_ACTION_DENY, .error = EACCES};

static struct policy_part find_part(const struct endorun_policy_header *policy,
                                    enum endorun_policy_part index)
{
    const struct endorun_policy_span *span = &policy->parts[index];
    return (struct policy_part){(const uint8_t *)policy + span->offset, span->size};
}

static bool spans_check(const struct endorun_policy_header *policy)
{
    for (uint32_t i = 0; i < ENDORUN_PART_LIMIT; i++) {
        const struct endorun_policy_span *span = &policy->parts[i];
        if (span->offset % ENDORUN_POLICY_ALIGNMENT != 0 || span->offset > policy->size ||
            span->size > policy->size - span->offset) {
            return false;
        }
    }
    return true;
}

/* TEXT begins with the empty string and ends with a NUL, so each offset in it is a string's. */
static bool rules_check(const struct policy_part *rules, const struct policy_part *text)
{
    const struct endorun_policy_rule *items = (const void *)rules->bytes;
    if (rules->size < sizeof *items || rules->size % sizeof *items != 0 || text->size == 0 ||
        text->bytes[0] != 0 || text->bytes[text->size - 1] != 0) {
        return false;
    }
    for (uint32_t i = 0; i < rules->size / sizeof *items; i++) {
        if (items[i].file >= text->size || items[i].text >= text->size) {
            return false;
        }
    }
    return true;
}

bool policy_check(const void *image, size_t size)
{
    const struct endorun_policy_header *policy = image;
    if ((uintptr_t)image % ENDORUN_POLICY_ALIGNMENT != 0 || size < sizeof *policy ||
        policy->magic != ENDORUN_POLICY_MAGIC || policy->version != ENDORUN_POLICY_VERSION ||
        policy->size < sizeof *policy || policy->size > size ||
        policy->size > ENDORUN_POLICY_SIZE_MAX || !spans_check(policy)) {
        return false;
    }
    struct policy_part rules = find_part(policy, ENDORUN_PART_RULES);
    struct policy_part text = find_part(policy, ENDORUN_PART_TEXT);
    struct policy_part paths = find_part(policy, ENDORUN_PART_PATHS);
    struct policy_part network = find_part(policy, ENDORUN_PART_NETWORK);
    struct policy_part calls = find_part(policy, ENDORUN_PART_CALLS);
    uint32_t rule_count = rules.size / (uint32_t)sizeof(struct endorun_policy_rule);
    return rules_check(&rules, &text) &&
           (paths.size == 0 || paths_check(&paths, rule_count, text.size)) &&
           (network.size == 0 || network_check(&network, rule_count, text.size)) &&
           (calls.size == 0 || calls_check(&calls, rule_count, text.size));
}

struct endorun_verdict decide_path(const struct endorun_policy_header *policy,
                                   enum endorun_path_access access, const char *path, size_t length)
{
    struct policy_part part = find_part(policy, ENDORUN_PART_PATHS);
    if (part.size == 0) {
        return allowed;
    }
    if (length == 0 || path[0] != '/') {
        return denied;
    }
    return paths_decide(&part, access, path, length);
}

/* ::ffff:0:0/96, RFC 4291 */
static bool is_mapped(const struct endorun_peer *peer)
{
    return peer->kind == ENDORUN_PEER_IPV6 && peer->address[10] == 0xff &&
           peer->address[11] == 0xff;
}

/* To connect to no address is to connect to this machine: ip_route_output_key(), net/ipv4. */
static bool is_unspecified(const struct endorun_peer *peer)
{
    uint32_t size = peer->kind == ENDORUN_PEER_IPV4 ? 4 : 16, bits = 0;
    for (uint32_t i = 0; i < size; i++) {
        bits |= is_mapped(peer) && (i == 10 || i == 11) ? 0U : peer->address[i];
    }
    return peer->kind <= ENDORUN_PEER_IPV6 && bits == 0;
}

static void become_loopback(struct endorun_peer *peer)
{
    if (peer->kind == ENDORUN_PEER_IPV6 && !is_mapped(peer)) {
        peer->address[15] = 1;
        return;
    }
    peer->kind = ENDORUN_PEER_IPV4;
    peer->address[0] = 127;
    peer->address[1] = peer->address[2] = 0;
    peer->address[3] = 1;
}

struct endorun_verdict decide_peer(const struct endorun_policy_header *policy,
                                   enum endorun_network_access access,
                                   const struct endorun_peer *peer)
{
    struct policy_part part = find_part(policy, ENDORUN_PART_NETWORK);
    struct endorun_peer reached = *peer;
    if (access == ENDORUN_NETWORK_CONNECT && is_unspecified(peer)) {
        become_loopback(&reached);
    }
    return part.size == 0 ? allowed : network_decide(&part, access, &reached);
}

struct endorun_verdict decide_family(const struct endorun_policy_header *policy, int family)
{
    struct policy_part part = find_part(policy, ENDORUN_PART_NETWORK);
    return part.size == 0 ? allowed : network_decide_family(&part, family);
}

struct endorun_verdict decide_call(const struct endorun_policy_header *policy, uint32_t number,
                                   const uint64_t arguments[6])
{
    struct policy_part part = find_part(policy, ENDORUN_PART_CALLS);
    return part.size == 0 ? allowed : calls_decide(&part, number, arguments);
}

bool decide_call_is_free(const struct endorun_policy_header *policy, uint32_t number)
{
    struct policy_part part = find_part(policy, ENDORUN_PART_CALLS);
    return part.size == 0 || calls_are_free(&part, number);
}

bool decide_counts_looks(const struct endorun_policy_header *policy)
{
    struct policy_part part = find_part(policy, ENDORUN_PART_PATHS);
    return part.size != 0 && paths_count_looks(&part);
}

bool decide_hides_names(const struct endorun_policy_header *policy)
{
    struct policy_part part = find_part(policy, ENDORUN_PART_PATHS);
    return part.size != 0 && paths_hide_names(&part);
}

bool decide_is_settled(const struct endorun_policy_header *policy, const char *path, size_t length)
{
    struct policy_part part = find_part(policy, ENDORUN_PART_PATHS);
    return part.size == 0 || paths_are_settled(&part, path, length);
}

const char *policy_text(const struct endorun_policy_header *policy, uint32_t offset)
{
    return (const char *)find_part(policy, ENDORUN_PART_TEXT).bytes + offset;
}

const struct endorun_policy_rule *policy_rule(const struct endorun_policy_header *policy,
                                              uint32_t index)
{
    return (const struct endorun_policy_rule *)(const void *)find_part(policy, ENDORUN_PART_RULES)
               .bytes +
           index;
}
