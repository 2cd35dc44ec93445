/* Folders that endorun keeps things in. */
#ifndef ENDORUN_COMMAND_FOLDERS_H
#define ENDORUN_COMMAND_FOLDERS_H

/* mkdir -p, for its owner alone. Existing components are as good as new ones. 0, or -1 with errno.
 */
int make_folders(const char *path);

#endif
