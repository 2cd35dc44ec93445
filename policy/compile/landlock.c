#include "landlock.h"

#include "arena.h"
#include "normalise.h"

#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "endorun/linux_compat.h"

/* Above as many ports a list of them is no bound that a run should wait for. */
#define PORTS_MAX 1024U

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                               \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |   \
     LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE)
/*
 * Nobody is given these. With any right that is handled Landlock also keeps programs from tracing
 * processes outside of the sandbox, which could do all that is denied here.
 */
#define DEVICE_RIGHTS (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
/* The monitor reads what it executes. */
#define EXEC_RIGHTS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)
/* Those that a file which is no folder can be given. */
#define FILE_RIGHTS                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     LANDLOCK_ACCESS_FS_TRUNCATE)

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_PORTS = 4, ABI_SCOPES = 6 };

struct making {
    struct policy_model *model;
    struct arena *memory;
    struct landlock_bound *bound;
};

/* A rule's pattern, taken apart, and what is there. */
struct place {
    char path[PATH_MAX]; /* the literal part; "/" at least */
    bool is_literal, is_tree;
    bool exists, is_folder;
};

/* The folder of a process is another for each: the bound has them all. */
static bool is_own_folder(const char *pattern)
{
    static const char *const folders[] = {"/proc/self", "/proc/thread-self"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t length = strlen(folders[i]);

        if (strncmp(pattern, folders[i], length) == 0 &&
            (pattern[length] == '/' || pattern[length] == '\0'))
            return true;
    }
    return false;
}

static void look_at(struct place *place, const char *pattern)
{
    const char *end =
        is_own_folder(pattern) ? pattern + strlen("/proc") : pattern_literal_end(pattern);
    struct stat status;

    snprintf(place->path, sizeof place->path, "%.*s", (int)(end - pattern), pattern);
    strip_backslashes(place->path);
    if (*place->path == '\0')
        strcpy(place->path, "/");
    place->is_literal = *end == '\0';
    place->is_tree = strcmp(end, "/**") == 0;
    place->exists = stat(place->path, &status) == 0;
    place->is_folder = place->exists && S_ISDIR(status.st_mode);
}

static bool is_canonical(const char *path)
{
    char canonical[PATH_MAX];

    return realpath(path, canonical) != NULL && strcmp(path, canonical) == 0;
}

static bool give(struct making *making, const char *path, bool is_folder, uint64_t rights)
{
    struct landlock_bound *bound = making->bound;

    rights &= bound->handled_paths & (is_folder ? UINT64_MAX : FILE_RIGHTS);
    if (rights == 0)
        return true;
    struct landlock_path *paths =
        arena_extend(making->memory, bound->paths, bound->path_count, sizeof *paths);

    if (paths == NULL)
        return false;
    bound->paths = paths;
    paths[bound->path_count] = (struct landlock_path){
        .path = arena_copy(making->memory, path, strlen(path)),
        .rights = rights,
        .is_folder = is_folder,
        .is_canonical = is_canonical(path),
    };
    return paths[bound->path_count++].path != NULL;
}

/* By names, a folder right before what lies in it. */
static int compare_paths(const void *left, const void *right)
{
    const char *a = ((const struct landlock_path *)left)->path;
    const char *b = ((const struct landlock_path *)right)->path;

    while (*a != '\0' && *a == *b)
        a++, b++;
    int first = *a == '/' ? 1 : (unsigned char)*a, second = *b == '/' ? 1 : (unsigned char)*b;
    return first - second;
}

static bool lies_in(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return strcmp(folder, "/") == 0 || (strncmp(path, folder, length) == 0 && path[length] == '/');
}

/*
 * The kernel goes up from a file until all that it looks for has been given, and to the root for
 * what has not (is_access_to_paths_allowed(), security/landlock/fs.c). So each path is given what
 * those above it are: it has that by where it lies, and now it is found at once.
 */
static bool give_from_above(struct making *making)
{
    struct landlock_bound *bound = making->bound;
    struct landlock_path *paths = bound->paths;
    size_t count = 0, depth = 0;

    if (bound->path_count == 0)
        return true;
    /* The folders that lie in one another around the path, the innermost last. */
    size_t *around = arena_allocate_array(making->memory, bound->path_count, sizeof *around);

    if (around == NULL)
        return false;
    qsort(paths, bound->path_count, sizeof *paths, compare_paths);
    for (size_t i = 0; i < bound->path_count; i++) {
        struct landlock_path path = paths[i];

        if (count > 0 && strcmp(paths[count - 1].path, path.path) == 0) {
            paths[count - 1].rights |= path.rights;
            continue;
        }
        while (depth > 0 && !lies_in(path.path, paths[around[depth - 1]].path))
            depth--;
        if (path.is_canonical && depth > 0)
            path.rights |=
                paths[around[depth - 1]].rights & (path.is_folder ? UINT64_MAX : FILE_RIGHTS);
        if (path.is_canonical && path.is_folder)
            around[depth++] = count;
        paths[count++] = path;
    }
    bound->path_count = count;
    return true;
}

