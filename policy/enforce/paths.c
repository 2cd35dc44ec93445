/*
 * Calls on paths, but for open(2) and execve(2). The folder or the object that a path leads to is
 * held by a descriptor, named, decided on, and the call is made by that descriptor, through
 * /proc/self/fd: what is decided on is what the call acts on, whatever others do to the names on
 * the way. The descriptors live in a table that no other thread has.
 */
#include "denial.h"
#include "manage.h"

#include "../../monitor/exec.h"
#include "../../monitor/process.h"
#include "../../monitor/self.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../../loader/image/handover.h"
#include "../decide.h"

#include <linux/fs.h>

/* One path of a call. */
struct pinned {
    const struct path_question *question;
    int directory;
    int held;            /* the object, or the folder that its name stands in */
    long found;          /* of a name in a folder: 0, or the negative errno of looking for it */
    bool was_folder;     /* when it was decided whether it may move */
    const char *element; /* its last name, in `path`; NULL: `held` is the object */
    char path[PATH_MAX_BYTES];
    char *link; /* what the kernel is given instead, PATH_MAX_BYTES in the shared pages */
};

struct path_errand {
    struct thread *thread;
    const struct user_registers *call;
    struct inquiry inquiry;
    struct path_question questions[PATH_QUESTIONS_MAX];
    unsigned count;
    struct pinned pinned[PATH_QUESTIONS_MAX];
    unsigned long arguments[6];
    long result;
};

/* ---- holding ---- */

static bool is_dots(const char *element)
{
    return element[0] == '.' && (element[1] == 0 || element[1] == '/' ||
                                 (element[1] == '.' && (element[2] == 0 || element[2] == '/')));
}

static bool ends_in_slash(const char *path)
{
    size_t length = strlen(path);
    return length > 0 && path[length - 1] == '/';
}

/*
 * A name is kept apart from its folder where it is what the call acts on. "." and ".." are no
 * names, and a slash behind one leads on through a link but where a name is made or goes.
 */
static bool acts_on_name(struct pinned *pinned)
{
    const char *element = pinned->path + start_of_last_name(pinned->path);
    uint8_t last = pinned->question->last;
    return element[0] != 0 && !is_dots(element) &&
           (last == PATH_LAST_NAME || (last == PATH_LAST_KEPT && !ends_in_slash(pinned->path)));
}

static long hold(struct pinned *pinned, const char *path, unsigned long flags)
{
    long fd = SYS4(__NR_openat, pinned->directory, path, O_PATH | O_CLOEXEC | flags, 0);
    pinned->held = (int)fd;
    return fd < 0 ? fd : 0;
}

static long hold_folder(struct pinned *pinned)
{
    char folder[PATH_MAX_BYTES];
    size_t length = start_of_last_name(pinned->path);
    pinned->element = pinned->path + length;
    memcpy(folder, pinned->path, length);
    folder[length] = 0;
    long result = hold(pinned, length == 0 ? "." : folder, O_DIRECTORY);
    struct stat status;
    if (result == 0) {
        pinned->found =
            SYS4(__NR_newfstatat, pinned->held, pinned->element, &status, AT_SYMLINK_NOFOLLOW);
    }
    return result;
}

/* What is not there is a name in its folder: the policy may have something to be put in its place.
 */
static long pin(struct pinned *pinned)
{
    bool follows = pinned->question->last == PATH_LAST_FOLLOWED;
    if (acts_on_name(pinned)) {
        return hold_folder(pinned);
    }
    pinned->element = 0;
    long result = hold(pinned, pinned->path, follows ? 0 : O_NOFOLLOW);
    if (result == -ENOENT && pinned->path[start_of_last_name(pinned->path)] != 0) {
        result = hold_folder(pinned);
        pinned->found = -ENOENT; /* also where a link has the name that leads nowhere */
    }
    return result;
}

static void release(struct pinned *pinned)
{
    if (pinned->held >= 0) {
        SYS1(__NR_close, pinned->held);
        pinned->held = -1;
    }
}

/* The canonical name of what the call acts on: 0, a negative errno, or IS_NAMELESS. */
#define IS_NAMELESS 1L
static long name_pinned(const struct pinned *pinned, char *name)
{
    if (!object_name(pinned->held, name)) {
        return pinned->element == 0 && object_is_anonymous(name) ? IS_NAMELESS : -EACCES;
    }
    return pinned->element == 0 || name_append_element(name, pinned->element) ? 0 : -ENAMETOOLONG;
}

