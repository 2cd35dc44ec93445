/*
 * A policy as the launcher applies it: what `endorun policy`'s executable writes into a memfd, and
 * the launcher reads before it becomes the program. Both are of one build and one user; the form is
 * checked for damage, not for malice. Numbers are little-endian, offsets count bytes from the
 * header, every part begins at a multiple of 8.
 */
#ifndef ENDORUN_PREPARED_POLICY_H
#define ENDORUN_PREPARED_POLICY_H

#include <stdint.h>

#include "policy.h"

#define ENDORUN_PREPARED_MAGIC 0x50455250444e45ULL /* "ENDPREP" */

enum endorun_prepared_part {
    ENDORUN_PREPARED_IMAGE,   /* the compiled policy (policy.h) */
    ENDORUN_PREPARED_KILLS,   /* seccomp filters, struct sock_filter: empty where not needed */
    ENDORUN_PREPARED_DENIES,  /* the kernel takes the strictest answer of all */
    ENDORUN_PREPARED_PERMITS, /* the last: it may deny what installs the others */
    ENDORUN_PREPARED_PATHS,   /* for each: uint64_t LANDLOCK_ACCESS_FS_*, then the path with NUL */
    ENDORUN_PREPARED_PORTS,   /* struct endorun_prepared_pair: port, LANDLOCK_ACCESS_NET_* */
    ENDORUN_PREPARED_LIMITS,  /* struct endorun_prepared_pair: RLIMIT_*, value; with RLIMIT_NPROC
                                 in a user namespace of its own */
    ENDORUN_PREPARED_ENVIRONMENT, /* all of it: NAME=VALUE with NUL, one behind the other */
    ENDORUN_PREPARED_REPORT,      /* the file for denials, with NUL; empty: standard error */
    ENDORUN_PREPARED_LEFT, /* text: the rules that rest on the monitor, as they are told; with NUL
                            */
    ENDORUN_PREPARED_LIMIT
};

struct endorun_prepared_pair {
    uint64_t what, value;
};

struct endorun_prepared {
    uint64_t magic;
    uint32_t size;  /* of the whole, in bytes */
    uint32_t flags; /* ENDORUN_SESSION_COMPLAIN, ENDORUN_SESSION_REPORT_JSON */
    uint64_t handled_paths, handled_ports, scoped; /* struct landlock_ruleset_attr; 0, 0, 0: none */
    struct endorun_policy_span parts[ENDORUN_PREPARED_LIMIT];
};

#endif
