/*
 * What calls ask about paths (policy/questions.h). Walks the table of system calls: each call that
 * reaches a decision on a path asks, or is excepted by name, and all ways to do one thing ask
 * alike.
 */
#include <check.h>
#include <fcntl.h>
#include <linux/fanotify.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#include "endorun/policy.h"
#include "endorun/syscall_shapes.h"
#include "questions.h"

#define READ  PATH_ACCESS(READ)
#define WRITE PATH_ACCESS(WRITE)
#define EXEC  PATH_ACCESS(EXEC)
#define LOOK  PATH_ACCESS(LOOK)

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "policy/syscalls.def"
};

static const struct row {
    uint32_t number;
    const char *name;
} rows[] = {
#define SYSCALL(number, name, ...) {number, #name},
#include "policy/syscalls.def"
};

static const struct {
    const char *name;
    unsigned decision;
} also[] = {
#define ALSO(name, decision, when) {#name, ENDORUN_DECISION_##decision},
#include "policy/syscalls.def"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t number_of(const char *name)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].number;
    ck_abort_msg("no call %s", name);
}

static bool is_about_path(unsigned decision)
{
    return decision == ENDORUN_DECISION_PATH_OPEN || decision == ENDORUN_DECISION_PATH_READ_META ||
           decision == ENDORUN_DECISION_PATH_WRITE_META ||
           decision == ENDORUN_DECISION_PATH_CREATE || decision == ENDORUN_DECISION_PATH_REMOVE ||
           decision == ENDORUN_DECISION_PATH_LINK || decision == ENDORUN_DECISION_PATH_EXEC ||
           decision == ENDORUN_DECISION_PATH_WATCH;
}

static bool reaches_path(const struct row *row)
{
    if (is_about_path(calls[row->number].decision))
        return true;
    for (size_t i = 0; i < COUNT(also); i++)
        if (strcmp(also[i].name, row->name) == 0 && is_about_path(also[i].decision))
            return true;
    return false;
}

/* Their objects are in no argument that is a path. */
static const struct {
    const char *name, *reason;
} excepted[] = {
    {"bind", "the path is in an address"},
    {"bpf", "refused with any policy"},
    {"fanotify_init",
     "needs CAP_SYS_ADMIN, or says nothing of who used what; marks are decided on"},
    {"fcntl", "F_NOTIFY watches a folder that is open, as getdents reads it"},
    {"fsconfig", "the path is in a structure; mounting is decided on"},
    {"ioctl", "the object is open, and which command changes attributes is for who reads commands"},
    {"open_by_handle_at", "refused with any policy"},
};

static bool is_excepted(const char *name)
{
    for (size_t i = 0; i < COUNT(excepted); i++)
        if (strcmp(excepted[i].name, name) == 0)
            return true;
    return false;
}

START_TEST(calls_with_a_decision_on_a_path_ask)
{
    static const uint64_t zeros[6];
    struct path_question questions[PATH_QUESTIONS_MAX];

    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned count = path_questions(rows[i].number, zeros, 0, questions);
        bool asks = reaches_path(&rows[i]) && !is_excepted(rows[i].name);

        ck_assert_msg((count > 0) == asks, "%s asks %u questions", rows[i].name, count);
        for (unsigned q = 0; q < count; q++)
            ck_assert_msg(questions[q].accesses != 0, "%s asks for nothing", rows[i].name);
    }
}
END_TEST

START_TEST(every_path_is_asked_about)
{
    static const uint64_t zeros[6];
    struct path_question questions[PATH_QUESTIONS_MAX];

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct endorun_syscall *call = &calls[rows[i].number];
        unsigned paths = 0;

        for (unsigned a = 0; a < call->nargs; a++)
            paths += call->arg[a].kind == ENDORUN_KIND_PATH;
        if (!is_about_path(call->decision) || is_excepted(rows[i].name) || paths == 0)
            continue;
        ck_assert_msg(path_questions(rows[i].number, zeros, 0, questions) == paths,
                      "%s has %u paths", rows[i].name, paths);
    }
}
END_TEST

