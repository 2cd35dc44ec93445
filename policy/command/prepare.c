/*
 * A policy made ready for the launcher (endorun/prepared_policy.h): not a command of the user's.
 * What this version can't enforce is refused here, before anything runs.
 */
#include "commands.h"

#include "endorun/prepared_policy.h"
#include "endorun/session.h"
#include "explanation.h"
#include "folders.h"
#include "message.h"
#include "storage.h"

#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "endorun/linux_compat.h"

/* What the analyser, which runs under the same bound, is made of: its interpreter and libraries. */
static const char *const analyser_files[] = {ENDORUN_ANALYSER_FILES "/etc/ld.so.cache"};

#define MAKES_PLANS                                                                                \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |  \
     LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define IS_EXECUTED (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)

/* Of the session beside the policy: paths. */
#define SESSION_ROOM (32U << 10)

struct preparation {
    struct explanation explanation;
    struct bytes whole;
};

__attribute__((noreturn)) static void die_of_memory(void)
{
    die(STATUS_SETUP, "no memory left for the policy");
}

static void append(struct bytes *bytes, const void *data, size_t size)
{
    if (!bytes_append(bytes, data, size))
        die_of_memory();
}

static void add_part(struct preparation *preparation, enum endorun_prepared_part part,
                     const void *data, size_t size)
{
    struct bytes *whole = &preparation->whole;
    const uint64_t zero = 0;

    append(whole, &zero, (sizeof zero - whole->size % sizeof zero) % sizeof zero);
    if (whole->size + size > UINT32_MAX)
        die_of_memory();
    const struct endorun_policy_span span = {(uint32_t)whole->size, (uint32_t)size};

    append(whole, data, size);
    ((struct endorun_prepared *)(void *)whole->data)->parts[part] = span;
}

/* ---------------------------------------------------------------- what is enforced */

__attribute__((noreturn)) static void refuse(struct policy_origin origin, const char *what)
{
    die(STATUS_SETUP, "%s:%u:%u: %s", origin.file, origin.line, origin.column, what);
}

static void refuse_unenforced(const struct explanation *explanation)
{
    const struct policy_model *model = &explanation->model;

    if ((model->process_flags & POLICY_PROCESS_SIGNALS_SANDBOX) != 0 &&
        (explanation->bound.scoped & LANDLOCK_SCOPE_SIGNAL) == 0)
        refuse(model->signals_origin,
               "signals = \"sandbox\" is enforced by Landlock alone, from Linux 6.12 on");
}

/* ---------------------------------------------------------------- the parts */

static void add_path(struct bytes *paths, const struct landlock_bound *bound, const char *path,
                     uint64_t rights)
{
    rights &= bound->handled_paths;
    append(paths, &rights, sizeof rights);
    append(paths, path, strlen(path) + 1);
}

/* The monitor appends to it: it has to be there for Landlock to give a right to it. */
static void add_report(struct preparation *preparation, struct bytes *paths)
{
    const char *file = preparation->explanation.model.report.file;

    if (file == NULL) {
        add_part(preparation, ENDORUN_PREPARED_REPORT, "", 1);
        return;
    }
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (fd < 0)
        die(STATUS_SETUP, "%s: denials cannot be reported there: %s", file, strerror(errno));
    close(fd);
    add_path(paths, &preparation->explanation.bound, file, LANDLOCK_ACCESS_FS_WRITE_FILE);
    add_part(preparation, ENDORUN_PREPARED_REPORT, file, strlen(file) + 1);
}

static void add_paths(struct preparation *preparation, char **own, bool has_keys)
{
    const struct landlock_bound *bound = &preparation->explanation.bound;
    const char *cache = own[0], *command = own[1];
    struct bytes paths = {NULL, 0, 0};

    add_report(preparation, &paths);
    for (size_t i = 0; i < bound->path_count; i++)
        add_path(&paths, bound, bound->paths[i].path, bound->paths[i].rights);
    if (has_keys) /* each image gives a key to what the kernel has mapped for it */
        add_path(&paths, bound, "/proc", LANDLOCK_ACCESS_FS_READ_FILE);
    if (*command != '\0') {
        add_path(&paths, bound, command, IS_EXECUTED);
        for (size_t i = 0; i < sizeof analyser_files / sizeof analyser_files[0]; i++)
            add_path(&paths, bound, analyser_files[i], IS_EXECUTED);
        if (*cache != '\0' && make_folders(cache) == 0)
            add_path(&paths, bound, cache, MAKES_PLANS);
    }
    add_part(preparation, ENDORUN_PREPARED_PATHS, paths.data, paths.size);
    bytes_release(&paths);
}

static void add_ports(struct preparation *preparation)
{
    const struct landlock_bound *bound = &preparation->explanation.bound;
    struct bytes ports = {NULL, 0, 0};

    for (size_t i = 0; i < bound->port_count; i++) {
        const struct endorun_prepared_pair pair = {bound->ports[i].port, bound->ports[i].rights};

        append(&ports, &pair, sizeof pair);
    }
    add_part(preparation, ENDORUN_PREPARED_PORTS, ports.data, ports.size);
    bytes_release(&ports);
}

