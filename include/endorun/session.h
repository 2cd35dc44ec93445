/*
 * The session: what one process image of endorun's hands to the next at exec. The launcher writes
 * the first, the monitor every later one, each into a memfd sealed against writing, growing,
 * shrinking and further sealing.
 *
 * How the new image finds it: the image is executed by execveat(image_fd, "", ..., AT_EMPTY_PATH)
 * or by execve("/proc/thread-self/fd/<image_fd>"), so AT_EXECFN ends in its number. The session's
 * descriptor is image_fd - 1, open across exec; image_fd is close-on-exec. The new image closes
 * what it was given before the program runs.
 *
 * Layout: struct endorun_session, then .policy_size bytes of the compiled policy (policy.h), then
 * the strings (each NUL-terminated) that the offsets name, then .filters_size bytes of the
 * program's seccomp filters: the oldest first, each a uint32_t with the number of its instructions,
 * then those (struct sock_filter). Offsets count bytes from the start of the session; 0 means
 * absent.
 */
#ifndef ENDORUN_SESSION_H
#define ENDORUN_SESSION_H

#include <stdint.h>

#include "injection.h"
#include "policy.h"

#define ENDORUN_SESSION_MAGIC    0x737365736f646e65ULL /* "endosess" */
#define ENDORUN_SESSION_VERSION  7U
#define ENDORUN_SESSION_MAX_SIZE (ENDORUN_POLICY_SIZE_MAX + (1U << 20)) /* bytes */

enum endorun_session_flags {
    ENDORUN_SESSION_FIRST = 1U << 0,      /* written by the command: a failure to load is its own
                                             (a line beginning "endorun: ", exit 126 or 127) */
    ENDORUN_SESSION_NO_REWRITE = 1U << 1, /* leave every site to SUD */
    ENDORUN_SESSION_STATS = 1U << 2,      /* count, and write records to the event channel */
    ENDORUN_SESSION_NO_ASLR = 1U << 3,    /* kernel.randomize_va_space is 0 */
    ENDORUN_SESSION_SELECTOR = 1U << 5,   /* SUD reads the selector instead of exempting a range */
    ENDORUN_SESSION_JIT_DENIED = 1U << 6, /* with protection keys: no code is made at run time */
    ENDORUN_SESSION_NO_NEW_PRIVS = 1U
                                   << 7, /* what the program has set, or endorun was started with */
    ENDORUN_SESSION_SECCOMP = 1U << 8,   /* endorun was started under a seccomp filter */
    ENDORUN_SESSION_DEVICES =
        1U << 9, /* with protection keys: the user can open devices that reach memory */
    ENDORUN_SESSION_ONE_IDENTITY =
        1U << 10, /* with protection keys: started by a user who has no capability, and no other
                     identity to take on: so it stays, since there are no new privileges */
    ENDORUN_SESSION_COMPLAIN = 1U << 11, /* the policy reports what it would deny, and allows it */
    ENDORUN_SESSION_REPORT_JSON = 1U << 12, /* as JSON */
    ENDORUN_SESSION_TRACE = 1U << 13,       /* record the calls in .traced */
    ENDORUN_SESSION_TRACE_LOSSY = 1U << 14, /* drop records where a ring is full; else wait */
    ENDORUN_SESSION_TRACE_NAMES = 1U << 15, /* record what descriptors lead to */
    ENDORUN_SESSION_FILE_COMM = 1U << 4, /* set by the monitor: a program executed by descriptor is
                                            named after its file (Linux 6.14), not the number */
};

enum endorun_isolation {
    ENDORUN_ISOLATION_KERNEL = 1, /* no protection keys */
    ENDORUN_ISOLATION_PKEY = 2,
};

/* Which file, in which state: inode numbers come again, and no user sets a ctime. */
struct endorun_file {
    uint64_t device, inode, ctime_ns;
};

struct endorun_session {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* bytes of the whole session */
    uint32_t flags;
    uint32_t isolation;

    uint64_t signal_mask;  /* the mask that the program is to have, as rt_sigprocmask shapes it */
    uint64_t held_ignored; /* signals the monitor always handles, ignored by the program */
    uint64_t nofile_soft;  /* RLIMIT_NOFILE's soft limit to set back; ~0: leave it */
    uint64_t fresh_mask;   /* 1: the mask and dispositions are the kernel's own (first image) */

    struct endorun_file image;   /* what /proc leads to at an exec has to be it */
    struct endorun_file command; /* what command_path leads to has to be it */

    int32_t program_fd; /* the ELF file to load, O_RDONLY; -1: open the path `execfn` names */

    /* The image opens the event channel (event.h) by the reader's /proc/PID/fd: no descriptor is
       handed over. */
    uint32_t reader_pid;       /* 0: none */
    int32_t reader_channel_fd; /* the channel's descriptor number in the reader */

    uint32_t execfn;       /* AT_EXECFN: the path as the caller gave it */
    uint32_t program_path; /* canonical path of the loaded file, for /proc/self/exe */
    uint32_t command_path; /* the endorun executable: it makes the plans that the cache lacks */
    uint32_t cache_path;   /* directory of cached plans */
    uint32_t comm;         /* name for PR_SET_NAME */

    uint32_t filters_size; /* with protection keys; in mode kernel the kernel hands them over */
    uint32_t policy_size;  /* 0: there is none */
    uint32_t report_path;  /* the file that denials are appended to; 0: standard error */
    uint32_t trace_bytes;  /* of data and of a string, at most so many are recorded */
    uint64_t traced[8];    /* bit N % 64 of word N / 64, with N of endorun_trace_bit() */
    uint64_t injects;      /* 1: .injections are in use */
    struct endorun_injections injections;
};

#endif
