/*
 * The compiled policy: one flat block without pointers, which the policy compiler writes (hosted)
 * and the decision reads (policy/decide.h, freestanding). It lies wherever it is mapped. All numbers
 * are little-endian; offsets are in bytes from the header; every part begins at a multiple of
 * ENDORUN_POLICY_ALIGNMENT.
 *
 * The image is data that the launcher hands over in the session. Who maps it calls policy_check()
 * once, before anything is decided: after that no decision reads outside it, whatever it holds.
 */
#ifndef ENDORUN_POLICY_H
#define ENDORUN_POLICY_H

#include <stdint.h>

#define ENDORUN_POLICY_MAGIC     0x59434c4f50444e45ULL /* "ENDPOLCY" */
#define ENDORUN_POLICY_VERSION   1U
#define ENDORUN_POLICY_ALIGNMENT 8U

/* The limit of the whole, and of what a set of patterns may come to. */
#define ENDORUN_POLICY_SIZE_MAX     (64U << 20)
#define ENDORUN_POLICY_PATTERNS_MAX (4U << 20)

enum endorun_policy_part {
    ENDORUN_PART_RULES,   /* array of struct endorun_policy_rule: index 0 stands for none */
    ENDORUN_PART_TEXT,    /* strings, each ended by NUL; offset 0 is the empty one */
    ENDORUN_PART_PATHS,   /* policy/paths.h */
    ENDORUN_PART_NETWORK, /* policy/network.h */
    ENDORUN_PART_CALLS,   /* policy/calls.h */
    ENDORUN_PART_LIMIT
};

struct endorun_policy_span {
    uint32_t offset;
    uint32_t size; /* in bytes; 0: the policy has no such part, and nothing is decided there */
};

struct endorun_policy_header {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* of the whole image, in bytes */
    struct endorun_policy_span parts[ENDORUN_PART_LIMIT];
};

/* Where a rule stands and how it is written there, for who reports a verdict. */
struct endorun_policy_rule {
    uint32_t file; /* offset in TEXT */
    uint32_t line; /* from 1; 0: no line says so, it is the default that the reference gives */
    uint32_t column;
    uint32_t text; /* offset in TEXT: the entry as `section.key: value` */
};

enum endorun_action {
    ENDORUN_ACTION_ALLOW,
    ENDORUN_ACTION_DENY,     /* error tells the errno */
    ENDORUN_ACTION_KILL,     /* ends the process */
    ENDORUN_ACTION_REDIRECT, /* target tells the path that is used instead */
};

struct endorun_verdict {
    uint8_t action; /* enum endorun_action */
    uint8_t is_logged;
    uint16_t error;  /* of DENY: a positive errno; hidden paths have ENOENT */
    uint32_t rule;   /* index in RULES of what decided */
    uint32_t target; /* of REDIRECT: offset in TEXT */
};

/* What is asked about a path. LOOK: that it is there, what stat, readlink and a search tell. */
enum endorun_path_access {
    ENDORUN_PATH_READ,
    ENDORUN_PATH_WRITE, /* change, create, remove, rename */
    ENDORUN_PATH_EXEC,
    ENDORUN_PATH_LOOK,
    ENDORUN_PATH_ACCESS_LIMIT
};

enum endorun_network_access {
    ENDORUN_NETWORK_CONNECT, /* and send to */
    ENDORUN_NETWORK_BIND,
    ENDORUN_NETWORK_ACCESS_LIMIT
};

enum endorun_peer_kind { ENDORUN_PEER_IPV4, ENDORUN_PEER_IPV6, ENDORUN_PEER_ABSTRACT };

/*
 * The address of a socket. Sockets that have a path are decided on as paths, by the NETWORK part's
 * own patterns (`unix` of the policy file).
 */
struct endorun_peer {
    uint8_t kind;        /* enum endorun_peer_kind */
    uint8_t address[16]; /* in network order; IPv4: the first four */
    uint16_t port;       /* in the order of the machine */
};

#endif
