/*
 * The registry of rewritten mappings: where their stubs lie, and which address of the program an
 * address inside a stub or a padding slot stands for.
 *
 * A module's stub area, mapped within reach of its text, read and execute:
 *
 *   | header | stub 0 | stub 1 | ... | slot offsets (uint32_t each) |
 */
#ifndef ENDORUN_REWRITER_MODULE_H
#define ENDORUN_REWRITER_MODULE_H

#include "../../monitor/abi.h"
#include "endorun/plan.h"

struct stub_header {
    uint64_t gate; /* what every stub of the area jumps to */
    uint32_t count;
    uint32_t pad[13];
};

/*
 *  0  displaced instructions, ending at 16; nops before them
 * 16  lea site+2(%rip), %rcx
 * 23  jmp *header.gate(%rip)
 * 29  what is needed to find back
 */
struct stub {
    uint8_t displaced[ENDORUN_PLAN_DISPLACE_MAX];
    uint8_t lea[3];
    int32_t site; /* address behind the site, relative to the end of the lea */
    uint8_t jmp[2];
    int32_t gate;
    uint8_t displaced_size;
    uint8_t rip_relative; /* offset of a disp32 in the displaced instruction, or 0 */
    uint8_t tactic;       /* enum endorun_tactic */
} __attribute__((packed));

#define STUB_LEA_END 23U
#define STUB_JMP_END 29U

_Static_assert(sizeof(struct stub_header) == 64, "stubs are aligned to their size");
_Static_assert(sizeof(struct stub) == 32, "stubs are found by dividing");

struct module {
    uint64_t text_start, text_end; /* what is left of the rewritten mapping */
    uint64_t base;                 /* where that began */
    uint64_t stubs;                /* struct stub_header; 0: this entry is free */
    uint64_t stubs_size;
    bool split; /* other entries have the same stubs: they stay */
};

/* False when the registry is full. The entry is visible to signal handlers at once. */
bool module_register(const struct module *module);

/* The address of the program that `rip` stands for; `rip` itself when it is in no stub or slot. */
uint64_t module_address_shown(uint64_t rip);

/* A single step that ended at `rip`, in a stub or a slot, is one that the program natively lacks.
 */
bool module_hides_step(uint64_t rip);

/*
 * Something else was mapped over [start, start + length). The stubs of text that is gone as a whole
 * are unmapped, unless they are to stay: programs put a copy of their text on large pages in its
 * place, with the jumps to the stubs in it.
 */
void modules_cut(uint64_t start, uint64_t length, bool keep_stubs);

/*
 * munmap(2) for the program. Atomic for the registry: else another thread could map and register a
 * file in the freed range before its old entries are forgotten, and lose the new stubs with them.
 */
long modules_unmap(uint64_t start, uint64_t length);

/* Takes the rewriting in [start, start + length) back, before the mapping moves. */
void modules_restore(uint64_t start, uint64_t length);

/* Held over fork, so that the child finds it free. */
extern int32_t modules_lock;

#endif
