/*
 * A policy as it was written, read and checked, with what it includes: the front end (toml.h) makes
 * it, the compiler (compile.h) takes it. Hosted.
 *
 * All memory of a model belongs to the model; policy_model_release() gives it back. Strings end
 * with NUL. Rules stand in the order in which they are read, those of an included file before those
 * of the file that includes it.
 */
#ifndef ENDORUN_POLICY_MODEL_H
#define ENDORUN_POLICY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy_origin {
    const char *file; /* as messages name it; a built-in profile is "@name" */
    unsigned line;    /* from 1; 0: said nowhere */
    unsigned column;  /* from 1, in bytes */
};

enum policy_default { POLICY_DEFAULT_ALLOW, POLICY_DEFAULT_DENY };

/* A section that is written nowhere restricts nothing. */
struct policy_section {
    bool is_written;
    enum policy_default fallback;
    struct policy_origin origin; /* of `default`; its line is 0 where it is not written */
};

enum policy_path_kind {
    POLICY_PATH_READ,
    POLICY_PATH_WRITE,
    POLICY_PATH_EXEC,
    POLICY_PATH_DENY,
    POLICY_PATH_HIDE,
    POLICY_PATH_REDIRECT,
};

/*
 * `pattern` is absolute, its variables and `~` are put in, and it has no empty, `.` or `..`
 * element. In it `*`, `?`, `[...]` and `**` are what the reference says, and a backslash takes its
 * meaning from the byte behind it.
 */
struct policy_path_rule {
    enum policy_path_kind kind;
    const char *pattern;
    const char *written; /* the string of the file */
    const char *target;  /* REDIRECT: an absolute path */
    struct policy_origin origin;
};

enum policy_peer_kind {
    POLICY_PEER_ADDRESS,  /* family, address, prefix, ports */
    POLICY_PEER_PATH,     /* pattern, as of a path rule */
    POLICY_PEER_ABSTRACT, /* pattern: the name without its first NUL, with `*` and `?` */
};

enum policy_network_kind { POLICY_NETWORK_CONNECT, POLICY_NETWORK_BIND, POLICY_NETWORK_DENY };

struct policy_network_rule {
    enum policy_network_kind kind; /* DENY: of both */
    enum policy_peer_kind peer;
    bool is_ipv6;
    uint8_t address[16]; /* in network order; bits behind the prefix are 0 */
    unsigned prefix;     /* 0 to 32, 0 to 128 */
    uint16_t port_first; /* 0 to 65535: any */
    uint16_t port_last;
    const char *pattern;
    const char *written;
    struct policy_origin origin;
};

enum policy_call_action { POLICY_CALL_ALLOW, POLICY_CALL_DENY, POLICY_CALL_KILL };

enum policy_comparison {
    POLICY_EQUAL,
    POLICY_NOT_EQUAL,
    POLICY_LESS,
    POLICY_LESS_EQUAL,
    POLICY_GREATER,
    POLICY_GREATER_EQUAL,
};

/* (argument & mask) COMPARISON value, unsigned, in the bits that the kernel takes of it. */
struct policy_condition {
    unsigned argument; /* 0 to 5 */
    enum policy_comparison comparison;
    uint64_t mask;
    uint64_t value;
};

/* For one system call; an entry that names a group stands for one rule for each call of the group.
 */
struct policy_call_rule {
    uint32_t number;
    enum policy_call_action action;
    int error; /* DENY: a positive errno */
    bool is_logged;
    struct policy_condition *conditions; /* all must hold */
    size_t condition_count;
    const char *key; /* section.key, of a rule that another section implies; else NULL */
    const char *written;
    struct policy_origin origin;
};

enum policy_process_flag {
    POLICY_PROCESS_NO_EXEC = 1 << 0,         /* exec = false */
    POLICY_PROCESS_SIGNALS_SANDBOX = 1 << 1, /* signals = "sandbox" */
};

struct policy_limit {
    int resource;   /* RLIMIT_* */
    uint64_t value; /* in the unit of setrlimit(2); UINT64_MAX: unlimited */
    const char *written;
    struct policy_origin origin;
};

enum policy_environment_kind {
    POLICY_ENVIRONMENT_KEEP,
    POLICY_ENVIRONMENT_SET,
    POLICY_ENVIRONMENT_UNSET
};

struct policy_environment_rule {
    enum policy_environment_kind kind;
    const char *name; /* KEEP and UNSET: `*` stands for any rest */
    const char *value;
    struct policy_origin origin;
};

enum policy_report_form { POLICY_REPORT_TEXT, POLICY_REPORT_JSON };

struct policy_report {
    bool complains; /* action = "complain" */
    enum policy_report_form form;
    const char *file; /* absolute; NULL: standard error */
    struct policy_origin origin;
};

struct policy_model {
    struct policy_section filesystem, network, calls;
    struct policy_path_rule *paths;
    size_t path_count;
    struct policy_network_rule *peers;
    size_t peer_count;
    uint64_t families; /* bit AF_*: sockets of it may be made; all bits: not restricted */
    struct policy_origin families_origin;
    struct policy_call_rule *call_rules;
    size_t call_rule_count;
    unsigned process_flags; /* enum policy_process_flag */
    uint64_t max_processes; /* 0: not limited */
    struct policy_origin no_exec_origin, signals_origin, max_processes_origin;
    struct policy_limit *limits;
    size_t limit_count;
    struct policy_environment_rule *environment;
    size_t environment_count;
    bool environment_is_kept; /* [environment] has no `keep`: what is not unset stays */
    struct policy_report report;
    void *memory; /* where all of the above lies */
};

void policy_model_release(struct policy_model *model);

#endif
