#include "policy_reference.h"

#include <errno.h>
#include <string.h>

#define NAME_MAX_BYTES 256

/* -- Patterns --------------------------------------------------------------------------------- */

static bool is_in_bracket(const char **pattern, char byte)
{
    const char *at = *pattern + 1;
    bool negated = *at == '!' || *at == '^', found = false;
    at += negated;
    for (bool first = true; first || *at != ']'; first = false) {
        at += *at == '\\';
        unsigned char from = (unsigned char)*at++, to = from;
        if (at[0] == '-' && at[1] != ']') {
            at++;
            at += *at == '\\';
            to = (unsigned char)*at++;
        }
        found = found || ((unsigned char)byte >= from && (unsigned char)byte <= to);
    }
    *pattern = at + 1;
    return byte != '/' && found != negated;
}

/* `*` stands for any bytes; in names of paths neither has a '/' in it. */
static bool name_matches(const char *pattern, const char *name, const char *name_end,
                         bool has_brackets)
{
    if (*pattern == 0) {
        return name == name_end;
    }
    if (*pattern == '*') {
        return name_matches(pattern + 1, name, name_end, has_brackets) ||
               (name < name_end && name_matches(pattern, name + 1, name_end, has_brackets));
    }
    if (name == name_end) {
        return false;
    }
    if (*pattern == '?') {
        return name_matches(pattern + 1, name + 1, name_end, has_brackets);
    }
    if (*pattern == '[' && has_brackets) {
        return is_in_bracket(&pattern, *name) &&
               name_matches(pattern, name + 1, name_end, has_brackets);
    }
    pattern += *pattern == '\\';
    return *pattern == *name && name_matches(pattern + 1, name + 1, name_end, has_brackets);
}

static const char *element_end(const char *element)
{
    return strchrnul(element, '/');
}

/* Both are empty, or begin with '/'. */
static bool elements_match(const char *pattern, const char *path)
{
    char element[NAME_MAX_BYTES];
    if (*pattern == 0) {
        return *path == 0;
    }
    const char *pattern_rest = element_end(pattern + 1);
    size_t length = (size_t)(pattern_rest - pattern - 1);
    memcpy(element, pattern + 1, length);
    element[length] = 0;
    if (strcmp(element, "**") == 0 && elements_match(pattern_rest, path)) {
        return true;
    }
    if (*path == 0) {
        return false;
    }
    const char *path_rest = element_end(path + 1);
    if (strcmp(element, "**") == 0) {
        return elements_match(pattern, path_rest);
    }
    return name_matches(element, path + 1, path_rest, true) &&
           elements_match(pattern_rest, path_rest);
}

static const char *without_root(const char *path)
{
    return strcmp(path, "/") == 0 ? "" : path;
}

bool reference_matches(const char *pattern, const char *path)
{
    return elements_match(without_root(pattern), without_root(path));
}

/* Whether nothing but `**` elements is left. */
static bool is_folder_end(const char *at)
{
    while (strncmp(at, "**", 2) == 0 && at[2] == '/') {
        at += 3;
    }
    return strcmp(at, "**") == 0;
}

/*
 * The bytes before the first wildcard, without the '/' before a `**` at the end; one more than all
 * where there is none.
 */
static unsigned literal_prefix(const char *pattern, bool is_path)
{
    const char *wildcards = is_path ? "*?[" : "*?";
    unsigned length = 0;
    for (const char *at = pattern; *at != 0; at++, length++) {
        if (strchr(wildcards, *at) != 0) {
            bool is_folder = is_path && at[-1] == '/' && is_folder_end(at);
            return is_folder ? length - 1 : length;
        }
        at += *at == '\\';
    }
    return length + 1;
}

/* -- Paths ------------------------------------------------------------------------------------ */

static struct reference_verdict fall_back(const struct policy_section *section, int error)
{
    if (!section->is_written) {
        return (struct reference_verdict){.action = ENDORUN_ACTION_ALLOW};
    }
    bool denies = section->fallback == POLICY_DEFAULT_DENY;
    return (struct reference_verdict){.action = denies ? ENDORUN_ACTION_DENY : ENDORUN_ACTION_ALLOW,
                                      .error = denies ? error : 0,
                                      .line = section->origin.line};
}

static bool is_kind(const struct policy_path_rule *rule, unsigned kinds)
{
    return (1U << rule->kind & kinds) != 0;
}

