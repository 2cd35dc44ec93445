/*
 * Objects by their canonical names, which the policy's rules are about. A name is what the kernel
 * calls an object where it names one (d_path: /proc/PID/fd), absolute, with no link in it.
 */
#ifndef ENDORUN_POLICY_OBJECTS_H
#define ENDORUN_POLICY_OBJECTS_H

#include "enforce.h"

/* What is asked about, for who reports the answer. */
struct inquiry {
    uint32_t number; /* of the call */
    uint64_t site;   /* behind its `syscall` instruction; 0: unknown */
};

/*
 * Asks about each access in the set, and reports the first that is denied: 0 or a negative errno.
 * `replacement`, if not NULL, gets the text that the policy puts in the place of the name, or NULL.
 */
long object_decide(const struct inquiry *inquiry, unsigned accesses, const char *name,
                   const char **replacement);

/*
 * The walk along a path has failed: what is denied says so all the same, for else the error would
 * tell what is there. The errno of the denial, or `error`.
 */
long object_decide_on_failure(const struct inquiry *inquiry, int directory, const char *path,
                              long error);

/* What the policy puts in its place; NULL: nothing. */
const char *object_replacement(const char *name);

/* Whether it is not to be seen in its folder. */
bool object_is_hidden(const char *name);

/* The same without a report: whether all are allowed. */
bool object_is_allowed(unsigned accesses, const char *name);

/*
 * The name of what a descriptor refers to, in PATH_MAX_BYTES. A removed file has the name that it
 * had. False: it is in no file system, or has no name that this process could use: `name` is what
 * the kernel calls it. Nobody else may have the descriptor table.
 */
bool object_name(int fd, char *name);

/* Whether what has no name may be used: pipes, sockets and the like are reached by who has them. */
bool object_is_anonymous(const char *name);

/*
 * Makes the name of a folder, in PATH_MAX_BYTES, that of an element in it: slashes behind that are
 * no part of it. False: there is no room, and the name is as it was.
 */
bool name_append_element(char *name, const char *element);

/*
 * Makes a path absolute: 0 or a negative errno. Links and `..` stay in it, as the kernel is to see
 * them.
 */
long path_make_absolute(int directory, const char *path, char *absolute);

/* What the absolute path would be called if no link were in it. */
void path_normalise(const char *absolute, char *name);

/*
 * Puts what links lead to in their place; the last element's is followed if `follows`. `links`, if
 * not NULL, gets how many there were. 0, a negative errno (the links up to there are put in), or
 * PATH_IS_MAGIC: the path ends in a link of /proc, which leads to an object and not to a name.
 */
#define PATH_IS_MAGIC 1L
long path_follow(char *absolute, bool follows, unsigned *links);

#endif
