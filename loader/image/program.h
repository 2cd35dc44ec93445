/* What an exec would run: the checks of fs/exec.c and fs/binfmt_script.c, and their errors. */
#ifndef ENDORUN_LOADER_PROGRAM_H
#define ENDORUN_LOADER_PROGRAM_H

#include "elf.h"

#define SCRIPT_DEPTH_MAX 5                            /* fs/exec.c: exec_binprm() */
#define SCRIPT_LINE_MAX  256                          /* BINPRM_BUF_SIZE */
#define PREFIX_MAX       (3 * (SCRIPT_DEPTH_MAX + 1)) /* what scripts put before the arguments */

/*
 * A program found and checked. Strings live in .text. Large: it belongs in memory of its own, never
 * on the monitor stack.
 */
struct program {
    int fd;                           /* the ELF file, O_RDONLY */
    const char *prefix[PREFIX_MAX];   /* arguments that take the place of argv[0], in order */
    unsigned prefix_count;            /* 0: not a script */
    bool by_descriptor;               /* no path named it: AT_EMPTY_PATH */
    const char *why;                  /* on failure: what people should know beyond the errno */
    char execfn[PATH_MAX_BYTES + 32]; /* AT_EXECFN */
    char path[PATH_MAX_BYTES];        /* canonical path of the ELF file */
    uint64_t text_used;
    char text[8 * SCRIPT_LINE_MAX + PATH_MAX_BYTES + 64];
    struct elf_file elf;         /* headers of the ELF file */
    struct elf_file interpreter; /* scratch: headers of its interpreter */
};

/*
 * Finds what execveat(directory, path, ..., flags) would run, scripts followed, checks it, and
 * opens it. 0, or the negative errno that execve(2) gives.
 */
long program_find(struct program *program, int directory, const char *path, int flags);

#endif
