/*
 * From what a program was recorded to do to a policy that allows it: not a command of the user's,
 * but the launcher's. The records are the lines of JSON that the monitor writes of denials.
 */
#include "commands.h"

#include "decide.h"
#include "families.h"
#include "front.h"
#include "message.h"
#include "storage.h"

#include "../../loader/command/escape.h"
#include "../../loader/command/utf8.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAMS_SHOWN 4U
#define CONTROL_GROUPS "/sys/fs/cgroup"
#define SHARED_MEMORY  "/dev/shm"

/* net.ipv4.ip_local_port_range as the kernel has it by default. */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_LAST  60999

enum list { READ, WRITE, EXEC, CONNECT, BIND, FAMILIES, LIST_COUNT };

/* An entry of a list, and which programs needed it. */
struct entry {
    char *text;
    char *programs[PROGRAMS_SHOWN];
    unsigned program_count; /* PROGRAMS_SHOWN + 1: more than are kept */
};

struct entries {
    struct entry *items;
    size_t count, capacity;
};

struct lesson {
    struct entries lists[LIST_COUNT];
    struct entries closed; /* calls that no entry can allow beside rules about paths */
    const struct endorun_policy_header *base;
    bool generalises;
    char home[PATH_MAX], folder[PATH_MAX], temporary[PATH_MAX];
};

static const struct {
    const char *section, *key;
} lists[LIST_COUNT] = {
    [READ] = {"filesystem", "read"}, [WRITE] = {"filesystem", "write"},
    [EXEC] = {"filesystem", "exec"}, [CONNECT] = {"network", "connect"},
    [BIND] = {"network", "bind"},    [FAMILIES] = {"network", "families"},
};

__attribute__((noreturn)) static void die_of_memory(void)
{
    die(STATUS_SETUP, "learn: no memory left");
}

/* ---------------------------------------------------------------- records */

/* A string at `*at`, which stands behind its first quote; in place, ended by NUL. */
static char *read_string(char **at)
{
    char *start = *at, *to = *at, *from = *at;

    while (*from != '"' && *from != '\0') {
        unsigned code;

        if (*from != '\\') {
            *to++ = *from++;
        } else if (from[1] == 'u' && sscanf(from + 2, "%4x", &code) == 1) {
            *to++ = (char)(code & 0xff); /* \u00NN: a control; \udcNN: a byte that is no UTF-8 */
            from += 6;
        } else if (from[1] != '\0') {
            *to++ = from[1];
            from += 2;
        } else {
            from++;
        }
    }
    *at = *from == '"' ? from + 1 : from;
    *to = '\0';
    return start;
}

/* The values of a line's strings; those of other keys are passed over. */
struct record {
    const char *program, *section, *key, *object;
};

static bool read_record(char *line, struct record *record)
{
    *record = (struct record){NULL, NULL, NULL, NULL};
    for (char *at = strchr(line, '"'); at != NULL; at = strchr(at, '"')) {
        const char *value = NULL;

        at++;
        const char *name = read_string(&at);
        if (*at != ':')
            return false;
        if (*++at == '"') {
            at++;
            value = read_string(&at);
        }
        if (strcmp(name, "program") == 0)
            record->program = value;
        else if (strcmp(name, "section") == 0)
            record->section = value;
        else if (strcmp(name, "key") == 0)
            record->key = value;
        else if (strcmp(name, "object") == 0)
            record->object = value;
        else if (strcmp(name, "cut") == 0)
            return false; /* more than a line holds */
    }
    return record->program != NULL && record->section != NULL && record->key != NULL &&
           record->object != NULL;
}

/* ---------------------------------------------------------------- entries */

static char *copy(const char *text)
{
    char *copied = strdup(text);

    if (copied == NULL)
        die_of_memory();
    return copied;
}

static void add_program(struct entry *entry, const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *name = slash != NULL ? slash + 1 : program;

    for (unsigned i = 0; i < entry->program_count && i < PROGRAMS_SHOWN; i++)
        if (strcmp(entry->programs[i], name) == 0)
            return;
    if (entry->program_count < PROGRAMS_SHOWN)
        entry->programs[entry->program_count] = copy(name);
    if (entry->program_count <= PROGRAMS_SHOWN)
        entry->program_count++;
}

static void add_entry(struct entries *entries, const char *text, const char *program)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->items[i].text, text) == 0) {
            add_program(&entries->items[i], program);
            return;
        }
    }
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity * 2 + 64;
        entries->items = reallocarray(entries->items, entries->capacity, sizeof *entries->items);
        if (entries->items == NULL)
            die_of_memory();
    }
    struct entry *entry = &entries->items[entries->count++];

    *entry = (struct entry){.text = copy(text)};
    add_program(entry, program);
}

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

