#include "questions.h"
#include "endorun/policy.h"
#include "endorun/syscall_shapes.h"

#include <asm/unistd.h>
#include <linux/fanotify.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/inotify.h>

#define OPEN_TREE_ATTR 467 /* Linux 6.15 */

#define READ  PATH_ACCESS(READ)
#define WRITE PATH_ACCESS(WRITE)
#define EXEC  PATH_ACCESS(EXEC)
#define LOOK  PATH_ACCESS(LOOK)

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "syscalls.def"
};

#define CALL_COUNT (sizeof calls / sizeof calls[0])

/* The argument of flags of this set; 0: the call has none. Flags are of 32 bits. */
static uint32_t flags_of(const struct endorun_syscall *call, const uint64_t arguments[6],
                         enum endorun_set set)
{
    for (unsigned i = 0; i < call->nargs; i++)
        if (call->arg[i].kind == ENDORUN_KIND_FLAGS && call->arg[i].detail == set)
            return (uint32_t)arguments[i];
    return 0;
}

/* open(2): of O_PATH nothing else counts, and an access mode of 3 is that of ioctl(2) alone. */
static void ask_to_open(struct path_question *question, uint64_t flags)
{
    static const uint8_t by_mode[] = {READ, WRITE, READ | WRITE, READ | WRITE};
    bool creates = (flags & O_CREAT) != 0;

    if ((flags & O_NOFOLLOW) != 0 || (creates && (flags & O_EXCL) != 0))
        question->last = PATH_LAST_KEPT;
    if ((flags & O_PATH) != 0) {
        question->accesses = LOOK;
        return;
    }
    question->accesses = by_mode[flags & O_ACCMODE];
    if ((flags & O_TRUNC) != 0 || (flags & __O_TMPFILE) != 0)
        question->accesses |= WRITE;
    if (creates)
        question->if_absent = WRITE;
}

/* Calls whose last element is not followed, without a flag that says so. */
static bool keeps_links(uint32_t number)
{
    switch (number) {
    case __NR_lstat:
    case __NR_lchown:
    case __NR_readlink:
    case __NR_readlinkat:
    case __NR_lsetxattr:
    case __NR_lgetxattr:
    case __NR_llistxattr:
    case __NR_lremovexattr:
    case __NR_link:
    case __NR_linkat:
    case __NR_name_to_handle_at:
        return true;
    default:
        return false;
    }
}

static uint32_t at_flags_of(const struct endorun_syscall *call, const uint64_t arguments[6])
{
    return flags_of(call, arguments, ENDORUN_SET_at) |
           flags_of(call, arguments, ENDORUN_SET_open_tree);
}

/* Whether flags of this call's own kind say that its last element is not followed, or that it is.
 */
static bool last_is_kept(uint32_t number, const struct endorun_syscall *call,
                         const uint64_t arguments[6])
{
    uint32_t flags = at_flags_of(call, arguments);

    if ((flags_of(call, arguments, ENDORUN_SET_inotify_event) & IN_DONT_FOLLOW) != 0 ||
        (flags_of(call, arguments, ENDORUN_SET_fanotify_mark) & FAN_MARK_DONT_FOLLOW) != 0)
        return true;
    return keeps_links(number) ? (flags & AT_SYMLINK_FOLLOW) == 0
                               : (flags & AT_SYMLINK_NOFOLLOW) != 0;
}

/* Without a path they work on what the directory's descriptor refers to. */
static bool needs_no_path(uint32_t number, const struct endorun_syscall *call,
                          const uint64_t arguments[6])
{
    return (at_flags_of(call, arguments) & AT_EMPTY_PATH) != 0 || number == __NR_utimensat ||
           number == __NR_futimesat || number == __NR_fanotify_mark || number == __NR_readlinkat;
}

/* Of the calls that open a path, in whatever way. */
static void ask_to_use(struct path_question *question, uint32_t number,
                       const struct endorun_syscall *call, const uint64_t arguments[6],
                       uint64_t open_flags)
{
    switch (number) {
    case __NR_truncate:
        question->accesses = WRITE;
        break;
    case __NR_creat:
        ask_to_open(question, O_CREAT | O_WRONLY | O_TRUNC);
        break;
    case __NR_openat2:
        ask_to_open(question, open_flags);
        break;
    default:
        ask_to_open(question, flags_of(call, arguments, ENDORUN_SET_open));
        break;
    }
}

