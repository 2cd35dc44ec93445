/*
 * With protection keys the program gets no descriptor of a /proc/PID/mem, where the kernel writes
 * past every key, nor of a device or tracefs file that would do the like. Whether a file is one is
 * asked of the open file, whatever its name: in a descriptor table that no other thread has, where
 * none can use it meanwhile. Such a table is the thread's own, or that of a short-lived child,
 * which passes on what it may.
 *
 * Where threads share it, that is for few opens, unless there are devices to be careful of. A walk
 * that stays on the mount where it starts, follows no magic link and whose last name is not "mem"
 * ends at none: outside of procfs there are none, and inside the names are the kernel's own, its
 * other links lead elsewhere, and nothing is stacked on it. It need not be known where the walk
 * starts: root, working directory and folder can't be changed to anything that matters.
 */
#include "open.h"
#include "calls.h"
#include "../policy/devices.h"
#include "../policy/enforce/enforce.h"
#include "exec.h"
#include "process.h"
#include "self.h"
#include "support.h"
#include "syscall.h"
#include "../trace/record/channel.h"

#include <asm/statfs.h>
#include <linux/magic.h>

#define MODE_OF_MEM  (S_IFREG | 0600U) /* "mem" in tgid_base_stuff, fs/proc/base.c */
#define MODE_BITS    07777UL
#define O_TMPFILE_IN 020000000UL /* __O_TMPFILE */
/* VALID_OPEN_FLAGS, include/linux/fcntl.h: openat(2) drops all others. */
#define OPEN_FLAGS 037777703UL

/* How far from the lowest free number others stand while an open waits: threads may count on it. */
#define OUT_OF_THE_WAY 64

/*
 * Only there does a position below zero exist: mem_lseek() takes any, and of the other files in
 * procfs that have it (pagemap) none has this mode. proc_setattr() lets nobody change it.
 */
static bool is_process_memory(int fd, const struct stat *status)
{
    const long position = -(1L << 16); /* no errno */
    return status->st_mode == MODE_OF_MEM &&
           SYS3(__NR_lseek, fd, position, 0 /* SEEK_SET */) == position;
}

/* By such a file the kernel, or a device, reaches memory without the rights of who asks. */
static bool reaches_memory(int fd)
{
    struct stat status = {.st_mode = MODE_OF_MEM};
    struct statfs system = {.f_type = PROC_SUPER_MAGIC};
    SYS2(__NR_fstat, fd, &status);
    if (!device_is_harmless(status.st_mode, status.st_rdev) || channel_is(&status)) {
        return true;
    }
    if ((status.st_mode & S_IFMT) != S_IFREG || status.st_size != 0) {
        return false;
    }
    SYS2(__NR_fstatfs, fd, &system);
    return system.f_type == TRACEFS_MAGIC || system.f_type == DEBUGFS_MAGIC ||
           (system.f_type == PROC_SUPER_MAGIC && is_process_memory(fd, &status));
}

/* ---- the call as the program made it ---- */

/* build_open_how(), fs/open.c. */
static void build_how(struct opening *opening)
{
    opening->how.flags = (opening->flags | O_LARGEFILE) & OPEN_FLAGS;
    if ((opening->flags & (O_CREAT | O_TMPFILE_IN)) != 0) {
        opening->how.mode = opening->mode & MODE_BITS;
    }
}

/* Copies what the call says, but for its path; gives the path's address, or a negative errno. */
static long read_call(struct opening *opening, const struct user_registers *call)
{
    *opening = (struct opening){.directory = AT_FDCWD};
    switch ((uint32_t)call->rax) {
    case __NR_creat:
        opening->flags = O_CREAT | O_WRONLY | O_TRUNC;
        opening->mode = call->rsi;
        break;
    case __NR_open:
        opening->flags = (uint32_t)call->rsi;
        opening->mode = call->rdx;
        break;
    default:
        opening->directory = (int)call->rdi;
        opening->flags = (uint32_t)call->rdx;
        opening->mode = call->r10;
    }
    opening->extended = (uint32_t)call->rax == __NR_openat2;
    if (opening->extended) {
        return copy_struct_from_user(&opening->how, sizeof opening->how, user_pointer(call->rdx),
                                     call->r10, sizeof opening->how);
    }
    build_how(opening);
    return 0;
}

static uint64_t path_of(const struct user_registers *call)
{
    bool first = (uint32_t)call->rax == __NR_open || (uint32_t)call->rax == __NR_creat;
    return first ? call->rdi : call->rsi;
}