static void add_limits(struct preparation *preparation)
{
    const struct policy_model *model = &preparation->explanation.model;
    struct bytes limits = {NULL, 0, 0};

    for (size_t i = 0; i < model->limit_count; i++) {
        const uint64_t session = preparation->explanation.image.size + SESSION_ROOM;

        if (model->limits[i].resource == RLIMIT_FSIZE && model->limits[i].value < session)
            die(STATUS_SETUP,
                "%s:%u:%u: limits.fsize: endorun hands %" PRIu64
                " bytes on at each exec, in a file: no less than that",
                model->limits[i].origin.file, model->limits[i].origin.line,
                model->limits[i].origin.column, session);
        const struct endorun_prepared_pair pair = {(uint64_t)model->limits[i].resource,
                                                   model->limits[i].value};

        append(&limits, &pair, sizeof pair);
    }
    const struct endorun_prepared_pair processes = {RLIMIT_NPROC, model->max_processes};

    if (model->max_processes != 0)
        append(&limits, &processes, sizeof processes);
    add_part(preparation, ENDORUN_PREPARED_LIMITS, limits.data, limits.size);
    bytes_release(&limits);
}

static bool names(const char *pattern, const char *name, size_t length)
{
    size_t literal = strcspn(pattern, "*");

    return strncmp(pattern, name, literal < length ? literal : length) == 0 &&
           (pattern[literal] == '*' ? literal <= length : literal == length);
}

/* Whether a variable of the environment stays: `set` takes the place of one. */
static bool is_kept(const struct policy_model *model, const char *name, size_t length)
{
    bool is_kept = model->environment_is_kept;

    for (size_t i = 0; i < model->environment_count; i++)
        if (model->environment[i].kind == POLICY_ENVIRONMENT_KEEP &&
            names(model->environment[i].name, name, length))
            is_kept = true;
    for (size_t i = 0; i < model->environment_count; i++) {
        const struct policy_environment_rule *rule = &model->environment[i];

        if ((rule->kind == POLICY_ENVIRONMENT_UNSET && names(rule->name, name, length)) ||
            (rule->kind == POLICY_ENVIRONMENT_SET && strlen(rule->name) == length &&
             strncmp(rule->name, name, length) == 0))
            is_kept = false;
    }
    return is_kept;
}

static void add_environment(struct preparation *preparation)
{
    const struct policy_model *model = &preparation->explanation.model;
    struct bytes strings = {NULL, 0, 0};

    for (char **variable = environ; *variable != NULL; variable++)
        if (is_kept(model, *variable, strcspn(*variable, "=")))
            append(&strings, *variable, strlen(*variable) + 1);
    for (size_t i = 0; i < model->environment_count; i++) {
        const struct policy_environment_rule *rule = &model->environment[i];

        if (rule->kind != POLICY_ENVIRONMENT_SET)
            continue;
        append(&strings, rule->name, strlen(rule->name));
        append(&strings, "=", 1);
        append(&strings, rule->value, strlen(rule->value) + 1);
    }
    add_part(preparation, ENDORUN_PREPARED_ENVIRONMENT, strings.data, strings.size);
    bytes_release(&strings);
}

static void collect_left(void *context, const struct explained_rule *rule)
{
    if (rule->because != NULL)
        print_explained_rule(context, rule);
}

static void add_left(struct preparation *preparation)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        die_of_memory();
    if (!preparation->explanation.model.report.complains)
        explanation_visit(&preparation->explanation, collect_left, out);
    if (fclose(out) != 0)
        die_of_memory();
    add_part(preparation, ENDORUN_PREPARED_LEFT, text, size + 1);
    free(text);
}

static void add_filters(struct preparation *preparation)
{
    static const enum endorun_prepared_part parts[POLICY_FILTER_LIMIT] = {
        [POLICY_FILTER_KILLS] = ENDORUN_PREPARED_KILLS,
        [POLICY_FILTER_DENIES] = ENDORUN_PREPARED_DENIES,
        [POLICY_FILTER_PERMITS] = ENDORUN_PREPARED_PERMITS,
    };

    for (unsigned i = 0; i < POLICY_FILTER_LIMIT; i++) {
        const struct sock_fprog *program = &preparation->explanation.filters.programs[i];

        if (program->filter != NULL)
            add_part(preparation, parts[i], program->filter,
                     program->len * sizeof program->filter[0]);
    }
}

static void write_whole(int fd, const struct bytes *whole)
{
    size_t written = 0;

    while (written < whole->size) {
        ssize_t count = write(fd, whole->data + written, whole->size - written);

        if (count < 0 && errno != EINTR)
            die(STATUS_SETUP, "the compiled policy cannot be handed over: %s", strerror(errno));
        written += count > 0 ? (size_t)count : 0;
    }
}

int prepare_policy(const char *file, char **rest)
{
    struct preparation preparation = {.whole = {NULL, 0, 0}};
    struct explanation *explanation = &preparation.explanation;

    explain_file(file, explanation);
    refuse_unenforced(explanation);
    struct policy_report *report = &explanation->model.report;

    report->complains = report->complains || *rest[3] != '\0';
    if (report->complains)
        explanation->bound = (struct landlock_bound){0};
    const struct endorun_prepared header = {
        .magic = ENDORUN_PREPARED_MAGIC,
        .flags = (report->complains ? ENDORUN_SESSION_COMPLAIN : 0U) |
                 (report->form == POLICY_REPORT_JSON ? ENDORUN_SESSION_REPORT_JSON : 0U),
        .handled_paths = explanation->bound.handled_paths,
        .handled_ports = explanation->bound.handled_ports,
        .scoped = explanation->bound.scoped,
    };

    append(&preparation.whole, &header, sizeof header);
    add_part(&preparation, ENDORUN_PREPARED_IMAGE, explanation->image.bytes,
             explanation->image.size);
    if (!report->complains)
        add_filters(&preparation);
    add_paths(&preparation, rest + 1, *rest[4] != '\0');
    add_ports(&preparation);
    add_limits(&preparation);
    add_environment(&preparation);
    add_left(&preparation);
    ((struct endorun_prepared *)(void *)preparation.whole.data)->size =
        (uint32_t)preparation.whole.size;
    write_whole(atoi(rest[0]), &preparation.whole);
    return 0;
}
