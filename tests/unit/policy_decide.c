/*
 * What policies say: tables of `request, verdict, deciding rule`, one for each statement about the
 * meaning of a policy file; what the compiler refuses; how large images become. The rules of a
 * table are numbered from 1.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <arpa/inet.h>
#include <asm/unistd.h>

#include "policy_fixture.h"

#define RULES_MAX    12
#define REQUESTS_MAX 20
#define DEFAULT_LINE 900
#define MIB          (1U << 20)

/* Verdicts as the tables have them: an errno, or one of these. */
enum { ALLOWED = 0, KILLED = -1, REDIRECTED = -2 };

static int outcome(const struct endorun_verdict *verdict)
{
    switch (verdict->action) {
    case ENDORUN_ACTION_ALLOW:
        return ALLOWED;
    case ENDORUN_ACTION_KILL:
        return KILLED;
    case ENDORUN_ACTION_REDIRECT:
        return REDIRECTED;
    default:
        return verdict->error;
    }
}

static void expect(const struct endorun_policy_header *policy, struct endorun_verdict verdict,
                   int expected, unsigned line, const char *table, const char *request)
{
    ck_assert_msg(outcome(&verdict) == expected && fixture_line(policy, &verdict) == line,
                  "%s: %s: %d by line %u, expected is %d by line %u", table, request,
                  outcome(&verdict), fixture_line(policy, &verdict), expected, line);
}

static struct policy_section section(bool denies)
{
    return (struct policy_section){true, denies ? POLICY_DEFAULT_DENY : POLICY_DEFAULT_ALLOW,
                                   fixture_origin(DEFAULT_LINE)};
}

/* -- Paths ------------------------------------------------------------------------------------ */

#define READ  POLICY_PATH_READ
#define WRITE POLICY_PATH_WRITE
#define EXEC  POLICY_PATH_EXEC
#define DENY  POLICY_PATH_DENY
#define HIDE  POLICY_PATH_HIDE
#define TO    POLICY_PATH_REDIRECT

struct path_table {
    const char *what;
    bool allows; /* default */
    struct {
        enum policy_path_kind kind;
        const char *pattern;
        const char *target;
    } rules[RULES_MAX];
    struct {
        char access; /* r, w, x, l */
        const char *path;
        int outcome;
        unsigned line;
    } requests[REQUESTS_MAX];
};

