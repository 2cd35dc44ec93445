/*
 * The names that completions offer, from the tables that the command has them from: as arrays of a
 * shell. The build runs it.
 */
#include "call_names.h"
#include "endorun/syscall_shapes.h"
#include "profiles.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const families[] = {
#define X(name, holds) #name,
    ENDORUN_FAMILIES(X)
#undef X
        "ALL",
};

static void print_calls(void)
{
    puts("endorun_calls=(");
    for (uint32_t i = 0; i < call_limit(); i++)
        if (call_name(i) != NULL)
            printf("    %s\n", call_name(i));
    puts(")");
}

/* A family is a group in small letters, but for the few that are none. */
static void print_groups(void)
{
    puts("endorun_groups=(");
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        char group[32] = "";

        for (size_t k = 0; families[i][k] != '\0' && k < sizeof group - 1; k++)
            group[k] = (char)tolower((unsigned char)families[i][k]);
        if (group_number(group, strlen(group)) >= 0)
            printf("    %s\n", group);
    }
    puts(")");
}

static void print_profiles(void)
{
    puts("endorun_profiles=(");
    for (size_t i = 0; i < policy_profile_count; i++)
        printf("    %s\n", policy_profiles[i].name);
    puts(")");
}

int main(void)
{
    print_calls();
    print_groups();
    print_profiles();
    return ferror(stdout) != 0 || fclose(stdout) != 0;
}
