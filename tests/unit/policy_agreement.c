/*
 * The compiled policy agrees with the reference interpreter (policy_reference.c) on random policies
 * and requests. Names and numbers come from small sets, so that rules match and overlap. The seed
 * is printed; ENDORUN_TEST_SEED sets it.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "endorun/syscall_shapes.h"
#include "policy_fixture.h"
#include "policy_reference.h"

#define POLICIES     100000
#define RULES_MAX    8
#define TEXT_MAX     64
#define DEFAULT_LINE 1000
#define COUNT(array) (sizeof(array) / sizeof(array[0]))

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../../policy/syscalls.def"
};

static uint64_t seed, state;

/* Requests, and those that a rule decided: a test of defaults alone would prove nothing. */
static unsigned long asked, decided;

/* SplitMix64. */
static uint64_t draw(uint64_t limit)
{
    uint64_t value = state += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return (value ^ value >> 31) % limit;
}

static bool draw_one_in(uint64_t count)
{
    return draw(count) == 0;
}

static const char *draw_string(const char *const *strings, size_t count)
{
    return strings[draw(count)];
}

/* Each policy is made from a seed of its own, so that a failure can be repeated alone. */
static void begin_policy(unsigned number)
{
    state = seed ^ (uint64_t)number << 32;
}

static void fail_if_different(const struct endorun_policy_header *policy,
                              const struct endorun_verdict *verdict,
                              const struct reference_verdict *expected, unsigned number,
                              const char *request)
{
    bool is_equal =
        verdict->action == expected->action && verdict->error == expected->error &&
        verdict->is_logged == expected->is_logged &&
        fixture_line(policy, verdict) == expected->line &&
        strcmp(policy_text(policy, verdict->target), expected->target ? expected->target : "") == 0;
    asked++;
    decided += expected->line > 0 && expected->line < DEFAULT_LINE;
    if (is_equal) {
        return; /* each assertion of Check costs a system call */
    }
    ck_abort_msg("seed %lu, policy %u, %s: action %u errno %u line %u, the reference says action "
                 "%u errno %d line %u",
                 seed, number, request, verdict->action, verdict->error,
                 fixture_line(policy, verdict), expected->action, expected->error, expected->line);
}

static struct policy_section draw_section(void)
{
    return (struct policy_section){true,
                                   draw_one_in(2) ? POLICY_DEFAULT_ALLOW : POLICY_DEFAULT_DENY,
                                   fixture_origin(DEFAULT_LINE)};
}

/* -- Paths ------------------------------------------------------------------------------------ */

static const char *const literal_elements[] = {"a", "b", "ab", "ba", "a.b", ".a", "\\*", "\\[a"};
static const char *const wild_elements[] = {
    "**",  "**",    "*",     "a*",     "*b",   "?",      "[ab]",     "[!a]", "a?",
    "*a*", "[a-b]", "[^.]b", "[]a]*b", "\\a*", "[\\]b]", "*.[!\\a]", ".*",   "[+-9]"};
static const char *const names[] = {"a",  "b",  "ab", "ba", "a.b", ".a", "*",
                                    "[a", "aa", "bb", "]b", "abb", "]"};

/* Elements joined by '/', or the root. */
static void draw_path(char text[TEXT_MAX], bool is_pattern, bool may_be_wild)
{
    unsigned count = (unsigned)draw(5);
    strcpy(text, count == 0 ? "/" : "");
    for (unsigned i = 0; i < count; i++) {
        const char *element = !is_pattern ? draw_string(names, COUNT(names))
                              : may_be_wild && draw_one_in(3)
                                  ? draw_string(wild_elements, COUNT(wild_elements))
                                  : draw_string(literal_elements, COUNT(literal_elements));
        strcat(strcat(text, "/"), element);
    }
}

static void draw_path_rule(struct policy_path_rule *rule, char text[TEXT_MAX], size_t index)
{
    static const char *const targets[] = {"/a", "/b/a"};
    rule->kind = (enum policy_path_kind)draw(6);
    draw_path(text, true, rule->kind != POLICY_PATH_REDIRECT);
    rule->pattern = rule->written = text;
    rule->target = rule->kind == POLICY_PATH_REDIRECT ? targets[draw(2)] : 0;
    rule->origin = fixture_origin(index + 1);
}

