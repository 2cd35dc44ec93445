/*
 * What a system call asks about paths: the way from a call, by the table of calls, to the accesses
 * that decide.h decides on. Pure functions of the call's number and registers. Freestanding.
 *
 * All calls that can do the same to a file ask the same: what differs between them (a descriptor to
 * begin at, flags, what a missing name means) stands in the question.
 */
#ifndef ENDORUN_POLICY_QUESTIONS_H
#define ENDORUN_POLICY_QUESTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* What the path's last element stands for. */
enum path_last {
    PATH_LAST_FOLLOWED, /* where it leads, when it is a symbolic link */
    PATH_LAST_KEPT,     /* itself, a symbolic link too */
    PATH_LAST_NAME,     /* a name in its directory, which comes, goes or passes to another object */
};

/*
 * To take a name away from an object is to change the folder that it stands in, too, as it is for
 * the kernel and for Landlock. To give a new object a name is not: a rule for a file that is still
 * to be made would allow nothing.
 */
enum path_folder {
    PATH_FOLDER_KEPT,
    PATH_FOLDER_CHANGED,            /* WRITE has to be allowed there as well */
    PATH_FOLDER_CHANGED_IF_PRESENT, /* when something has the name, and loses it */
};

/* What the kernel looks at before any permission: the call fails by it alone. */
enum path_name {
    PATH_NAME_ANY,
    PATH_NAME_NEW, /* EEXIST where it is there */
    PATH_NAME_OLD, /* ENOENT where it is not */
};

struct path_question {
    uint8_t argument;  /* which one is the path; of a call on what is open: the descriptor */
    uint8_t directory; /* the descriptor where a relative path begins; PATH_FROM_CWD */
    uint8_t last;      /* enum path_last */
    uint8_t folder;    /* enum path_folder */
    uint8_t accesses;  /* bit 1 << enum endorun_path_access for each that has to be allowed */
    uint8_t if_absent; /* the same, for a name that nothing has yet: these as well */
    bool is_open;      /* `argument` is a descriptor, and the object is what it refers to */
    bool may_be_empty; /* an empty path, or none at all, is what `directory` refers to */
    uint8_t name;      /* enum path_name */
    /* The object gets another name, and may not be allowed more by it: what is beneath goes along.
     */
    bool moves;
};

#define PATH_FROM_CWD       0xff
#define PATH_QUESTIONS_MAX  2U
#define PATH_ACCESS(access) (1U << ENDORUN_PATH_##access)

/*
 * The questions of a call, and how many they are. `open_flags` are those of an openat2, read from
 * the caller's memory once; other calls have them in a register. Of a rename or link the second
 * question is about the new name.
 */
unsigned path_questions(uint32_t number, const uint64_t arguments[6], uint64_t open_flags,
                        struct path_question questions[PATH_QUESTIONS_MAX]);

#endif
