#ifndef ENDORUN_COMMAND_PATH_SEARCH_H
#define ENDORUN_COMMAND_PATH_SEARCH_H

/*
 * The path that a shell would give to execve for this command word: the word itself when it holds
 * a slash, else the first executable regular file of that name in PATH. Whether the kernel would
 * run the file is not looked at. The result lives as long as the process.
 *
 * Does not return when there is none: 127, or 126 when all that stood in the way was permission.
 */
const char *search_path(const char *word);

#endif
