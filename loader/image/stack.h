/*
 * The kernel's initial stack: argc, argv, envp and auxv, as the monitor image was given them and as
 * the program is to find them (fs/binfmt_elf.c: create_elf_tables). Trusted while nobody but the
 * monitor has run.
 */
#ifndef ENDORUN_LOADER_STACK_H
#define ENDORUN_LOADER_STACK_H

#include "load.h"

/* The kernel's initial stack, taken apart. */
struct initial_stack {
    uint64_t *start; /* argc */
    uint64_t argument_count;
    uint64_t *arguments, *environment, *auxv;
    uint64_t *end; /* behind AT_NULL and its value */
};

void stack_take_apart(struct initial_stack *stack, uint64_t *start);

/* Where the value of that type stands, or NULL. */
uint64_t *stack_auxv(const struct initial_stack *stack, uint64_t type);

/* The address behind the stack's last page. */
uint64_t stack_end(const struct initial_stack *stack);

/* Makes it the program's: `name` for AT_EXECFN, and what auxv says of its mappings. */
void stack_rebuild(struct initial_stack *stack, const char *name, const struct elf_file *file,
                   const struct loaded *loaded);

/* Tells the kernel what /proc and core dumps are to show, and where the heap begins. */
void stack_describe(const struct initial_stack *stack, const struct loaded *loaded);

#endif
