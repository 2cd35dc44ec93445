/*
 * Walks the table of system calls (policy/syscalls.def): complete, consistent in itself, equal to
 * the kernel's header, and without a way around a decision point.
 */
#define _GNU_SOURCE
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/kexec.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <utime.h>

#include "endorun/syscall_shapes.h"

#define TABLE_LIMIT 24576U /* bytes that the monitor spends on the table */

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "policy/syscalls.def"
};

#define CALL_LIMIT (sizeof(calls) / sizeof(calls[0]))

static const struct {
    unsigned number;
    const char *name;
} rows[] = {
#define SYSCALL(number, name, ...) {number, #name},
#include "policy/syscalls.def"
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct {
    const char *name;
    unsigned decision;
    const char *when;
} also[] = {
#define ALSO(name, decision, when) {#name, ENDORUN_DECISION_##decision, when},
#include "policy/syscalls.def"
};

#define ALSO_COUNT (sizeof(also) / sizeof(also[0]))

static const struct {
    const char *name;
    unsigned number;
} header_calls[] = {
#define HEADER_CALL(name, number) {#name, number},
#include "syscall_header_calls.inc"
#undef HEADER_CALL
};

#define HEADER_COUNT (sizeof(header_calls) / sizeof(header_calls[0]))

static const char *const decision_names[] = {
#define X(name, object) #name,
    ENDORUN_DECISIONS(X)
#undef X
};

/* The call's number; the test fails where there is none. */
static unsigned number_of(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].number;
        }
    }
    ck_abort_msg("%s is not in the table", name);
    return 0;
}

static bool reaches(const char *name, unsigned decision)
{
    if (calls[number_of(name)].decision == decision) {
        return true;
    }
    for (size_t i = 0; i < ALSO_COUNT; i++) {
        if (strcmp(also[i].name, name) == 0 && also[i].decision == decision) {
            return true;
        }
    }
    return false;
}

static bool has_kind(const struct endorun_syscall *call, unsigned kind)
{
    for (unsigned i = 0; i < call->nargs; i++) {
        if (call->arg[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static bool has_in_of(const struct endorun_syscall *call, unsigned type)
{
    for (unsigned i = 0; i < call->nargs; i++) {
        if (call->arg[i].kind == ENDORUN_KIND_IN && call->arg[i].detail == type) {
            return true;
        }
    }
    return false;
}

static bool has_address(const struct endorun_syscall *call)
{
    for (unsigned i = 0; i < call->nargs; i++) {
        if (endorun_kind_info(call->arg[i].kind).access != ENDORUN_ACCESS_SCALAR) {
            return true;
        }
    }
    return false;
}

static bool in_list(const char *name, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, name) == 0) {
            return true;
        }
    }
    return false;
}

/* -------------------------------------------------------------------------------------------------
 * Completeness.
 */
START_TEST(numbers_ascend_without_a_gap)
{
    ck_assert_uint_eq(rows[0].number, 0);
    for (size_t i = 1; i < ROW_COUNT; i++) {
        unsigned expected = rows[i - 1].number + 1;

        /* The one hole of the architecture; numbers are shared from 424 on. */
        if (expected == 337) {
            expected = 424;
        }
        ck_assert_msg(rows[i].number == expected, "%s has number %u, expected %u", rows[i].name,
                      rows[i].number, expected);
    }
    ck_assert_uint_ge(rows[ROW_COUNT - 1].number, 471);
}
END_TEST

START_TEST(names_occur_once)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        for (size_t j = 0; j < i; j++) {
            ck_assert_msg(strcmp(rows[i].name, rows[j].name) != 0, "%s stands in two lines",
                          rows[i].name);
        }
    }
}
END_TEST

START_TEST(every_call_of_the_header_is_there)
{
    /* Linux 5.13, the oldest kernel supported: 0 to 334 and 424 to 446 without 443. */
    ck_assert_uint_ge(HEADER_COUNT, 357);
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        unsigned number = number_of(header_calls[i].name);

        ck_assert_msg(number == header_calls[i].number, "%s is %u in the header, %u in the table",
                      header_calls[i].name, header_calls[i].number, number);
    }
}
END_TEST