/* Of the rules of these kinds that match, the one with the longest literal prefix. */
static const struct policy_path_rule *longest(const struct policy_model *model, const char *path,
                                              unsigned kinds)
{
    const struct policy_path_rule *best = 0;
    for (size_t i = 0; i < model->path_count; i++) {
        const struct policy_path_rule *rule = &model->paths[i];
        if (!is_kind(rule, kinds) || !reference_matches(rule->pattern, path)) {
            continue;
        }
        unsigned length = literal_prefix(rule->pattern, true);
        unsigned most = best == 0 ? 0 : literal_prefix(best->pattern, true);
        if (best == 0 || length > most ||
            (length == most && rule->kind == POLICY_PATH_HIDE && best->kind == POLICY_PATH_DENY)) {
            best = rule;
        }
    }
    return best;
}

struct reference_verdict reference_path(const struct policy_model *model,
                                        enum endorun_path_access access, const char *path)
{
    static const unsigned lists[] = {
        [ENDORUN_PATH_READ] = 1U << POLICY_PATH_READ,
        [ENDORUN_PATH_WRITE] = 1U << POLICY_PATH_WRITE,
        [ENDORUN_PATH_EXEC] = 1U << POLICY_PATH_EXEC,
        [ENDORUN_PATH_LOOK] = 0,
    };
    if (!model->filesystem.is_written) {
        return (struct reference_verdict){.action = ENDORUN_ACTION_ALLOW};
    }
    const struct policy_path_rule *rule =
        longest(model, path, 1U << POLICY_PATH_DENY | 1U << POLICY_PATH_HIDE);
    if (rule != 0) {
        return (struct reference_verdict){.action = ENDORUN_ACTION_DENY,
                                          .error = rule->kind == POLICY_PATH_HIDE ? ENOENT : EACCES,
                                          .line = rule->origin.line};
    }
    rule = longest(model, path, 1U << POLICY_PATH_REDIRECT);
    if (rule != 0) {
        return (struct reference_verdict){
            .action = ENDORUN_ACTION_REDIRECT, .line = rule->origin.line, .target = rule->target};
    }
    rule = longest(model, path, lists[access]);
    if (rule != 0 || access == ENDORUN_PATH_LOOK) {
        return (struct reference_verdict){.action = ENDORUN_ACTION_ALLOW,
                                          .line = rule == 0 ? 0 : rule->origin.line};
    }
    return fall_back(&model->filesystem, EACCES);
}

/* -- Peers ------------------------------------------------------------------------------------ */

