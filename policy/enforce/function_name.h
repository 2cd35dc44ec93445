/* Names of functions, by the tables that programs and libraries have for their dynamic linker. */
#ifndef ENDORUN_POLICY_FUNCTION_NAME_H
#define ENDORUN_POLICY_FUNCTION_NAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the name of the exported function that holds the address: "" where none is known to. All
 * of it is read from the program's memory, which can say what the program likes: for telling, not
 * for deciding. Constant memory; takes time in the size of the table.
 */
void find_function_name(uint64_t address, char *name, size_t size);

#endif
