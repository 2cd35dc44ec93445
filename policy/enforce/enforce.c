#include "enforce.h"

#include "../../monitor/exec.h"
#include "../../monitor/seccomp.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../decide.h"
#include "denial.h"
#include "endorun/syscall_shapes.h"
#include "manage.h"

const struct endorun_policy_header *policy_in_use;

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../syscalls.def"
};

#define CALL_COUNT (sizeof calls / sizeof calls[0])

/* Whether what is asked about looks alone can be denied, or lead to something else; and hidden. */
static bool looks_count, names_are_hidden;

static bool has_part(enum endorun_policy_part part)
{
    return policy_in_use != 0 && policy_in_use->parts[part].size != 0;
}

bool policy_has_paths(void)
{
    return has_part(ENDORUN_PART_PATHS);
}

void policy_start(void)
{
    const void *image = session + 1;
    if (session->policy_size == 0) {
        return;
    }
    if (!policy_check(image, session->policy_size)) {
        fatal("the session's policy is damaged");
    }
    policy_in_use = image;
    looks_count = decide_counts_looks(policy_in_use);
    names_are_hidden = decide_hides_names(policy_in_use) && !policy_complains();
}

/* ---- which calls ---- */

static bool has_path(const struct endorun_syscall *call)
{
    for (unsigned i = 0; i < call->nargs; i++) {
        if (call->arg[i].kind == ENDORUN_KIND_PATH) {
            return true;
        }
    }
    return call->decision == ENDORUN_DECISION_PATH_WRITE_META;
}

static bool asks_about_paths(uint32_t number)
{
    const struct endorun_syscall *call = &calls[number];
    return policy_has_paths() && has_path(call) &&
           (looks_count || call->decision != ENDORUN_DECISION_PATH_READ_META);
}

/* A socket with a path is an object of both sections. */
static bool asks_about_sockets(uint32_t number)
{
    return is_about_sockets(number) && (has_part(ENDORUN_PART_NETWORK) ||
                                        (policy_has_paths() && number == __NR_bind) || looks_count);
}

bool policy_watches(uint32_t number)
{
    if (policy_in_use == 0) {
        return false;
    }
    return number >= CALL_COUNT || !decide_call_is_free(policy_in_use, number) ||
           asks_about_paths(number) || asks_about_sockets(number) ||
           (names_are_hidden && is_listing(number));
}

/* ---- a call ---- */

/* The call as such: whatever it is about. */
static long decide_on_call(struct thread *thread, const struct user_registers *call,
                           const struct inquiry *inquiry)
{
    const uint64_t arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    struct endorun_verdict verdict = decide_call(policy_in_use, inquiry->number, arguments);
    switch (verdict.action) {
    case ENDORUN_ACTION_ALLOW:
        return verdict.is_logged ? deny_call(inquiry, &verdict) : 0;
    case ENDORUN_ACTION_KILL:
        deny_call(inquiry, &verdict);
        if (!policy_complains()) {
            seccomp_end_process(thread);
        }
        return 0;
    default:
        return deny_call(inquiry, &verdict);
    }
}

/* What the handlers of these calls ask about themselves. */
static bool is_asked_by_handler(uint32_t number)
{
    uint8_t handler = calls[number].handler;
    return handler == ENDORUN_HANDLER_OPEN || handler == ENDORUN_HANDLER_EXECVE;
}

static long mediate_paths(struct thread *thread, const struct user_registers *call,
                          const struct inquiry *inquiry)
{
    if (calls[inquiry->number].handler == ENDORUN_HANDLER_READLINK) {
        long result = handle_READLINK(thread, call);
        if (result != CALL_FORWARD) {
            return result; /* the program's own name */
        }
    }
    return manage_paths(thread, call, inquiry, looks_count);
}

long policy_mediate(struct thread *thread, const struct user_registers *call)
{
    const struct inquiry inquiry = {.number = (uint32_t)call->rax, .site = thread->continuation};
    uint32_t number = inquiry.number;
    if (number >= CALL_COUNT || calls[number].family == ENDORUN_FAMILY_UNASSIGNED) {
        return -ENOSYS; /* nobody knows what it acts on */
    }
    long result = decide_on_call(thread, call, &inquiry);
    if (result != 0) {
        return result;
    }
    if (asks_about_sockets(number)) {
        return manage_sockets(thread, call, &inquiry);
    }
    if (names_are_hidden && is_listing(number)) {
        return manage_listing(call, &inquiry);
    }
    return asks_about_paths(number) && !is_asked_by_handler(number)
               ? mediate_paths(thread, call, &inquiry)
               : CALL_FORWARD;
}

const char *policy_replacement(int directory, const char *path)
{
    char absolute[PATH_MAX_BYTES], name[PATH_MAX_BYTES];
    if (!looks_count || path[0] == 0 || path_make_absolute(directory, path, absolute) != 0 ||
        path_follow(absolute, true, 0) != 0) {
        return 0;
    }
    path_normalise(absolute, name);
    return object_replacement(name);
}

long policy_permits_path(int directory, const char *path, unsigned accesses, uint32_t number)
{
    const unsigned long flags = O_PATH | O_CLOEXEC;
    if (!policy_has_paths() || path[0] == 0 || policy_complains()) {
        return 0;
    }
    long fd = SYS4(__NR_openat, directory, path, flags, 0);
    if (fd < 0) {
        const struct inquiry inquiry = {.number = number};
        return object_decide_on_failure(&inquiry, directory, path, fd);
    }
    long result = policy_permits_file((int)fd, accesses, number);
    SYS1(__NR_close, fd);
    return result;
}

long policy_permits_file(int fd, unsigned accesses, uint32_t number)
{
    const struct thread *thread = current_thread();
    bool is_in_call = thread->registers.rax == number; /* no: it is about the first program */
    const struct inquiry inquiry = {.number = number,
                                    .site = is_in_call ? thread->continuation : 0};
    char name[PATH_MAX_BYTES];
    if (!policy_has_paths()) {
        return 0;
    }
    /* A name that the program has made up for memory is none. */
    bool is_named = object_name(fd, name);
    return object_decide(&inquiry, accesses, is_named ? name : "/memfd:", 0);
}