static bool bits_are_equal(const uint8_t *a, const uint8_t *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* IPv4 that is written as IPv6 is IPv4, in rules and in peers. */
static bool address_matches(const struct policy_network_rule *rule, const struct endorun_peer *peer)
{
    bool rule_is_mapped = rule->is_ipv6 && rule->prefix >= 96 && !memcmp(rule->address, mapped, 12);
    bool peer_is_mapped = peer->kind == ENDORUN_PEER_IPV6 && !memcmp(peer->address, mapped, 12);
    bool rule_is_ipv4 = !rule->is_ipv6 || rule_is_mapped;
    bool peer_is_ipv4 = peer->kind == ENDORUN_PEER_IPV4 || peer_is_mapped;
    return rule_is_ipv4 == peer_is_ipv4 && peer->port >= rule->port_first &&
           peer->port <= rule->port_last &&
           bits_are_equal(rule->address + (rule_is_mapped ? 12 : 0),
                          peer->address + (peer_is_mapped ? 12 : 0),
                          rule->prefix - (rule_is_mapped ? 96 : 0));
}

static bool peer_matches(const struct policy_network_rule *rule, const struct endorun_peer *peer)
{
    char path[NAME_MAX_BYTES] = {0};
    if (peer->name != 0) {
        memcpy(path, peer->name, peer->length);
    }
    switch (rule->peer) {
    case POLICY_PEER_PATH:
        return peer->kind == ENDORUN_PEER_PATH && reference_matches(rule->pattern, path);
    case POLICY_PEER_ABSTRACT:
        return peer->kind == ENDORUN_PEER_ABSTRACT &&
               name_matches(rule->pattern, peer->name, peer->name + peer->length, false);
    default:
        return peer->kind <= ENDORUN_PEER_IPV6 && address_matches(rule, peer);
    }
}

/* Whether rule a is to be named before rule b, which comes first in the policy. */
static bool is_nearer(const struct policy_network_rule *a, const struct policy_network_rule *b)
{
    if (a->peer != POLICY_PEER_ADDRESS) {
        bool is_path = a->peer == POLICY_PEER_PATH;
        return literal_prefix(a->pattern, is_path) > literal_prefix(b->pattern, is_path);
    }
    unsigned a_prefix = a->prefix + (a->is_ipv6 ? 0 : 96);
    unsigned b_prefix = b->prefix + (b->is_ipv6 ? 0 : 96);
    if (a_prefix != b_prefix) {
        return a_prefix > b_prefix;
    }
    return a->port_last - a->port_first < b->port_last - b->port_first;
}

struct reference_verdict reference_peer(const struct policy_model *model,
                                        enum endorun_network_access access,
                                        const struct endorun_peer *peer)
{
    const enum policy_network_kind wanted[] = {POLICY_NETWORK_DENY, access == ENDORUN_NETWORK_BIND
                                                                        ? POLICY_NETWORK_BIND
                                                                        : POLICY_NETWORK_CONNECT};
    for (unsigned pass = 0; model->network.is_written && pass < 2; pass++) {
        const struct policy_network_rule *best = 0;
        for (size_t i = 0; i < model->peer_count; i++) {
            const struct policy_network_rule *rule = &model->peers[i];
            if (rule->kind == wanted[pass] && peer_matches(rule, peer) &&
                (best == 0 || is_nearer(rule, best))) {
                best = rule;
            }
        }
        if (best != 0) {
            bool denies = pass == 0;
            return (struct reference_verdict){.action = denies ? ENDORUN_ACTION_DENY
                                                               : ENDORUN_ACTION_ALLOW,
                                              .error = denies ? EACCES : 0,
                                              .line = best->origin.line};
        }
    }
    return fall_back(&model->network, EACCES);
}

struct reference_verdict reference_family(const struct policy_model *model, int family)
{
    bool is_restricted = model->families != UINT64_MAX;
    if (!is_restricted || (family >= 0 && family < 64 && (model->families >> family & 1) != 0)) {
        return (struct reference_verdict){.action = ENDORUN_ACTION_ALLOW};
    }
    return (struct reference_verdict){
        .action = ENDORUN_ACTION_DENY, .error = EAFNOSUPPORT, .line = model->families_origin.line};
}

/* -- Calls ------------------------------------------------------------------------------------ */

static uint64_t low_bits(uint64_t value, unsigned bits)
{
    return bits == 64 ? value : value % (1UL << bits);
}

static bool condition_holds(const struct policy_condition *condition, const uint64_t arguments[6],
                            const unsigned bits[6])
{
    unsigned width = bits[condition->argument];
    uint64_t argument = low_bits(arguments[condition->argument], width) & condition->mask;
    uint64_t value = low_bits(condition->value, width);
    switch (condition->comparison) {
    case POLICY_EQUAL:
        return argument == value;
    case POLICY_NOT_EQUAL:
        return argument != value;
    case POLICY_LESS:
        return argument < value;
    case POLICY_LESS_EQUAL:
        return argument <= value;
    case POLICY_GREATER:
        return argument > value;
    default:
        return argument >= value;
    }
}

static const struct policy_call_rule *first_call(const struct policy_model *model, uint32_t number,
                                                 enum policy_call_action action,
                                                 const uint64_t arguments[6],
                                                 const unsigned bits[6])
{
    for (size_t i = 0; i < model->call_rule_count; i++) {
        const struct policy_call_rule *rule = &model->call_rules[i];
        bool holds = rule->number == number && rule->action == action;
        for (size_t j = 0; holds && j < rule->condition_count; j++) {
            holds = condition_holds(&rule->conditions[j], arguments, bits);
        }
        if (holds) {
            return rule;
        }
    }
    return 0;
}

struct reference_verdict reference_call(const struct policy_model *model, uint32_t number,
                                        bool is_known, const uint64_t arguments[6],
                                        const unsigned bits[6])
{
    static const struct {
        enum policy_call_action written;
        enum endorun_action action;
    } order[] = {{POLICY_CALL_KILL, ENDORUN_ACTION_KILL},
                 {POLICY_CALL_DENY, ENDORUN_ACTION_DENY},
                 {POLICY_CALL_ALLOW, ENDORUN_ACTION_ALLOW}};
    if (!model->calls.is_written) {
        return (struct reference_verdict){.action = ENDORUN_ACTION_ALLOW};
    }
    if (!is_known) {
        return (struct reference_verdict){.action = ENDORUN_ACTION_DENY, .error = ENOSYS};
    }
    for (unsigned i = 0; i < 3; i++) {
        const struct policy_call_rule *rule =
            first_call(model, number, order[i].written, arguments, bits);
        if (rule != 0) {
            return (struct reference_verdict){
                .action = order[i].action,
                .error = order[i].action == ENDORUN_ACTION_DENY ? rule->error : 0,
                .is_logged = rule->is_logged,
                .line = rule->origin.line};
        }
    }
    return fall_back(&model->calls, EPERM);
}
