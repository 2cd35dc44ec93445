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

/* What a choice of --isolation comes to here. */
struct possible {
    bool run;
    bool pkey;
    const char *automatic; /* NULL: not possible */
};

static void print_json(const struct finding findings[static CHECK_COUNT], struct possible possible)
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
    printf("  },\n  \"isolation\": {\"auto\": ");
    if (possible.automatic != NULL)
        write_json_string(stdout, possible.automatic);
    else
        printf("null");
    printf(", \"kernel\": %s, \"pkey\": %s},\n  \"trace_is_tamper_proof\": %s,\n"
           "  \"can_run\": %s\n}\n",
           json_boolean(possible.run), json_boolean(possible.pkey), json_boolean(possible.pkey),
           json_boolean(possible.run));
}

static void print_table(const struct finding findings[static CHECK_COUNT], struct possible possible)
{
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const char *blank = findings[i].detail[0] != '\0' ? "  " : "";

        printf("%-22s %-3s%s%s\n", checks[i].title, findings[i].available ? "yes" : "no", blank,
               findings[i].detail);
    }
    printf("\n--isolation=auto       %s%s\n", possible.automatic != NULL ? "is " : "not possible",
           possible.automatic != NULL ? possible.automatic : "");
    printf("--isolation=kernel     %s\n",
           possible.run ? "possible; nothing keeps the program out of the monitor's memory"
                        : "not possible");
    printf("--isolation=pkey       %s\n",
           possible.pkey  ? "possible"
           : possible.run ? "not possible: no protection keys, or no seccomp filters, here"
                          : "not possible");
    printf("--trace, --stats       %s\n",
           !possible.run   ? "not possible"
           : possible.pkey ? "complete, whatever the program does"
                           : "what a program that writes to the monitor's memory wants them to be");
    printf("\nendorun %s %s here.\n", ENDORUN_VERSION, possible.run ? "can run" : "cannot run");
}

/* As resolve_isolation() and launch() have it: with protection keys auto is no fallback. */
static struct possible what_is_possible(const struct finding findings[static CHECK_COUNT])
{
    struct possible possible = {.run = true, .pkey = true};
    bool has_keys = false;

    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (checks[i].probe == probe_protection_keys)
            has_keys = findings[i].available;
        if (!findings[i].available && checks[i].needed_for == FOR_RUN)
            possible.run = false;
        if (!findings[i].available && checks[i].needed_for == FOR_PKEY)
            possible.pkey = false;
    }
    possible.pkey = possible.pkey && possible.run;
    if (has_keys)
        possible.automatic = possible.pkey ? "pkey" : NULL;
    else
        possible.automatic = possible.run ? "kernel" : NULL;
    return possible;
}

int check_machine(bool json)
{
    struct finding findings[CHECK_COUNT] = {0};

    for (size_t i = 0; i < CHECK_COUNT; i++)
        checks[i].probe(&findings[i]);

    struct possible possible = what_is_possible(findings);
    if (json)
        print_json(findings, possible);
    else
        print_table(findings, possible);
    finish_standard_output();
    return possible.run ? 0 : 1;
}