/* ---- deciding ---- */

static long decide_on_folder(const struct path_errand *errand, const struct pinned *pinned)
{
    char folder[PATH_MAX_BYTES];
    uint8_t change = pinned->question->folder;
    if (pinned->element == 0 || change == PATH_FOLDER_KEPT ||
        (change == PATH_FOLDER_CHANGED_IF_PRESENT && pinned->found != 0)) {
        return 0;
    }
    object_name(pinned->held, folder);
    return object_decide(&errand->inquiry, PATH_ACCESS(WRITE), folder, 0);
}

static long decide_on_rest(const struct path_errand *errand, const struct pinned *pinned)
{
    bool leads_nowhere = pinned->found != 0 && pinned->question->last == PATH_LAST_FOLLOWED;
    return leads_nowhere ? -ENOENT : decide_on_folder(errand, pinned);
}

/* Puts the policy's replacement in the place of the path: it is pinned and decided on in turn. */
static long replace(const struct path_errand *errand, struct pinned *pinned,
                    const char *replacement)
{
    char name[PATH_MAX_BYTES];
    release(pinned);
    pinned->directory = AT_FDCWD;
    pinned->found = 0;
    pinned->path[0] = 0;
    append_string(pinned->path, sizeof pinned->path, replacement);
    long result = pin(pinned);
    if (result != 0) {
        return result;
    }
    result = name_pinned(pinned, name);
    if (result != 0) {
        return result < 0 ? result : -EACCES;
    }
    result = object_decide(&errand->inquiry, pinned->question->accesses, name, 0);
    return result == 0 ? decide_on_rest(errand, pinned) : result;
}

/*
 * mkdir(2) of a folder that is there, unlink(2) of a file that is not: programs count on these
 * errors where they may change nothing. filename_create() and do_unlinkat() of fs/namei.c give them
 * before anybody is asked.
 */
static long answer_by_name(const struct pinned *pinned, const char *name)
{
    uint8_t must_be = pinned->question->name;
    bool exists = must_be == PATH_NAME_NEW && pinned->found == 0;
    bool is_missing = must_be == PATH_NAME_OLD && pinned->found == -ENOENT;
    if (pinned->element == 0 || !(exists || is_missing) ||
        !object_is_allowed(PATH_ACCESS(LOOK), name)) {
        return 0;
    }
    return exists ? -EEXIST : -ENOENT;
}

static long decide_on_pinned(const struct path_errand *errand, struct pinned *pinned)
{
    char name[PATH_MAX_BYTES];
    const char *replacement;
    long result = name_pinned(pinned, name);
    if (result != 0) {
        return result == IS_NAMELESS ? 0 : result;
    }
    result = answer_by_name(pinned, name);
    if (result != 0) {
        return result;
    }
    result = object_decide(&errand->inquiry, pinned->question->accesses, name, &replacement);
    if (result == 0 && replacement != 0) {
        return replace(errand, pinned, replacement);
    }
    return result == 0 ? decide_on_rest(errand, pinned) : result;
}

/* ---- moving ---- */

/* Whether all that the new name allows, the old one allows as well. */
static bool gains_nothing(const char *old, const char *new)
{
    for (unsigned access = 0; access < ENDORUN_PATH_ACCESS_LIMIT; access++) {
        if (object_is_allowed(1U << access, new) && !object_is_allowed(1U << access, old)) {
            return false;
        }
    }
    return true;
}

static bool is_folder(const struct pinned *pinned)
{
    struct stat status = {0};
    if (pinned->element != 0) {
        SYS4(__NR_newfstatat, pinned->held, pinned->element, &status, AT_SYMLINK_NOFOLLOW);
    } else {
        SYS2(__NR_fstat, pinned->held, &status);
    }
    return (status.st_mode & S_IFMT) == S_IFDIR;
}

static bool exchanges(const struct path_errand *errand)
{
    return errand->questions[1].folder == PATH_FOLDER_CHANGED;
}

/* EXDEV: copy it, if you may. What is beneath a folder goes along. */
static long decide_on_move(const struct pinned *from, const struct pinned *to)
{
    char old[PATH_MAX_BYTES], new[PATH_MAX_BYTES];
    if (policy_complains()) {
        return 0;
    }
    if (name_pinned(from, old) != 0 || name_pinned(to, new) != 0 || !gains_nothing(old, new)) {
        return -EXDEV;
    }
    if (!from->was_folder) {
        return 0; /* see check_moved() */
    }
    append_string(old, sizeof old, "/");
    append_string(new, sizeof new, "/");
    return decide_is_settled(policy_in_use, old, strlen(old)) &&
                   decide_is_settled(policy_in_use, new, strlen(new)) && gains_nothing(old, new)
               ? 0
               : -EXDEV;
}

