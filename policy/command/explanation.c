#include "explanation.h"

#include "commands.h"
#include "message.h"
#include "schema.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "endorun/linux_compat.h"

/* A walk over the rules of an explanation. */
struct walk {
    const struct explanation *explanation;
    explained_rule_visitor *visit;
    void *context;
};

static const char *const path_keys[] = {
    [POLICY_PATH_READ] = "filesystem.read", [POLICY_PATH_WRITE] = "filesystem.write",
    [POLICY_PATH_EXEC] = "filesystem.exec", [POLICY_PATH_DENY] = "filesystem.deny",
    [POLICY_PATH_HIDE] = "filesystem.hide", [POLICY_PATH_REDIRECT] = "filesystem.redirect",
};
static const char *const peer_keys[] = {
    [POLICY_NETWORK_CONNECT] = "network.connect",
    [POLICY_NETWORK_BIND] = "network.bind",
    [POLICY_NETWORK_DENY] = "network.deny",
};

static void tell(const struct walk *walk, struct policy_origin origin, const char *key,
                 const char *written, const char *kernel, const char *because)
{
    const struct explained_rule rule = {origin, key, written, kernel, because};

    walk->visit(walk->context, &rule);
}

/* What no rule names is denied: by the bound, as far as that goes. */
static void tell_default(const struct walk *walk, const struct policy_section *section,
                         const char *key, const char *kernel, const char *because)
{
    if (section->is_written && section->fallback == POLICY_DEFAULT_DENY)
        tell(walk, section->origin, key, "deny", kernel, because);
}

static void visit_paths(const struct walk *walk)
{
    const struct explanation *explanation = walk->explanation;
    const struct policy_model *model = &explanation->model;
    bool has_bound = explanation->bound.handled_paths != 0;

    tell_default(walk, &model->filesystem, "filesystem.default", has_bound ? "Landlock" : NULL,
                 landlock_gap_text(has_bound ? LANDLOCK_ATTRIBUTES : LANDLOCK_UNKNOWN));
    for (size_t i = 0; i < explanation->path_count; i++) {
        const struct policy_path_rule *rule = &model->paths[i];
        enum landlock_gap gap = explanation->path_gaps[i];
        bool is_bounded = has_bound && gap != LANDLOCK_NO_DENIAL && gap != LANDLOCK_NO_REDIRECT;

        /* Where all is allowed that no rule denies, the other lists say nothing. */
        if (model->filesystem.fallback == POLICY_DEFAULT_ALLOW &&
            (rule->kind == POLICY_PATH_READ || rule->kind == POLICY_PATH_WRITE ||
             rule->kind == POLICY_PATH_EXEC))
            continue;
        tell(walk, rule->origin, path_keys[rule->kind], rule->written,
             is_bounded ? "Landlock" : NULL, gap == LANDLOCK_EXACT ? NULL : landlock_gap_text(gap));
    }
}

static void visit_peers(const struct walk *walk)
{
    const struct explanation *explanation = walk->explanation;
    const struct policy_model *model = &explanation->model;
    bool has_bound = explanation->bound.handled_ports != 0;

    tell_default(walk, &model->network, "network.default", has_bound ? "Landlock" : NULL,
                 landlock_gap_text(has_bound ? LANDLOCK_PEERS : LANDLOCK_UNKNOWN));
    for (size_t i = 0; i < explanation->peer_count; i++) {
        const struct policy_network_rule *rule = &model->peers[i];
        bool is_bounded =
            has_bound && rule->peer == POLICY_PEER_ADDRESS && rule->kind != POLICY_NETWORK_DENY;

        tell(walk, rule->origin, peer_keys[rule->kind], rule->written,
             is_bounded ? "Landlock" : NULL, landlock_gap_text(explanation->peer_gaps[i]));
    }
    if (model->network.is_written && model->families != UINT64_MAX)
        tell(walk, model->families_origin, "network.families", NULL, "seccomp",
             (model->families >> AF_UNIX & 1) != 0 ? NULL : filter_gap_text(FILTER_OWN_CALL));
}