/*
 * All pointers are the monitor's own, and a signal leaves its frame on the monitor's stack, where
 * nobody can change the result.
 */
static long open_as_given(const struct opening *opening, bool may_wait)
{
    unsigned long arguments[6] = {SYS_ARG(opening->directory), SYS_ARG(opening->path),
                                  opening->flags, opening->mode};
    long number = __NR_openat;
    if (opening->extended) {
        arguments[2] = SYS_ARG(&opening->how);
        arguments[3] = sizeof opening->how;
        number = __NR_openat2;
    }
    return may_wait ? window_syscall_own(number, arguments)
                    : SYS4(number, arguments[0], arguments[1], arguments[2], arguments[3]);
}

static long close_if_forbidden(long fd)
{
    if (fd < 0 || !reaches_memory((int)fd)) {
        return fd;
    }
    if (SYS1(__NR_close, fd) != 0) {
        fatal("a descriptor that reaches memory can't be closed");
    }
    return -EPERM;
}

/* Where nobody else has the descriptor table. */
static long open_and_look(const struct opening *opening, bool may_wait)
{
    long fd = open_as_given(opening, may_wait);
    return keys_in_use && (opening->how.flags & O_PATH) == 0 ? close_if_forbidden(fd) : fd;
}

/* ---- the walk that can't end at a "mem" ---- */

/* What openat2(2) says where only its restrictions may be the reason; a filter is one, too. */
static bool is_undecided(long result)
{
    return result == -EXDEV || result == -ELOOP || result == -EPERM || result == -ENOSYS;
}

static long open_restricted(const struct opening *opening)
{
    const char *name = opening->path + start_of_last_name(opening->path);
    if (memcmp(name, "mem", 3) == 0 && (name[3] == 0 || name[3] == '/')) {
        return -EXDEV;
    }
    struct open_how how = opening->how;
    how.resolve |= RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
    const unsigned long arguments[6] = {SYS_ARG(opening->directory), SYS_ARG(opening->path),
                                        SYS_ARG(&how), sizeof how};
    return window_syscall_own(__NR_openat2, arguments);
}

/* ---- threads that share their descriptors ---- */

/* One descriptor on its way through a socket: struct user_msghdr, struct cmsghdr. */
struct passed {
    struct {
        uint64_t length;
        int32_t level, type, fd;
    } control;
    struct kernel_msghdr header;
};

static void prepare_passed(struct passed *passed, int fd)
{
    memset(passed, 0, sizeof *passed);
    passed->control.length = offsetof(struct passed, control.fd) + sizeof passed->control.fd;
    passed->control.level = SOL_SOCKET;
    passed->control.type = SCM_RIGHTS;
    passed->control.fd = fd;
    passed->header.control = (uint64_t)&passed->control;
    passed->header.control_length = sizeof passed->control;
}

/* What the child does, and leaves. */
struct errand {
    struct opening opening;
    char path[32];   /* the opening's, where that is by number */
    int32_t ends[2]; /* of a socket */
    int held;
    opening_permission *permits; /* NULL: it is */
    void *context;
    long result;
};

static void open_and_pass(void *argument)
{
    struct errand *errand = argument;
    struct passed passed;
    SYS2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL); /* a FIFO can wait for ever, the parent with it */
    errand->result = errand->permits != 0 ? errand->permits(errand->context, errand->held) : 0;
    if (errand->result == 0) {
        errand->result = open_and_look(&errand->opening, false);
    }
    if (errand->result >= 0) {
        prepare_passed(&passed, (int)errand->result);
        errand->result = SYS3(__NR_sendmsg, errand->ends[1], &passed.header, 0);
    }
}

/*
 * Other threads can reach these sockets. What they take, or put in, are files that they may have.
 */
static long receive_passed(const struct errand *errand)
{
    struct passed passed;
    prepare_passed(&passed, -1);
    passed.control.level = 0;
    unsigned long close_on_exec =
        (errand->opening.how.flags & O_CLOEXEC) != 0 ? MSG_CMSG_CLOEXEC : 0UL;
    long result = SYS3(__NR_recvmsg, errand->ends[0], &passed.header, MSG_DONTWAIT | close_on_exec);
    return result < 0 ? result : passed.control.level == SOL_SOCKET ? passed.control.fd : -EMFILE;
}

/* What the last name leads to, without access. */
static long open_place(const struct opening *opening, unsigned long nofollow)
{
    struct opening place = *opening;
    place.flags = O_PATH | O_CLOEXEC | nofollow;
    place.how.flags = place.flags;
    place.how.mode = 0;
    return open_as_given(&place, false);
}

