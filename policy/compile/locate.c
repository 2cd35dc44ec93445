#include "locate.h"

#include "arena.h"
#include "normalise.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The paths of a process: what they lead to is another for the next one. */
static bool is_of_process(const char *path)
{
    const char *prefix = "/proc/";

    return strncmp(path, prefix, strlen(prefix)) == 0 &&
           strspn(path + strlen(prefix), "0123456789") > 0;
}

/*
 * Writes the canonical path of a literal one: of its longest part that exists, with the rest behind
 * it. False: none that differs.
 */
static bool canonical_path(const char *path, char canonical[PATH_MAX])
{
    char part[PATH_MAX];
    size_t length = strlen(path);

    for (; length > 0; length--) {
        if (path[length] != '\0' && path[length] != '/')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)length, path);
        if (realpath(part, canonical) == NULL)
            continue;
        size_t used = strlen(canonical);

        if (used == 1 && path[length] == '/')
            used = 0;

        if (strlen(path + length) >= PATH_MAX - used)
            return false;
        stpcpy(canonical + used, path + length);
        return strcmp(canonical, path) != 0 && !is_of_process(canonical);
    }
    return false;
}

/* The pattern with its literal part made canonical: the arena's. NULL: it is so already. */
static const char *located(struct arena *memory, const char *pattern)
{
    const char *end = pattern_literal_end(pattern);
    char path[PATH_MAX], canonical[PATH_MAX];
    struct normal_pattern escaped;

    snprintf(path, sizeof path, "%.*s", (int)(end - pattern), pattern);
    strip_backslashes(path);
    if (!canonical_path(path, canonical) || normalise_literally(&escaped, canonical) != NULL ||
        escaped.length + strlen(end) >= PATH_MAX)
        return NULL;
    char *whole = arena_allocate(memory, escaped.length + strlen(end) + 1);

    if (whole != NULL)
        stpcpy(stpcpy(whole, strcmp(escaped.bytes, "/") == 0 && *end == '/' ? "" : escaped.bytes),
               end);
    return whole;
}

static bool locate_paths(struct policy_model *model)
{
    struct arena *memory = model->memory;
    const size_t count = model->path_count;

    for (size_t i = 0; i < count; i++) {
        const char *pattern = located(memory, model->paths[i].pattern);
        struct policy_path_rule *rules;

        if (pattern == NULL)
            continue;
        rules = arena_extend(memory, model->paths, model->path_count, sizeof *rules);
        if (rules == NULL)
            return false;
        rules[model->path_count] = rules[i];
        rules[model->path_count++].pattern = pattern;
        model->paths = rules;
    }
    return true;
}

static bool locate_peers(struct policy_model *model)
{
    struct arena *memory = model->memory;
    const size_t count = model->peer_count;

    for (size_t i = 0; i < count; i++) {
        const char *pattern = model->peers[i].peer == POLICY_PEER_PATH
                                  ? located(memory, model->peers[i].pattern)
                                  : NULL;
        struct policy_network_rule *rules;

        if (pattern == NULL)
            continue;
        rules = arena_extend(memory, model->peers, model->peer_count, sizeof *rules);
        if (rules == NULL)
            return false;
        rules[model->peer_count] = rules[i];
        rules[model->peer_count++].pattern = pattern;
        model->peers = rules;
    }
    return true;
}

bool policy_locate(struct policy_model *model)
{
    struct arena *memory = model->memory;

    return memory == NULL || (locate_paths(model) && locate_peers(model) && !memory->is_exhausted);
}
