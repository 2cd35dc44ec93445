/*
 * open(2) and its kin. The path is decided on as it is written, and opened such that no link may be
 * on the way: then what is opened has that name. Where there is a link, or a denial that one might
 * lead away from, the links are put in, and the same is done again with the path that results.
 *
 * That holds no descriptor, and costs one openat2(2) where there is no link.
 */
#include "objects.h"

#include "../../monitor/open.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define TRIES_MAX    40U /* names may be changed faster than they are looked at */
#define REFUSE_MAGIC (RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC) /* include/linux/fcntl.h */

struct decided_opening {
    struct thread *thread;
    struct opening *opening; /* as the program asked for it */
    struct inquiry inquiry;
    struct path_question question;
    bool is_denied;
    char absolute[PATH_MAX_BYTES];
};

/* What openat(2) ignores, openat2(2) refuses: build_open_how(), fs/open.c. */
static void strengthen(struct opening *opening)
{
    if (!opening->extended && (opening->how.flags & O_PATH) != 0) {
        opening->how.flags &= O_PATH_FLAGS;
        opening->how.mode = 0;
    }
    opening->extended = true;
}

/* The opening as it is made: from the root, by this path, which may be changed on the way. */
static long open_without_links(const struct decided_opening *decided, uint64_t removed_flags)
{
    char path[PATH_MAX_BYTES];
    struct opening opening = *decided->opening;
    memcpy(path, decided->absolute, strlen(decided->absolute) + 1);
    opening.directory = AT_FDCWD;
    opening.how.resolve |= RESOLVE_NO_SYMLINKS;
    opening.how.flags &= ~removed_flags;
    if ((removed_flags & O_CREAT) != 0) {
        opening.how.mode = 0;
    }
    return open_exactly(decided->thread, &opening, path);
}

static long ask(struct decided_opening *decided, unsigned accesses, const char *name,
                const char **replacement)
{
    long result = object_decide(&decided->inquiry, accesses, name, replacement);
    decided->is_denied = decided->is_denied || result != 0;
    return result;
}

/* More has to be allowed of a name that nothing has yet: it is opened without being made first. */
static long open_existing(struct decided_opening *decided, const char *name)
{
    unsigned if_absent = decided->question.if_absent;
    if (if_absent == 0 || object_is_allowed(if_absent, name)) {
        return open_without_links(decided, 0);
    }
    if ((decided->opening->how.flags & O_EXCL) == 0) {
        long result = open_without_links(decided, O_CREAT);
        if (result != -ENOENT) {
            return result;
        }
    }
    long result = ask(decided, if_absent, name, 0);
    return result == 0 ? open_without_links(decided, 0) : result;
}

static long permits_held(void *context, int held)
{
    const struct decided_opening *decided = context;
    char name[PATH_MAX_BYTES];
    if (!object_name(held, name) && object_is_anonymous(name)) {
        return 0;
    }
    return object_decide(&decided->inquiry, decided->question.accesses, name, 0);
}

/* The policy's replacement is opened as its rules for that say; it is not replaced again. */
static long open_replacement(struct decided_opening *decided, const char *replacement)
{
    decided->absolute[0] = 0;
    append_string(decided->absolute, sizeof decided->absolute, replacement);
    long result = path_follow(decided->absolute, decided->question.last == PATH_LAST_FOLLOWED, 0);
    if (result != 0) {
        return result < 0 ? result : -ELOOP;
    }
    result = ask(decided, decided->question.accesses, decided->absolute, 0);
    return result == 0 ? open_existing(decided, decided->absolute) : result;
}

/* `..` is where a folder lies by then: it is taken out before anything is decided. */
static bool leads_up(const char *path)
{
    for (const char *at = path; *at != 0; at++) {
        if (at[0] == '/' && at[1] == '.' && at[2] == '.' && (at[3] == '/' || at[3] == 0)) {
            return true;
        }
    }
    return false;
}

/* One try with the path as it is now. -ELOOP: there are links in it, or were a moment ago. */
static long try_to_open(struct decided_opening *decided, bool is_final)
{
    char name[PATH_MAX_BYTES];
    const char *replacement;
    unsigned accesses = decided->question.accesses;
    path_normalise(decided->absolute, name);
    if (object_is_allowed(accesses, name)) {
        return open_existing(decided, name);
    }
    if (!is_final) {
        return -ELOOP;
    }
    long result = ask(decided, accesses, name, &replacement);
    if (result != 0) {
        return result;
    }
    return replacement != 0 ? open_replacement(decided, replacement) : open_existing(decided, name);
}

static long open_decided(struct decided_opening *decided)
{
    bool follows = decided->question.last == PATH_LAST_FOLLOWED;
    uint64_t refused = decided->opening->how.resolve;
    long result = leads_up(decided->absolute) ? -ELOOP : try_to_open(decided, false);
    unsigned links = 1;
    for (unsigned i = 0; result == -ELOOP && !decided->is_denied && links != 0 && i < TRIES_MAX;
         i++) {
        result = path_follow(decided->absolute, follows, &links);
        if (result == PATH_IS_MAGIC) {
            return (refused & REFUSE_MAGIC) != 0
                       ? -ELOOP
                       : open_held(decided->thread, decided->opening, permits_held, decided);
        }
        if (result < 0) {
            return object_decide_on_failure(&decided->inquiry, AT_FDCWD, decided->absolute, result);
        }
        if (links != 0 && (refused & RESOLVE_NO_SYMLINKS) != 0) {
            return -ELOOP;
        }
        result = try_to_open(decided, true);
    }
    bool tells_of_folder = (result == -ENOTDIR || result == -EACCES) && !decided->is_denied;
    return tells_of_folder
               ? object_decide_on_failure(&decided->inquiry, AT_FDCWD, decided->absolute, result)
               : result;
}

long policy_open(struct thread *thread, struct opening *opening, char *path)
{
    const struct user_registers *call = &thread->registers;
    const uint64_t arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    struct path_question questions[PATH_QUESTIONS_MAX];
    struct decided_opening decided; /* an initializer would clear the path, too */
    decided.thread = thread;
    decided.opening = opening;
    decided.inquiry = (struct inquiry){.number = (uint32_t)call->rax, .site = thread->continuation};
    decided.is_denied = false;
    if (path[0] == 0) {
        return -ENOENT;
    }
    opening->path = path;
    path_questions(decided.inquiry.number, arguments, opening->how.flags, questions);
    decided.question = questions[0];
    strengthen(opening);
    if ((opening->how.resolve & ~(uint64_t)REFUSE_MAGIC) !=
        0) { /* it counts where the walk begins */
        return open_held(thread, opening, permits_held, &decided);
    }
    long result = path_make_absolute(opening->directory, path, decided.absolute);
    if (result == 0) {
        result = open_decided(&decided);
        /* The folders above may not be searched by who has got the one where the walk begins. */
        if (result != -EACCES || decided.is_denied || path[0] == '/') {
            return result;
        }
    }
    long held = open_held(thread, opening, permits_held, &decided);
    return result == -ENAMETOOLONG && held == -ENOENT ? result : held; /* to be made, and can't */
}
