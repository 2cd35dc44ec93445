/*
 * What may stand in a policy file: every section and key, with type, default and meaning. The
 * reader walks this table (front.c), and the reference page is checked against it.
 */
#ifndef ENDORUN_POLICY_SCHEMA_H
#define ENDORUN_POLICY_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

enum schema_type {
    SCHEMA_VERSION,
    SCHEMA_INCLUDES,     /* array of files and @profiles */
    SCHEMA_CHOICE,       /* one of `values`; detail: enum schema_setting */
    SCHEMA_SWITCH,       /* true or false; detail: enum schema_setting */
    SCHEMA_NUMBER,       /* 1 to `largest`; detail: enum schema_setting */
    SCHEMA_PATHS,        /* array of patterns; detail: enum policy_path_kind */
    SCHEMA_REDIRECTIONS, /* table from path to path */
    SCHEMA_PEERS,        /* array of addresses; detail: enum policy_network_kind */
    SCHEMA_FAMILIES,     /* array of names of address families */
    SCHEMA_CALLS,        /* array of system calls; detail: enum policy_call_action */
    SCHEMA_COUNT,        /* a limit: a number; detail, of all limits: RLIMIT_* */
    SCHEMA_SIZE,         /* a limit: bytes, or a string with a unit */
    SCHEMA_SECONDS,      /* a limit: seconds, or a string with a unit */
    SCHEMA_MICROSECONDS, /* a limit: the same */
    SCHEMA_NAMES,        /* array of variables; detail: enum policy_environment_kind */
    SCHEMA_VARIABLES,    /* table from name to value */
    SCHEMA_OUTPUT,       /* "stderr" or a path */
    SCHEMA_TYPE_LIMIT
};

/* Where the value of a key that is no list goes. */
enum schema_setting {
    SETTING_NONE,
    SETTING_FILESYSTEM_DEFAULT,
    SETTING_NETWORK_DEFAULT,
    SETTING_CALLS_DEFAULT,
    SETTING_EXEC,
    SETTING_MAX_PROCESSES,
    SETTING_SIGNALS,
    SETTING_REPORT_FORM,
    SETTING_REPORT_ACTION,
};

struct schema_key {
    const char *section; /* "": the top level */
    const char *name;
    enum schema_type type;
    int detail;
    const char *fallback; /* what holds when the key is not written, as TOML or in words */
    const char *help;
    const char *values; /* CHOICE: words, with '|' between them */
    int64_t largest;    /* NUMBER */
};

struct schema_section {
    const char *name;
    const char *help;
};

extern const struct schema_section schema_sections[];
extern const size_t schema_section_count;

/* Those of a section stand together. */
extern const struct schema_key schema_keys[];
extern const size_t schema_key_count;

#endif