static const struct path_table path_tables[] = {
    {"the default", .requests = {{'r', "/a", EACCES, DEFAULT_LINE},
                                 {'w', "/", EACCES, DEFAULT_LINE},
                                 {'x', "/a/b", EACCES, DEFAULT_LINE},
                                 {'l', "/a", ALLOWED, 0}}},
    {"a default that allows", .allows = true, .rules = {{DENY, "/a"}},
     .requests = {{'r', "/b", ALLOWED, DEFAULT_LINE},
                  {'l', "/b", ALLOWED, 0},
                  {'r', "/a", EACCES, 1}}},
    {"what is no absolute path", /* nobody asks, so what a rule says does not count */
     .allows = true, .rules = {{READ, "/**"}},
     .requests = {{'r', "a", EACCES, 0}, {'l', "", EACCES, 0}, {'r', "/a", ALLOWED, 1}}},
    {"each list is about its own access", .rules = {{READ, "/r"}, {WRITE, "/w"}, {EXEC, "/x"}},
     .requests = {{'r', "/r", ALLOWED, 1},
                  {'w', "/r", EACCES, DEFAULT_LINE},
                  {'x', "/r", EACCES, DEFAULT_LINE},
                  {'r', "/w", EACCES, DEFAULT_LINE},
                  {'w', "/w", ALLOWED, 2},
                  {'x', "/w", EACCES, DEFAULT_LINE},
                  {'r', "/x", EACCES, DEFAULT_LINE},
                  {'w', "/x", EACCES, DEFAULT_LINE},
                  {'x', "/x", ALLOWED, 3},
                  {'l', "/r", ALLOWED, 0}}},
    {"a literal path is the path alone", .rules = {{READ, "/a/b"}, {READ, "/"}},
     .requests = {{'r', "/a/b", ALLOWED, 1},
                  {'r', "/a", EACCES, DEFAULT_LINE},
                  {'r', "/a/bc", EACCES, DEFAULT_LINE},
                  {'r', "/a/b/c", EACCES, DEFAULT_LINE},
                  {'r', "/A/b", EACCES, DEFAULT_LINE},
                  {'r', "/", ALLOWED, 2}}},
    {"* is any run of bytes of an element",
     .rules = {{READ, "/a/*"}, {READ, "/b*c"}, {READ, "/*/x/*.so"}},
     .requests = {{'r', "/a/b", ALLOWED, 1},
                  {'r', "/a/.b", ALLOWED, 1},
                  {'r', "/a", EACCES, DEFAULT_LINE},
                  {'r', "/a/b/c", EACCES, DEFAULT_LINE},
                  {'r', "/bc", ALLOWED, 2},
                  {'r', "/bcbcc", ALLOWED, 2},
                  {'r', "/b/c", EACCES, DEFAULT_LINE},
                  {'r', "/bcd", EACCES, DEFAULT_LINE},
                  {'r', "/q/x/.so", ALLOWED, 3},
                  {'r', "/q/x/lib.so", ALLOWED, 3},
                  {'r', "/q/x/lib.so.1", EACCES, DEFAULT_LINE}}},
    {"? is one byte but '/'", .rules = {{READ, "/a?c"}},
     .requests = {{'r', "/abc", ALLOWED, 1},
                  {'r', "/a\377c", ALLOWED, 1},
                  {'r', "/ac", EACCES, DEFAULT_LINE},
                  {'r', "/a/c", EACCES, DEFAULT_LINE}}},
    {"brackets are one byte of several but '/'",
     .rules = {{READ, "/[abx-z]"}, {READ, "/n/[!ab]"}, {READ, "/m/[^a-c]"}, {READ, "/k/[]^]q"}},
     .requests = {{'r', "/a", ALLOWED, 1},
                  {'r', "/y", ALLOWED, 1},
                  {'r', "/c", EACCES, DEFAULT_LINE},
                  {'r', "/n/c", ALLOWED, 2},
                  {'r', "/n/a", EACCES, DEFAULT_LINE},
                  {'r', "/m/d", ALLOWED, 3},
                  {'r', "/m/b", EACCES, DEFAULT_LINE},
                  {'r', "/m//", EACCES, DEFAULT_LINE},
                  {'r', "/k/]q", ALLOWED, 4},
                  {'r', "/k/^q", ALLOWED, 4},
                  {'r', "/k/aq", EACCES, DEFAULT_LINE}}},
    {"a backslash takes the meaning",
     .rules = {{READ, "/\\*"}, {READ, "/\\a\\[b]"}, {READ, "/x[\\]]"}, {READ, "/\\\\"}},
     .requests = {{'r', "/*", ALLOWED, 1},
                  {'r', "/b", EACCES, DEFAULT_LINE},
                  {'r', "/a[b]", ALLOWED, 2},
                  {'r', "/x]", ALLOWED, 3},
                  {'r', "/\\", ALLOWED, 4}}},
    {"** behind a folder is the folder and all beneath",
     .rules = {{READ, "/a/**"}, {READ, "/b*/**"}},
     .requests = {{'r', "/a", ALLOWED, 1},
                  {'r', "/a/b", ALLOWED, 1},
                  {'r', "/a/.b/c/d", ALLOWED, 1},
                  {'r', "/ab", EACCES, DEFAULT_LINE},
                  {'r', "/", EACCES, DEFAULT_LINE},
                  {'r', "/bb", ALLOWED, 2},
                  {'r', "/b/x/y", ALLOWED, 2}}},
    {"** for all", .rules = {{READ, "/**"}},
     .requests = {{'r', "/", ALLOWED, 1}, {'r', "/a", ALLOWED, 1}, {'r', "/a/b", ALLOWED, 1}}},
    {"** between is any number of elements",
     .rules = {{READ, "/a/**/b"}, {READ, "/**/.git/**"}, {READ, "/c/**/**/d"}},
     .requests = {{'r', "/a/b", ALLOWED, 1},
                  {'r', "/a/x/b", ALLOWED, 1},
                  {'r', "/a/x/y/b/b", ALLOWED, 1},
                  {'r', "/a/xb", EACCES, DEFAULT_LINE},
                  {'r', "/ab", EACCES, DEFAULT_LINE},
                  {'r', "/a/b/c", EACCES, DEFAULT_LINE},
                  {'r', "/.git", ALLOWED, 2},
                  {'r', "/p/q/.git/x/y", ALLOWED, 2},
                  {'r', "/p/q.git/x", EACCES, DEFAULT_LINE},
                  {'r', "/p/.gita", EACCES, DEFAULT_LINE},
                  {'r', "/c/d", ALLOWED, 3},
                  {'r', "/c/x/y/d", ALLOWED, 3}}},
    {"deny and hide beat all else, for each access",
     .rules =
         {{READ, "/a/b"}, {DENY, "/a/**"}, {HIDE, "/h/**"}, {WRITE, "/h/b"}, {TO, "/a/c", "/z"}},
     .requests = {{'r', "/a/b", EACCES, 2},
                  {'l', "/a/b", EACCES, 2},
                  {'w', "/h/b", ENOENT, 3},
                  {'x', "/h", ENOENT, 3},
                  {'l', "/h/x", ENOENT, 3},
                  {'r', "/a/c", EACCES, 2},
                  {'l', "/a/d", EACCES, 2}}},
    {"of deny and hide the longest literal prefix decides",
     .rules = {{DENY, "/a/**"}, {HIDE, "/a/b/**"}, {DENY, "/a/b/c"}, {HIDE, "/a/*/c"}},
     .requests = {{'r', "/a/x", EACCES, 1},
                  {'r', "/a/b", ENOENT, 2},
                  {'r', "/a/b/d", ENOENT, 2},
                  {'r', "/a/b/c", EACCES, 3},
                  {'r', "/a/x/c", ENOENT, 4}}}, /* "/a/" is longer than "/a" */
    {"of equally long ones hide, then the earlier",
     .rules = {{DENY, "/a/*"}, {DENY, "/a/?"}, {HIDE, "/a/b*"}, {HIDE, "/a/[c]"}, {HIDE, "/a/c*"}},
     .requests = {{'r', "/a/x", EACCES, 1}, {'r', "/a/b", ENOENT, 3}, {'r', "/a/c", ENOENT, 5}}},
    {"hide before deny though it is later", .rules = {{DENY, "/a"}, {HIDE, "/a"}, {HIDE, "/a"}},
     .requests = {{'r', "/a", ENOENT, 2}, {'l', "/a", ENOENT, 2}}},
    {"a literal path is longer than ** behind the same folder",
     .rules = {{READ, "/a/**"}, {READ, "/a"}, {WRITE, "/a/b*"}, {WRITE, "/a/b"}},
     .requests = {{'r', "/a", ALLOWED, 2}, {'r', "/a/b", ALLOWED, 1}, {'w', "/a/b", ALLOWED, 4}}},
    {"a redirect is for all accesses, and before what allows",
     .rules = {{READ, "/**"}, {TO, "/a", "/t"}, {TO, "/b/\\*", "/t/u"}},
     .requests = {{'r', "/a", REDIRECTED, 2},
                  {'w', "/a", REDIRECTED, 2},
                  {'x', "/a", REDIRECTED, 2},
                  {'l', "/a", REDIRECTED, 2},
                  {'r', "/b/*", REDIRECTED, 3},
                  {'r', "/a/b", ALLOWED, 1}}},
    {"of what allows, the longest literal prefix is named, then the earlier",
     .rules = {{READ, "/**"}, {READ, "/a/*"}, {READ, "/a/b"}, {READ, "/a/?"}, {READ, "/a/b"}},
     .requests = {{'r', "/x", ALLOWED, 1},
                  {'r', "/a/x", ALLOWED, 2},
                  {'r', "/a/b", ALLOWED, 3},
                  {'w', "/a/b", EACCES, DEFAULT_LINE}}},
    {"rules on the way to others",
     .rules = {{READ, "/usr"}, {READ, "/usr/lib/**"}, {READ, "/usr/lib/x/y"}, {READ, "/usr/l"}},
     .requests = {{'r', "/usr", ALLOWED, 1},
                  {'r', "/us", EACCES, DEFAULT_LINE},
                  {'r', "/usr/", EACCES, DEFAULT_LINE},
                  {'r', "/usr/lib", ALLOWED, 2},
                  {'r', "/usr/lib/x", ALLOWED, 2},
                  {'r', "/usr/lib/x/y", ALLOWED, 3},
                  {'r', "/usr/lib/x/yz", ALLOWED, 2},
                  {'r', "/usr/l", ALLOWED, 4}}},
};

