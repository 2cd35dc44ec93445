/*
 * The compiled policy under a fuzzer: what policy_check() takes, decisions can be asked of,
 * whatever they are asked. The input is
 *
 *   the image         its magic, version and size are put right, so that more of them are taken
 *   TEXT_SIZE bytes   a path or a name; the first NUL ends it
 *   NUMBERS_SIZE      the peer's kind, address and port, the number and the arguments of a call
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/decide.h"

#define TEXT_SIZE    64U
#define NUMBERS_SIZE 80U

struct request {
    char text[TEXT_SIZE];
    uint64_t arguments[6];
    uint8_t address[16];
    uint32_t number;
    uint16_t port;
    uint8_t kind;
    uint8_t unused[9];
};
_Static_assert(sizeof(struct request) == TEXT_SIZE + NUMBERS_SIZE, "no padding");

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void demand(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

/* All that a verdict names is there, to the end of its text. */
static void look_at(const struct endorun_policy_header *policy, struct endorun_verdict verdict)
{
    const struct endorun_policy_rule *rule = policy_rule(policy, verdict.rule);
    demand(verdict.action <= ENDORUN_ACTION_REDIRECT, "an action");
    demand((verdict.action == ENDORUN_ACTION_DENY) == (verdict.error != 0), "an errno");
    size_t length = strlen(policy_text(policy, rule->file)) +
                    strlen(policy_text(policy, rule->text)) +
                    strlen(policy_text(policy, verdict.target));
    demand(length < 3UL * policy->size, "texts");
}

static void decide(const struct endorun_policy_header *policy, const struct request *request)
{
    /* Of its own: one byte beyond is an error. */
    size_t length = strnlen(request->text, TEXT_SIZE);
    char *text = malloc(length + (length == 0));
    demand(text != NULL, "no memory");
    memcpy(text, request->text, length);
    struct endorun_peer peer = {
        .kind = request->kind % 5, .port = request->port, .name = text, .length = (uint32_t)length};
    memcpy(peer.address, request->address, sizeof peer.address);
    for (unsigned access = 0; access < ENDORUN_PATH_ACCESS_LIMIT; access++) {
        look_at(policy, decide_path(policy, access, text, length));
    }
    for (unsigned access = 0; access < ENDORUN_NETWORK_ACCESS_LIMIT; access++) {
        look_at(policy, decide_peer(policy, access, &peer));
    }
    look_at(policy, decide_family(policy, (int)request->number));
    look_at(policy, decide_family(policy, (int)(request->number % 64)));
    look_at(policy, decide_call(policy, request->number, request->arguments));
    look_at(policy, decide_call(policy, request->number % 512, request->arguments));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct request request;
    struct endorun_policy_header *policy;
    if (size < sizeof *policy + sizeof request) {
        return 0;
    }
    size -= sizeof request;
    policy = malloc(size);
    demand(policy != NULL, "no memory");
    memcpy(policy, bytes, size);
    memcpy(&request, bytes + size, sizeof request);
    policy->magic = ENDORUN_POLICY_MAGIC;
    policy->version = ENDORUN_POLICY_VERSION;
    policy->size = (uint32_t)size;
    if (policy_check(policy, size)) {
        decide(policy, &request);
    }
    free(policy);
    return 0;
}
