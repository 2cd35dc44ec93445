/*
 * The program's own `syscall` sites, each with other neighbours, and the runner that enters one
 * with every register chosen and records every register that comes back. See sites.S.
 */
#ifndef DIFFERENTIAL_SITES_H
#define DIFFERENTIAL_SITES_H

#include <stdint.h>

/* Offsets are known to sites.S. */
struct registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
};

struct vectors {
    uint8_t zmm[32][64];
    uint64_t k[8];
    double st[8];
    uint32_t mxcsr;
    uint16_t x87_control;
    uint16_t x87_status;
};

struct site {
    const char *name;
    const void *entry;   /* where the runner jumps */
    const void *address; /* the syscall instruction (with its prefixes) */
    uint64_t length;     /* of the instruction, with its prefixes */
    uint64_t fixed;      /* the only RAX that the neighbours leave alone; ~0: any */
    uint64_t flags_kept; /* 0: a following instruction changes the arithmetic flags */
};

/* Ends with name == NULL. */
extern const struct site sites[];

/* A constant in the text, never executed: a syscall's bytes that must not be changed. */
extern const uint8_t text_data[16];

/* Where every site jumps when it is done: `jmp *site_return(%rip)`; code made at run time needs it.
 */
extern void *const site_return;

/* Enters `entry` with the registers of `in`; gives back those at the jump to site_return. */
void run_site(const struct registers *in, struct registers *out, const void *entry);

/* Behind its last instruction: it is one piece, with what runs behind the jump to site_return. */
extern const uint8_t run_site_end[];

/* The same with the vector and x87 state. level: 0 SSE, 1 AVX, 2 AVX-512 */
void run_site_with_vectors(const struct registers *in, struct registers *out, const void *entry,
                           const struct vectors *before, struct vectors *after, int level);

#endif