static enum endorun_path_access access_of(char letter)
{
    switch (letter) {
    case 'r':
        return ENDORUN_PATH_READ;
    case 'w':
        return ENDORUN_PATH_WRITE;
    case 'x':
        return ENDORUN_PATH_EXEC;
    default:
        return ENDORUN_PATH_LOOK;
    }
}

static const struct endorun_policy_header *compile_paths(const struct path_table *table)
{
    struct policy_path_rule rules[RULES_MAX];
    struct policy_model model = {
        .filesystem = section(!table->allows), .paths = rules, .families = UINT64_MAX};
    for (; table->rules[model.path_count].pattern != NULL; model.path_count++) {
        rules[model.path_count] =
            (struct policy_path_rule){.kind = table->rules[model.path_count].kind,
                                      .pattern = table->rules[model.path_count].pattern,
                                      .written = table->rules[model.path_count].pattern,
                                      .target = table->rules[model.path_count].target,
                                      .origin = fixture_origin(model.path_count + 1)};
    }
    return fixture_compile(&model);
}

START_TEST(paths)
{
    const struct path_table *table = &path_tables[_i];
    const struct endorun_policy_header *policy = compile_paths(table);
    for (unsigned i = 0; table->requests[i].path != NULL; i++) {
        const char *path = table->requests[i].path;
        struct endorun_verdict verdict =
            decide_path(policy, access_of(table->requests[i].access), path, strlen(path));
        expect(policy, verdict, table->requests[i].outcome, table->requests[i].line, table->what,
               path);
        if (verdict.action == ENDORUN_ACTION_REDIRECT) {
            ck_assert_str_eq(policy_text(policy, verdict.target),
                             table->rules[table->requests[i].line - 1].target);
        }
    }
    fixture_release(policy);
}
END_TEST

/* -- Peers ------------------------------------------------------------------------------------ */

#define CONNECT POLICY_NETWORK_CONNECT
#define BIND    POLICY_NETWORK_BIND
#define REFUSE  POLICY_NETWORK_DENY
#define ANY     0, 65535

struct peer_table {
    const char *what;
    bool allows;
    struct {
        enum policy_network_kind kind;
        const char *address; /* `unix:` in front of a path, `unix:@` of an abstract name */
        unsigned prefix;
        uint16_t port_first, port_last;
    } rules[RULES_MAX];
    struct {
        char access; /* c, b */
        const char *address;
        uint16_t port;
        int outcome;
        unsigned line;
    } requests[REQUESTS_MAX];
};