START_TEST(unassigned_and_unimplemented_are_marked)
{
    unsigned assigned = 0;

    for (size_t i = 0; i < CALL_LIMIT; i++) {
        const struct endorun_syscall *call = &calls[i];

        if (call->family != ENDORUN_FAMILY_UNASSIGNED) {
            assigned++;
        }
        if (call->family == ENDORUN_FAMILY_UNASSIGNED ||
            call->family == ENDORUN_FAMILY_UNIMPLEMENTED) {
            ck_assert_msg(call->nargs == 0 && call->decision == ENDORUN_DECISION_NONE &&
                              call->handler == ENDORUN_HANDLER_FORWARD,
                          "%zu does nothing, and yet is described", i);
        }
    }
    ck_assert_uint_eq(assigned, ROW_COUNT);
}
END_TEST

START_TEST(table_is_small)
{
    ck_assert_uint_le(sizeof(calls), TABLE_LIMIT);
}
END_TEST

/* Which words of each list the table uses. */
struct words_used {
    bool family[ENDORUN_FAMILY_LIMIT];
    bool decision[ENDORUN_DECISION_LIMIT];
    bool handler[ENDORUN_HANDLER_LIMIT];
    bool kind[ENDORUN_KIND_LIMIT];
    bool type[ENDORUN_TYPE_LIMIT];
    bool set[ENDORUN_SET_LIMIT];
    bool mux[ENDORUN_MUX_LIMIT];
};

static void note_shape(struct words_used *used, struct endorun_shape shape)
{
    used->kind[shape.kind] = true;
    switch (endorun_kind_info(shape.kind).detail) {
    case ENDORUN_DETAIL_TYPE:
        used->type[shape.detail] = true;
        break;
    case ENDORUN_DETAIL_SET:
        used->set[shape.detail] = true;
        break;
    case ENDORUN_DETAIL_MUX:
        used->mux[shape.detail] = true;
        break;
    }
}

/* A word that no line uses is a leftover, or belongs to a line that was forgotten. */
START_TEST(every_word_is_used)
{
    struct words_used used = {0};

    for (size_t i = 0; i < CALL_LIMIT; i++) {
        used.family[calls[i].family] = true;
        used.decision[calls[i].decision] = true;
        used.handler[calls[i].handler] = true;
        for (unsigned a = 0; a < ENDORUN_SYSCALL_MAX_ARGS; a++) {
            note_shape(&used, calls[i].arg[a]);
        }
    }
#define IS_USED(list, word) ck_assert_msg(used.list[word], #word " is in no line");
#define FAMILY(name, ...)   IS_USED(family, ENDORUN_FAMILY_##name)
#define DECISION(name, ...) IS_USED(decision, ENDORUN_DECISION_##name)
#define HANDLER(name)       IS_USED(handler, ENDORUN_HANDLER_##name)
#define KIND(name, ...)     IS_USED(kind, ENDORUN_KIND_##name)
#define TYPE(name, ...)     IS_USED(type, ENDORUN_TYPE_##name)
#define SET(name, ...)      IS_USED(set, ENDORUN_SET_##name)
#define MUX(name, ...)      IS_USED(mux, ENDORUN_MUX_##name)
    ENDORUN_FAMILIES(FAMILY)
    ENDORUN_DECISIONS(DECISION)
    ENDORUN_HANDLERS(HANDLER)
    ENDORUN_KINDS(KIND)
    ENDORUN_TYPES(TYPE)
    ENDORUN_SETS(SET)
    ENDORUN_MUXES(MUX)
}
END_TEST

/* -------------------------------------------------------------------------------------------------
 * Shapes.
 */
START_TEST(argument_count_agrees_with_shapes)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        ck_assert_uint_le(call->nargs, ENDORUN_SYSCALL_MAX_ARGS);
        for (unsigned i = 0; i < ENDORUN_SYSCALL_MAX_ARGS; i++) {
            bool absent = call->arg[i].kind == ENDORUN_KIND_ABSENT;

            ck_assert_msg(absent == (i >= call->nargs), "%s: argument %u and the count %u disagree",
                          rows[r].name, i, call->nargs);
        }
    }
}
END_TEST