/* Whether the pattern begins as a tree of a rule does: with the folder, and a slash. */
static bool is_beneath(const char *pattern, const char *tree)
{
    size_t length = strlen(tree), end = strlen("/**");

    return length > end && strcmp(tree + length - end, "/**") == 0 &&
           strncmp(pattern, tree, length - end + 1) == 0;
}

/* Whether the program may make what has the name of this rule. */
static bool may_be_made(const struct policy_model *model, const char *pattern)
{
    for (size_t i = 0; i < model->path_count; i++)
        if (model->paths[i].kind == POLICY_PATH_WRITE &&
            (strcmp(model->paths[i].pattern, pattern) == 0 ||
             is_beneath(pattern, model->paths[i].pattern)))
            return true;
    return false;
}

/* The folder of a name that is to be made; where that is to be made too, the one it is to be in. */
static bool give_to_folder(struct making *making, struct place *place, uint64_t rights)
{
    struct stat status;
    bool exists;

    do {
        char *slash = strrchr(place->path, '/');

        slash[slash == place->path ? 1 : 0] = '\0';
        exists = stat(place->path, &status) == 0;
    } while (!exists && may_be_made(making->model, place->path));
    return !exists || give(making, place->path, S_ISDIR(status.st_mode), rights);
}

static bool give_for_rule(struct making *making, const struct policy_path_rule *rule,
                          uint64_t rights, enum landlock_gap *gap)
{
    struct place place;

    look_at(&place, rule->pattern);
    if (!place.exists) {
        if (!(place.is_literal || place.is_tree) || !may_be_made(making->model, rule->pattern))
            return true; /* nothing is given, and nothing can be there later but by others */
        *gap = LANDLOCK_ABSENT;
        return give_to_folder(making, &place, rights);
    }
    if (!place.is_literal && !place.is_tree)
        *gap = LANDLOCK_PATTERN;
    if (place.is_folder && place.is_literal) {
        /* No right is of a folder without what lies beneath. */
        if (rule->kind == POLICY_PATH_READ)
            *gap = LANDLOCK_PATTERN;
        rights &= LANDLOCK_ACCESS_FS_READ_DIR;
    }
    return give(making, place.path, place.is_folder, rights);
}

static bool bound_path(struct making *making, const struct policy_path_rule *rule,
                       enum landlock_gap *gap)
{
    switch (rule->kind) {
    case POLICY_PATH_READ:
        return give_for_rule(making, rule, READ_RIGHTS, gap);
    case POLICY_PATH_WRITE:
        *gap = LANDLOCK_ATTRIBUTES;
        return give_for_rule(making, rule, WRITE_RIGHTS, gap);
    case POLICY_PATH_EXEC:
        *gap = LANDLOCK_EXECUTION;
        return give_for_rule(making, rule, EXEC_RIGHTS, gap);
    case POLICY_PATH_REDIRECT:
        *gap = LANDLOCK_NO_REDIRECT;
        return true;
    default:
        *gap = LANDLOCK_NO_DENIAL;
        return true;
    }
}

static bool has_kind(const struct policy_model *model, enum policy_path_kind kind)
{
    for (size_t i = 0; i < model->path_count; i++)
        if (model->paths[i].kind == kind)
            return true;
    return false;
}

/*
 * What the first ABI knows of moving a file to another folder is that nobody may: no bound for a
 * policy that lets something be written.
 */
static bool knows_enough(const struct policy_model *model, int abi)
{
    return abi >= ABI_REFER || (abi > 0 && !has_kind(model, POLICY_PATH_WRITE));
}

static bool bound_paths(struct making *making, int abi, enum landlock_gap *gaps)
{
    const struct policy_model *model = making->model;
    const bool denies =
        model->filesystem.is_written && model->filesystem.fallback == POLICY_DEFAULT_DENY;
    const bool is_known = knows_enough(model, abi);

    if ((model->filesystem.is_written || model->network.is_written) && abi >= ABI_REFER) {
        making->bound->handled_paths = DEVICE_RIGHTS | LANDLOCK_ACCESS_FS_REFER;
        /* Which any ruleset takes away, unless it is given. */
        if (!denies && !give(making, "/", true, LANDLOCK_ACCESS_FS_REFER))
            return false;
    }
    if (denies && is_known) {
        making->bound->handled_paths |= READ_RIGHTS | WRITE_RIGHTS | LANDLOCK_ACCESS_FS_EXECUTE;
        if (abi < ABI_REFER)
            making->bound->handled_paths &= ~LANDLOCK_ACCESS_FS_REFER;
        if (abi < ABI_TRUNCATE)
            making->bound->handled_paths &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
    }
    for (size_t i = 0; i < model->path_count; i++) {
        gaps[i] = LANDLOCK_EXACT;
        if (!bound_path(making, &model->paths[i], &gaps[i]))
            return false;
        if (!is_known && gaps[i] != LANDLOCK_NO_DENIAL && gaps[i] != LANDLOCK_NO_REDIRECT)
            gaps[i] = LANDLOCK_UNKNOWN;
    }
    return give_from_above(making);
}