/*
 * The child would walk on from the last name: through a link, or all the way for openat2(2). Where
 * no link may be on the way, the same walk is as good.
 */
static bool walks_on(const struct opening *opening, int last)
{
    struct stat status = {0};
    size_t length = strlen(opening->path);
    SYS2(__NR_fstat, last, &status);
    return (opening->how.flags & O_NOFOLLOW) == 0 &&
           (opening->how.resolve & RESOLVE_NO_SYMLINKS) == 0 &&
           ((status.st_mode & S_IFMT) == S_IFLNK || opening->how.resolve != 0 ||
            (opening->path[length - 1] == '/' && (opening->how.flags & O_CREAT) == 0));
}

static void open_by_number(struct errand *errand, long held)
{
    struct opening *opening = &errand->opening;
    append_string(errand->path, sizeof errand->path, own_descriptors());
    append_number(errand->path, sizeof errand->path, (uint64_t)held);
    opening->path = errand->path;
    opening->how.resolve = 0;
}

/*
 * A walk is the caller's: for the child "self" in /proc is another. It opens by number what this
 * has found. The number given, the lowest, is held for the file until all else that is open for a
 * moment has another.
 */
static long find_place(struct errand *errand)
{
    struct opening *opening = &errand->opening;
    long held = open_place(opening, O_NOFOLLOW);
    if (held >= 0 && walks_on(opening, (int)held)) {
        SYS1(__NR_close, held);
        held = open_place(opening, 0);
        if (held >= 0) {
            open_by_number(errand, held);
        }
    }
    return held != -ENOENT || (opening->how.flags & O_CREAT) == 0
               ? held
               : SYS4(__NR_openat, AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0); /* it is to be made */
}

/* By a child with a table of its own; the place, which has the number to be given, is let go. */
static long run_errand(struct errand *errand, long place)
{
    long result = SYS4(__NR_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, errand->ends);
    if (result < 0) {
        SYS1(__NR_close, place);
        return result;
    }
    result = run_in_child(open_and_pass, errand);
    SYS1(__NR_close, place);
    if (result >= 0) {
        result = errand->result < 0 ? errand->result : receive_passed(errand);
    }
    SYS1(__NR_close, errand->ends[0]);
    SYS1(__NR_close, errand->ends[1]);
    return result;
}

static long open_in_child(const struct opening *opening)
{
    struct errand errand = {.opening = *opening, .result = -EAGAIN};
    long place = find_place(&errand);
    return place < 0 ? place : run_errand(&errand, place);
}

/* Out of the way of the number that the file is to have. */
static long move_away(long fd)
{
    long moved = SYS3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, fd + OUT_OF_THE_WAY);
    if (moved < 0) {
        moved = SYS3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, fd + 1);
    }
    SYS1(__NR_close, fd);
    return moved < 0 ? -EMFILE : moved;
}

long open_held(struct thread *thread, struct opening *opening, opening_permission *permits,
               void *context)
{
    struct errand errand = {.opening = *opening, .permits = permits, .context = context};
    struct stat status = {0};
    unsigned long nofollow = opening->how.flags & O_NOFOLLOW;
    long held = open_place(opening, nofollow);
    if (held < 0) {
        return held;
    }
    SYS2(__NR_fstat, held, &status);
    if (nofollow != 0 && (status.st_mode & S_IFMT) == S_IFLNK) {
        SYS1(__NR_close, held);
        return -ELOOP;
    }
    errand.opening.flags &= ~nofollow;
    errand.opening.how.flags &= ~nofollow;
    errand.result = -EAGAIN;
    if (thread->shares_descriptors) {
        errand.held = (int)held;
        open_by_number(&errand, held);
        return run_errand(&errand, held);
    }
    held = move_away(held);
    if (held < 0) {
        return held;
    }
    open_by_number(&errand, held);
    long result = permits(context, (int)held);
    if (result == 0) {
        result = open_and_look(&errand.opening, true);
    }
    SYS1(__NR_close, held);
    return result;
}

/*
 * Most walks that leave their mount do so before the last name. The folder in which that stands
 * gives its number, the lowest, to the file.
 */
