#include <stdio.h>

#include "check.h"
#include "escape.h"
#include "message.h"
#include "probe.h"

/* What is lost without it. */
enum needed_for { FOR_RUN, FOR_PKEY, FOR_POLICY, FOR_OUTSIDE_VIEW, FOR_INFORMATION };

static const char *const needed_for_names[] = {
    [FOR_RUN] = "run",
    [FOR_PKEY] = "pkey",
    [FOR_POLICY] = "policy",
    [FOR_OUTSIDE_VIEW] = "outside-view",
    [FOR_INFORMATION] = "information",
};

static const struct check {
    const char *key;   /* in JSON */
    const char *title; /* in the table */
    enum needed_for needed_for;
    void (*probe)(struct finding *finding);
} checks[] = {
    {"kernel", "kernel", FOR_RUN, probe_kernel},
    {"sud", "Syscall User Dispatch", FOR_RUN, probe_syscall_user_dispatch},
    {"memfd_exec", "memfd execution", FOR_RUN, probe_memfd_execution},
    {"proc", "/proc", FOR_RUN, probe_proc},
    {"mm_map", "PR_SET_MM_MAP", FOR_OUTSIDE_VIEW, probe_mm_map},
    {"seccomp", "seccomp filter", FOR_PKEY, probe_seccomp_filter},
    {"landlock", "Landlock", FOR_POLICY, probe_landlock},
    {"fsgsbase", "FSGSBASE", FOR_INFORMATION, probe_fsgsbase},
    {"pku", "protection keys (PKU)", FOR_PKEY, probe_protection_keys},
};

#define CHECK_COUNT (sizeof checks / sizeof checks[0])

static const char *json_boolean(bool value)
{
    return value ? "true" : "false";
}

static void print_json(const struct finding findings[static CHECK_COUNT], bool can_run,
                       bool has_protection_keys)
{
    printf("{\n  \"schema\": %d,\n  \"version\": \"%s\",\n  \"checks\": {\n", CHECK_SCHEMA,
           ENDORUN_VERSION);
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        printf("    \"%s\": {\"available\": %s, \"needed_for\": \"%s\", ", checks[i].key,
               json_boolean(findings[i].available), needed_for_names[checks[i].needed_for]);
        if (findings[i].number != 0)
            printf("\"version\": %d, ", findings[i].number);
        printf("\"detail\": ");
        write_json_string(stdout, findings[i].detail);
        printf("}%s\n", i + 1 < CHECK_COUNT ? "," : "");
    }
    printf("  },\n  \"isolation\": {\"auto\": %s, \"kernel\": %s, \"pkey\": %s},\n"
           "  \"can_run\": %s\n}\n",
           can_run ? "\"kernel\"" : "null", json_boolean(can_run),
           json_boolean(can_run && has_protection_keys), json_boolean(can_run));
}

static void print_table(const struct finding findings[static CHECK_COUNT], bool can_run,
                        bool has_protection_keys)
{
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const char *blank = findings[i].detail[0] != '\0' ? "  " : "";

        printf("%-22s %-3s%s%s\n", checks[i].title, findings[i].available ? "yes" : "no", blank,
               findings[i].detail);
    }
    printf("\n--isolation=auto       %s\n", can_run ? "is kernel" : "not possible");
    printf("--isolation=kernel     %s\n",
           can_run ? "possible; nothing keeps the program out of the monitor's memory"
                   : "not possible");
    printf("--isolation=pkey       %s\n",
           !has_protection_keys ? "not possible: no protection keys, or no seccomp filters, here"
           : !can_run           ? "not possible"
                                : "possible; not complete in this version: docs/threats.md");
    printf("\nendorun %s %s here.\n", ENDORUN_VERSION, can_run ? "can run" : "cannot run");
}

int check_machine(bool json)
{
    struct finding findings[CHECK_COUNT] = {0};
    bool can_run = true;
    bool has_protection_keys = true; /* and the filters that go with them */

    for (size_t i = 0; i < CHECK_COUNT; i++) {
        checks[i].probe(&findings[i]);
        if (checks[i].needed_for == FOR_RUN && !findings[i].available)
            can_run = false;
        if (checks[i].needed_for == FOR_PKEY && !findings[i].available)
            has_protection_keys = false;
    }
    if (json)
        print_json(findings, can_run, has_protection_keys);
    else
        print_table(findings, can_run, has_protection_keys);
    finish_standard_output();
    return can_run ? 0 : 1;
}