/* Whether a shape of kind `kind` may be what a reference of this sort leads to. */
static bool ref_fits(unsigned ref, struct endorun_shape target)
{
    switch (ref) {
    case ENDORUN_REF_BYTES:
        return target.kind == ENDORUN_KIND_SIZE || target.kind == ENDORUN_KIND_SIZE32;
    case ENDORUN_REF_COUNT:
        return target.kind == ENDORUN_KIND_COUNT || target.kind == ENDORUN_KIND_COUNT32;
    case ENDORUN_REF_LENGTH_AT:
        return target.kind == ENDORUN_KIND_INOUT &&
               (target.detail == ENDORUN_TYPE_int || target.detail == ENDORUN_TYPE_u32);
    case ENDORUN_REF_COMMAND:
        return target.kind == ENDORUN_KIND_ENUM || target.kind == ENDORUN_KIND_ENUM_LONG ||
               target.kind == ENDORUN_KIND_FLAGS || target.kind == ENDORUN_KIND_FLAGS_LONG;
    default:
        return false;
    }
}

START_TEST(references_lead_to_lengths_and_commands)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        for (unsigned i = 0; i < call->nargs; i++) {
            unsigned ref = endorun_kind_info(call->arg[i].kind).ref, index = call->arg[i].ref;

            if (ref == ENDORUN_REF_NONE) {
                ck_assert_msg(index == ENDORUN_NO_ARG, "%s: argument %u refers to another",
                              rows[r].name, i);
                continue;
            }
            ck_assert_msg(index < call->nargs && index != i,
                          "%s: argument %u refers to argument %u, which the call has not",
                          rows[r].name, i, index);
            ck_assert_msg(ref_fits(ref, call->arg[index]),
                          "%s: argument %u refers to argument %u, which is of another kind",
                          rows[r].name, i, index);
        }
    }
}
END_TEST

static bool is_length(unsigned kind)
{
    return kind == ENDORUN_KIND_SIZE || kind == ENDORUN_KIND_SIZE32 || kind == ENDORUN_KIND_COUNT ||
           kind == ENDORUN_KIND_COUNT32;
}

/* Whether some length or count is that of no other argument. */
static bool has_free_length(const struct endorun_syscall *call)
{
    for (unsigned i = 0; i < call->nargs; i++) {
        bool used = !is_length(call->arg[i].kind);

        for (unsigned j = 0; j < call->nargs; j++) {
            used = used || call->arg[j].ref == i;
        }
        if (!used) {
            return true;
        }
    }
    return false;
}

/* A length that belongs to nothing is a forgotten reference, unless it is a plain amount. */
START_TEST(lengths_are_referred_to)
{
    /* The size of a mask inside a structure, of what the kernel is to keep, of a segment to be
     * made; then parts of files. */
    static const char *const amounts[] = {"rt_sigaction",    "set_robust_list", "rseq",   "shmget",
                                          "sendfile",        "readahead",       "splice", "tee",
                                          "copy_file_range", "fadvise64",       NULL};

    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        /* The decoder of a multiplexed argument knows which length is its own. */
        if (!has_kind(call, ENDORUN_KIND_MUX)) {
            ck_assert_msg(has_free_length(call) == in_list(rows[r].name, amounts),
                          "%s: a length of nothing, or an amount that is none", rows[r].name);
        }
    }
}
END_TEST

/* What may stand in brackets behind a kind. */
static bool type_fits(unsigned kind, enum endorun_type type)
{
    unsigned bytes = endorun_type_bytes(type);

    switch (kind) {
    case ENDORUN_KIND_IN:
    case ENDORUN_KIND_OUT:
    case ENDORUN_KIND_INOUT:
        return bytes != ENDORUN_SIZE_TOLD;
    case ENDORUN_KIND_IN_SIZED:
    case ENDORUN_KIND_OUT_SIZED:
        return bytes == ENDORUN_SIZE_TOLD || bytes == ENDORUN_SIZE_INSIDE;
    case ENDORUN_KIND_OUT_RECORDS:
        return bytes == ENDORUN_SIZE_INSIDE;
    case ENDORUN_KIND_KEPT:
        return bytes != ENDORUN_SIZE_INSIDE;
    default: /* arrays */
        return bytes != ENDORUN_SIZE_TOLD && bytes != ENDORUN_SIZE_INSIDE;
    }
}

