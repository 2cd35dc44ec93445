#include "call_names.h"

#include "endorun/syscall_shapes.h"

#include "../../loader/command/nearest.h"

#include <ctype.h>
#include <string.h>

#define GROUP_ALL ENDORUN_FAMILY_LIMIT

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../syscalls.def"
};

static const char *const names[] = {
#define SYSCALL(number, name, ...) [number] = #name,
#include "../syscalls.def"
};

static const char *const families[] = {
#define X(name, holds) [ENDORUN_FAMILY_##name] = #name,
    ENDORUN_FAMILIES(X)
#undef X
        [GROUP_ALL] = "ALL",
};

#define GROUP_NAME_SIZE 32U

int32_t call_number(const char *name, size_t length)
{
    for (uint32_t i = 0; i < call_limit(); i++)
        if (names[i] != NULL && strncmp(names[i], name, length) == 0 && names[i][length] == '\0')
            return (int32_t)i;
    return -1;
}

const char *call_name(uint32_t number)
{
    return number < call_limit() ? names[number] : NULL;
}

const char *call_nearest(const char *name, size_t length)
{
    struct nearest nearest = nearest_to(name, length);

    for (uint32_t i = 0; i < call_limit(); i++)
        if (names[i] != NULL)
            nearest_offer(&nearest, names[i]);
    return nearest.name;
}

uint32_t call_limit(void)
{
    return sizeof names / sizeof names[0];
}

unsigned call_argument_count(uint32_t number)
{
    return calls[number].nargs;
}

unsigned call_argument_bits(uint32_t number, unsigned argument)
{
    return endorun_kind_info(calls[number].arg[argument].kind).bits;
}

/* The table's words are upper case; groups are not. */
static void lower(char lowered[GROUP_NAME_SIZE], const char *family)
{
    size_t i = 0;

    for (; family[i] != '\0' && i < GROUP_NAME_SIZE - 1; i++)
        lowered[i] = (char)tolower((unsigned char)family[i]);
    lowered[i] = '\0';
}

/* Nobody wants what these two hold. */
static int is_group(int family)
{
    return family != ENDORUN_FAMILY_UNASSIGNED && family != ENDORUN_FAMILY_UNIMPLEMENTED;
}

int group_number(const char *name, size_t length)
{
    char lowered[GROUP_NAME_SIZE];

    for (int i = 0; i <= GROUP_ALL; i++) {
        if (!is_group(i))
            continue;
        lower(lowered, families[i]);
        if (strncmp(lowered, name, length) == 0 && lowered[length] == '\0')
            return i;
    }
    return -1;
}

const char *group_nearest(const char *name, size_t length)
{
    static char lowered[ENDORUN_FAMILY_LIMIT + 1][GROUP_NAME_SIZE]; /* the same each time */
    struct nearest nearest = nearest_to(name, length);

    for (int i = 0; i <= GROUP_ALL; i++) {
        if (!is_group(i))
            continue;
        lower(lowered[i], families[i]);
        nearest_offer(&nearest, lowered[i]);
    }
    return nearest.name;
}

int group_has(int group, uint32_t number)
{
    return names[number] != NULL && (group == GROUP_ALL || calls[number].family == group);
}