/*
 * A file was decided on, and another process has put a folder in its place before the kernel moved
 * it: it goes back, and who has asked for it ends.
 */
static void check_moved(const struct path_errand *errand)
{
    const struct pinned *from = &errand->pinned[0], *to = &errand->pinned[1];
    if (errand->count < 2 || !errand->questions[0].moves || policy_complains()) {
        return;
    }
    bool came = is_folder(to) && !from->was_folder, went = is_folder(from) && !to->was_folder;
    if (came || (went && exchanges(errand))) {
        unsigned long flags = exchanges(errand) ? RENAME_EXCHANGE : 0;
        SYS5(__NR_renameat2, to->held, to->element, from->held, from->element, flags);
        fatal("policy: a file that was renamed became a folder meanwhile");
    }
}

/* RENAME_EXCHANGE moves both. */
static long decide_on_moves(struct path_errand *errand)
{
    struct pinned *pinned = errand->pinned;
    if (errand->count < 2 || !errand->questions[0].moves) {
        return 0;
    }
    for (unsigned i = 0; i < errand->count; i++) {
        pinned[i].was_folder = is_folder(&pinned[i]);
    }
    long result = decide_on_move(&pinned[0], &pinned[1]);
    return result == 0 && exchanges(errand) ? decide_on_move(&pinned[1], &pinned[0]) : result;
}

/* ---- the call ---- */

/* A folder is named by "." in it, so that calls which follow no link come to it as well. */
static void write_link(struct path_errand *errand, struct pinned *pinned)
{
    char *link = pinned->link;
    link[0] = 0;
    append_string(link, PATH_MAX_BYTES, own_descriptors());
    append_number(link, PATH_MAX_BYTES, (uint64_t)pinned->held);
    if (pinned->element != 0) {
        append_string(link, PATH_MAX_BYTES, "/");
        append_string(link, PATH_MAX_BYTES, pinned->element);
    } else if (pinned->question->last != PATH_LAST_FOLLOWED) {
        append_string(link, PATH_MAX_BYTES, "/.");
    }
    errand->arguments[pinned->question->argument] = (unsigned long)link;
}

/* Of an object itself: by its descriptor, or none at all. */
static bool is_by_descriptor(const struct path_question *question, const char *path)
{
    return question->is_open || (question->may_be_empty && path[0] == 0);
}

/* What is decided on is what the descriptor is now: in this table it stays. */
static long hold_descriptor(const struct path_errand *errand, struct pinned *pinned)
{
    int fd = pinned->question->is_open ? (int)errand->call->rdi : pinned->directory;
    if (fd == AT_FDCWD) {
        return hold(pinned, ".", 0);
    }
    long held = SYS3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 0);
    pinned->held = (int)held;
    return held < 0 ? held : 0;
}

/* The same descriptor, and no path, whatever the program's memory says by now. */
static void write_held(struct path_errand *errand, struct pinned *pinned)
{
    const struct path_question *question = pinned->question;
    if (question->is_open) {
        errand->arguments[question->argument] = (unsigned long)pinned->held;
        return;
    }
    if (errand->arguments[question->argument] != 0) {
        pinned->link[0] = 0;
        errand->arguments[question->argument] = (unsigned long)pinned->link;
    }
    if (pinned->directory != AT_FDCWD) {
        errand->arguments[question->directory] = (unsigned long)pinned->held;
    }
}

/* A number that is closed now may be that of a descriptor which is held here for another path. */
static void leave_closed(struct path_errand *errand)
{
    for (unsigned i = 1; i < errand->count; i++) {
        struct pinned *pinned = &errand->pinned[i];
        if (pinned->directory != AT_FDCWD && SYS2(__NR_fcntl, pinned->directory, F_GETFD) < 0) {
            pinned->directory = -1;
        }
    }
}

static long pin_all(struct path_errand *errand)
{
    leave_closed(errand);
    for (unsigned i = 0; i < errand->count; i++) {
        struct pinned *pinned = &errand->pinned[i];
        bool has_no_path = is_by_descriptor(pinned->question, pinned->path);
        long result = has_no_path ? hold_descriptor(errand, pinned) : pin(pinned);
        if (result != 0) {
            return has_no_path ? result
                               : object_decide_on_failure(&errand->inquiry, pinned->directory,
                                                          pinned->path, result);
        }
        result = decide_on_pinned(errand, pinned);
        if (result != 0) {
            return result;
        }
        if (has_no_path) {
            write_held(errand, pinned);
        } else {
            write_link(errand, pinned);
        }
    }
    return decide_on_moves(errand);
}