static void compare_paths(const struct policy_model *model,
                          const struct endorun_policy_header *policy, unsigned number)
{
    char path[TEXT_MAX];
    for (unsigned i = 0; i < 10; i++) {
        draw_path(path, false, false);
        for (unsigned access = 0; access < ENDORUN_PATH_ACCESS_LIMIT; access++) {
            struct endorun_verdict verdict = decide_path(policy, access, path, strlen(path));
            struct reference_verdict expected = reference_path(model, access, path);
            fail_if_different(policy, &verdict, &expected, number, path);
        }
    }
}

START_TEST(paths)
{
    struct policy_path_rule rules[RULES_MAX];
    char texts[RULES_MAX][TEXT_MAX];
    for (unsigned number = 0; number < POLICIES; number++) {
        begin_policy(number);
        struct policy_model model = {.filesystem = draw_section(),
                                     .paths = rules,
                                     .path_count = draw(RULES_MAX + 1),
                                     .families = UINT64_MAX};
        for (size_t i = 0; i < model.path_count; i++) {
            draw_path_rule(&rules[i], texts[i], i);
        }
        const struct endorun_policy_header *policy = fixture_compile(&model);
        compare_paths(&model, policy, number);
        fixture_release(policy);
    }
    ck_assert_uint_gt(decided, asked / 10);
}
END_TEST

/* -- Peers ------------------------------------------------------------------------------------ */

static const char *const abstract_patterns[] = {"a*", "*",   "a/*",  "??",   "\\*",
                                                "",   "[a]", "a**b", "a/**", "a/?"};
static const char *const abstract_names[] = {"a", "", "a/b", "*", "aa", "[a]", "ab", "axb/b"};
static const uint16_t ports[] = {0, 1, 79, 80, 81, 443, 65534, 65535};

static void draw_address(uint8_t address[16], bool is_ipv6)
{
    static const uint8_t octets[] = {0, 1, 127, 128, 255};
    memset(address, 0, 16);
    for (unsigned i = 0; i < (is_ipv6 ? 16 : 4); i++) {
        if (i < 4 || draw_one_in(4)) {
            address[i] = octets[draw(COUNT(octets))];
        }
    }
    if (is_ipv6 && draw_one_in(2)) {
        static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        memcpy(address, mapped, sizeof mapped);
    }
}

static void draw_network_rule(struct policy_network_rule *rule, char text[TEXT_MAX], size_t index)
{
    memset(rule, 0, sizeof *rule);
    rule->kind = (enum policy_network_kind)draw(3);
    rule->peer = draw_one_in(2) ? POLICY_PEER_ADDRESS : (enum policy_peer_kind)draw(3);
    rule->origin = fixture_origin(index + 1);
    rule->is_ipv6 = draw_one_in(2);
    rule->prefix = (unsigned)draw(rule->is_ipv6 ? 129 : 33);
    if (rule->is_ipv6 && draw_one_in(2)) {
        rule->prefix = 96 + (unsigned)draw(33);
    }
    draw_address(rule->address, rule->is_ipv6);
    for (unsigned bit = rule->prefix; bit < 128; bit++) {
        rule->address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    }
    uint16_t a = ports[draw(COUNT(ports))], b = ports[draw(COUNT(ports))];
    rule->port_first = a < b ? a : b;
    rule->port_last = a < b ? b : a;
    if (rule->peer == POLICY_PEER_PATH) {
        draw_path(text, true, true);
    } else {
        strcpy(text, draw_string(abstract_patterns, COUNT(abstract_patterns)));
    }
    rule->pattern = rule->written = text;
}

/* Of the kind, and near the address and the ports, of a rule. */
static void draw_near(const struct policy_network_rule *rule, struct endorun_peer *peer)
{
    static const uint8_t kinds[] = {
        [POLICY_PEER_PATH] = ENDORUN_PEER_PATH, [POLICY_PEER_ABSTRACT] = ENDORUN_PEER_ABSTRACT};
    memcpy(peer->address, rule->address, sizeof peer->address);
    peer->address[draw(16)] ^= (uint8_t)(draw_one_in(2) << draw(8));
    peer->port = draw_one_in(2) ? rule->port_first : rule->port_last;
    peer->port = (uint16_t)(peer->port + (draw_one_in(4) ? draw(3) : 1) - 1);
    peer->kind = rule->peer != POLICY_PEER_ADDRESS ? kinds[rule->peer]
                 : rule->is_ipv6                   ? ENDORUN_PEER_IPV6
                                                   : ENDORUN_PEER_IPV4;
}

