#include "objects.h"

#include "../../monitor/exec.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../decide.h"
#include "denial.h"

#define LINKS_MAX 40 /* MAXSYMLINKS, include/linux/namei.h */

static const char deleted[] = " (deleted)";

/* ---- decisions ---- */

/* What follows a number that ends an element. NULL: none stands here. */
static const char *behind_number(const char *text, uint64_t *number)
{
    const char *at = text;
    for (*number = 0; *at >= '0' && *at <= '9'; at++) {
        *number = *number * 10 + (uint64_t)(*at - '0');
    }
    return at != text && (*at == '/' || *at == 0) ? at : 0;
}

/* Whether it is the number of a thread of this process. */
static bool is_own(uint64_t number)
{
    char path[64] = "/proc/";
    uint64_t pid = (uint64_t)current_thread()->pid;
    if (number == pid) {
        return true;
    }
    append_number(path, sizeof path, pid);
    append_string(path, sizeof path, "/task/");
    append_number(path, sizeof path, number);
    return SYS3(__NR_faccessat, AT_FDCWD, path, 0) == 0;
}

/*
 * The folder that /proc/self leads to is called so in rules: a number is another every time. Those
 * of its threads hold the same.
 */
static const char *behind_own_folder(const char *name)
{
    uint64_t number;
    const char *rest = memcmp(name, "/proc/", 6) == 0 ? behind_number(name + 6, &number) : 0;
    if (rest == 0 || !is_own(number)) {
        return 0;
    }
    const char *task = memcmp(rest, "/task/", 6) == 0 ? behind_number(rest + 6, &number) : 0;
    return task != 0 ? task : rest;
}

/* The name as rules have it; `own` is room for it. */
static const char *name_in_rules(const char *name, char own[PATH_MAX_BYTES])
{
    const char *rest = behind_own_folder(name);
    if (rest == 0) {
        return name;
    }
    own[0] = 0;
    append_string(own, PATH_MAX_BYTES, "/proc/self");
    append_string(own, PATH_MAX_BYTES, rest);
    return own;
}

static struct endorun_verdict decide(enum endorun_path_access access, const char *name)
{
    return decide_path(policy_in_use, access, name, strlen(name));
}

bool object_is_hidden(const char *name)
{
    char own[PATH_MAX_BYTES];
    struct endorun_verdict verdict = decide(ENDORUN_PATH_LOOK, name_in_rules(name, own));
    return verdict.action == ENDORUN_ACTION_DENY && verdict.error == ENOENT;
}

const char *object_replacement(const char *name)
{
    char own[PATH_MAX_BYTES];
    struct endorun_verdict verdict = decide(ENDORUN_PATH_LOOK, name_in_rules(name, own));
    bool is_replaced = verdict.action == ENDORUN_ACTION_REDIRECT;
    return is_replaced ? policy_text(policy_in_use, verdict.target) : 0;
}

bool object_is_allowed(unsigned accesses, const char *name)
{
    char own[PATH_MAX_BYTES];
    name = name_in_rules(name, own);
    for (unsigned access = 0; access < ENDORUN_PATH_ACCESS_LIMIT; access++) {
        if ((accesses & (1U << access)) != 0 &&
            decide((enum endorun_path_access)access, name).action != ENDORUN_ACTION_ALLOW) {
            return false;
        }
    }
    return true;
}

long object_decide(const struct inquiry *inquiry, unsigned accesses, const char *name,
                   const char **replacement)
{
    char own[PATH_MAX_BYTES];
    name = name_in_rules(name, own);
    if (replacement != 0) {
        *replacement = 0;
    }
    for (unsigned access = 0; access < ENDORUN_PATH_ACCESS_LIMIT; access++) {
        if ((accesses & (1U << access)) == 0) {
            continue;
        }
        struct endorun_verdict verdict = decide((enum endorun_path_access)access, name);
        if (verdict.action == ENDORUN_ACTION_REDIRECT && replacement != 0) {
            *replacement = policy_text(policy_in_use, verdict.target);
            return 0; /* what takes its place is asked about instead */
        }
        if (verdict.action != ENDORUN_ACTION_ALLOW) {
            /* Of what is in the place of another, nothing is in the place once more. */
            verdict.error = verdict.action == ENDORUN_ACTION_REDIRECT ? ELOOP : verdict.error;
            long result = deny_path(inquiry, (enum endorun_path_access)access, name, &verdict);
            if (result != 0) {
                return result;
            }
        }
    }
    return 0;
}

