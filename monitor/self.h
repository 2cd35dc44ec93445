/* What the program is to see where the kernel would show the monitor image. */
#ifndef ENDORUN_MONITOR_SELF_H
#define ENDORUN_MONITOR_SELF_H

#include "abi.h"

/* Canonical path of the loaded program; a string of the session. */
extern const char *program_path;

/*
 * When the path names the /proc link "exe" of a process under endorun, however it is spelled:
 * writes the path of that process's program to `program` (PATH_MAX_BYTES) and gives true.
 */
bool find_linked_program(int directory, const char *path, char *program);

/* The file that is mapped at an address of this process, as find_linked_program() writes it. */
void find_mapped_file(uint64_t address, char *file);

#endif
