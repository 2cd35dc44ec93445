/* What can keep the program out of the monitor's memory on this machine. */
#ifndef ENDORUN_COMMAND_ISOLATION_H
#define ENDORUN_COMMAND_ISOLATION_H

#include <stdbool.h>

#include "command_line.h"
#include "endorun/session.h"

struct pkey_support {
    bool cpu;    /* the processor has protection keys */
    bool kernel; /* and the kernel hands them out */
};

struct pkey_support probe_pkey_support(void);

/*
 * auto is pkey wherever the processor and the kernel have protection keys: what is wanting then,
 * such as seccomp filters, is an error and no reason to go on with less. Does not return when the
 * choice cannot be had: status 125.
 */
enum endorun_isolation resolve_isolation(enum isolation_choice choice);

#endif