static bool is_in_base(const struct lesson *lesson, enum list list, const char *path)
{
    static const enum endorun_path_access accesses[] = {
        [READ] = ENDORUN_PATH_READ, [WRITE] = ENDORUN_PATH_WRITE, [EXEC] = ENDORUN_PATH_EXEC};

    return decide_path(lesson->base, accesses[list], path, strlen(path)).action ==
           ENDORUN_ACTION_ALLOW;
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

static void take_record(struct lesson *lesson, const struct record *record)
{
    char pattern[2 * PATH_MAX + 8];

    for (enum list list = READ; list < LIST_COUNT; list++) {
        if (strcmp(lists[list].section, record->section) != 0 ||
            strcmp(lists[list].key, record->key) != 0)
            continue;
        if (list == FAMILIES) {
            const char *name = family_name(atoi(record->object));

            if (name != NULL)
                add_entry(&lesson->lists[list], name, record->program);
        } else if (list >= CONNECT) {
            write_peer(lesson, record->object, pattern, sizeof pattern);
            add_entry(&lesson->lists[list], pattern, record->program);
        } else if (*record->object == '/' && !is_in_base(lesson, list, record->object)) {
            write_pattern(lesson, list, record->object, pattern, sizeof pattern);
            add_entry(&lesson->lists[list], pattern, record->program);
        }
        return;
    }
    if (strcmp(record->section, "syscalls") == 0)
        add_entry(&lesson->closed, record->object, record->program);
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

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->text, ((const struct entry *)right)->text);
}

/* Whether a tree of the list has the entry in it. */
static bool is_covered(const struct entries *entries, const struct entry *entry)
{
    for (size_t i = 0; i < entries->count; i++) {
        const char *tree = entries->items[i].text;
        size_t length = strlen(tree);

        if (&entries->items[i] != entry && length > 3 && strcmp(tree + length - 3, "/**") == 0 &&
            strncmp(tree, entry->text, length - 3) == 0 &&
            (entry->text[length - 3] == '/' || entry->text[length - 3] == '\0'))
            return true;
    }
    return false;
}

static void write_programs(FILE *out, const struct entry *entry)
{
    fputs(" # ", out);
    for (unsigned i = 0; i < entry->program_count && i < PROGRAMS_SHOWN; i++) {
        fputs(i > 0 ? ", " : "", out);
        write_escaped(out, entry->programs[i]);
    }
    fputs(entry->program_count > PROGRAMS_SHOWN ? ", ...\n" : "\n", out);
}

static void write_list(FILE *out, struct entries *entries, const char *key)
{
    if (entries->count == 0)
        return;
    qsort(entries->items, entries->count, sizeof *entries->items, compare);
    fprintf(out, "%s = [\n", key);
    for (size_t i = 0; i < entries->count; i++) {
        if (is_covered(entries, &entries->items[i]))
            continue;
        fputs("    ", out);
        write_json_string(out, entries->items[i].text);
        putc(',', out);
        write_programs(out, &entries->items[i]);
    }
    fputs("]\n", out);
}

static void write_policy(FILE *out, struct lesson *lesson, const char *program)
{
    fputs("# What this needed, as `endorun learn` has seen it: ", out);
    write_escaped(out, program);
    fputs("\nversion = 1\ninclude = [\"@base\"]\n\n[filesystem]\n", out);
    for (enum list list = READ; list <= EXEC; list++)
        write_list(out, &lesson->lists[list], lists[list].key);
    fputs("\n[network]\n", out);
    for (enum list list = CONNECT; list <= BIND; list++)
        write_list(out, &lesson->lists[list], lists[list].key);
    if (lesson->lists[FAMILIES].count == 0)
        fputs("families = []\n", out);
    write_list(out, &lesson->lists[FAMILIES], lists[FAMILIES].key);
    if (lesson->closed.count > 0)
        fputs("\n# Made as well, and refused where there are rules about files or sockets:\n", out);
    for (size_t i = 0; i < lesson->closed.count; i++) {
        fprintf(out, "#   %s,", lesson->closed.items[i].text);
        write_programs(out, &lesson->closed.items[i]);
    }
}

/* Canonical, as the names of objects are; empty where there is none. */
static void find_folder(const char *path, char *folder)
{
    if (path == NULL || realpath(path, folder) == NULL)
        *folder = '\0';
}

/* `rest`: OUTPUT, GENERALISE, PROGRAM. */
int learn_policy(const char *file, char **rest)
{
    static struct lesson lesson;
    static struct policy_model model;
    static struct policy_image image;
    const char *temporary = getenv("TMPDIR");

    read_policy("@base", &model);
    compile_policy(&model, &image);
    lesson.base = image.bytes;
    lesson.generalises = *rest[1] != '\0';
    find_folder(getenv("HOME"), lesson.home);
    find_folder(".", lesson.folder);
    find_folder(temporary != NULL ? temporary : "/tmp", lesson.temporary);
    read_records(&lesson, file);
    FILE *out = fopen(rest[0], "we");

    if (out != NULL)
        write_policy(out, &lesson, rest[2]);
    if (out == NULL || ferror(out) != 0 || fclose(out) != 0)
        die(STATUS_SETUP, "learn: %s: cannot be written: %s", rest[0], strerror(errno));
    return 0;
}
