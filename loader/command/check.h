#ifndef ENDORUN_COMMAND_CHECK_H
#define ENDORUN_COMMAND_CHECK_H

#include <stdbool.h>

#define CHECK_SCHEMA 1 /* "schema" of the JSON form */

/* Prints what the machine offers and what follows. 0: endorun can run here; 1: it cannot. */
int check_machine(bool json);

#endif
