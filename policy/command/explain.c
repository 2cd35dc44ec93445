/* `endorun policy explain`: for each rule what can hold it here, the kernel or the monitor alone.
 */
#include "commands.h"

#include "filters.h"
#include "front.h"
#include "isolation.h"
#include "landlock.h"
#include "message.h"
#include "schema.h"

#include "../../loader/command/escape.h"

#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "endorun/linux_compat.h"

struct explanation {
    struct policy_model model;
    size_t path_count, peer_count; /* those that the file has */
    struct landlock_bound bound;
    enum landlock_gap *path_gaps, *peer_gaps;
    enum filter_gap *call_gaps;
    size_t rules, left; /* so far; of them, those that the monitor has to hold */
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

/* `because`: NULL, or what keeps the kernel from holding the rule alone. */
static void print_rule(struct explanation *explanation, struct policy_origin origin,
                       const char *key, const char *written, const char *kernel,
                       const char *because)
{
    explanation->rules++;
    explanation->left += because != NULL;
    write_escaped(stdout, origin.file != NULL ? origin.file : "default");
    if (origin.line != 0)
        printf(":%u:%u", origin.line, origin.column);
    printf(": %s", key);
    if (written != NULL) {
        fputs(": ", stdout);
        write_escaped(stdout, written);
    }
    printf("\n    %s%s%s%s\n", kernel != NULL ? kernel : "", kernel && because ? ", and " : "",
           because != NULL ? "the monitor: " : "", because != NULL ? because : "");
}

static void explain_paths(struct explanation *explanation)
{
    const struct policy_model *model = &explanation->model;

    for (size_t i = 0; i < explanation->path_count; i++) {
        const struct policy_path_rule *rule = &model->paths[i];
        enum landlock_gap gap = explanation->path_gaps[i];
        bool is_bounded = explanation->bound.handled_paths != 0 && gap != LANDLOCK_NO_DENIAL &&
                          gap != LANDLOCK_NO_REDIRECT;

        /* Where all is allowed that no rule denies, the other lists say nothing. */
        if (model->filesystem.fallback == POLICY_DEFAULT_ALLOW &&
            (rule->kind == POLICY_PATH_READ || rule->kind == POLICY_PATH_WRITE ||
             rule->kind == POLICY_PATH_EXEC))
            continue;
        print_rule(explanation, rule->origin, path_keys[rule->kind], rule->written,
                   is_bounded ? "Landlock" : NULL,
                   gap == LANDLOCK_EXACT ? NULL : landlock_gap_text(gap));
    }
}

static void explain_peers(struct explanation *explanation)
{
    const struct policy_model *model = &explanation->model;

    for (size_t i = 0; i < explanation->peer_count; i++) {
        const struct policy_network_rule *rule = &model->peers[i];
        bool is_bounded = explanation->bound.handled_ports != 0 &&
                          rule->peer == POLICY_PEER_ADDRESS && rule->kind != POLICY_NETWORK_DENY;

        print_rule(explanation, rule->origin, peer_keys[rule->kind], rule->written,
                   is_bounded ? "Landlock" : NULL, landlock_gap_text(explanation->peer_gaps[i]));
    }
    if (model->network.is_written && model->families != UINT64_MAX)
        print_rule(explanation, model->families_origin, "network.families", NULL, "seccomp", NULL);
}

/* An entry that names a group is one line, with the first gap of its calls. */
static void explain_calls(struct explanation *explanation)
{
    const struct policy_model *model = &explanation->model;

    for (size_t i = 0; i < model->call_rule_count;) {
        const struct policy_call_rule *rule = &model->call_rules[i];
        enum filter_gap gap = FILTER_EXACT;
        bool is_held = false;
        size_t next = i;

        for (; next < model->call_rule_count &&
               model->call_rules[next].origin.line == rule->origin.line &&
               model->call_rules[next].origin.column == rule->origin.column &&
               model->call_rules[next].origin.file == rule->origin.file;
             next++) {
            is_held = is_held || explanation->call_gaps[next] == FILTER_EXACT;
            if (gap == FILTER_EXACT)
                gap = explanation->call_gaps[next];
        }
        print_rule(explanation, rule->origin,
                   rule->action == POLICY_CALL_ALLOW ? "syscalls.allow" : "syscalls.deny",
                   rule->written, is_held ? "seccomp" : NULL,
                   gap == FILTER_EXACT ? NULL : filter_gap_text(gap));
        i = next;
    }
}

static void explain_limits(struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->model.limit_count; i++) {
        const struct policy_limit *limit = &explanation->model.limits[i];
        char key[64] = "limits";

        for (size_t k = 0; k < schema_key_count; k++)
            if (strcmp(schema_keys[k].section, "limits") == 0 &&
                (int)schema_keys[k].detail == limit->resource)
                snprintf(key, sizeof key, "limits.%s", schema_keys[k].name);
        print_rule(explanation, limit->origin, key, limit->written,
                   "a resource limit of the kernel", NULL);
    }
}

static void explain_process(struct explanation *explanation)
{
    const struct policy_model *model = &explanation->model;
    bool is_scoped = (explanation->bound.scoped & LANDLOCK_SCOPE_SIGNAL) != 0;

    if ((model->process_flags & POLICY_PROCESS_NO_EXEC) != 0)
        print_rule(explanation, model->no_exec_origin, "process.exec", "false", NULL,
                   "endorun executes itself, and a filter cannot tell who does");
    if (model->max_processes != 0)
        print_rule(explanation, model->max_processes_origin, "process.max_processes", NULL, NULL,
                   "the kernel counts those of a user, not of a sandbox");
    if ((model->process_flags & POLICY_PROCESS_SIGNALS_SANDBOX) != 0)
        print_rule(explanation, model->signals_origin, "process.signals", "sandbox",
                   is_scoped ? "Landlock" : NULL,
                   is_scoped ? NULL : landlock_gap_text(LANDLOCK_UNKNOWN));
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (memory == NULL)
        die(STATUS_SETUP, "no memory left");
    return memory;
}

static int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

int explain_policy(const char *file, char **rest)
{
    struct explanation explanation = {0};
    struct policy_model *model = &explanation.model;
    struct policy_filters filters;
    struct policy_image image;
    const int abi = landlock_abi();
    const struct pkey_support keys = probe_pkey_support();

    (void)rest;
    read_policy(file, model);
    explanation.path_count = model->path_count;
    explanation.peer_count = model->peer_count;
    compile_policy(model, &image);
    explanation.path_gaps = allocate(model->path_count, sizeof *explanation.path_gaps);
    explanation.peer_gaps = allocate(model->peer_count, sizeof *explanation.peer_gaps);
    explanation.call_gaps = allocate(model->call_rule_count, sizeof *explanation.call_gaps);
    if (!landlock_bound(model, abi, &explanation.bound, explanation.path_gaps,
                        explanation.peer_gaps))
        die(STATUS_SETUP, "no memory left");
    int error = policy_filters_make(model, &filters, explanation.call_gaps);

    if (error != 0)
        die(STATUS_SETUP, "the filters for seccomp cannot be made: %s", strerror(-error));
    explain_paths(&explanation);
    explain_peers(&explanation);
    explain_calls(&explanation);
    explain_process(&explanation);
    explain_limits(&explanation);
    printf("\n%zu of %zu rules need the monitor, in part or alone", explanation.left,
           explanation.rules);
    printf(keys.cpu && keys.kernel ? "; protection keys keep the program from changing it.\n"
                                   : "; without protection keys the program could change it.\n");
    if (abi == 0)
        puts("This kernel has no Landlock, or it is switched off.");
    return 0;
}
