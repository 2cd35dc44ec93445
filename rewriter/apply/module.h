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
    uint32_t pad[14];
};

/*
 *  0  displaced instructions, ending at 16; nops before them
 * 16  lea site+2(%rip), %rcx            MOVED: nop; jmp behind the instruction
 * 23  jmp *header.gate(%rip)                   int3
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
    uint8_t tactic;       /* enum endorun_tactic; 0: nothing is here */
} __attribute__((packed));

/*
 * The stub of a call that was moved (MOVED, and .rip_relative 0). The return address is the site's,
 * as unwinders want it, and no flag changes.
 *
 *  0  movl $return, -8(%rsp)
 *  8  movl $return >> 32, -4(%rsp)
 * 16  lea -8(%rsp), %rsp
 * 21  nop; jmp target                   or jmp *target(%rip)
 */
struct call_stub {
    uint8_t store_low[4];
    uint32_t low;
    uint8_t store_high[4];
    uint32_t high;
    uint8_t push[5];
    uint8_t jmp[2];
    int32_t target;
    uint8_t unused[2];
    uint8_t displaced_size;
    uint8_t rip_relative;
    uint8_t tactic;
} __attribute__((packed));

#define CALL_STUB_PUSHED  21U
#define CALL_STUB_JMP_END 27U

#define STUB_LEA_END 23U
#define STUB_JMP_END 29U

_Static_assert(sizeof(struct stub_header) == 64, "stubs are aligned to their size");
_Static_assert(sizeof(struct stub) == 32, "stubs are found by dividing");
_Static_assert(sizeof(struct call_stub) == sizeof(struct stub) &&
                   offsetof(struct call_stub, tactic) == offsetof(struct stub, tactic),
               "one is told from the other by their last bytes");

static inline bool stub_is_call(const struct stub *stub)
{
    return stub->tactic == ENDORUN_TACTIC_MOVED && stub->rip_relative == 0;
}

/* Where the way into a stub leads that lies at `at`. */
static inline uint64_t stub_entry(uint64_t at, const struct stub *stub)
{
    return at +
           (stub_is_call(stub) ? 0 : ENDORUN_PLAN_DISPLACE_MAX - (uint64_t)stub->displaced_size);
}

struct module {
    uint64_t text_start, text_end; /* what is left of the rewritten mapping */
    uint64_t base;                 /* where that began */
    uint64_t stubs;                /* struct stub_header; 0: this entry is free */
    uint64_t stubs_size;
    uint32_t count; /* of stubs */
    bool split;     /* other entries have the same stubs: they stay */
};

/* False when the registry is full. The entry is visible to signal handlers at once. */
bool module_register(const struct module *module);

/*
 * Rolls a program that stands in a stub or slot to the place that this stands for. False: it stands
 * in none.
 */
bool module_roll(struct sigcontext *registers);

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

/* The same for a mapping that is being rewritten, and is still writable. */
void modules_abandon(uint64_t start, uint64_t length);

/* Held over fork, so that the child finds it free. */
extern int32_t modules_lock;

#endif
