/* [network]: addresses with ports, sockets with paths and names, and families. */
#include "read.h"

#include "families.h"
#include "normalise.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_NAME_MAX 107U /* bytes behind the first NUL of sun_path */
#define IPV4_BITS     32U
#define IPV6_BITS     128U
#define MAPPED_BITS   96U /* of ::ffff:0:0/96 */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* An entry while it is taken apart. */
struct peer_entry {
    struct reading *reading;
    const struct toml_node *node;
    const char *written;
    struct policy_network_rule rule;
};

static bool refuse(struct peer_entry *entry, const char *why)
{
    read_error(entry->reading, entry->node, "'%s': %s", quote(entry->written).text, why);
    return false;
}

static void add_rule(struct peer_entry *entry)
{
    struct policy_model *model = entry->reading->model;

    entry->rule.written = read_copy(entry->reading, entry->written);
    read_append(entry->reading, &model->peers, &model->peer_count, &entry->rule,
                sizeof entry->rule);
}

/* A decimal number of at most `largest`. */
static bool take_number(const char **next, unsigned long largest, unsigned long *number)
{
    size_t digits = strspn(*next, "0123456789");

    if (digits == 0 || digits > 5)
        return false;
    *number = strtoul(*next, NULL, 10);
    *next += digits;
    return *number <= largest;
}

/* What stands behind the address: nothing, or ":PORTS". */
static bool take_ports(struct peer_entry *entry, const char *next)
{
    unsigned long first = 0, last = UINT16_MAX;

    if (*next == '\0' || strcmp(next, ":*") == 0) {
        entry->rule.port_last = UINT16_MAX;
        return true;
    }
    if (*next++ != ':')
        return refuse(entry, "an address is followed by nothing, or by ':' and ports");
    if (!take_number(&next, UINT16_MAX, &first))
        return refuse(entry, "ports are a number to 65535, two with '-' between, or '*'");
    last = first;
    if (*next == '-' && (next++, !take_number(&next, UINT16_MAX, &last)))
        return refuse(entry, "ports are a number to 65535, two with '-' between, or '*'");
    if (*next != '\0')
        return refuse(entry, "ports are a number to 65535, two with '-' between, or '*'");
    if (last < first)
        return refuse(entry, "a range of ports that ends before it begins");
    entry->rule.port_first = (uint16_t)first;
    entry->rule.port_last = (uint16_t)last;
    return true;
}

/* Takes the bits behind the prefix out; false when there were some. */
static bool clear_host_bits(struct policy_network_rule *rule)
{
    unsigned bits = rule->is_ipv6 ? IPV6_BITS : IPV4_BITS;
    bool was_clear = true;

    for (unsigned bit = rule->prefix; bit < bits; bit++) {
        uint8_t mask = (uint8_t)(0x80U >> bit % 8);

        was_clear = was_clear && (rule->address[bit / 8] & mask) == 0;
        rule->address[bit / 8] &= (uint8_t)~mask;
    }
    return was_clear;
}

static bool take_prefix(struct peer_entry *entry, const char **next)
{
    struct policy_network_rule *rule = &entry->rule;
    unsigned long prefix = rule->is_ipv6 ? IPV6_BITS : IPV4_BITS;
    char network[INET6_ADDRSTRLEN];

    if (**next == '/') {
        ++*next;
        if (!take_number(next, prefix, &prefix))
            return refuse(entry, rule->is_ipv6 ? "the prefix is a number to 128"
                                               : "the prefix is a number to 32");
    }
    rule->prefix = (unsigned)prefix;
    if (clear_host_bits(rule))
        return true;
    inet_ntop(rule->is_ipv6 ? AF_INET6 : AF_INET, rule->address, network, sizeof network);
    read_error(entry->reading, entry->node,
               "'%s' has bits behind the prefix; the network is %s/%lu", quote(entry->written).text,
               network, prefix);
    return false;
}

/* A mapped address is decided on as the IPv4 address in it. */
static void unmap(struct policy_network_rule *rule)
{
    if (!rule->is_ipv6 || rule->prefix < MAPPED_BITS ||
        memcmp(rule->address, mapped, sizeof mapped) != 0)
        return;
    memmove(rule->address, rule->address + sizeof mapped, 4);
    memset(rule->address + 4, 0, sizeof rule->address - 4);
    rule->is_ipv6 = false;
    rule->prefix -= MAPPED_BITS;
}

/* The address alone, `length` bytes. */
static bool take_address(struct peer_entry *entry, const char *address, size_t length)
{
    char copy[INET6_ADDRSTRLEN];

    if (length < sizeof copy) {
        memcpy(copy, address, length);
        copy[length] = '\0';
        if (inet_pton(entry->rule.is_ipv6 ? AF_INET6 : AF_INET, copy, entry->rule.address) == 1)
            return true;
    }
    return refuse(entry, entry->rule.is_ipv6
                             ? "no IPv6 address"
                             : "no address: IPv4, [IPv6], '*', 'localhost' or 'unix:'");
}