START_TEST(details_fit_their_kind)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        for (unsigned i = 0; i < calls[rows[r].number].nargs; i++) {
            struct endorun_shape shape = calls[rows[r].number].arg[i];
            bool fits = false;

            switch (endorun_kind_info(shape.kind).detail) {
            case ENDORUN_DETAIL_NONE:
                fits = shape.detail == 0;
                break;
            case ENDORUN_DETAIL_TYPE:
                fits = shape.detail < ENDORUN_TYPE_LIMIT && type_fits(shape.kind, shape.detail);
                break;
            case ENDORUN_DETAIL_SET:
                fits = shape.detail < ENDORUN_SET_LIMIT;
                break;
            case ENDORUN_DETAIL_MUX:
                fits = shape.detail < ENDORUN_MUX_LIMIT;
                break;
            }
            ck_assert_msg(fits, "%s: argument %u: the word in brackets does not fit the kind",
                          rows[r].name, i);
        }
    }
}
END_TEST

START_TEST(dirfd_stands_before_what_it_resolves)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        for (unsigned i = 0; i < call->nargs; i++) {
            struct endorun_shape next;

            if (call->arg[i].kind != ENDORUN_KIND_DIRFD) {
                continue;
            }
            ck_assert_msg(i + 1U < call->nargs, "%s: nothing after the DIRFD", rows[r].name);
            next = call->arg[i + 1U];
            ck_assert_msg(
                next.kind == ENDORUN_KIND_PATH ||
                    (next.kind == ENDORUN_KIND_IN && next.detail == ENDORUN_TYPE_file_handle),
                "%s: argument %u is a DIRFD, but no PATH follows", rows[r].name, i);
        }
    }
}
END_TEST

/* A scalar takes 16, 32 or 64 bits, an address all of them: a decision compares just these. */
START_TEST(widths_are_possible)
{
    for (unsigned kind = ENDORUN_KIND_ABSENT + 1U; kind < ENDORUN_KIND_LIMIT; kind++) {
        struct endorun_kind_info info = endorun_kind_info(kind);

        if (info.access == ENDORUN_ACCESS_SCALAR) {
            ck_assert(info.bits == 16 || info.bits == 32 || info.bits == 64);
        } else {
            ck_assert_uint_eq(info.bits, 64);
        }
    }
    ck_assert_uint_eq(endorun_kind_info(ENDORUN_KIND_FD).bits, 32);
    ck_assert_uint_eq(endorun_kind_info(ENDORUN_KIND_LIMIT).bits, 0);
}
END_TEST

