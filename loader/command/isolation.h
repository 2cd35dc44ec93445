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

/* Does not return when the choice cannot be had: status 125. */
enum endorun_isolation resolve_isolation(enum isolation_choice choice);

#endif