/* An entry that names a group is one line, with the first gap of its calls. */
static void visit_calls(const struct walk *walk)
{
    const struct explanation *explanation = walk->explanation;
    const struct policy_model *model = &explanation->model;

    tell_default(walk, &model->calls, "syscalls.default", "seccomp",
                 filter_gap_text(FILTER_OWN_CALL));
    for (size_t i = 0; i < model->call_rule_count;) {
        const struct policy_call_rule *rule = &model->call_rules[i];
        enum filter_gap gap = FILTER_EXACT;
        bool is_held = false;
        size_t next = i;

        if (rule->key != NULL)
            break; /* what others imply stands last, and is told with those */
        for (; next < model->call_rule_count &&
               model->call_rules[next].origin.line == rule->origin.line &&
               model->call_rules[next].origin.column == rule->origin.column &&
               model->call_rules[next].origin.file == rule->origin.file;
             next++) {
            is_held = is_held || explanation->call_gaps[next] == FILTER_EXACT;
            if (gap == FILTER_EXACT)
                gap = explanation->call_gaps[next];
        }
        tell(walk, rule->origin,
             rule->action == POLICY_CALL_ALLOW ? "syscalls.allow" : "syscalls.deny", rule->written,
             is_held ? "seccomp" : NULL, gap == FILTER_EXACT ? NULL : filter_gap_text(gap));
        i = next;
    }
}

static void visit_limits(const struct walk *walk)
{
    const struct policy_model *model = &walk->explanation->model;

    for (size_t i = 0; i < model->limit_count; i++) {
        const struct policy_limit *limit = &model->limits[i];
        char key[64] = "limits";

        for (size_t k = 0; k < schema_key_count; k++)
            if (strcmp(schema_keys[k].section, "limits") == 0 &&
                (int)schema_keys[k].detail == limit->resource)
                snprintf(key, sizeof key, "limits.%s", schema_keys[k].name);
        tell(walk, limit->origin, key, limit->written, "a resource limit of the kernel", NULL);
    }
}

static void visit_process(const struct walk *walk)
{
    const struct explanation *explanation = walk->explanation;
    const struct policy_model *model = &explanation->model;
    bool is_scoped = (explanation->bound.scoped & LANDLOCK_SCOPE_SIGNAL) != 0;

    if ((model->process_flags & POLICY_PROCESS_NO_EXEC) != 0)
        tell(walk, model->no_exec_origin, "process.exec", "false", NULL,
             filter_gap_text(FILTER_OWN_CALL));
    if (model->max_processes != 0)
        tell(walk, model->max_processes_origin, "process.max_processes", NULL,
             "a resource limit of the kernel, in a user namespace", NULL);
    if ((model->process_flags & POLICY_PROCESS_SIGNALS_SANDBOX) != 0)
        tell(walk, model->signals_origin, "process.signals", "sandbox",
             is_scoped ? "Landlock" : NULL, is_scoped ? NULL : landlock_gap_text(LANDLOCK_UNKNOWN));
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (memory == NULL)
        die(STATUS_SETUP, "no memory left");
    return memory;
}

void explain_file(const char *file, struct explanation *explanation)
{
    struct policy_model *model = &explanation->model;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    *explanation = (struct explanation){.landlock_abi = abi < 0 ? 0 : (int)abi};
    read_policy(file, model);
    explanation->path_count = model->path_count;
    explanation->peer_count = model->peer_count;
    compile_policy(model, &explanation->image);
    explanation->path_gaps = allocate(model->path_count, sizeof *explanation->path_gaps);
    explanation->peer_gaps = allocate(model->peer_count, sizeof *explanation->peer_gaps);
    explanation->call_gaps = allocate(model->call_rule_count, sizeof *explanation->call_gaps);
    if (!landlock_bound(model, explanation->landlock_abi, &explanation->bound,
                        explanation->path_gaps, explanation->peer_gaps))
        die(STATUS_SETUP, "no memory left");
    int error = policy_filters_make(model, &explanation->filters, explanation->call_gaps);

    if (error == -E2BIG)
        die(STATUS_SETUP,
            "%s: [syscalls] has more rules with conditions than the 4,096 "
            "instructions of a seccomp filter hold",
            file);
    if (error != 0)
        die(STATUS_SETUP, "the filters for seccomp cannot be made: %s", strerror(-error));
}

void explanation_visit(const struct explanation *explanation, explained_rule_visitor *visit,
                       void *context)
{
    const struct walk walk = {explanation, visit, context};

    visit_paths(&walk);
    visit_peers(&walk);
    visit_calls(&walk);
    visit_process(&walk);
    visit_limits(&walk);
}
