/*
 * Where the paths of a policy lead. Decisions are on objects, by their canonical paths, and a
 * policy may name them by symbolic links: /lib, /var/run, /etc/resolv.conf.
 */
#ifndef ENDORUN_POLICY_LOCATE_H
#define ENDORUN_POLICY_LOCATE_H

#include "model.h"

/*
 * For each rule whose literal part leads through a symbolic link as the files lie now, adds another
 * with the canonical path in its place: of the same kind and origin, right behind all others. What
 * a path has behind the last folder that exists stays as it is, and so does what begins in the
 * folder of a process (/proc/self), which is another for each. False: no memory.
 */
bool policy_locate(struct policy_model *model);

#endif