static void draw_peer(const struct policy_model *model, struct endorun_peer *peer,
                      char text[TEXT_MAX])
{
    memset(peer, 0, sizeof *peer);
    peer->kind = (uint8_t)draw(4);
    peer->port = ports[draw(COUNT(ports))];
    draw_address(peer->address, peer->kind == ENDORUN_PEER_IPV6);
    if (model->peer_count > 0 && !draw_one_in(4)) {
        draw_near(&model->peers[draw(model->peer_count)], peer);
    }
    if (peer->kind == ENDORUN_PEER_PATH) {
        draw_path(text, false, false);
    } else {
        strcpy(text, draw_string(abstract_names, COUNT(abstract_names)));
    }
    peer->name = text;
    peer->length = (uint32_t)strlen(text);
}

/* To connect to no address is to connect to this machine. */
static struct endorun_peer where_it_leads(enum endorun_network_access access,
                                          struct endorun_peer peer)
{
    static const uint8_t none[16], mapped[16] = {[10] = 0xff, [11] = 0xff},
                                   loopback[4] = {127, 0, 0, 1};

    if (access != ENDORUN_NETWORK_CONNECT) {
        return peer;
    }
    if (peer.kind == ENDORUN_PEER_IPV4 && memcmp(peer.address, none, 4) == 0) {
        memcpy(peer.address, loopback, 4);
    } else if (peer.kind == ENDORUN_PEER_IPV6 && memcmp(peer.address, none, 16) == 0) {
        peer.address[15] = 1;
    } else if (peer.kind == ENDORUN_PEER_IPV6 && memcmp(peer.address, mapped, 16) == 0) {
        peer.kind = ENDORUN_PEER_IPV4;
        memcpy(peer.address, loopback, 4);
    }
    return peer;
}

static void compare_peers(const struct policy_model *model,
                          const struct endorun_policy_header *policy, unsigned number)
{
    struct endorun_peer peer;
    char text[TEXT_MAX], request[4 * TEXT_MAX];
    for (unsigned i = 0; i < 10; i++) {
        draw_peer(model, &peer, text);
        for (unsigned access = 0; access < ENDORUN_NETWORK_ACCESS_LIMIT; access++) {
            struct endorun_verdict verdict = decide_peer(policy, access, &peer);
            struct endorun_peer reached = where_it_leads(access, peer);
            struct reference_verdict expected = reference_peer(model, access, &reached);
            snprintf(request, sizeof request, "access %u of kind %u, %u.%u.%u.%u..., port %u, %s",
                     access, peer.kind, peer.address[0], peer.address[1], peer.address[2],
                     peer.address[3], peer.port, text);
            fail_if_different(policy, &verdict, &expected, number, request);
        }
    }
    int family = (int)draw(70) - 3;
    struct endorun_verdict verdict = decide_family(policy, family);
    struct reference_verdict expected = reference_family(model, family);
    fail_if_different(policy, &verdict, &expected, number, "family");
}

START_TEST(peers)
{
    struct policy_network_rule rules[RULES_MAX];
    char texts[RULES_MAX][TEXT_MAX];
    for (unsigned number = 0; number < POLICIES; number++) {
        begin_policy(number);
        struct policy_model model = {.network = draw_section(),
                                     .peers = rules,
                                     .peer_count = draw(RULES_MAX + 1),
                                     .families = draw_one_in(2) ? UINT64_MAX : draw(UINT64_MAX),
                                     .families_origin = fixture_origin(DEFAULT_LINE + 1)};
        for (size_t i = 0; i < model.peer_count; i++) {
            draw_network_rule(&rules[i], texts[i], i);
        }
        const struct endorun_policy_header *policy = fixture_compile(&model);
        compare_peers(&model, policy, number);
        fixture_release(policy);
    }
    ck_assert_uint_gt(decided, asked / 10);
}
END_TEST

/* -- Calls ------------------------------------------------------------------------------------ */