START_TEST(type_sizes_are_those_of_the_headers)
{
#define SAME(name, type)                                                                           \
    ck_assert_msg(endorun_type_bytes(ENDORUN_TYPE_##name) == sizeof(type),                         \
                  #name " has %u bytes in the table, %zu in the header",                           \
                  endorun_type_bytes(ENDORUN_TYPE_##name), sizeof(type))
    SAME(int, int);
    SAME(uid, uid_t);
    SAME(gid, gid_t);
    SAME(size_t, size_t);
    SAME(loff_t, loff_t);
    SAME(time_t, time_t);
    SAME(pointer, void *);
    SAME(fd_pair, int[2]);
    SAME(aio_context, aio_context_t);
    SAME(cap_header, struct __user_cap_header_struct);
    SAME(cap_data, struct __user_cap_data_struct[2]);
    SAME(epoll_event, struct epoll_event);
    SAME(futex_waitv, struct futex_waitv);
    SAME(futex_waitv_pair, struct futex_waitv[2]);
    SAME(io_event, struct io_event);
    SAME(io_uring_params, struct io_uring_params);
    SAME(iocb, struct iocb);
    SAME(itimerspec, struct itimerspec);
    SAME(itimerval, struct itimerval);
    SAME(kexec_segment, struct kexec_segment);
    SAME(mq_attr, struct mq_attr);
    SAME(pollfd, struct pollfd);
    SAME(rlimit, struct rlimit);
    SAME(robust_list_head, struct robust_list_head);
    SAME(rusage, struct rusage);
    SAME(sched_param, struct sched_param);
    SAME(sembuf, struct sembuf);
    SAME(sigevent, struct sigevent);
    SAME(siginfo, siginfo_t);
    SAME(stack, stack_t);
    SAME(stat, struct stat);
    SAME(statfs, struct statfs);
    SAME(statx, struct statx);
    SAME(sysinfo, struct sysinfo);
    SAME(timespec, struct timespec);
    SAME(timespec_pair, struct timespec[2]);
    SAME(timeval, struct timeval);
    SAME(timeval_pair, struct timeval[2]);
    SAME(timex, struct timex);
    SAME(timezone, struct timezone);
    SAME(tms, struct tms);
    SAME(utimbuf, struct utimbuf);
    SAME(utsname, struct utsname);
#undef SAME
}
END_TEST

/* -------------------------------------------------------------------------------------------------
 * Decision points.
 */

/*
 * Calls that read or write memory of the caller, or take an address, and need no decision. Not an
 * opt-out: a call belongs here only for one of the reasons given.
 */
struct undecided {
    const char *reason;
    const char *const *names;
};

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct undecided undecided[] = {
    {"what the descriptor allows was decided when it was opened, connected or received",
     NAMES("read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev",
           "preadv2", "pwritev2", "sendfile", "splice", "copy_file_range", "fstat", "fstatfs",
           "fgetxattr", "flistxattr", "getdents", "getdents64", "cachestat", "accept", "accept4",
           "recvfrom", "getsockname", "getpeername", "mq_timedsend", "mq_timedreceive",
           "mq_getsetattr", "mq_notify", "timerfd_settime", "timerfd_gettime")},
    {"waits for descriptors that the caller holds",
     NAMES("poll", "ppoll", "select", "pselect6", "epoll_ctl", "epoll_wait", "epoll_pwait",
           "epoll_pwait2")},
    {"collects operations that ASYNC_IO decided on when they were submitted",
     NAMES("io_destroy", "io_getevents", "io_pgetevents", "io_cancel")},
    {"makes a nameless object of the caller's; PATH_EXEC and MEMORY_MAP decide on its use as code",
     NAMES("pipe", "pipe2", "memfd_create")},
    {"the caller's own signal state, which the monitor keeps",
     NAMES("rt_sigaction", "rt_sigprocmask", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend",
           "sigaltstack", "signalfd", "signalfd4")},
    {"reads a clock, or sets a timer whose signal goes to the caller itself",
     NAMES("nanosleep", "clock_nanosleep", "getitimer", "setitimer", "gettimeofday", "time",
           "times", "clock_gettime", "clock_getres", "timer_create", "timer_settime",
           "timer_gettime")},
    {"reports on the caller itself or on its children",
     NAMES("getcwd", "getrlimit", "getrusage", "getgroups", "getresuid", "getresgid", "wait4",
           "waitid", "getcpu", "get_mempolicy", "lsm_get_self_attr")},
    {"places only pages that the caller allocates later", NAMES("set_mempolicy")},
    {"reports what /proc/PID/stat and status show to everybody",
     NAMES("capget", "sched_getparam", "sched_getaffinity", "sched_getattr",
           "sched_rr_get_interval")},
    {"waits on memory that the caller has mapped, or wakes who waits there",
     NAMES("futex", "futex_wait", "futex_waitv", "futex_wake", "futex_requeue")},
    {"random bytes", NAMES("getrandom")},
};

static const char *undecided_reason(const char *name)
{
    for (size_t i = 0; i < sizeof(undecided) / sizeof(undecided[0]); i++) {
        if (in_list(name, undecided[i].names)) {
            return undecided[i].reason;
        }
    }
    return NULL;
}

START_TEST(calls_with_addresses_are_decided_or_excepted)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        if (call->decision == ENDORUN_DECISION_NONE && has_address(call)) {
            ck_assert_msg(undecided_reason(rows[r].name) != NULL,
                          "%s has no decision point, and no reason for it is listed here",
                          rows[r].name);
        }
    }
}
END_TEST

START_TEST(exceptions_are_needed)
{
    for (size_t i = 0; i < sizeof(undecided) / sizeof(undecided[0]); i++) {
        for (const char *const *name = undecided[i].names; *name != NULL; name++) {
            const struct endorun_syscall *call = &calls[number_of(*name)];

            ck_assert_msg(call->decision == ENDORUN_DECISION_NONE && has_address(call),
                          "%s is excepted, and need not be", *name);
        }
    }
}
END_TEST

/* A path is never merely forwarded past the policy. */
START_TEST(paths_reach_a_point_that_decides_on_paths)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];
        unsigned decision = call->decision;

        if (!has_kind(call, ENDORUN_KIND_PATH)) {
            continue;
        }
        ck_assert_msg(
            (decision >= ENDORUN_DECISION_PATH_OPEN && decision <= ENDORUN_DECISION_PATH_WATCH) ||
                decision == ENDORUN_DECISION_MOUNT || decision == ENDORUN_DECISION_SYSTEM,
            "%s takes a path and is decided as %s", rows[r].name, decision_names[decision]);
    }
}
END_TEST

