/*
 * Makes the files of corpus_policy: compiled policies with a request each, for fuzz_policy.c.
 *
 * usage: make_corpus_policy DIRECTORY
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/compile/compile.h"

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

/* As in fuzz_policy.c. */
struct request {
    char text[64];
    uint64_t arguments[6];
    uint8_t address[16];
    uint32_t number;
    uint16_t port;
    uint8_t kind;
    uint8_t unused[9];
};

#define ORIGIN                                                                                     \
    {                                                                                              \
        "p.toml", 1, 1                                                                             \
    }
#define PATH(k, p)                                                                                 \
    {                                                                                              \
        .kind = POLICY_PATH_##k, .pattern = (p), .written = (p), .origin = ORIGIN                  \
    }
#define TO(p, t)                                                                                   \
    {                                                                                              \
        .kind = POLICY_PATH_REDIRECT, .pattern = (p), .written = (p), .target = (t),               \
        .origin = ORIGIN                                                                           \
    }
#define SOCKET(k, peer_, p)                                                                        \
    {                                                                                              \
        .kind = POLICY_NETWORK_##k, .peer = POLICY_PEER_##peer_, .pattern = (p), .written = (p),   \
        .origin = ORIGIN                                                                           \
    }
#define ADDRESS(k, first, bits, low, high)                                                         \
    {                                                                                              \
        .kind = POLICY_NETWORK_##k, .address = {first}, .prefix = (bits), .port_first = (low),     \
        .port_last = (high), .written = "address", .origin = ORIGIN                                \
    }
#define CALL(n, k, c, e, count)                                                                    \
    {                                                                                              \
        .number = (n), .action = POLICY_CALL_##k, .error = (e), .conditions = (c),                 \
        .condition_count = (count), .written = "call", .origin = ORIGIN                            \
    }

static struct policy_path_rule literals[] = {
    PATH(READ, "/usr/lib/**"), PATH(READ, "/usr/lib/a/b"), PATH(WRITE, "/usr/lip"),
    PATH(DENY, "/usr"),        PATH(HIDE, "/**"),          TO("/etc/resolv.conf", "/t")};
static struct policy_path_rule globs[] = {PATH(READ, "/usr/*.so"), PATH(WRITE, "/**/.git/**"),
                                          PATH(DENY, "/home/[!a-c]?/**/x"),
                                          PATH(EXEC, "/usr/lib*/ld-*"), PATH(HIDE, "/a/*")};
static struct policy_network_rule sockets[] = {
    SOCKET(CONNECT, PATH, "/run/*"), SOCKET(BIND, PATH, "/run/a"), SOCKET(DENY, ABSTRACT, "a*"),
    SOCKET(CONNECT, ABSTRACT, "abc")};
static struct policy_network_rule addresses[] = {ADDRESS(CONNECT, 10, 8, 0, 65535),
                                                 ADDRESS(CONNECT, 10, 16, 80, 80),
                                                 ADDRESS(BIND, 10, 30, 8000, 8080),
                                                 ADDRESS(DENY, 127, 8, 22, 22),
                                                 ADDRESS(BIND, 0, 0, 1, 1),
                                                 {.kind = POLICY_NETWORK_CONNECT,
                                                  .is_ipv6 = true,
                                                  .address = {0xfe, 0x80},
                                                  .prefix = 10,
                                                  .port_last = 65535,
                                                  .written = "address",
                                                  .origin = ORIGIN}};
static struct policy_condition conditions[] = {{1, POLICY_EQUAL, UINT64_MAX, 0x5413},
                                               {0, POLICY_GREATER_EQUAL, 0xff, 3}};
static struct policy_call_rule calls[] = {CALL(16, ALLOW, conditions, 0, 2),
                                          CALL(16, DENY, conditions + 1, EPERM, 1),
                                          CALL(2, KILL, NULL, 0, 0), CALL(0, ALLOW, NULL, 0, 0)};

#define SECTION(k)                                                                                 \
    {                                                                                              \
        true, POLICY_DEFAULT_##k, ORIGIN                                                           \
    }

static const struct policy_model models[] = {
    {.families = UINT64_MAX},
    {.filesystem = SECTION(DENY), .families = UINT64_MAX},
    {.filesystem = SECTION(DENY),
     .paths = literals,
     .path_count = COUNT(literals),
     .families = UINT64_MAX},
    {.filesystem = SECTION(ALLOW),
     .paths = globs,
     .path_count = COUNT(globs),
     .families = UINT64_MAX},
    {.network = SECTION(DENY), .peers = sockets, .peer_count = COUNT(sockets), .families = 6},
    {.network = SECTION(DENY),
     .peers = addresses,
     .peer_count = COUNT(addresses),
     .families = UINT64_MAX},
    {.calls = SECTION(DENY),
     .call_rules = calls,
     .call_rule_count = COUNT(calls),
     .families = UINT64_MAX},
    {.filesystem = SECTION(DENY),
     .paths = literals,
     .path_count = COUNT(literals),
     .network = SECTION(ALLOW),
     .peers = addresses,
     .peer_count = COUNT(addresses),
     .families = 6,
     .families_origin = ORIGIN,
     .calls = SECTION(ALLOW),
     .call_rules = calls,
     .call_rule_count = COUNT(calls)},
};

static const struct request requests[] = {
    {"/usr/lib/a/b", {3, 0x5413}, {10, 0, 0, 1}, 16, 80, 0, {0}},
    {"/home/dx/y/x", {0}, {0xfe, 0x80, 1}, 2, 443, 1, {0}},
    {"/run/a", {0}, {0}, 500, 0, 3, {0}},
    {"abc", {0}, {127, 0, 0, 1}, 0, 22, 2, {0}},
};

static void write_file(const char *directory, size_t model, size_t request)
{
    char path[4096], error[POLICY_ERROR_SIZE];
    struct policy_image image;
    if (policy_compile(&models[model], &image, error) != 0) {
        errx(EXIT_FAILURE, "model %zu: %s", model, error);
    }
    snprintf(path, sizeof path, "%s/made-%zu-%zu", directory, model, request);
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(image.bytes, image.size, 1, file) != 1 ||
        fwrite(&requests[request], sizeof requests[0], 1, file) != 1 || fclose(file) != 0) {
        err(EXIT_FAILURE, "%s", path);
    }
    policy_image_release(&image);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        errx(EXIT_FAILURE, "usage: make_corpus_policy DIRECTORY");
    }
    for (size_t model = 0; model < COUNT(models); model++) {
        for (size_t request = 0; request < COUNT(requests); request++) {
            write_file(argv[1], model, request);
        }
    }
    return EXIT_SUCCESS;
}