static long open_in_folder(struct opening *opening, char *path, bool cautious)
{
    size_t start = start_of_last_name(path);
    const char *folder = start == 0 ? "." : start == 1 ? "/" : path;
    if (start != 0) {
        path[start - 1] = 0;
    }
    const unsigned long flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    long lowest = SYS4(__NR_openat, opening->directory, folder, flags, 0);
    if (lowest < 0) {
        return lowest;
    }
    long moved = move_away(lowest);
    if (moved < 0) {
        return moved;
    }
    opening->directory = (int)moved;
    opening->path = path + start;
    long result = cautious ? -EXDEV : open_restricted(opening);
    if (is_undecided(result)) {
        result = open_in_child(opening);
    }
    SYS1(__NR_close, moved);
    return result;
}

/*
 * Devices stand in a folder of the caller's choice, which other threads can change: no walk is too
 * short for one. Whether there are any that the user could open was looked at by the launcher.
 */
static bool may_be_device(const struct opening *opening)
{
    const uint64_t makes = O_CREAT | O_EXCL;
    return (session->flags & ENDORUN_SESSION_DEVICES) != 0 &&
           (opening->how.flags & O_DIRECTORY) == 0 && (opening->how.flags & makes) != makes;
}

long open_exactly(struct thread *thread, struct opening *opening, char *path)
{
    opening->path = path;
    if (!keys_in_use || (opening->how.flags & O_PATH) != 0) {
        return open_as_given(opening, true); /* no access; what it leads to is opened anew */
    }
    bool alone = !thread->shares_descriptors, cautious = !alone && may_be_device(opening);
    long result = cautious ? -EXDEV : open_restricted(opening);
    if (!is_undecided(result)) {
        return close_if_forbidden(result);
    }
    if (alone) {
        return open_and_look(opening, true);
    }
    return opening->how.resolve == 0 ? open_in_folder(opening, path, cautious)
                                     : open_in_child(opening);
}

long handle_OPEN(struct thread *thread, const struct user_registers *call)
{
    if (!keys_in_use && !policy_has_paths()) {
        return handle_PATH_EXE(thread, call);
    }
    struct opening opening;
    char path[PATH_MAX_BYTES];
    long result = read_call(&opening, call);
    if (result == 0) {
        result = copy_string_from_user(path, user_pointer(path_of(call)), sizeof path);
    }
    if (result < 0) {
        return result;
    }
    char *program = (char *)shared_pages_of(thread)->paths[0];
    bool follows = (opening.how.flags & O_NOFOLLOW) == 0 &&
                   (opening.how.resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS)) == 0;
    if (follows && find_linked_program(opening.directory, path, program)) {
        memcpy(path, program, strlen(program) + 1);
    }
    return policy_has_paths() ? policy_open(thread, &opening, path)
                              : open_exactly(thread, &opening, path);
}

/* ---- descriptors from a socket ---- */

/* From other sockets, and without room for them, come none. */
static bool may_receive_descriptors(const struct user_registers *call)
{
    const uint64_t size = round_up(sizeof(struct kernel_msghdr) + sizeof(int32_t), 8);
    uint64_t count = (uint32_t)call->rax == __NR_recvmmsg ? (uint32_t)call->rdx : 1;
    int32_t domain = 0, length = sizeof domain;
    bool found = false;
    SYS5(__NR_getsockopt, call->rdi, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    for (uint64_t i = 0; domain == AF_UNIX && i < count && i < UIO_MAXIOV && !found; i++) {
        struct kernel_msghdr header = {0};
        copy_from_user(&header, user_pointer(call->rsi + i * size), sizeof header);
        found = header.control_length >= offsetof(struct passed, control.fd) + sizeof(int32_t);
    }
    return found;
}

/*
 * The kernel gives what it receives the lowest numbers that are free, and what else the call writes
 * may lie over where it says which. The senders of a "mem" are outside: no program under endorun
 * has one. With other threads, one that knows of it beforehand could use it before it is closed, or
 * ask for it behind this one's back.
 */
long handle_RECEIVE(struct thread *thread, const struct user_registers *call)
{
    long fd = 0;
    if (!may_receive_descriptors(call)) {
        return CALL_FORWARD;
    }
    if (!thread->shares_descriptors) {
        fd = SYS3(__NR_fcntl, call->rdi, F_DUPFD_CLOEXEC, 0);
        SYS1(__NR_close, fd);
    }
    long result = forward_call(call);
    for (long flags; fd >= 0 && (flags = SYS2(__NR_fcntl, fd, F_GETFL)) >= 0; fd++) {
        if ((flags & O_PATH) == 0 && reaches_memory((int)fd)) {
            SYS1(__NR_close, fd);
        }
    }
    return result;
}