static const struct peer_table peer_tables[] = {
    {"the default", .requests = {{'c', "1.2.3.4", 80, EACCES, DEFAULT_LINE},
                                 {'b', "::1", 80, EACCES, DEFAULT_LINE},
                                 {'c', "unix:/a", 0, EACCES, DEFAULT_LINE},
                                 {'c', "unix:@a", 0, EACCES, DEFAULT_LINE}}},
    {"a default that allows", .allows = true,
     .rules = {{REFUSE, "10.0.0.0", 8, ANY}, {REFUSE, "unix:/a"}},
     .requests = {{'c', "1.2.3.4", 80, ALLOWED, DEFAULT_LINE},
                  {'c', "10.1.2.3", 80, EACCES, 1},
                  {'b', "10.1.2.3", 80, EACCES, 1},
                  {'c', "unix:/a", 0, EACCES, 2},
                  {'c', "unix:/b", 0, ALLOWED, DEFAULT_LINE},
                  {'c', "unix:@/a", 0, ALLOWED, DEFAULT_LINE}}},
    {"connect and bind are two lists",
     .rules = {{CONNECT, "1.2.3.4", 32, ANY}, {BIND, "::1", 128, ANY}},
     .requests = {{'c', "1.2.3.4", 1, ALLOWED, 1},
                  {'b', "1.2.3.4", 1, EACCES, DEFAULT_LINE},
                  {'b', "::1", 1, ALLOWED, 2},
                  {'c', "::1", 1, EACCES, DEFAULT_LINE}}},
    {"prefixes end where they end",
     .rules = {{CONNECT, "10.1.0.0", 16, ANY},
               {CONNECT, "fe80::", 10, ANY},
               {CONNECT, "255.255.255.252", 30, ANY},
               {CONNECT, "ffff::", 16, ANY}},
     .requests = {{'c', "10.0.255.255", 1, EACCES, DEFAULT_LINE},
                  {'c', "10.1.0.0", 1, ALLOWED, 1},
                  {'c', "10.1.255.255", 1, ALLOWED, 1},
                  {'c', "10.2.0.0", 1, EACCES, DEFAULT_LINE},
                  {'c', "febf::1", 1, ALLOWED, 2},
                  {'c', "fec0::", 1, EACCES, DEFAULT_LINE},
                  {'c', "255.255.255.255", 1, ALLOWED, 3},
                  {'c', "255.255.255.251", 1, EACCES, DEFAULT_LINE},
                  {'c', "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, ALLOWED, 4},
                  {'c', "0.0.0.0", 1, EACCES, DEFAULT_LINE}}},
    {"a prefix in another, at its ends",
     .rules = {{CONNECT, "10.0.0.0", 8, ANY},
               {CONNECT, "10.255.255.255", 32, 7, 7},
               {CONNECT, "10.0.0.0", 32, 7, 7}},
     .requests = {{'c', "10.255.255.255", 7, ALLOWED, 2},
                  {'c', "10.255.255.255", 8, ALLOWED, 1},
                  {'c', "10.0.0.0", 7, ALLOWED, 3},
                  {'c', "10.0.0.0", 8, ALLOWED, 1},
                  {'c', "10.0.0.1", 7, ALLOWED, 1},
                  {'c', "11.0.0.0", 7, EACCES, DEFAULT_LINE}}},
    {"ports",
     .rules = {{CONNECT, "0.0.0.0", 0, 80, 80},
               {CONNECT, "0.0.0.0", 0, 8000, 8080},
               {BIND, "0.0.0.0", 0, ANY},
               {CONNECT, "0.0.0.0", 0, 65535, 65535}},
     .requests = {{'c', "1.1.1.1", 79, EACCES, DEFAULT_LINE},
                  {'c', "1.1.1.1", 80, ALLOWED, 1},
                  {'c', "1.1.1.1", 81, EACCES, DEFAULT_LINE},
                  {'c', "1.1.1.1", 7999, EACCES, DEFAULT_LINE},
                  {'c', "1.1.1.1", 8000, ALLOWED, 2},
                  {'c', "1.1.1.1", 8080, ALLOWED, 2},
                  {'c', "1.1.1.1", 8081, EACCES, DEFAULT_LINE},
                  {'c', "1.1.1.1", 65535, ALLOWED, 4},
                  {'b', "1.1.1.1", 0, ALLOWED, 3},
                  {'b', "1.1.1.1", 65535, ALLOWED, 3}}},
    {"a deny beats a longer allow, and the longest deny is named",
     .rules = {{CONNECT, "10.1.2.3", 32, 80, 80},
               {REFUSE, "10.0.0.0", 8, ANY},
               {REFUSE, "10.1.0.0", 16, ANY}},
     .requests = {{'c', "10.1.2.3", 80, EACCES, 3}, {'c', "10.9.2.3", 80, EACCES, 2}}},
    {"the allow with the longest prefix, then the fewest ports, then the earlier",
     .rules = {{CONNECT, "0.0.0.0", 0, 80, 80},
               {CONNECT, "10.0.0.0", 8, ANY},
               {CONNECT, "10.0.0.0", 8, 1, 100},
               {CONNECT, "10.0.0.0", 8, 80, 179},
               {CONNECT, "10.1.0.0", 16, 90, 90}},
     .requests = {{'c', "9.0.0.1", 80, ALLOWED, 1},
                  {'c', "10.0.0.1", 200, ALLOWED, 2},
                  {'c', "10.0.0.1", 50, ALLOWED, 3},
                  {'c', "10.0.0.1", 80, ALLOWED, 3}, /* as many ports as the next one has */
                  {'c', "10.0.0.1", 101, ALLOWED, 4},
                  {'c', "10.1.0.1", 90, ALLOWED, 5},
                  {'c', "10.1.0.1", 91, ALLOWED, 3}}},
    {"IPv4 in IPv6 is IPv4",
     .rules = {{CONNECT, "10.0.0.0", 8, ANY},
               {REFUSE, "::", 0, 7, 7},
               {REFUSE, "::ffff:10.1.0.0", 112, ANY}},
     .requests = {{'c', "::ffff:10.2.3.4", 7, ALLOWED, 1},
                  {'c', "::ffff:11.2.3.4", 80, EACCES, DEFAULT_LINE},
                  {'c', "::1", 7, EACCES, 2},
                  {'c', "10.1.9.9", 80, EACCES, 3},
                  {'c', "::ffff:10.1.9.9", 80, EACCES, 3},
                  {'c', "::10.2.3.4", 80, EACCES, DEFAULT_LINE}}},
    {"sockets with a path",
     .rules = {{CONNECT, "unix:/run/*"},
               {BIND, "unix:/tmp/**"},
               {REFUSE, "unix:/run/x*"},
               {CONNECT, "unix:/run/a"}},
     .requests = {{'c', "unix:/run/b", 0, ALLOWED, 1},
                  {'b', "unix:/run/b", 0, EACCES, DEFAULT_LINE},
                  {'b', "unix:/tmp/a/b", 0, ALLOWED, 2},
                  {'c', "unix:/run/xyz", 0, EACCES, 3},
                  {'c', "unix:/run/a", 0, ALLOWED, 4},
                  {'c', "unix:@/run/b", 0, EACCES, DEFAULT_LINE}}},
    {"abstract names",
     .rules = {{CONNECT, "unix:@/tmp/.X11-unix/X?"},
               {BIND, "unix:@a*"},
               {BIND, "unix:@ab**[c]"},
               {CONNECT, "unix:@"},
               {CONNECT, "unix:@\\*"}},
     .requests = {{'c', "unix:@/tmp/.X11-unix/X0", 0, ALLOWED, 1},
                  {'c', "unix:@/tmp/.X11-unix/X", 0, EACCES, DEFAULT_LINE},
                  {'b', "unix:@a", 0, ALLOWED, 2},
                  {'b', "unix:@a/b", 0, ALLOWED, 2},
                  {'b', "unix:@ab/q/[c]", 0, ALLOWED, 3},
                  {'b', "unix:@abc", 0, ALLOWED, 2},
                  {'c', "unix:@", 0, ALLOWED, 4},
                  {'c', "unix:@*", 0, ALLOWED, 5},
                  {'c', "unix:@b", 0, EACCES, DEFAULT_LINE}}},
};

static bool read_unix(const char *text, const char **name, bool *is_abstract)
{
    bool is_unix = strncmp(text, "unix:", 5) == 0;
    *is_abstract = is_unix && text[5] == '@';
    *name = is_unix ? text + 5 + *is_abstract : NULL;
    return is_unix;
}

static const struct endorun_policy_header *compile_peers(const struct peer_table *table)
{
    struct policy_network_rule rules[RULES_MAX] = {{0}};
    struct policy_model model = {
        .network = section(!table->allows), .peers = rules, .families = UINT64_MAX};
    for (; table->rules[model.peer_count].address != NULL; model.peer_count++) {
        struct policy_network_rule *rule = &rules[model.peer_count];
        const char *text = table->rules[model.peer_count].address;
        bool is_abstract;
        rule->kind = table->rules[model.peer_count].kind;
        rule->written = text;
        rule->origin = fixture_origin(model.peer_count + 1);
        if (read_unix(text, &rule->pattern, &is_abstract)) {
            rule->peer = is_abstract ? POLICY_PEER_ABSTRACT : POLICY_PEER_PATH;
            continue;
        }
        rule->is_ipv6 = strchr(text, ':') != NULL;
        ck_assert_int_eq(inet_pton(rule->is_ipv6 ? AF_INET6 : AF_INET, text, rule->address), 1);
        rule->prefix = table->rules[model.peer_count].prefix;
        rule->port_first = table->rules[model.peer_count].port_first;
        rule->port_last = table->rules[model.peer_count].port_last;
    }
    return fixture_compile(&model);
}

static struct endorun_peer peer_of(const char *text, uint16_t port)
{
    struct endorun_peer peer = {.port = port};
    bool is_abstract;
    if (read_unix(text, &peer.name, &is_abstract)) {
        peer.kind = is_abstract ? ENDORUN_PEER_ABSTRACT : ENDORUN_PEER_PATH;
        peer.length = (uint32_t)strlen(peer.name);
        return peer;
    }
    bool is_ipv6 = strchr(text, ':') != NULL;
    peer.kind = is_ipv6 ? ENDORUN_PEER_IPV6 : ENDORUN_PEER_IPV4;
    ck_assert_int_eq(inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, peer.address), 1);
    return peer;
}

