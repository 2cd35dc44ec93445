/* What gate.S and gate_keys.S share. For the assembly only. */
/* clang-format off */
#include "offsets.h"

#define FUNCTION(name)                                                                             \
    .globl name;                                                                                   \
    .hidden name;                                                                                  \
    .type name, @function;                                                                         \
    .balign 16;                                                                                    \
    name:
#define LABEL(name)                                                                                \
    .globl name;                                                                                   \
    .hidden name;                                                                                  \
    name:
#define END(name) .size name, . - name

/*
 * Clears what must not be set while the monitor runs. The trap flag is cleared by hides_step
 * (signal.c) where it is the program's own. `popfq` only where it must be: under a debugger that
 * steps over one, Linux takes its trap flag for the program's from then on (enable_single_step() in
 * arch/x86/kernel/step.c).
 */
#define CLEAR_FLAGS(flags)                                                                         \
    testl $EFLAGS_CLEARED, flags;                                                                  \
    jz 9f;                                                                                         \
    pushq $2;                                                                                      \
    popfq;                                                                                         \
9:

/* The program's registers, and their places in the block. */
#define SAVE(name) movq %name, %gs:THREAD_##name;
#define LOAD(name) movq %gs:THREAD_##name, %name;
/* All but RSP and those that `syscall` loses. */
#define EACH_KEPT(move)                                                                            \
    move(rax) move(rdx) EACH_UNTOUCHED(move)
/* Of those, what WRPKRU leaves alone. */
#define EACH_UNTOUCHED(move)                                                                       \
    move(rbx) move(rsi) move(rdi) move(rbp)                                                        \
    move(r8) move(r9) move(r10) move(r12) move(r13) move(r14) move(r15)

/*
 * RCX is zero if the gate may make the call of RAX itself. The table is for numbers below 65536; a
 * number with more bits, as those of x32, is never the gate's. Clobbers R11, writes no flags.
 */
#define CALL_CLASS                                                                                 \
    movzwl %ax, %ecx;                                                                              \
    leaq call_class(%rip), %r11;                                                                   \
    movzbl (%r11, %rcx), %r11d;                                                                    \
    movl %eax, %ecx;                                                                               \
    bswapl %ecx;                                                                                   \
    movzwl %cx, %ecx; /* the upper half, in another order */                                       \
    leal (%r11, %rcx), %ecx

/*
 * For unwinders the caller's address is the thread block's continuation: column 16 (RIP) is saved at
 * gs.base (DWARF register 59) + THREAD_CONTINUATION, and the CFA is RSP itself.
 */
#define CFI_IN_GATE                                                                                \
    .cfi_def_cfa rsp, 0;                                                                           \
    .cfi_escape 0x10, 16, 3, 0x92, 59, THREAD_CONTINUATION /* DW_CFA_expression: bregx gs.base */
