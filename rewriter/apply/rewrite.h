/* Rewriting of a file mapping that the monitor has just made and nobody has executed yet. */
#ifndef ENDORUN_REWRITER_REWRITE_H
#define ENDORUN_REWRITER_REWRITE_H

#include "../../monitor/abi.h"
#include "endorun/session.h"

/* What the session says about plans. Strings of the session; NULL: absent. */
struct rewrite_settings {
    bool off;                 /* leave every site to SUD that is mapped from now on */
    const char *cache_path;   /* directory of cached plans */
    const char *command_path; /* the endorun executable, which makes plans */
    const struct endorun_file *command;
};
extern struct rewrite_settings rewrite_settings;

/*
 * [start, start + length) maps `fd` from `offset` (private, executable, `protection`). Looks the
 * file's plan up, has it made when it is missing, and applies it. What can't be rewritten stays as
 * it is, for Syscall User Dispatch.
 */
void rewrite_mapping(int fd, uint64_t start, uint64_t length, uint64_t offset,
                     unsigned long protection);

#endif
