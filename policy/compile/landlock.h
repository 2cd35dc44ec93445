/*
 * What Landlock (landlock(7)) can hold of a policy: an outer bound. All that the policy allows, the
 * bound allows; what it allows beyond that is told, rule by rule, and is for the monitor to refuse.
 * The one exception is what is not there yet: Landlock gives rights to objects, so a file that is
 * to be read or executed has to exist, or be one that the policy lets the program make.
 *
 * Hosted; looks at the files as they lie now, and changes nothing.
 */
#ifndef ENDORUN_POLICY_LANDLOCK_H
#define ENDORUN_POLICY_LANDLOCK_H

#include "model.h"

/* LANDLOCK_ACCESS_FS_* that a file, or a folder and all beneath it, is given. */
struct landlock_path {
    const char *path; /* absolute; exists */
    uint64_t rights;  /* with those of the folders above it in the bound, if it is canonical */
    bool is_folder, is_canonical;
};

/* LANDLOCK_ACCESS_NET_*. */
struct landlock_port {
    uint16_t port;
    uint64_t rights;
};

struct landlock_bound {
    uint64_t handled_paths, handled_ports, scoped; /* struct landlock_ruleset_attr */
    struct landlock_path *paths;                   /* each once */
    size_t path_count;
    struct landlock_port *ports;
    size_t port_count;
};

/* What keeps a rule from being the kernel's alone. */
enum landlock_gap {
    LANDLOCK_EXACT,
    LANDLOCK_NO_DENIAL, /* it takes away from what others allow; Landlock only gives */
    LANDLOCK_NO_REDIRECT,
    LANDLOCK_PATTERN,    /* it allows some of the names in a folder, the bound all */
    LANDLOCK_ABSENT,     /* nothing has the name yet: the bound allows its folder */
    LANDLOCK_ATTRIBUTES, /* no right of Landlock's is about modes, owners, times and attributes */
    LANDLOCK_EXECUTION,  /* an executable in memory is no file that a right is about */
    LANDLOCK_UNKNOWN,    /* this kernel's Landlock knows no such right */
    LANDLOCK_PEERS,      /* it knows of ports of TCP, and of no address, path or other protocol */
    LANDLOCK_GAP_LIMIT
};

/*
 * The bound for an ABI of landlock_create_ruleset(2), 0: the kernel has none. `path_gaps` and
 * `peer_gaps` have one entry for each rule of the model. The bound's memory is the model's. False:
 * no memory.
 */
bool landlock_bound(struct policy_model *model, int abi, struct landlock_bound *bound,
                    enum landlock_gap *path_gaps, enum landlock_gap *peer_gaps);

/* In words, to stand behind "because". */
const char *landlock_gap_text(enum landlock_gap gap);

#endif