START_TEST(peers)
{
    const struct peer_table *table = &peer_tables[_i];
    const struct endorun_policy_header *policy = compile_peers(table);
    for (unsigned i = 0; table->requests[i].address != NULL; i++) {
        struct endorun_peer peer = peer_of(table->requests[i].address, table->requests[i].port);
        struct endorun_verdict verdict = decide_peer(
            policy,
            table->requests[i].access == 'b' ? ENDORUN_NETWORK_BIND : ENDORUN_NETWORK_CONNECT,
            &peer);
        expect(policy, verdict, table->requests[i].outcome, table->requests[i].line, table->what,
               table->requests[i].address);
    }
    struct endorun_peer odd = {.kind = 100};
    expect(policy, decide_peer(policy, ENDORUN_NETWORK_CONNECT, &odd), EAFNOSUPPORT, 0, table->what,
           "no kind of peer");
    fixture_release(policy);
}
END_TEST

START_TEST(families)
{
    struct policy_model model = {.network = section(true),
                                 .families = 1UL << AF_INET | 1UL << AF_UNIX,
                                 .families_origin = fixture_origin(7)};
    const struct endorun_policy_header *policy = fixture_compile(&model);
    expect(policy, decide_family(policy, AF_INET), ALLOWED, 0, "families", "inet");
    expect(policy, decide_family(policy, AF_UNIX), ALLOWED, 0, "families", "unix");
    expect(policy, decide_family(policy, AF_INET6), EAFNOSUPPORT, 7, "families", "inet6");
    expect(policy, decide_family(policy, -1), EAFNOSUPPORT, 7, "families", "-1");
    expect(policy, decide_family(policy, 64 + AF_INET), EAFNOSUPPORT, 7, "families", "66");
    fixture_release(policy);
    model.families = UINT64_MAX;
    policy = fixture_compile(&model);
    expect(policy, decide_family(policy, AF_PACKET), ALLOWED, 0, "families", "packet");
    expect(policy, decide_family(policy, 100), ALLOWED, 0, "families", "100");
    fixture_release(policy);
    /* Families alone: the rest of the section is written nowhere, and denies nothing. */
    model = (struct policy_model){.families = 0, .families_origin = fixture_origin(7)};
    policy = fixture_compile(&model);
    struct endorun_peer peer = peer_of("1.2.3.4", 80);
    expect(policy, decide_family(policy, AF_INET), EAFNOSUPPORT, 7, "families", "none");
    expect(policy, decide_peer(policy, ENDORUN_NETWORK_CONNECT, &peer), ALLOWED, 0, "families",
           "connect");
    fixture_release(policy);
}
END_TEST

/* -- Calls ------------------------------------------------------------------------------------ */

#define CONDITIONS_MAX 3
#define NO_MASK        UINT64_MAX

struct call_table {
    const char *what;
    bool denies;
    struct {
        const char *written;
        uint32_t number;
        enum policy_call_action action;
        int error;
        struct policy_condition conditions[CONDITIONS_MAX]; /* up to one with the mask 0 */
        bool is_logged;
    } rules[RULES_MAX];
    struct {
        const char *what;
        uint32_t number;
        uint64_t arguments[6];
        int outcome;
        unsigned line;
        bool is_logged;
    } requests[REQUESTS_MAX];
};