START_TEST(unknown_numbers_ask_nothing)
{
    static const uint64_t zeros[6];
    struct path_question questions[PATH_QUESTIONS_MAX];

    ck_assert_uint_eq(path_questions(COUNT(calls), zeros, 0, questions), 0);
    ck_assert_uint_eq(path_questions(UINT32_MAX, zeros, 0, questions), 0);
}
END_TEST

/* A case: a call, its arguments, and its first question, or its second where `nth` says so. */
struct expected {
    const char *name;
    uint64_t arguments[6];
    uint64_t how;
    unsigned nth;
    struct path_question question;
};

#define CWD ((uint64_t)AT_FDCWD)
#define Q(number, from, element, asked, ...)                                                       \
    {                                                                                              \
        .argument = number, .directory = from, .last = PATH_LAST_##element, .accesses = asked,     \
        __VA_ARGS__                                                                                \
    }
#define NO_DIR PATH_FROM_CWD

/* clang-format off */
static const struct expected cases[] = {
    /* The ways to open for reading, for writing, for both, and to create. */
    {"open", {1, O_RDONLY}, 0, 0, Q(0, NO_DIR, FOLLOWED, READ)},
    {"open", {1, O_WRONLY}, 0, 0, Q(0, NO_DIR, FOLLOWED, WRITE)},
    {"open", {1, O_RDWR | O_CLOEXEC}, 0, 0, Q(0, NO_DIR, FOLLOWED, READ | WRITE)},
    {"open", {1, O_ACCMODE}, 0, 0, Q(0, NO_DIR, FOLLOWED, READ | WRITE)},
    {"open", {1, O_RDONLY | O_TRUNC}, 0, 0, Q(0, NO_DIR, FOLLOWED, READ | WRITE)},
    {"open", {1, O_RDONLY | O_CREAT}, 0, 0, Q(0, NO_DIR, FOLLOWED, READ, .if_absent = WRITE)},
    {"open", {1, O_WRONLY | O_CREAT | O_EXCL}, 0, 0, Q(0, NO_DIR, KEPT, WRITE, .if_absent = WRITE)},
    {"open", {1, O_PATH | O_RDWR | O_TRUNC | O_CREAT}, 0, 0, Q(0, NO_DIR, FOLLOWED, LOOK)},
    {"open", {1, O_PATH | O_NOFOLLOW}, 0, 0, Q(0, NO_DIR, KEPT, LOOK)},
    {"open", {1, O_RDONLY | ~0ULL << 32}, 0, 0, Q(0, NO_DIR, FOLLOWED, READ)},
    {"openat", {3, 1, O_RDONLY}, 0, 0, Q(1, 0, FOLLOWED, READ)},
    {"openat", {CWD, 1, O_TMPFILE | O_RDWR}, 0, 0, Q(1, 0, FOLLOWED, READ | WRITE)},
    {"openat2", {CWD, 1, 1, 24}, O_RDWR | O_NOFOLLOW, 0, Q(1, 0, KEPT, READ | WRITE)},
    {"creat", {1, 0600}, 0, 0, Q(0, NO_DIR, FOLLOWED, WRITE, .if_absent = WRITE)},
    {"truncate", {1, 0}, 0, 0, Q(0, NO_DIR, FOLLOWED, WRITE)},
    {"acct", {1}, 0, 0, Q(0, NO_DIR, FOLLOWED, READ | WRITE)},
    {"open_tree", {CWD, 1, AT_SYMLINK_NOFOLLOW}, 0, 0, Q(1, 0, KEPT, LOOK)},
    {"open_tree", {3, 1, AT_EMPTY_PATH}, 0, 0, Q(1, 0, FOLLOWED, LOOK, .may_be_empty = true)},
    /* To look. */
    {"stat", {1}, 0, 0, Q(0, NO_DIR, FOLLOWED, LOOK)},
    {"lstat", {1}, 0, 0, Q(0, NO_DIR, KEPT, LOOK)},
    {"newfstatat", {3, 1, 1, AT_EMPTY_PATH}, 0, 0, Q(1, 0, FOLLOWED, LOOK, .may_be_empty = true)},
    {"newfstatat", {3, 1, 1, AT_SYMLINK_NOFOLLOW}, 0, 0, Q(1, 0, KEPT, LOOK)},
    {"statx", {3, 1, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH}, 0, 0, Q(1, 0, KEPT, LOOK, .may_be_empty = true)},
    {"access", {1, R_OK}, 0, 0, Q(0, NO_DIR, FOLLOWED, LOOK)},
    {"faccessat2", {CWD, 1, 0, AT_SYMLINK_NOFOLLOW}, 0, 0, Q(1, 0, KEPT, LOOK)},
    {"readlink", {1}, 0, 0, Q(0, NO_DIR, KEPT, LOOK)},
    {"readlinkat", {3, 1}, 0, 0, Q(1, 0, KEPT, LOOK, .may_be_empty = true)},
    {"lgetxattr", {1}, 0, 0, Q(0, NO_DIR, KEPT, LOOK)},
    {"name_to_handle_at", {CWD, 1}, 0, 0, Q(1, 0, KEPT, LOOK)},
    {"name_to_handle_at", {CWD, 1, 1, 1, AT_SYMLINK_FOLLOW}, 0, 0, Q(1, 0, FOLLOWED, LOOK)},
    {"chdir", {1}, 0, 0, Q(0, NO_DIR, FOLLOWED, LOOK)},
    /* To change attributes. */
    {"chmod", {1, 0}, 0, 0, Q(0, NO_DIR, FOLLOWED, WRITE)},
    {"fchmod", {3, 0}, 0, 0, Q(0, NO_DIR, FOLLOWED, WRITE, .is_open = true)},
    {"fsetxattr", {3}, 0, 0, Q(0, NO_DIR, FOLLOWED, WRITE, .is_open = true)},
    {"fchmodat2", {3, 1, 0, AT_EMPTY_PATH}, 0, 0, Q(1, 0, FOLLOWED, WRITE, .may_be_empty = true)},
    {"lchown", {1}, 0, 0, Q(0, NO_DIR, KEPT, WRITE)},
    {"utimensat", {3, 0, 0, 0}, 0, 0, Q(1, 0, FOLLOWED, WRITE, .may_be_empty = true)},
    /* Names. */
    {"mkdir", {1, 0}, 0, 0, Q(0, NO_DIR, NAME, WRITE, .name = PATH_NAME_NEW)},
    {"mknodat", {3, 1}, 0, 0, Q(1, 0, NAME, WRITE, .name = PATH_NAME_NEW)},
    {"symlink", {1, 2}, 0, 0, Q(1, NO_DIR, NAME, WRITE, .name = PATH_NAME_NEW)},
    {"symlinkat", {1, 3, 2}, 0, 0, Q(2, 1, NAME, WRITE, .name = PATH_NAME_NEW)},
    {"unlink", {1}, 0, 0, Q(0, NO_DIR, NAME, WRITE, .name = PATH_NAME_OLD, .folder = PATH_FOLDER_CHANGED)},
    {"rmdir", {1}, 0, 0, Q(0, NO_DIR, NAME, WRITE, .name = PATH_NAME_OLD, .folder = PATH_FOLDER_CHANGED)},
    {"unlinkat", {3, 1, AT_REMOVEDIR}, 0, 0, Q(1, 0, NAME, WRITE, .name = PATH_NAME_OLD, .folder = PATH_FOLDER_CHANGED)},
    {"rename", {1, 2}, 0, 0, Q(0, NO_DIR, NAME, WRITE, .name = PATH_NAME_OLD, .folder = PATH_FOLDER_CHANGED, .moves = true)},
    {"rename", {1, 2}, 0, 1, Q(1, NO_DIR, NAME, WRITE, .folder = PATH_FOLDER_CHANGED_IF_PRESENT, .moves = true)},
    {"renameat2", {3, 1, 4, 2}, 0, 1, Q(3, 2, NAME, WRITE, .folder = PATH_FOLDER_CHANGED_IF_PRESENT, .moves = true)},
    {"renameat2", {3, 1, 4, 2, RENAME_EXCHANGE}, 0, 1, Q(3, 2, NAME, WRITE, .name = PATH_NAME_OLD, .folder = PATH_FOLDER_CHANGED, .moves = true)},
    {"renameat2", {3, 1, 4, 2, RENAME_NOREPLACE}, 0, 1, Q(3, 2, NAME, WRITE, .name = PATH_NAME_NEW, .folder = PATH_FOLDER_CHANGED_IF_PRESENT, .moves = true)},
    {"link", {1, 2}, 0, 0, Q(0, NO_DIR, KEPT, WRITE, .moves = true)},
    {"linkat", {3, 1, 4, 2, AT_SYMLINK_FOLLOW}, 0, 0, Q(1, 0, FOLLOWED, WRITE, .moves = true)},
    {"linkat", {3, 1, 4, 2, AT_SYMLINK_FOLLOW}, 0, 1, Q(3, 2, NAME, WRITE, .name = PATH_NAME_NEW, .moves = true)},
    {"linkat", {3, 1, 4, 2, AT_EMPTY_PATH}, 0, 1, Q(3, 2, NAME, WRITE, .name = PATH_NAME_NEW, .moves = true)},
    {"linkat", {3, 1, 4, 2, AT_EMPTY_PATH}, 0, 0, Q(1, 0, KEPT, WRITE, .may_be_empty = true, .moves = true)},
    /* To execute, to watch. */
    {"execve", {1}, 0, 0, Q(0, NO_DIR, FOLLOWED, EXEC)},
    {"execveat", {3, 1, 0, 0, AT_EMPTY_PATH}, 0, 0, Q(1, 0, FOLLOWED, EXEC, .may_be_empty = true)},
    {"execveat", {3, 1, 0, 0, AT_SYMLINK_NOFOLLOW}, 0, 0, Q(1, 0, KEPT, EXEC)},
    {"inotify_add_watch", {3, 1, IN_MODIFY}, 0, 0, Q(1, NO_DIR, FOLLOWED, READ)},
    {"inotify_add_watch", {3, 1, IN_MODIFY | IN_DONT_FOLLOW}, 0, 0, Q(1, NO_DIR, KEPT, READ)},
    {"fanotify_mark", {3, FAN_MARK_DONT_FOLLOW, 1, 4, 1}, 0, 0, Q(4, 3, KEPT, READ, .may_be_empty = true)},
};
/* clang-format on */