/* ---- names of open objects ---- */

bool object_name(int fd, char *name)
{
    struct stat status = {0};
    canonical_path(fd, name);
    size_t length = strlen(name), suffix = sizeof deleted - 1;
    if (name[0] == '/' && length > suffix && memcmp(name + length - suffix, deleted, suffix) == 0 &&
        SYS2(__NR_fstat, fd, &status) == 0 && status.st_nlink == 0) {
        name[length - suffix] = 0;
        return memcmp(name, "/memfd:", 7) != 0;
    }
    return name[0] == '/';
}

bool object_is_anonymous(const char *name)
{
    return name[0] != 0 && name[0] != '(';
}

bool name_append_element(char *name, const char *element)
{
    size_t length = strlen(name), more = strlen(element);
    while (more > 0 && element[more - 1] == '/') {
        more--;
    }
    bool is_root = length == 1;
    if (length + more + 2 > PATH_MAX_BYTES) {
        return false;
    }
    if (!is_root) {
        name[length++] = '/';
    }
    memcpy(name + length, element, more);
    name[length + more] = 0;
    return true;
}

/* ---- paths ---- */

static bool append_path(char *path, const char *more)
{
    size_t length = strlen(path);
    append_string(path, PATH_MAX_BYTES, more);
    return strlen(path) == length + strlen(more);
}

long path_make_absolute(int directory, const char *path, char *absolute)
{
    absolute[0] = 0;
    if (path[0] != '/') {
        if (directory == AT_FDCWD) {
            long length = SYS2(__NR_getcwd, absolute, PATH_MAX_BYTES);
            if (length < 0) {
                return length;
            }
        } else {
            canonical_path(directory, absolute);
        }
        if (absolute[0] != '/') {
            return absolute[0] == 0 ? -EBADF : -ENOENT; /* out of this root's reach */
        }
        if (!append_path(absolute, "/")) {
            return -ENAMETOOLONG;
        }
    }
    return append_path(absolute, path) ? 0 : -ENAMETOOLONG;
}

/* The next element of a path: its length, and where it begins. 0: there is none. */
static size_t next_element(const char **path)
{
    while (**path == '/') {
        (*path)++;
    }
    size_t length = 0;
    while ((*path)[length] != 0 && (*path)[length] != '/') {
        length++;
    }
    return length;
}

static bool is_dots(const char *element, size_t length, size_t count)
{
    return length == count && element[0] == '.' && element[count - 1] == '.';
}

/* Takes the last element away; "" is the root. */
static size_t leave_folder(const char *name, size_t length)
{
    while (length > 0 && name[length - 1] != '/') {
        length--;
    }
    return length > 0 ? length - 1 : 0;
}

void path_normalise(const char *absolute, char *name)
{
    size_t used = 0, length;
    for (; (length = next_element(&absolute)) != 0; absolute += length) {
        if (is_dots(absolute, length, 2)) {
            used = leave_folder(name, used);
        } else if (!is_dots(absolute, length, 1)) {
            name[used++] = '/';
            memcpy(name + used, absolute, length);
            used += length;
        }
    }
    if (used == 0) {
        name[used++] = '/';
    }
    name[used] = 0;
}

/* Whether links in this folder are the kernel's own ways to objects: /proc/PID and beneath. */
static bool is_magic_folder(const char *folder)
{
    return memcmp(folder, "/proc/", 6) == 0 && folder[6] >= '0' && folder[6] <= '9';
}

/* A walk: `name` is what has been gone through, `rest` what is to come. */
struct path_walk {
    char name[PATH_MAX_BYTES];
    char rest[PATH_MAX_BYTES];
    size_t used; /* of `name`; 0: the root */
    unsigned links;
};

/*
 * The link at `name`, `folder` bytes of which are the folder that it stands in, leads here. One of
 * the kernel's on the way is as good as its text: what is opened in the end has no link in its
 * path.
 */