/* Whoever can name a range can name the monitor's: all such calls are decided on as memory. */
START_TEST(ranges_reach_a_point_that_decides_on_memory)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        if (has_kind(call, ENDORUN_KIND_ADDR)) {
            ck_assert_msg(call->decision == ENDORUN_DECISION_MEMORY_MAP ||
                              call->decision == ENDORUN_DECISION_MEMORY_PROTECT ||
                              call->decision == ENDORUN_DECISION_MEMORY_ADVISE,
                          "%s operates on a range and is decided as %s", rows[r].name,
                          decision_names[call->decision]);
        }
    }
}
END_TEST

/* An address that the kernel uses after the call is outside every check made during the call. */
START_TEST(kept_addresses_are_decided)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        if (has_kind(call, ENDORUN_KIND_KEPT)) {
            ck_assert_msg(call->decision == ENDORUN_DECISION_SELF_CONTROL ||
                              call->decision == ENDORUN_DECISION_PROCESS_CREATE,
                          "%s leaves an address with the kernel and is decided as %s", rows[r].name,
                          decision_names[call->decision]);
        }
    }
}
END_TEST

/* SIGSYS and SIGSEGV must stay deliverable: no mask of the program gets to the kernel unseen. */
START_TEST(signal_masks_are_handled)
{
    /* These take the set of signals to collect, not a mask. */
    static const char *const collectors[] = {"signalfd", "signalfd4", NULL};

    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        if (has_kind(call, ENDORUN_KIND_SIGSET_IN) ||
            has_in_of(call, ENDORUN_TYPE_sigset_argpack) ||
            has_in_of(call, ENDORUN_TYPE_aio_sigset)) {
            ck_assert_msg(call->handler != ENDORUN_HANDLER_FORWARD ||
                              in_list(rows[r].name, collectors),
                          "%s sets a signal mask and is forwarded", rows[r].name);
        }
    }
}
END_TEST

/* A thread or image that the monitor does not hear of would run without it. */
START_TEST(creation_is_handled)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        if (call->decision == ENDORUN_DECISION_PROCESS_CREATE ||
            call->decision == ENDORUN_DECISION_PATH_EXEC) {
            ck_assert_msg(call->handler != ENDORUN_HANDLER_FORWARD,
                          "%s makes a thread or an image and is forwarded", rows[r].name);
        }
    }
}
END_TEST

/*
 * Calls without an address that are FORWARD and not QUICK nevertheless. With protection keys a
 * QUICK call is made with the monitor's rights: what the kernel reads or writes meanwhile, and when
 * the thread ends in it, it reads and writes with those.
 */
static const struct {
    const char *reason;
    const char *const *names;
} without_address[] = {
    {"goes on with a call that had addresses", NAMES("restart_syscall")},
    {"reads and writes the stack", NAMES("uprobe", "uretprobe")},
    {"ends the caller, and the kernel then writes to addresses that it was given before",
     NAMES("exit_group", "kill")},
    {"waits, and may be ended there",
     NAMES("pause", "flock", "tee", "vhangup", "membarrier", "rseq_slice_yield")},
    {"is code of a file system, driver or protocol, which may wait for another program",
     NAMES("close", "close_range", "dup2", "dup3", "lseek", "sync", "syncfs", "fsync", "fdatasync",
           "ftruncate", "fallocate", "fadvise64", "readahead", "sync_file_range", "fchdir",
           "fchmod", "fchown", "fsmount", "socket", "listen", "shutdown", "inotify_rm_watch")},
    {"makes or changes an object, which takes longer than to change the rights",
     NAMES("dup", "eventfd", "eventfd2", "epoll_create", "epoll_create1", "inotify_init",
           "inotify_init1", "timerfd_create", "timer_delete", "alarm", "memfd_secret", "pidfd_open",
           "shmget", "semget", "msgget")},
    {"changes what the process is, or is allowed",
     NAMES("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid",
           "setfsgid", "setsid", "setpgid", "setpriority", "ioprio_set")},
    {"acts on all memory, the monitor's too", NAMES("mlockall", "munlockall")},
};

