#include "call_facts.h"

#include "call_names.h"
#include "endorun/syscall_shapes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../../policy/syscalls.def"
};

static const char *const families[] = {
#define X(name, holds) [ENDORUN_FAMILY_##name] = #name,
    ENDORUN_FAMILIES(X)
#undef X
};

_Static_assert(ENDORUN_FAMILY_LIMIT <= GROUP_LIMIT, "each family is a group");

/* Between two descriptors: the shapes do not tell which is read. */
static const struct {
    const char *name;
    enum transfer transfer;
} movers[] = {
    {"sendfile", TRANSFER_FROM_NEXT},
    {"splice", TRANSFER_TO_NEXT},
    {"tee", TRANSFER_TO_NEXT},
    {"copy_file_range", TRANSFER_TO_NEXT},
};

/* A descriptor, then the memory that is filled from it or goes into it. */
static enum transfer transfer_of(const struct endorun_syscall *call)
{
    if (call->arg[0].kind != ENDORUN_KIND_FD)
        return TRANSFER_NONE;
    switch (call->arg[1].kind) {
    case ENDORUN_KIND_OUT_BYTES:
    case ENDORUN_KIND_IOVEC_OUT:
    case ENDORUN_KIND_MSGHDR_OUT:
        return TRANSFER_READ;
    case ENDORUN_KIND_IN_BYTES:
    case ENDORUN_KIND_IOVEC_IN:
    case ENDORUN_KIND_MSGHDR_IN:
        return TRANSFER_WRITTEN;
    default:
        return TRANSFER_NONE;
    }
}

static enum transfer mover_transfer(struct text name)
{
    for (size_t i = 0; i < sizeof movers / sizeof movers[0]; i++)
        if (strlen(movers[i].name) == name.size &&
            memcmp(movers[i].name, name.bytes, name.size) == 0)
            return movers[i].transfer;
    return TRANSFER_NONE;
}

struct call_facts call_facts(struct text name)
{
    const bool is_word = strlen(name.bytes) == name.size; /* there may be NUL in a text */
    const int32_t number = is_word ? call_number(name.bytes, name.size) : -1;

    if (number < 0)
        return (struct call_facts){.group = ENDORUN_FAMILY_UNASSIGNED};
    const struct endorun_syscall *call = &calls[number];
    const enum transfer moved = mover_transfer(name);
    return (struct call_facts){
        .group = call->family,
        .transfer = (uint8_t)(moved != TRANSFER_NONE ? moved : transfer_of(call)),
        .creates = call->decision == ENDORUN_DECISION_PROCESS_CREATE,
        .executes = call->decision == ENDORUN_DECISION_PATH_EXEC,
    };
}

unsigned group_limit(void)
{
    return ENDORUN_FAMILY_LIMIT;
}

void group_name(unsigned group, char name[GROUP_NAME_SIZE])
{
    snprintf(name, GROUP_NAME_SIZE, "%s", families[group]);
    for (size_t i = 0; name[i] != '\0'; i++)
        name[i] = (char)tolower((unsigned char)name[i]);
}
