/* What the program is to see of itself where the kernel would show the monitor image. */
#ifndef ENDORUN_MONITOR_SELF_H
#define ENDORUN_MONITOR_SELF_H

#include "abi.h"

/* Canonical path of the loaded program; a string of the session. */
extern const char *program_path;

/*
 * Whether the path names the /proc link "exe" of this very process. Only such names are looked at
 * further: the last component must be "exe".
 */
bool names_own_exe(int directory, const char *path);

#endif
