/*
 * With protection keys: files by which a program would reach memory that its rights don't give it.
 * The monitor lets it open none (monitor/open.c); here is what it would have from the start.
 */
#ifndef ENDORUN_COMMAND_REACH_H
#define ENDORUN_COMMAND_REACH_H

#include <stdbool.h>

/*
 * What is wrong with a descriptor that the program would inherit, for "descriptor N is ...": NULL
 * for nothing.
 */
const char *forbidden_to_inherit(int fd);

/*
 * Whether the caller is one user, who has no capability and could become no other, and `fd` writes
 * to no file of another user's.
 */
bool has_one_identity(void);
bool writes_for_another(int fd);

/* Whether there are such devices in /dev that the caller may open, or it can't be told. */
bool devices_are_in_reach(void);

#endif
