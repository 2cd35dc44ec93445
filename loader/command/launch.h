#ifndef ENDORUN_COMMAND_LAUNCH_H
#define ENDORUN_COMMAND_LAUNCH_H

#include "command_line.h"

/* Becomes the program. */
__attribute__((noreturn)) void launch(const struct command_line *line);

#endif