static const struct call_table call_tables[] = {
    {"the default allows", .requests = {{"read", __NR_read, {0}, ALLOWED, DEFAULT_LINE},
                                        {"of no call", 5000, {0}, ENOSYS, 0},
                                        {"of none in the middle", 400, {0}, ENOSYS, 0},
                                        {"x32", 0x40000000U, {0}, ENOSYS, 0},
                                        {"-1", 0xffffffffU, {0}, ENOSYS, 0}}},
    {"a default that denies", .denies = true, .rules = {{"read", __NR_read, POLICY_CALL_ALLOW}},
     .requests = {{"read", __NR_read, {0}, ALLOWED, 1},
                  {"write", __NR_write, {0}, EPERM, DEFAULT_LINE},
                  {"of no call", 5000, {0}, ENOSYS, 0}}},
    {"deny beats allow, whatever the order", .denies = true,
     .rules = {{"a", __NR_read, POLICY_CALL_ALLOW}, {"d", __NR_read, POLICY_CALL_DENY, EPERM}},
     .requests = {{"read", __NR_read, {0}, EPERM, 2}}},
    {"kill before errno, of each the first",
     .rules = {{"a", __NR_read, POLICY_CALL_DENY, ENOENT},
               {"b", __NR_read, POLICY_CALL_DENY, EIO},
               {"c", __NR_write, POLICY_CALL_DENY, EIO},
               {"d", __NR_write, POLICY_CALL_KILL},
               {"e", __NR_write, POLICY_CALL_KILL}},
     .requests = {{"read", __NR_read, {0}, ENOENT, 1}, {"write", __NR_write, {0}, KILLED, 4}}},
    {"comparisons", .denies = true,
     .rules = {{"==", __NR_lseek, POLICY_CALL_ALLOW, 0, {{1, POLICY_EQUAL, NO_MASK, 10}}},
               {"<", __NR_pread64, POLICY_CALL_ALLOW, 0, {{3, POLICY_LESS, NO_MASK, 10}}},
               {"<=", __NR_pwrite64, POLICY_CALL_ALLOW, 0, {{3, POLICY_LESS_EQUAL, NO_MASK, 10}}},
               {">", __NR_read, POLICY_CALL_ALLOW, 0, {{2, POLICY_GREATER, NO_MASK, 10}}},
               {">=", __NR_write, POLICY_CALL_ALLOW, 0, {{2, POLICY_GREATER_EQUAL, NO_MASK, 10}}},
               {"!=", __NR_mmap, POLICY_CALL_ALLOW, 0, {{1, POLICY_NOT_EQUAL, NO_MASK, 10}}}},
     .requests = {{"== 10", __NR_lseek, {0, 10}, ALLOWED, 1},
                  {"== 11", __NR_lseek, {0, 11}, EPERM, DEFAULT_LINE},
                  {"== 10 + 2^32", __NR_lseek, {0, 0x10000000a}, EPERM, DEFAULT_LINE},
                  {"9 < 10", __NR_pread64, {0, 0, 0, 9}, ALLOWED, 2},
                  {"10 < 10", __NR_pread64, {0, 0, 0, 10}, EPERM, DEFAULT_LINE},
                  {"-1 < 10, unsigned", __NR_pread64, {0, 0, 0, ~0UL}, EPERM, DEFAULT_LINE},
                  {"10 <= 10", __NR_pwrite64, {0, 0, 0, 10}, ALLOWED, 3},
                  {"11 <= 10", __NR_pwrite64, {0, 0, 0, 11}, EPERM, DEFAULT_LINE},
                  {"11 > 10", __NR_read, {0, 0, 11}, ALLOWED, 4},
                  {"10 > 10", __NR_read, {0, 0, 10}, EPERM, DEFAULT_LINE},
                  {"10 >= 10", __NR_write, {0, 0, 10}, ALLOWED, 5},
                  {"9 >= 10", __NR_write, {0, 0, 9}, EPERM, DEFAULT_LINE},
                  {"9 != 10", __NR_mmap, {0, 9}, ALLOWED, 6},
                  {"10 != 10", __NR_mmap, {0, 10}, EPERM, DEFAULT_LINE}}},
    {"all conditions, and masks",
     .rules = {{"socket",
                __NR_socket,
                POLICY_CALL_DENY,
                EACCES,
                {{0, POLICY_EQUAL, NO_MASK, AF_PACKET}, {1, POLICY_NOT_EQUAL, 0xf, SOCK_RAW}}}},
     .requests =
         {{"both", __NR_socket, {AF_PACKET, SOCK_DGRAM}, EACCES, 1},
          {"masked", __NR_socket, {AF_PACKET, SOCK_RAW | SOCK_CLOEXEC}, ALLOWED, DEFAULT_LINE},
          {"one", __NR_socket, {AF_INET, SOCK_DGRAM}, ALLOWED, DEFAULT_LINE}}},
    {"arguments count in the kernel's width", .denies = true,
     .rules =
         {{"ioctl", __NR_ioctl, POLICY_CALL_ALLOW, 0, {{1, POLICY_EQUAL, NO_MASK, TIOCGWINSZ}}},
          {"openat",
           __NR_openat,
           POLICY_CALL_ALLOW,
           0,
           {{0, POLICY_EQUAL, NO_MASK, (uint64_t)-100}}},
          {"chmod", __NR_chmod, POLICY_CALL_ALLOW, 0, {{1, POLICY_EQUAL, NO_MASK, 0644}}}},
     .requests = {{"32 bits", __NR_ioctl, {0, TIOCGWINSZ}, ALLOWED, 1},
                  {"with more", __NR_ioctl, {0, TIOCGWINSZ | 1UL << 32}, ALLOWED, 1},
                  {"another", __NR_ioctl, {0, TIOCSTI}, EPERM, DEFAULT_LINE},
                  {"AT_FDCWD", __NR_openat, {(uint64_t)-100}, ALLOWED, 2},
                  {"in 32 bits", __NR_openat, {0xffffff9cU}, ALLOWED, 2},
                  {"a descriptor", __NR_openat, {3}, EPERM, DEFAULT_LINE},
                  {"16 bits", __NR_chmod, {0, 0x1ffff0000 + 0644}, ALLOWED, 3}}},
    {"rows behind one without conditions, and logging",
     .rules = {{"l", __NR_read, POLICY_CALL_ALLOW, 0, {{0, POLICY_EQUAL, NO_MASK, 1}}, true},
               {"a", __NR_read, POLICY_CALL_ALLOW},
               {"b", __NR_read, POLICY_CALL_ALLOW, .is_logged = true},
               {"k", __NR_write, POLICY_CALL_DENY, EIO, .is_logged = true}},
     .requests = {{"logged", __NR_read, {1}, ALLOWED, 1, true},
                  {"not logged", __NR_read, {2}, ALLOWED, 2, false},
                  {"denied", __NR_write, {2}, EIO, 4, true}}},
};

static size_t count_conditions(const struct policy_condition *conditions)
{
    size_t count = 0;
    while (count < CONDITIONS_MAX && conditions[count].mask != 0) {
        count++;
    }
    return count;
}

static const struct endorun_policy_header *compile_calls(const struct call_table *table)
{
    struct policy_condition conditions[RULES_MAX][CONDITIONS_MAX];
    struct policy_call_rule rules[RULES_MAX];
    struct policy_model model = {
        .calls = section(table->denies), .call_rules = rules, .families = UINT64_MAX};
    for (size_t i = 0; table->rules[i].written != NULL; i++, model.call_rule_count++) {
        memcpy(conditions[i], table->rules[i].conditions, sizeof conditions[i]);
        rules[i] = (struct policy_call_rule){.number = table->rules[i].number,
                                             .action = table->rules[i].action,
                                             .error = table->rules[i].error,
                                             .is_logged = table->rules[i].is_logged,
                                             .conditions = conditions[i],
                                             .condition_count = count_conditions(conditions[i]),
                                             .written = table->rules[i].written,
                                             .origin = fixture_origin(i + 1)};
    }
    return fixture_compile(&model);
}

START_TEST(system_calls)
{
    const struct call_table *table = &call_tables[_i];
    const struct endorun_policy_header *policy = compile_calls(table);
    for (unsigned i = 0; table->requests[i].what != NULL; i++) {
        struct endorun_verdict verdict =
            decide_call(policy, table->requests[i].number, table->requests[i].arguments);
        expect(policy, verdict, table->requests[i].outcome, table->requests[i].line, table->what,
               table->requests[i].what);
        ck_assert_int_eq(verdict.is_logged, table->requests[i].is_logged);
    }
    fixture_release(policy);
}
END_TEST

/* -- The whole -------------------------------------------------------------------------------- */