static long substitute(struct path_walk *walk, size_t folder, const char *rest, bool is_last)
{
    char target[PATH_MAX_BYTES];
    long length = SYS4(__NR_readlinkat, AT_FDCWD, walk->name, target, sizeof target - 1);
    if (length < 0) {
        return length;
    }
    walk->name[folder] = 0;
    if (is_last && is_magic_folder(walk->name)) {
        return PATH_IS_MAGIC;
    }
    if (++walk->links > LINKS_MAX) {
        return -ELOOP;
    }
    target[length] = 0;
    size_t left = strlen(rest);
    if ((size_t)length + left + 1 > PATH_MAX_BYTES) {
        return -ENAMETOOLONG;
    }
    memmove(walk->rest + length, rest, left + 1);
    memcpy(walk->rest, target, (size_t)length);
    walk->used = target[0] == '/' ? 0 : folder;
    return 0;
}

/* One element. 0: the walk goes on at `*rest`; else what path_follow() returns. */
static long step(struct path_walk *walk, const char **rest, size_t length, bool follows)
{
    const char *behind = *rest + length, *next = behind;
    bool is_last = next_element(&next) == 0, is_up = is_dots(*rest, length, 2);
    if (is_dots(*rest, length, 1)) {
        *rest = behind;
        return 0;
    }
    size_t folder = walk->used;
    if (walk->used + length + 2 > PATH_MAX_BYTES) {
        return -ENAMETOOLONG;
    }
    walk->name[walk->used++] = '/';
    memcpy(walk->name + walk->used, *rest, length);
    walk->used += length;
    walk->name[walk->used] = 0;
    if (is_up) { /* EINVAL for a folder; for any other file that what it is named in is none */
        char none;
        long result = SYS4(__NR_readlinkat, AT_FDCWD, walk->name, &none, sizeof none);
        walk->used = result == -EINVAL ? leave_folder(walk->name, folder) : folder;
        *rest = behind;
        return result == -EINVAL ? 0 : result;
    }
    if (is_last && !follows) {
        *rest = behind;
        return 0;
    }
    long result = substitute(walk, folder, behind, is_last);
    if (result == -EINVAL || (result == -ENOENT && is_last)) { /* no link; a name to be made */
        *rest = behind;
        return 0;
    }
    *rest = result == 0 ? walk->rest : behind;
    return result;
}

/* What has been gone through is put in the place of what led there. */
static void keep_walked(struct path_walk *walk, const char *rest, long result, char *absolute)
{
    size_t left = strlen(rest);
    if (result < 0 && walk->used + left < PATH_MAX_BYTES) {
        memmove(walk->rest, rest, left + 1);
        memcpy(absolute, walk->name, walk->used);
        memcpy(absolute + walk->used, walk->rest, left + 1);
    }
}

long path_follow(char *absolute, bool follows, unsigned *links)
{
    struct path_walk walk = {.used = 0};
    const char *rest = absolute;
    size_t length, whole = strlen(absolute);
    bool wants_folder = whole > 1 && absolute[whole - 1] == '/';
    while ((length = next_element(&rest)) != 0) {
        long result = step(&walk, &rest, length, follows || wants_folder);
        if (result != 0) {
            keep_walked(&walk, rest, result, absolute);
            return result;
        }
    }
    if (links != 0) {
        *links = walk.links;
    }
    walk.name[walk.used] = 0;
    absolute[0] = 0;
    append_string(absolute, PATH_MAX_BYTES, walk.name);
    if (wants_folder || walk.used == 0) {
        append_string(absolute, PATH_MAX_BYTES, "/");
    }
    return 0;
}

/* The folder that the object of this name stands in. False: none. */
static bool go_up(char *name)
{
    size_t length = leave_folder(name, strlen(name));
    bool is_root = length == 0;
    name[length + is_root] = 0;
    return !is_root;
}

/* An error other than ENOENT may be about any name on the way, which then is there. */
long object_decide_on_failure(const struct inquiry *inquiry, int directory, const char *path,
                              long error)
{
    char absolute[PATH_MAX_BYTES], name[PATH_MAX_BYTES], own[PATH_MAX_BYTES];
    if (path_make_absolute(directory, path, absolute) != 0) {
        return error;
    }
    path_follow(absolute, true, 0);
    path_normalise(absolute, name);
    do {
        if (decide(ENDORUN_PATH_LOOK, name_in_rules(name, own)).action == ENDORUN_ACTION_DENY) {
            long result = object_decide(inquiry, PATH_ACCESS(LOOK), name, 0);
            return result != 0 ? result : error;
        }
    } while (error != -ENOENT && go_up(name));
    return error;
}
