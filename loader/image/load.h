/* A program and its interpreter, mapped where the kernel would map them. */
#ifndef ENDORUN_LOADER_LOAD_H
#define ENDORUN_LOADER_LOAD_H

#include "elf.h"

/* The program's and its interpreter's mappings. */
struct loaded {
    struct elf_image program, interpreter;
    uint64_t entry; /* where control goes */
    uint64_t start_brk;
};

/*
 * Maps `file`, then the interpreter that it names, whose headers are read into `interpreter`. The
 * file stays open. On a failure *name is that of the interpreter if it is its, else untouched.
 */
enum elf_error load_program(const struct elf_file *file, struct elf_file *interpreter,
                            bool randomize, struct loaded *loaded, const char **name);

#endif