static bool is_without_address(const struct endorun_syscall *call)
{
    return call->family != ENDORUN_FAMILY_UNASSIGNED &&
           call->family != ENDORUN_FAMILY_UNIMPLEMENTED && !has_address(call);
}

START_TEST(quick_calls_have_no_address)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];

        if (call->handler == ENDORUN_HANDLER_QUICK) {
            ck_assert_msg(is_without_address(call) && call->decision == ENDORUN_DECISION_NONE,
                          "%s is called with the monitor's rights", rows[r].name);
        }
    }
}
END_TEST

START_TEST(calls_without_addresses_are_quick_or_excepted)
{
    for (size_t r = 0; r < ROW_COUNT; r++) {
        const struct endorun_syscall *call = &calls[rows[r].number];
        bool lowered = is_without_address(call) && call->handler == ENDORUN_HANDLER_FORWARD;
        unsigned listed = 0;

        for (size_t i = 0; i < sizeof(without_address) / sizeof(without_address[0]); i++) {
            listed += in_list(rows[r].name, without_address[i].names);
        }
        ck_assert_msg(listed == (lowered ? 1 : 0), "%s stands in %u lists", rows[r].name, listed);
    }
}
END_TEST

START_TEST(additional_decisions_are_sound)
{
    for (size_t i = 0; i < ALSO_COUNT; i++) {
        const struct endorun_syscall *call = &calls[number_of(also[i].name)];

        ck_assert_msg(also[i].decision != ENDORUN_DECISION_NONE &&
                          call->decision != ENDORUN_DECISION_NONE &&
                          also[i].decision != call->decision,
                      "%s: %s adds nothing", also[i].name, decision_names[also[i].decision]);
        ck_assert_msg(also[i].when[0] != '\0', "%s: when?", also[i].name);
        for (size_t j = 0; j < i; j++) {
            ck_assert_msg(also[i].decision != also[j].decision ||
                              strcmp(also[i].name, also[j].name) != 0,
                          "%s has %s twice", also[i].name, decision_names[also[i].decision]);
        }
    }
}
END_TEST

/*
 * The ways to do one thing. Not derived from the table: what a policy author must be able to rely
 * on, kept by hand, one line for each action.
 */