static bool take_network_peer(struct peer_entry *entry)
{
    const char *next = entry->written, *colon = strchr(next, ':');
    size_t length;

    if (*next == '[') {
        entry->rule.is_ipv6 = true;
        length = strcspn(++next, "]");
        if (next[length] == '\0')
            return refuse(entry, "'[' without a ']' behind it");
        if (memchr(next, '/', length) != NULL)
            return refuse(entry, "the prefix stands behind the brackets");
        if (!take_address(entry, next, length))
            return false;
        next += length + 1;
    } else {
        entry->rule.is_ipv6 = colon != NULL && strchr(colon + 1, ':') != NULL;
        length = strcspn(next, entry->rule.is_ipv6 ? "/" : "/:");
        if (!take_address(entry, next, length))
            return false;
        next += length;
    }
    if (!take_prefix(entry, &next) || !take_ports(entry, next))
        return false;
    unmap(&entry->rule);
    return true;
}

static void read_named(struct peer_entry *entry, const char *ports, const char *ipv4,
                       const char *ipv6, unsigned ipv4_prefix, unsigned ipv6_prefix)
{
    if (!take_ports(entry, ports))
        return;
    entry->rule.prefix = ipv4_prefix;
    inet_pton(AF_INET, ipv4, entry->rule.address);
    add_rule(entry);
    entry->rule.is_ipv6 = true;
    entry->rule.prefix = ipv6_prefix;
    inet_pton(AF_INET6, ipv6, entry->rule.address);
    add_rule(entry);
}

/* How many bytes a name has at least that a pattern matches. */
static size_t shortest_match(const struct normal_pattern *pattern)
{
    size_t count = 0;

    for (const char *next = pattern->bytes; *next != '\0'; next++) {
        if (*next == '\\')
            next++;
        else if (*next == '*')
            continue;
        count++;
    }
    return count;
}

static void read_abstract(struct peer_entry *entry, const char *name)
{
    char expanded[PATTERN_SIZE];
    struct normal_pattern pattern;
    const char *error;

    if (!expand_variables(entry->reading, entry->node, name, expanded))
        return;
    error = normalise_name(&pattern, expanded);
    if (error == NULL && pattern.length == 0)
        error = "the name is missing; 'unix:@*' stands for all";
    if (error == NULL && shortest_match(&pattern) > UNIX_NAME_MAX)
        error = "no name is so long";
    if (error != NULL) {
        refuse(entry, error);
        return;
    }
    entry->rule.peer = POLICY_PEER_ABSTRACT;
    entry->rule.pattern = arena_copy(entry->reading->memory, pattern.bytes, pattern.length);
    add_rule(entry);
}

static void read_unix(struct peer_entry *entry, const char *path)
{
    if (*path == '@') {
        read_abstract(entry, path + 1);
        return;
    }
    entry->rule.peer = POLICY_PEER_PATH;
    entry->rule.pattern = read_pattern(entry->reading, entry->node, path);
    if (entry->rule.pattern != NULL)
        add_rule(entry);
}

static bool begins_with_word(const char *written, const char *word, const char **rest)
{
    size_t length = strlen(word);

    *rest = written + length;
    return strncmp(written, word, length) == 0 && strchr(":", written[length]) != NULL;
}

void read_peers(struct reading *reading, const struct schema_key *key, const struct toml_node *node)
{
    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *child = &node->children[i];
        const char *written = read_string(reading, key, child), *rest;
        struct peer_entry entry = {
            reading, child, written, {.kind = (enum policy_network_kind)key->detail}};

        if (written == NULL)
            continue;
        entry.rule.origin = read_origin(reading, child->at);
        if (begins_with_word(written, "unix", &rest) && *rest == ':')
            read_unix(&entry, rest + 1);
        else if (begins_with_word(written, "*", &rest))
            read_named(&entry, rest, "0.0.0.0", "::", 0, 0);
        else if (begins_with_word(written, "localhost", &rest))
            read_named(&entry, rest, "127.0.0.0", "::1", 8, IPV6_BITS);
        else if (take_network_peer(&entry))
            add_rule(&entry);
    }
}

void read_families(struct reading *reading, const struct schema_key *key,
                   const struct toml_node *node)
{
    struct policy_model *model = reading->model;

    model->families_origin = read_origin(reading, node->key_at);
    for (size_t i = 0; i < node->child_count; i++) {
        const struct toml_node *entry = &node->children[i];
        const char *written = read_string(reading, key, entry);
        int family = written != NULL ? family_number(written) : -1;

        if (family >= 0)
            model->families |= 1ULL << family;
        else if (written != NULL)
            read_error(reading, entry,
                       "unknown address family '%s' (the nearest known one is '%s')",
                       quote(written).text, family_nearest(written));
    }
}