/* Of arguments with 16, 32 and 64 bits; the last number is none's. */
static const uint32_t numbers[] = {0, 2, 9, 16, 41, 90, 257, 400};

static unsigned width_of(uint32_t number, unsigned argument)
{
    return endorun_kind_info(calls[number].arg[argument].kind).bits;
}

static uint64_t draw_value(unsigned bits)
{
    static const uint64_t values[] = {0, 1, 2, 3, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000};
    uint64_t limit = bits == 64 ? UINT64_MAX : (1UL << bits) - 1;
    uint64_t value = draw_one_in(8) ? limit - draw(3) : values[draw(COUNT(values))];
    return value <= limit ? value : value & limit;
}

/* Negative values are written in 64 bits, as some constants are. */
static void draw_condition(struct policy_condition *condition, uint32_t number)
{
    condition->argument = (unsigned)draw(calls[number].nargs);
    unsigned bits = width_of(number, condition->argument);
    condition->comparison = (enum policy_comparison)draw(6);
    condition->mask = draw_one_in(2) ? UINT64_MAX : draw_value(64);
    condition->value = draw_value(bits);
    if (bits < 64 && (condition->value >> (bits - 1) & 1) != 0 && draw_one_in(2)) {
        condition->value |= UINT64_MAX << bits;
    }
}

static void draw_call_rule(struct policy_call_rule *rule, struct policy_condition conditions[3],
                           size_t index)
{
    rule->number = numbers[draw(COUNT(numbers) - 1)];
    rule->action = (enum policy_call_action)draw(3);
    rule->error = 1 + (int)draw(4095);
    rule->is_logged = draw_one_in(2);
    rule->conditions = conditions;
    rule->condition_count = draw(4);
    rule->key = NULL;
    rule->written = "call";
    rule->origin = fixture_origin(index + 1);
    for (size_t i = 0; i < rule->condition_count; i++) {
        draw_condition(&conditions[i], rule->number);
    }
}

static void compare_calls(const struct policy_model *model,
                          const struct endorun_policy_header *policy, unsigned policy_number)
{
    for (unsigned i = 0; i < 20; i++) {
        uint32_t number = numbers[draw(COUNT(numbers))];
        bool is_known = number != 400;
        uint64_t arguments[6];
        unsigned bits[6];
        char request[TEXT_MAX];
        for (unsigned j = 0; j < 6; j++) {
            arguments[j] = draw_value(64) | (draw_one_in(3) ? draw_value(64) << 32 : 0);
            bits[j] = is_known ? width_of(number, j) : 0;
        }
        struct endorun_verdict verdict = decide_call(policy, number, arguments);
        struct reference_verdict expected =
            reference_call(model, number, is_known, arguments, bits);
        snprintf(request, sizeof request, "call %u", number);
        fail_if_different(policy, &verdict, &expected, policy_number, request);
    }
}

START_TEST(system_calls)
{
    struct policy_call_rule rules[RULES_MAX];
    struct policy_condition conditions[RULES_MAX][3];
    for (unsigned number = 0; number < POLICIES; number++) {
        begin_policy(number);
        struct policy_model model = {.calls = draw_section(),
                                     .call_rules = rules,
                                     .call_rule_count = draw(RULES_MAX + 1),
                                     .families = UINT64_MAX};
        if (!model.calls.is_written) {
            model.call_rule_count = 0; /* the reader makes none of what is not written */
        }
        for (size_t i = 0; i < model.call_rule_count; i++) {
            draw_call_rule(&rules[i], conditions[i], i);
        }
        const struct endorun_policy_header *policy = fixture_compile(&model);
        compare_calls(&model, policy, number);
        fixture_release(policy);
    }
    ck_assert_uint_gt(decided, asked / 10);
}
END_TEST

static void choose_seed(void)
{
    const char *given = getenv("ENDORUN_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = given != NULL ? strtoul(given, NULL, 0) : (uint64_t)now.tv_sec ^ (uint64_t)now.tv_nsec;
    printf("seed %lu\n", seed);
    fflush(stdout);
}

int main(void)
{
    choose_seed();
    TCase *cases = tcase_create("policy_agreement");
    tcase_add_test(cases, paths);
    tcase_add_test(cases, peers);
    tcase_add_test(cases, system_calls);
    Suite *suite = suite_create("policy_agreement");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