START_TEST(without_parts)
{
    const struct policy_model model = {.families = UINT64_MAX};
    const struct endorun_policy_header *policy = fixture_compile(&model);
    struct endorun_peer peer = peer_of("1.2.3.4", 80);
    const uint64_t arguments[6] = {0};
    const char *what = "a policy without sections";
    expect(policy, decide_path(policy, ENDORUN_PATH_WRITE, "/a", 2), ALLOWED, 0, what, "path");
    expect(policy, decide_peer(policy, ENDORUN_NETWORK_BIND, &peer), ALLOWED, 0, what, "peer");
    expect(policy, decide_family(policy, 99), ALLOWED, 0, what, "family");
    expect(policy, decide_call(policy, __NR_read, arguments), ALLOWED, 0, what, "call");
    expect(policy, decide_call(policy, 5000, arguments), ALLOWED, 0, what, "number");
    fixture_release(policy);
}
END_TEST

START_TEST(rules_are_told)
{
    const struct endorun_policy_header *policy = compile_paths(&path_tables[1]);
    struct endorun_verdict verdict = decide_path(policy, ENDORUN_PATH_READ, "/a", 2);
    const struct endorun_policy_rule *rule = policy_rule(policy, verdict.rule);
    ck_assert_str_eq(policy_text(policy, rule->text), "filesystem.deny: /a");
    ck_assert_str_eq(policy_text(policy, rule->file), FIXTURE_FILE);
    ck_assert_uint_eq(rule->line, 1);
    ck_assert_uint_eq(rule->column, 3);
    verdict = decide_path(policy, ENDORUN_PATH_READ, "/b", 2);
    rule = policy_rule(policy, verdict.rule);
    ck_assert_str_eq(policy_text(policy, rule->text), "filesystem.default: allow");
    fixture_release(policy);
    /* One entry for a group: each of its calls has the same rule. */
    struct policy_call_rule calls[] = {
        {.number = 0, .written = "@a", .origin = fixture_origin(4)},
        {.number = 1, .written = "@a", .origin = fixture_origin(4)},
    };
    const uint64_t arguments[6] = {0};
    struct policy_model model = {
        .calls = section(true), .call_rules = calls, .call_rule_count = 2, .families = UINT64_MAX};
    policy = fixture_compile(&model);
    ck_assert_uint_eq(decide_call(policy, 0, arguments).rule,
                      decide_call(policy, 1, arguments).rule);
    fixture_release(policy);
}
END_TEST

static void expect_refused(const struct policy_model *model, const char *expected)
{
    char error[POLICY_ERROR_SIZE] = "";
    struct policy_image image;
    ck_assert_int_eq(policy_compile(model, &image, error), -1);
    ck_assert_str_eq(error, expected);
    ck_assert_ptr_null(image.bytes);
}

static const struct {
    enum policy_path_kind kind;
    const char *pattern;
    const char *error;
} bad_patterns[] = {
    {READ, "a", "policy.toml:1:3: \"a\": a path is not absolute"},
    {READ, "", "policy.toml:1:3: \"\": a path is not absolute"},
    {READ, "/a/", "policy.toml:1:3: \"/a/\": a path has an empty element, '.' or '..'"},
    {READ, "/a//b", "policy.toml:1:3: \"/a//b\": a path has an empty element, '.' or '..'"},
    {READ, "/a/../b", "policy.toml:1:3: \"/a/../b\": a path has an empty element, '.' or '..'"},
    {READ, "/a/.", "policy.toml:1:3: \"/a/.\": a path has an empty element, '.' or '..'"},
    {READ, "/**/", "policy.toml:1:3: \"/**/\": a path has an empty element, '.' or '..'"},
    {READ, "/a**", "policy.toml:1:3: \"/a**\": '**' is not a whole element"},
    {READ, "/**a", "policy.toml:1:3: \"/**a\": '**' is not a whole element"},
    {READ, "/***", "policy.toml:1:3: \"/***\": '**' is not a whole element"},
    {READ, "/[a", "policy.toml:1:3: \"/[a\": a '[' has no ']'"},
    {READ, "/[]", "policy.toml:1:3: \"/[]\": a '[' has no ']'"},
    {READ, "/[!", "policy.toml:1:3: \"/[!\": a '[' has no ']'"},
    {READ, "/[a-", "policy.toml:1:3: \"/[a-\": a '[' has no ']'"},
    {READ, "/[\\", "policy.toml:1:3: \"/[\\\": a '[' has no ']'"},
    {READ, "/[a/b]", "policy.toml:1:3: \"/[a/b]\": a '/' stands between '[' and ']'"},
    {READ, "/[b-a]", "policy.toml:1:3: \"/[b-a]\": a range in '[]' ends before it begins"},
    {READ, "/a\\", "policy.toml:1:3: \"/a\\\": a backslash has nothing behind it"},
    {TO, "/a*", "policy.toml:1:3: \"/a*\": a path with wildcards is redirected"},
    {TO, "/a/**", "policy.toml:1:3: \"/a/**\": a path with wildcards is redirected"},
    {TO, "/a", "policy.toml:1:3: \"/a\": redirected to no absolute path"},
};

START_TEST(refused_patterns)
{
    struct policy_path_rule rule = {.kind = bad_patterns[_i].kind,
                                    .pattern = bad_patterns[_i].pattern,
                                    .written = bad_patterns[_i].pattern,
                                    .target = "b",
                                    .origin = fixture_origin(1)};
    const struct policy_model model = {
        .filesystem = section(true), .paths = &rule, .path_count = 1, .families = UINT64_MAX};
    expect_refused(&model, bad_patterns[_i].error);
}
END_TEST