/* How many ports the rules of a kind allow; UINT_MAX: too many to list. */
static unsigned count_ports(const struct policy_model *model, enum policy_network_kind kind)
{
    unsigned count = 0;

    for (size_t i = 0; i < model->peer_count && count <= PORTS_MAX; i++) {
        const struct policy_network_rule *rule = &model->peers[i];

        if (rule->kind == kind && rule->peer == POLICY_PEER_ADDRESS)
            count += rule->port_last - rule->port_first + 1U;
    }
    return count > PORTS_MAX ? UINT_MAX : count;
}

static bool give_ports(struct making *making, const struct policy_network_rule *rule,
                       uint64_t right)
{
    struct landlock_bound *bound = making->bound;

    for (unsigned port = rule->port_first; port <= rule->port_last; port++) {
        struct landlock_port *ports =
            arena_extend(making->memory, bound->ports, bound->port_count, sizeof *ports);

        if (ports == NULL)
            return false;
        bound->ports = ports;
        ports[bound->port_count++] = (struct landlock_port){(uint16_t)port, right};
    }
    return true;
}

static bool bound_ports(struct making *making, enum policy_network_kind kind, uint64_t right)
{
    const struct policy_model *model = making->model;

    if (count_ports(model, kind) == UINT_MAX)
        return true;
    making->bound->handled_ports |= right;
    for (size_t i = 0; i < model->peer_count; i++) {
        const struct policy_network_rule *rule = &model->peers[i];

        if (rule->kind == kind && rule->peer == POLICY_PEER_ADDRESS &&
            !give_ports(making, rule, right))
            return false;
    }
    return true;
}

static bool names_abstract_socket(const struct policy_model *model)
{
    for (size_t i = 0; i < model->peer_count; i++)
        if (model->peers[i].peer == POLICY_PEER_ABSTRACT &&
            model->peers[i].kind == POLICY_NETWORK_CONNECT)
            return true;
    return false;
}

static bool bound_peers(struct making *making, int abi, enum landlock_gap *gaps)
{
    const struct policy_model *model = making->model;
    const bool denies = model->network.is_written && model->network.fallback == POLICY_DEFAULT_DENY;

    for (size_t i = 0; i < model->peer_count; i++)
        gaps[i] = model->peers[i].kind == POLICY_NETWORK_DENY ? LANDLOCK_NO_DENIAL : LANDLOCK_PEERS;
    if (abi >= ABI_SCOPES && denies && !names_abstract_socket(model))
        making->bound->scoped |= LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET;
    if (abi >= ABI_SCOPES && (model->process_flags & POLICY_PROCESS_SIGNALS_SANDBOX) != 0)
        making->bound->scoped |= LANDLOCK_SCOPE_SIGNAL;
    if (abi < ABI_PORTS || !denies)
        return true;
    return bound_ports(making, POLICY_NETWORK_CONNECT, LANDLOCK_ACCESS_NET_CONNECT_TCP) &&
           bound_ports(making, POLICY_NETWORK_BIND, LANDLOCK_ACCESS_NET_BIND_TCP);
}

bool landlock_bound(struct policy_model *model, int abi, struct landlock_bound *bound,
                    enum landlock_gap *path_gaps, enum landlock_gap *peer_gaps)
{
    struct making making = {model, model->memory, bound};

    *bound = (struct landlock_bound){0};
    return bound_paths(&making, abi, path_gaps) && bound_peers(&making, abi, peer_gaps);
}

const char *landlock_gap_text(enum landlock_gap gap)
{
    static const char *const texts[LANDLOCK_GAP_LIMIT] = {
        [LANDLOCK_EXACT] = "",
        [LANDLOCK_NO_DENIAL] = "Landlock takes nothing away from what is allowed",
        [LANDLOCK_NO_REDIRECT] = "Landlock puts nothing in the place of a file",
        [LANDLOCK_PATTERN] = "Landlock knows no names: it allows all that lies in the folder",
        [LANDLOCK_ABSENT] =
            "Landlock gives rights to what is there: here to the folder of what is to be made",
        [LANDLOCK_ATTRIBUTES] = "Landlock leaves modes, owners, times and attributes alone",
        [LANDLOCK_EXECUTION] = "Landlock does not see what is executed from memory",
        [LANDLOCK_UNKNOWN] = "Landlock of this kernel has no such right",
        [LANDLOCK_PEERS] = "Landlock knows the ports of TCP alone",
    };

    return texts[gap];
}