static long make(struct path_errand *errand)
{
    return window_syscall((long)(int32_t)errand->inquiry.number, errand->arguments);
}

/*
 * A child's working folder is not the thread's. It gives no access: what is opened from there is
 * decided on by where it lies. So it is enough that the path was decided on before.
 */
static bool is_the_threads_own(uint32_t number)
{
    return number == __NR_chdir;
}

static void perform(void *argument)
{
    struct path_errand *errand = argument;
    errand->result = pin_all(errand);
    if (errand->result == 0 && !is_the_threads_own(errand->inquiry.number)) {
        errand->result = make(errand);
        if (errand->result == 0) {
            check_moved(errand);
        }
    }
    for (unsigned i = 0; i < errand->count; i++) {
        release(&errand->pinned[i]);
    }
}

/* The path is copied once; a NULL is no path for calls that need none. */
static long copy_path(struct path_errand *errand, unsigned nth, const uint64_t arguments[6])
{
    struct pinned *pinned = &errand->pinned[nth];
    const struct path_question *question = &errand->questions[nth];
    pinned->question = question;
    pinned->held = -1;
    pinned->found = 0;
    pinned->element = 0;
    pinned->directory =
        question->directory == PATH_FROM_CWD ? AT_FDCWD : (int)arguments[question->directory];
    pinned->link = (char *)shared_pages_of(errand->thread)->paths[nth];
    pinned->path[0] = 0;
    if (question->is_open || (question->may_be_empty && arguments[question->argument] == 0)) {
        return 0;
    }
    long length = copy_string_from_user(pinned->path, user_pointer(arguments[question->argument]),
                                        sizeof pinned->path);
    return length < 0 ? length : length == 0 && !question->may_be_empty ? -ENOENT : 0;
}

/* Its own program, as self.c has it: what the link leads to is the image. */
static void replace_own_program(struct pinned *pinned)
{
    char program[PATH_MAX_BYTES];
    if (pinned->question->last == PATH_LAST_FOLLOWED &&
        find_linked_program(pinned->directory, pinned->path, program)) {
        memcpy(pinned->path, program, strlen(program) + 1);
    }
}

/* The path as it was copied, where other threads can't change it. */
static long make_by_path(struct path_errand *errand)
{
    struct pinned *pinned = &errand->pinned[0];
    memcpy(pinned->link, pinned->path, strlen(pinned->path) + 1);
    errand->arguments[pinned->question->argument] = (unsigned long)pinned->link;
    return make(errand);
}

static bool only_looks(const struct path_errand *errand)
{
    unsigned accesses = 0;
    for (unsigned i = 0; i < errand->count; i++) {
        accesses |= errand->questions[i].accesses;
    }
    return (accesses & ~PATH_ACCESS(LOOK)) == 0;
}

long manage_paths(struct thread *thread, const struct user_registers *call,
                  const struct inquiry *inquiry, bool looks_count)
{
    const uint64_t arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    struct path_errand errand;
    errand.thread = thread;
    errand.call = call;
    errand.inquiry = *inquiry;
    errand.result = -EAGAIN; /* stays so when no child can be had */
    errand.count = path_questions(inquiry->number, arguments, 0, errand.questions);
    memcpy(errand.arguments, arguments, sizeof arguments);
    if (errand.count == 0 || (only_looks(&errand) && !looks_count)) {
        return CALL_FORWARD;
    }
    for (unsigned i = 0; i < errand.count; i++) {
        long result = copy_path(&errand, i, arguments);
        if (result != 0) {
            return result;
        }
        replace_own_program(&errand.pinned[i]);
    }
    with_private_descriptors(perform, &errand);
    if (errand.result == -EMFILE) { /* the program's table may be full */
        struct kernel_rlimit files;
        lift_limit(RLIMIT_NOFILE, ~0UL, &files);
        with_private_descriptors(perform, &errand);
        SYS4(__NR_prlimit64, 0, RLIMIT_NOFILE, &files, 0);
    }
    if (errand.result == 0 && is_the_threads_own(inquiry->number)) {
        return make_by_path(&errand);
    }
    return errand.result;
}