START_TEST(refused_calls)
{
    struct policy_condition condition = {1, POLICY_EQUAL, UINT64_MAX, 0x100000000};
    struct policy_call_rule rule = {.number = __NR_ioctl,
                                    .action = POLICY_CALL_ALLOW,
                                    .conditions = &condition,
                                    .condition_count = 1,
                                    .written = "call",
                                    .origin = fixture_origin(1)};
    const struct policy_model model = {
        .calls = section(true), .call_rules = &rule, .call_rule_count = 1, .families = UINT64_MAX};
    expect_refused(&model, "policy.toml:1:3: \"call\": a value has more than the 32 bits that the "
                           "kernel takes of argument 1 of ioctl");
    condition.argument = 3;
    expect_refused(&model, "policy.toml:1:3: \"call\": ioctl has no argument 3");
    rule.number = 5000;
    expect_refused(&model, "policy.toml:1:3: \"call\": no system call has the number 5000");
    rule.number = __NR_ioctl;
    rule.action = POLICY_CALL_DENY;
    expect_refused(&model, "policy.toml:1:3: \"call\": 0 is no errno");
}
END_TEST

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each further pattern doubles the states: `?` tells how far behind an `a` each one is. */
START_TEST(too_many_globs)
{
    struct policy_path_rule rules[41];
    char patterns[40][64];
    rules[0] = (struct policy_path_rule){
        .kind = READ, .pattern = "/a", .written = "/a", .origin = fixture_origin(1)};
    for (size_t i = 0; i < 40; i++) {
        strcpy(patterns[i], "/*a");
        memset(patterns[i] + 3, '?', i);
        patterns[i][3 + i] = 0;
        rules[i + 1] = (struct policy_path_rule){.kind = READ,
                                                 .pattern = patterns[i],
                                                 .written = patterns[i],
                                                 .origin = fixture_origin(i + 2)};
    }
    const struct policy_model model = {
        .filesystem = section(true), .paths = rules, .path_count = 41, .families = UINT64_MAX};
    double start = seconds_now();
    expect_refused(&model, "policy.toml:2:3: the 40 rules with wildcards in [filesystem] come to "
                           "more than 4 MiB together");
    ck_assert_double_lt(seconds_now() - start, 40);
}
END_TEST

#define MANY 10000U

/* Literal paths and whole folders, in the ways of a file system; every second one is a folder. */
static void make_many(struct policy_path_rule *rules, char (*texts)[64], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "/usr/share/part-%u/module-%u/file%u.data%s", i % 10,
                 i / 10 % 100, i, i % 2 == 0 ? "" : "/**");
        rules[i] = (struct policy_path_rule){.kind = READ,
                                             .pattern = texts[i],
                                             .written = texts[i],
                                             .origin = fixture_origin(i + 1)};
    }
}

START_TEST(many_rules)
{
    struct policy_path_rule *rules = calloc(MANY + 1, sizeof *rules);
    char(*texts)[64] = calloc(MANY, sizeof *texts);
    make_many(rules, texts, MANY);
    rules[MANY] = (struct policy_path_rule){.kind = DENY,
                                            .pattern = "/**/*.secret/**",
                                            .written = "secret",
                                            .origin = fixture_origin(MANY + 1)};
    const struct policy_model model = {.filesystem = section(true),
                                       .paths = rules,
                                       .path_count = MANY + 1,
                                       .families = UINT64_MAX};
    const struct endorun_policy_header *policy = fixture_compile(&model);
    ck_assert_uint_lt(policy->size, 4 * MIB);
    for (unsigned i = 0; i < MANY; i++) {
        char path[128];
        int length =
            snprintf(path, sizeof path, "%.*s/x", (int)strcspn(texts[i], "*") - 1, texts[i]);
        if (i % 2 == 0) {
            length = snprintf(path, sizeof path, "%s", texts[i]);
        }
        struct endorun_verdict verdict =
            decide_path(policy, ENDORUN_PATH_READ, path, (size_t)length);
        expect(policy, verdict, ALLOWED, i + 1, "many rules", path);
        length = snprintf(path, sizeof path, "%s/x/y.secret/z", texts[i]);
        verdict = decide_path(policy, ENDORUN_PATH_READ, path, (size_t)length);
        expect(policy, verdict, EACCES, MANY + 1, "many rules", path);
    }
    fixture_release(policy);
    free(texts);
    free(rules);
}
END_TEST

START_TEST(same_bytes)
{
    for (unsigned i = 0; i < sizeof path_tables / sizeof path_tables[0]; i++) {
        const struct endorun_policy_header *first = compile_paths(&path_tables[i]);
        const struct endorun_policy_header *second = compile_paths(&path_tables[i]);
        ck_assert_uint_eq(first->size, second->size);
        ck_assert_mem_eq(first, second, first->size);
        fixture_release(first);
        fixture_release(second);
    }
}
END_TEST

/* tests/fuzz goes on from here: what decisions rely on, broken byte by byte. */
START_TEST(refused_images)
{
    const struct endorun_policy_header *policy = compile_paths(&path_tables[0]);
    uint64_t *copy = malloc(policy->size + sizeof *copy);
    ck_assert(policy_check(policy, policy->size + 1));
    ck_assert(!policy_check(policy, policy->size - 1));
    ck_assert(!policy_check(policy, sizeof *policy - 1));
    memcpy((char *)copy + 4, policy, policy->size);
    ck_assert(!policy_check((char *)copy + 4, policy->size)); /* not aligned */
    struct endorun_policy_header *changed = (void *)copy;
    for (unsigned part = 0; part < ENDORUN_PART_LIMIT; part++) {
        memcpy(changed, policy, policy->size);
        ck_assert(policy_check(changed, policy->size));
        changed->parts[part].offset = policy->size + 8 - policy->size % 8;
        ck_assert(!policy_check(changed, policy->size));
        memcpy(changed, policy, policy->size);
        changed->parts[part].size = policy->size;
        ck_assert(!policy_check(changed, policy->size));
    }
    memcpy(changed, policy, policy->size);
    changed->version++;
    ck_assert(!policy_check(changed, policy->size));
    memcpy(changed, policy, policy->size);
    changed->magic++;
    ck_assert(!policy_check(changed, policy->size));
    free(copy);
    fixture_release(policy);
}
END_TEST

#define ADD_TABLE(cases, test, table)                                                              \
    tcase_add_loop_test(cases, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    TCase *cases = tcase_create("policy_decide");
    ADD_TABLE(cases, paths, path_tables);
    ADD_TABLE(cases, peers, peer_tables);
    tcase_add_test(cases, families);
    ADD_TABLE(cases, system_calls, call_tables);
    tcase_add_test(cases, without_parts);
    tcase_add_test(cases, rules_are_told);
    ADD_TABLE(cases, refused_patterns, bad_patterns);
    tcase_add_test(cases, refused_calls);
    tcase_add_test(cases, too_many_globs);
    tcase_add_test(cases, many_rules);
    tcase_add_test(cases, same_bytes);
    tcase_add_test(cases, refused_images);
    Suite *suite = suite_create("policy_decide");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