START_TEST(calls_ask_for_what_they_do)
{
    const struct expected *expected = &cases[_i];
    struct path_question questions[PATH_QUESTIONS_MAX];
    unsigned count =
        path_questions(number_of(expected->name), expected->arguments, expected->how, questions);

    ck_assert_msg(count > expected->nth, "%s: %u questions", expected->name, count);
    const struct path_question *got = &questions[expected->nth], *want = &expected->question;
    ck_assert_msg(got->argument == want->argument && got->directory == want->directory,
                  "%s (case %d): argument %u of %u", expected->name, _i, got->argument,
                  got->directory);
    ck_assert_msg(got->last == want->last && got->folder == want->folder && got->name == want->name,
                  "%s (case %d): last element %u, folder %u, name %u", expected->name, _i,
                  got->last, got->folder, got->name);
    ck_assert_msg(got->accesses == want->accesses && got->if_absent == want->if_absent,
                  "%s (case %d): accesses %#x, %#x", expected->name, _i, got->accesses,
                  got->if_absent);
    ck_assert_msg(got->is_open == want->is_open && got->moves == want->moves &&
                      got->may_be_empty == want->may_be_empty,
                  "%s (case %d): open %d, moves %d, empty %d", expected->name, _i, got->is_open,
                  got->moves, got->may_be_empty);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_questions");
    TCase *tests = tcase_create("questions");
    SRunner *runner = srunner_create(suite);

    suite_add_tcase(suite, tests);
    tcase_add_test(tests, calls_with_a_decision_on_a_path_ask);
    tcase_add_test(tests, every_path_is_asked_about);
    tcase_add_test(tests, unknown_numbers_ask_nothing);
    tcase_add_loop_test(tests, calls_ask_for_what_they_do, 0, (int)COUNT(cases));
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