/* Where another decision than the call's own comes first, and a path is used as well. */
static uint8_t accesses_beside(uint32_t number)
{
    switch (number) {
    case __NR_acct:
    case __NR_swapon:
        return READ | WRITE;
    case __NR_open_tree:
    case OPEN_TREE_ATTR:
        return LOOK;
    default:
        return 0;
    }
}

/*
 * A rename needs no more of the old name than of the new one; by a hard link the old name loses
 * nothing, but its object can be changed through the new one. The flags are renameat2's.
 */
static void ask_to_move(struct path_question *question, uint32_t number,
                        const uint64_t arguments[6], unsigned nth)
{
    bool is_link = number == __NR_link || number == __NR_linkat;
    uint64_t flags = number == __NR_renameat2 ? arguments[4] : 0;
    bool exchanges = (flags & RENAME_EXCHANGE) != 0;

    question->accesses = WRITE;
    question->moves = true;
    if (nth > 0 || !is_link)
        question->last = PATH_LAST_NAME;
    if (exchanges || (nth == 0 && !is_link))
        question->name = PATH_NAME_OLD;
    else if (nth > 0 && (is_link || (flags & RENAME_NOREPLACE) != 0))
        question->name = PATH_NAME_NEW;
    if (!is_link)
        question->folder =
            nth == 0 || exchanges ? PATH_FOLDER_CHANGED : PATH_FOLDER_CHANGED_IF_PRESENT;
}

/* The question of the call's n-th path. */
static void ask(struct path_question *question, uint32_t number, unsigned nth,
                const uint64_t arguments[6], uint64_t open_flags)
{
    const struct endorun_syscall *call = &calls[number];

    switch (call->decision) {
    case ENDORUN_DECISION_PATH_OPEN:
        ask_to_use(question, number, call, arguments, open_flags);
        break;
    case ENDORUN_DECISION_PATH_READ_META:
        question->accesses = LOOK;
        break;
    case ENDORUN_DECISION_PATH_WRITE_META:
        question->accesses = WRITE;
        break;
    case ENDORUN_DECISION_PATH_CREATE:
        question->accesses = WRITE;
        question->last = PATH_LAST_NAME;
        question->name = PATH_NAME_NEW;
        break;
    case ENDORUN_DECISION_PATH_REMOVE:
        question->accesses = WRITE;
        question->last = PATH_LAST_NAME;
        question->name = PATH_NAME_OLD;
        question->folder = PATH_FOLDER_CHANGED;
        break;
    case ENDORUN_DECISION_PATH_LINK:
        ask_to_move(question, number, arguments, nth);
        break;
    case ENDORUN_DECISION_PATH_EXEC:
        question->accesses = EXEC;
        break;
    case ENDORUN_DECISION_PATH_WATCH:
        question->accesses = READ;
        break;
    default:
        question->accesses = accesses_beside(number);
        break;
    }
}

/* fchmod and its kin: attributes of what is open change, for whatever access it was opened. */
static bool changes_open_object(const struct endorun_syscall *call)
{
    return call->decision == ENDORUN_DECISION_PATH_WRITE_META &&
           call->arg[0].kind == ENDORUN_KIND_FD;
}

unsigned path_questions(uint32_t number, const uint64_t arguments[6], uint64_t open_flags,
                        struct path_question questions[PATH_QUESTIONS_MAX])
{
    if (number >= CALL_COUNT)
        return 0;
    const struct endorun_syscall *call = &calls[number];
    unsigned count = 0;

    if (changes_open_object(call)) {
        questions[0] =
            (struct path_question){.directory = PATH_FROM_CWD, .accesses = WRITE, .is_open = true};
        return 1;
    }
    for (unsigned i = 0; i < call->nargs && count < PATH_QUESTIONS_MAX; i++) {
        if (call->arg[i].kind != ENDORUN_KIND_PATH)
            continue;
        bool has_directory = i > 0 && call->arg[i - 1].kind == ENDORUN_KIND_DIRFD;
        struct path_question *question = &questions[count];

        *question = (struct path_question){
            .argument = (uint8_t)i,
            .directory = has_directory ? (uint8_t)(i - 1) : PATH_FROM_CWD,
            .last = last_is_kept(number, call, arguments) ? PATH_LAST_KEPT : PATH_LAST_FOLLOWED,
            .may_be_empty = count == 0 && needs_no_path(number, call, arguments),
        };
        ask(question, number, count, arguments, open_flags);
        if (question->accesses != 0)
            count++;
    }
    return count;
}
