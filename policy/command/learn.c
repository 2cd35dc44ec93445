/*
 * From what a program was recorded to do to a policy that allows it: not a command of the user's,
 * but the launcher's. The records are the lines of JSON that the monitor writes of denials.
 */
#include "commands.h"

#include "entries.h"
#include "extend.h"
#include "families.h"
#include "message.h"
#include "records.h"
#include "rewrite.h"

#include "../../loader/command/escape.h"
#include "../../loader/command/utf8.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_GROUPS "/sys/fs/cgroup"
#define SHARED_MEMORY  "/dev/shm"

/* net.ipv4.ip_local_port_range as the kernel has it by default. */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_LAST  60999

#define REFUSALS_SHOWN 20U

enum list { READ, WRITE, EXEC, CONNECT, BIND, FAMILIES, CALLS, LIST_COUNT };

struct lesson {
    struct entries lists[LIST_COUNT];
    struct entries refused; /* by a rule of its own: as lines of text */
    bool generalises;
    char home[PATH_MAX], folder[PATH_MAX], temporary[PATH_MAX];
};

static const struct {
    const char *section, *key;
} lists[LIST_COUNT] = {
    [READ] = {"filesystem", "read"}, [WRITE] = {"filesystem", "write"},
    [EXEC] = {"filesystem", "exec"}, [CONNECT] = {"network", "connect"},
    [BIND] = {"network", "bind"},    [FAMILIES] = {"network", "families"},
    [CALLS] = {"syscalls", "allow"},
};

_Static_assert(LIST_COUNT <= EXTENSIONS_MAX, "each list may be extended");

/* ---------------------------------------------------------------- paths */

