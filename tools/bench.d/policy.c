/* Decisions on paths: no system call, so what runs them does not matter. */
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/compile/compile.h"
#include "../../policy/decide.h"

#define FEW       10U
#define MANY      10000U
#define PATH_SIZE 80

struct request {
    char path[PATH_SIZE];
    size_t length;
    enum endorun_action action;
};

static struct policy_image policy;
static struct request *requests;
static unsigned request_count;

/* Every second rule is for a whole folder. */
static void write_pattern(char pattern[PATH_SIZE], unsigned rule)
{
    snprintf(pattern, PATH_SIZE, "/usr/share/part-%u/module-%u/file%u.data%s", rule % 10,
             rule / 10 % 100, rule, rule % 2 == 0 ? "" : "/**");
}

static void compile(unsigned rule_count)
{
    struct policy_path_rule *rules = calloc(rule_count, sizeof(*rules));
    char(*patterns)[PATH_SIZE] = calloc(rule_count, sizeof(*patterns));
    char error[POLICY_ERROR_SIZE];
    const struct policy_model model = {
        .filesystem = {.is_written = true, .fallback = POLICY_DEFAULT_DENY},
        .paths = rules,
        .path_count = rule_count,
        .families = UINT64_MAX};

    if (!rules || !patterns)
        fail("calloc");
    for (unsigned i = 0; i < rule_count; i++) {
        write_pattern(patterns[i], i);
        rules[i].pattern = rules[i].written = patterns[i];
    }
    errno = 0;
    if (policy_compile(&model, &policy, error) != 0)
        fail(error);
    if (!policy_check(policy.bytes, policy.size))
        fail("the compiled policy is refused");
    free(rules);
    free(patterns);
}

/* For each rule a path below its folder, or its own, and one that differs in the last byte. */
static void ask_for(unsigned rule_count)
{
    char pattern[PATH_SIZE];

    request_count = 2 * rule_count;
    requests = calloc(request_count, sizeof(*requests));
    if (!requests)
        fail("calloc");
    for (unsigned i = 0; i < request_count; i++) {
        struct request *request = &requests[i];
        const char *rest = i / 2 % 2 == 0 ? "" : "/some/file";

        write_pattern(pattern, i / 2);
        pattern[strcspn(pattern, "*") - (i / 2 % 2 == 0 ? 0 : 1)] = 0;
        if (i % 2 != 0)
            pattern[strlen(pattern) - 1] = '!';
        request->length = (size_t)snprintf(request->path, PATH_SIZE, "%s%s", pattern, rest);
        request->action = i % 2 == 0 ? ENDORUN_ACTION_ALLOW : ENDORUN_ACTION_DENY;
    }
}

static void decide_run(unsigned long count)
{
    unsigned next = 0;

    while (count--) {
        const struct request *request = &requests[next];

        if (decide_path(policy.bytes, ENDORUN_PATH_READ, request->path, request->length).action !=
            request->action)
            fail("a decision is wrong");
        next = next + 1 == request_count ? 0 : next + 1;
    }
}

static void few_set_up(void)
{
    compile(FEW);
    ask_for(FEW);
}

static void many_set_up(void)
{
    compile(MANY);
    ask_for(FEW);
}

static void all_set_up(void)
{
    compile(MANY);
    ask_for(MANY);
}

const struct workload policy_workloads[] = {
    {"decide_path_10", "decide_path with 10 rules, 20 paths in turn", few_set_up, decide_run},
    {"decide_path_10000", "decide_path with 10,000 rules, the same 20 paths in turn", many_set_up,
     decide_run},
    {"decide_path_all", "decide_path with 10,000 rules, 20,000 paths in turn", all_set_up,
     decide_run},
    {NULL, NULL, NULL, NULL},
};
