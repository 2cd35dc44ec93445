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
 * RCX: the class of the call, and 65536 times the upper half of its number: the table is for those
 * below, and a number with more bits, as of x32, is never the gate's. Writes no flags. `number` with
 * its lowest 16 bits, and a register to clobber with its lower half, are the caller's choice.
 */
#define CALL_CLASS(number16, number, scratch, scratch32)                                           \
    movzwl %number16, %ecx;                                                                        \
    leaq call_class(%rip), %scratch;                                                               \
    movzbl (%scratch, %rcx), %scratch32;                                                           \
    notl %ecx;                                                                                     \
    leal 1(%number, %scratch), %scratch32;                                                         \
    leal (%scratch, %rcx), %ecx

/*
 * For unwinders the caller's address is the thread block's continuation: column 16 (RIP) is saved at
 * gs.base (DWARF register 59) + THREAD_CONTINUATION, and the CFA is RSP itself.
 */
#define CFI_IN_GATE                                                                                \
    .cfi_def_cfa rsp, 0;                                                                           \
    .cfi_escape 0x10, 16, 3, 0x92, 59, THREAD_CONTINUATION /* DW_CFA_expression: bregx gs.base */