static bool is_beneath(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return length > 1 && strncmp(path, folder, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

/* Folders whose own folders belong to a package each, and are read as a whole. */
static const char *const package_folders[] = {
    "/usr/lib", "/usr/lib64",     "/usr/share",       "/usr/include", "/usr/libexec",
    "/usr/src", "/usr/local/lib", "/usr/local/share", "/opt",         "/etc",
};

/* The length of the folder right beneath one of those, if the path lies deeper; 0: it does not. */
static size_t package_length(const char *path)
{
    for (size_t i = 0; i < sizeof package_folders / sizeof package_folders[0]; i++) {
        if (!is_beneath(path, package_folders[i]))
            continue;
        const char *name = path + strlen(package_folders[i]);
        const char *end = *name == '/' ? strchr(name + 1, '/') : NULL;

        if (end != NULL)
            return (size_t)(end - path);
    }
    return 0;
}

/* Bytes with a meaning in patterns lose it. */
static void append_literally(char *pattern, size_t size, const char *path, size_t length)
{
    size_t used = strlen(pattern);

    for (size_t i = 0; i < length && used + 8 < size;) {
        unsigned count;
        bool is_character = next_character((const unsigned char *)path + i, &count) != NOT_UTF8;

        if (strchr("*?[]\\$", path[i]) != NULL)
            pattern[used++] = '\\';
        if (!is_character) {
            pattern[used++] = '?'; /* no policy file can have this byte */
            i++;
            continue;
        }
        memcpy(pattern + used, path + i, count);
        used += count;
        i += count;
    }
    pattern[used] = '\0';
}

static void append_text(char *pattern, size_t size, const char *text)
{
    size_t used = strlen(pattern);

    snprintf(pattern + used, size - used, "%s", text);
}

/* "/proc/1234/stat" and "/dev/pts/3": numbers that are others the next time. */
static bool write_numbered(char *pattern, size_t size, const char *path)
{
    static const char *const folders[] = {"/proc/", "/dev/pts/"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t length = strlen(folders[i]);
        size_t digits =
            strncmp(path, folders[i], length) == 0 ? strspn(path + length, "0123456789") : 0;

        if (digits == 0)
            continue;
        append_literally(pattern, size, path, length);
        append_text(pattern, size, "*");
        append_literally(pattern, size, path + length + digits, strlen(path + length + digits));
        return true;
    }
    return false;
}

/*
 * Whether a file of the user's may stand for its folder: not where that is the home, in which the
 * next file may be a key.
 */
static bool is_general(const struct lesson *lesson, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = (size_t)(slash - path);
    bool is_in_home = strlen(lesson->home) == length && strncmp(path, lesson->home, length) == 0;

    return !is_in_home && (is_beneath(path, lesson->home) || is_beneath(path, lesson->folder) ||
                           is_beneath(path, lesson->temporary) || is_beneath(path, SHARED_MEMORY));
}

static void add_folder(const struct lesson *lesson, char *pattern, size_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == path ? 1 : (size_t)(slash - path);

    if (is_beneath(path, lesson->temporary))
        length = strlen(lesson->temporary); /* names there are made up each time */
    if (is_beneath(path, SHARED_MEMORY))
        length = strlen(SHARED_MEMORY);
    append_literally(pattern, size, path, length);
    append_text(pattern, size, length == 1 ? "**" : "/**");
}

static void write_pattern(const struct lesson *lesson, enum list list, const char *path,
                          char *pattern, size_t size)
{
    size_t package = list == READ ? package_length(path) : 0;

    *pattern = '\0';
    if (package != 0) {
        append_literally(pattern, size, path, package);
        append_text(pattern, size, "/**");
    } else if (is_beneath(path, CONTROL_GROUPS)) {
        append_text(pattern, size, CONTROL_GROUPS "/**"); /* the group is another the next time */
    } else if (lesson->generalises && list != EXEC && is_general(lesson, path)) {
        add_folder(lesson, pattern, size, path);
    } else if (!write_numbered(pattern, size, path)) {
        append_literally(pattern, size, path, strlen(path));
    }
}

/*
 * A socket's address as an entry. With --generalise, ports that the kernel has chosen, which are
 * others the next time, are all of those.
 */
static void write_peer(const struct lesson *lesson, const char *peer, char *pattern, size_t size)
{
    const char *colon = strrchr(peer, ':');

    *pattern = '\0';
    if (strncmp(peer, "unix:", 5) == 0) {
        size_t prefix = peer[5] == '@' ? 6 : 5;

        snprintf(pattern, size, "%.*s", (int)prefix, peer);
        append_literally(pattern, size, peer + prefix, strlen(peer + prefix));
    } else if (lesson->generalises && colon != NULL && atoi(colon + 1) >= EPHEMERAL_FIRST &&
               atoi(colon + 1) <= EPHEMERAL_LAST) {
        snprintf(pattern, size, "%.*s:%d-%d", (int)(colon - peer), peer, EPHEMERAL_FIRST,
                 EPHEMERAL_LAST);
    } else {
        snprintf(pattern, size, "%s", peer);
    }
}

/* ---------------------------------------------------------------- the lesson */

static void take_entry(struct lesson *lesson, enum list list, const struct record *record)
{
    struct entries *entries = &lesson->lists[list];
    char pattern[2 * PATH_MAX + 8];

    if (list == CALLS) {
        entries_add(entries, record->object, record->program);
    } else if (list == FAMILIES) {
        const char *name = family_name(atoi(record->object));

        if (name != NULL)
            entries_add(entries, name, record->program);
    } else if (list >= CONNECT) {
        write_peer(lesson, record->object, pattern, sizeof pattern);
        entries_add(entries, pattern, record->program);
    } else if (*record->object == '/') {
        write_pattern(lesson, list, record->object, pattern, sizeof pattern);
        entries_add(entries, pattern, record->program);
        /* V8, for one, reads its own file or not, by where that happens to be mapped. */
        if (list == EXEC && lesson->generalises)
            entries_add(&lesson->lists[READ], pattern, record->program);
    }
}

/* What a rule denies that somebody wrote, or that has to be where there are rules about files. */
static void take_refusal(struct lesson *lesson, const struct record *record)
{
    const bool is_call = strcmp(record->section, "syscalls") == 0;
    const bool is_look = strcmp(record->key, "look") == 0;
    char place[PATH_MAX + 32] = "", line[4 * PATH_MAX];

    if (record->line != 0)
        snprintf(place, sizeof place, "%s:%lu:%lu: ", record->file, record->line, record->column);
    snprintf(line, sizeof line, "%s%s%s%s, by %s%s", is_call ? "" : record->key,
             is_look ? " at" : "", is_call ? "" : " ", record->object, place, record->rule);
    entries_add(&lesson->refused, line, record->program);
}

static void take_record(struct lesson *lesson, const struct record *record)
{
    if (strcmp(record->action, "allow") == 0)
        return; /* it is only logged */
    if (!is_by_default(record)) {
        take_refusal(lesson, record);
        return;
    }
    for (enum list list = READ; list < LIST_COUNT; list++)
        if (strcmp(lists[list].section, record->section) == 0 &&
            strcmp(lists[list].key, record->key) == 0)
            take_entry(lesson, list, record);
}

static void read_records(struct lesson *lesson, const char *file)
{
    char *line = NULL;
    size_t size = 0;
    struct record record;
    FILE *in = fopen(file, "re");

    if (in == NULL)
        die(STATUS_SETUP, "learn: %s: %s", file, strerror(errno));
    while (getline(&line, &size, in) > 0)
        if (read_record(line, &record))
            take_record(lesson, &record);
    free(line);
    fclose(in);
}

static void report_refusals(const struct entries *refused)
{
    for (size_t i = 0; i < refused->count && i < REFUSALS_SHOWN; i++) {
        fputs("endorun: learn: stays denied: ", stderr);
        write_escaped(stderr, refused->items[i].text);
        fputs("; ", stderr);
        write_programs(stderr, &refused->items[i]);
        putc('\n', stderr);
    }
    if (refused->count > REFUSALS_SHOWN)
        fprintf(stderr, "endorun: learn: %zu more stay denied\n", refused->count - REFUSALS_SHOWN);
}

/* Where no families are written there are some all the same, and would not be beside others. */
static void keep_families(struct lesson *lesson, const struct policy_model *model)
{
    if (lesson->lists[FAMILIES].count == 0 || model->families_origin.line != 0)
        return;
    for (int family = 0; family < 64; family++)
        if ((model->families >> family & 1) != 0)
            entries_add(&lesson->lists[FAMILIES], family_name(family), "the default");
}

/* Canonical, as the names of objects are; empty where there is none. */
static void find_folder(const char *path, char *folder)
{
    if (path == NULL || realpath(path, folder) == NULL)
        *folder = '\0';
}

/* `rest`: POLICY, GENERALISE. */
int learn_policy(const char *file, char **rest)
{
    static struct lesson lesson;
    static struct policy_model model;
    struct extension extensions[LIST_COUNT];
    const char *temporary = getenv("TMPDIR");
    size_t count = 0;

    lesson.generalises = *rest[1] != '\0';
    find_folder(getenv("HOME"), lesson.home);
    find_folder(".", lesson.folder);
    find_folder(temporary != NULL ? temporary : "/tmp", lesson.temporary);
    read_policy(rest[0], &model);
    read_records(&lesson, file);
    keep_families(&lesson, &model);
    for (enum list list = READ; list < LIST_COUNT; list++) {
        entries_settle(&lesson.lists[list]);
        if (lesson.lists[list].count > 0)
            extensions[count++] =
                (struct extension){lists[list].section, lists[list].key, &lesson.lists[list]};
    }
    report_refusals(&lesson.refused);
    if (count > 0)
        extend_policy(rest[0], extensions, count);
    return 0;
}
