/*
 * Runs the analyser in the place of this process. It is an executable of its own (analyser/), so
 * that the command can be static and a run loads nothing that only an analysis needs.
 */
#ifndef ENDORUN_COMMAND_ANALYSER_PROCESS_H
#define ENDORUN_COMMAND_ANALYSER_PROCESS_H

#include <stdbool.h>

/* Prints the system call sites of a file. */
__attribute__((noreturn)) void analyser_process_print(const char *file, bool json);

/*
 * What the monitor's child does on a miss in the plan cache: descriptor 3 is the ELF file and 4 an
 * empty memfd for the plan, which is also stored in the cache directory unless that is NULL. Ends
 * with 0, or 1 and no plan; writes nothing to descriptors 0 to 2, which may be closed.
 */
__attribute__((noreturn)) void analyser_process_plan(const char *cache_directory);

#endif