static const struct {
    unsigned decision;
    const char *const *names;
} aliases[] = {
    {ENDORUN_DECISION_PATH_OPEN,
     NAMES("open", "openat", "openat2", "creat", "open_by_handle_at", "truncate", "open_tree",
           "open_tree_attr", "fsconfig", "bpf", "acct", "swapon", "fanotify_mark")},
    {ENDORUN_DECISION_PATH_READ_META,
     NAMES("stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink",
           "readlinkat", "getxattr", "lgetxattr", "getxattrat", "listxattr", "llistxattr",
           "listxattrat", "statfs", "file_getattr", "name_to_handle_at", "chdir")},
    {ENDORUN_DECISION_PATH_WRITE_META,
     NAMES("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat",
           "utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr",
           "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
           "file_setattr", "ioctl")},
    {ENDORUN_DECISION_PATH_CREATE,
     NAMES("open", "openat", "openat2", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "symlink",
           "symlinkat", "bind", "bpf")},
    {ENDORUN_DECISION_PATH_REMOVE,
     NAMES("unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2")},
    {ENDORUN_DECISION_PATH_LINK, NAMES("link", "linkat", "rename", "renameat", "renameat2")},
    {ENDORUN_DECISION_PATH_EXEC, NAMES("execve", "execveat")},
    {ENDORUN_DECISION_PATH_WATCH,
     NAMES("inotify_add_watch", "fanotify_init", "fanotify_mark", "fcntl")},
    {ENDORUN_DECISION_NET_SOCKET, NAMES("socket", "socketpair")},
    {ENDORUN_DECISION_NET_CONNECT,
     NAMES("connect", "sendto", "sendmsg", "sendmmsg", "setsockopt", "getsockopt")},
    {ENDORUN_DECISION_NET_BIND, NAMES("bind", "listen", "setsockopt")},
    {ENDORUN_DECISION_NET_SEND, NAMES("sendto", "sendmsg", "sendmmsg")},
    {ENDORUN_DECISION_FD_RECEIVE, NAMES("recvmsg", "recvmmsg", "pidfd_getfd", "getsockopt")},
    {ENDORUN_DECISION_SIGNAL_SEND,
     NAMES("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal",
           "fcntl", "ioctl")},
    {ENDORUN_DECISION_PROCESS_CREATE, NAMES("fork", "vfork", "clone", "clone3")},
    {ENDORUN_DECISION_PROCESS_INSPECT,
     NAMES("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd",
           "process_madvise", "process_mrelease", "kcmp", "move_pages", "migrate_pages",
           "get_robust_list", "perf_event_open", "prctl")},
    {ENDORUN_DECISION_PROCESS_CONTROL, NAMES("setrlimit", "prlimit64")},
    {ENDORUN_DECISION_PROCESS_CONTROL,
     NAMES("sched_setparam", "sched_setscheduler", "sched_setattr", "sched_setaffinity",
           "setpriority", "ioprio_set")},
    {ENDORUN_DECISION_NAMESPACE, NAMES("unshare", "setns", "clone", "clone3", "ioctl")},
    {ENDORUN_DECISION_CREDENTIALS,
     NAMES("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid",
           "setfsgid", "setgroups", "capset", "lsm_set_self_attr", "prctl")},
    {ENDORUN_DECISION_SANDBOX, NAMES("seccomp", "prctl", "landlock_create_ruleset",
                                     "landlock_add_rule", "landlock_restrict_self")},
    {ENDORUN_DECISION_MEMORY_MAP,
     NAMES("mmap", "mremap", "munmap", "brk", "remap_file_pages", "shmat", "shmdt",
           "map_shadow_stack", "prctl", "arch_prctl", "getsockopt")},
    {ENDORUN_DECISION_MEMORY_PROTECT,
     NAMES("mprotect", "pkey_mprotect", "pkey_alloc", "pkey_free", "mseal", "personality")},
    {ENDORUN_DECISION_MEMORY_ADVISE,
     NAMES("madvise", "process_madvise", "mlock", "mlock2", "munlock", "mlockall", "munlockall",
           "mbind", "move_pages", "msync", "mincore", "set_mempolicy_home_node")},
    {ENDORUN_DECISION_ASYNC_IO,
     NAMES("io_setup", "io_submit", "io_uring_setup", "io_uring_enter", "io_uring_register",
           "vmsplice", "sendto", "sendmsg", "sendmmsg", "setsockopt")},
    {ENDORUN_DECISION_IPC_ACCESS,
     NAMES("shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget",
           "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink")},
    {ENDORUN_DECISION_MOUNT,
     NAMES("mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount",
           "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr")},
    {ENDORUN_DECISION_TIME_SET,
     NAMES("settimeofday", "clock_settime", "adjtimex", "clock_adjtime")},
    {ENDORUN_DECISION_MODULE,
     NAMES("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load")},
    {ENDORUN_DECISION_BPF_PERF, NAMES("bpf", "perf_event_open", "setsockopt")},
    {ENDORUN_DECISION_KEY, NAMES("add_key", "request_key", "keyctl")},
};

START_TEST(every_alias_reaches_the_decision_point)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        for (const char *const *name = aliases[i].names; *name != NULL; name++) {
            ck_assert_msg(reaches(*name, aliases[i].decision), "%s does not reach %s", *name,
                          decision_names[aliases[i].decision]);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        numbers_ascend_without_a_gap,
        names_occur_once,
        every_call_of_the_header_is_there,
        unassigned_and_unimplemented_are_marked,
        table_is_small,
        every_word_is_used,
        argument_count_agrees_with_shapes,
        references_lead_to_lengths_and_commands,
        lengths_are_referred_to,
        details_fit_their_kind,
        dirfd_stands_before_what_it_resolves,
        widths_are_possible,
        type_sizes_are_those_of_the_headers,
        calls_with_addresses_are_decided_or_excepted,
        exceptions_are_needed,
        paths_reach_a_point_that_decides_on_paths,
        ranges_reach_a_point_that_decides_on_memory,
        kept_addresses_are_decided,
        signal_masks_are_handled,
        creation_is_handled,
        quick_calls_have_no_address,
        calls_without_addresses_are_quick_or_excepted,
        additional_decisions_are_sound,
        every_alias_reaches_the_decision_point,
    };
    Suite *suite = suite_create("syscall_table");
    TCase *tcase = tcase_create("table");
    SRunner *runner;
    int failed;

    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        tcase_add_test(tcase, tests[i]);
    }
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
