/*
 * The gate where protection keys keep the program out of the monitor's memory.
 *
 *                key 0: monitor   SHARED        APP
 *   program      none             read          all       PKRU_PROGRAM
 *   handler      all              none          none      as the kernel starts one
 *   monitor      all              all           all       PKRU_MONITOR
 *
 * Whoever jumps to a WRPKRU here meets a comparison of EAX with the one value allowed there, and
 * where rights were raised, a check of what only the monitor can have written. WRPKRU wants RAX,
 * RCX and RDX: the program's wait in the thread's open page meanwhile. What another thread of the
 * program changes there is the program's own loss; nothing is decided by it.
 *
 *   [gate_entry_keys, gate_call_quick]       nothing has happened: the program stands at its site
 *   (gate_call_quick, gate_forward_keys)     the call is done: the program stands behind its site
 *   [gate_forward_keys, gate_call_keys]      as gate_entry_keys
 *   (gate_call_keys, gate_end_keys)          as behind gate_call_quick
 *   [gate_leave_keys, gate_leave_end_keys)   done: the block holds the program's registers
 *   [window_begin_keys, window_call_keys]    the monitor's call for the program is not made
 *   (window_call_keys, window_end_keys)      it is made, RAX or R11 holds its result
 */
#include "gate_macros.h"

/* Changes no flag: those of the program live on here. */
#define SET_RIGHTS(value)                                                                          \
    movl $value, %eax;                                                                             \
    movl $0, %ecx;                                                                                 \
    movl $0, %edx;                                                                                 \
    wrpkru;                                                                                        \
    leal -value(%rax), %ecx;                                                                       \
    jrcxz 8f;                                                                                      \
    hlt; /* SIGSEGV: signal.c ends the process */                                                  \
8:

    .text

/* gate_entry_keys: as gate_entry, with the program's rights. */
FUNCTION(gate_entry_keys)
    .cfi_startproc
    CFI_IN_GATE
    movq %rcx, %gs:OPEN_rcx
LABEL(gate_rcx_kept)
    movq %rdx, %gs:OPEN_rdx
LABEL(gate_rdx_kept)
    movq %rax, %r11
LABEL(gate_rax_kept) /* R11: the number, up to the call */
    SET_RIGHTS(PKRU_MONITOR)
    movq %gs:OPEN_rcx, %rcx
    movq %rcx, %gs:THREAD_CONTINUATION
LABEL(gate_continuation_kept)
    CALL_CLASS(r11w, r11, rdx, edx)
    jrcxz 1f
    leal -CLASS_QUICK(%rcx), %ecx
    jrcxz gate_quick
    movq %r11, %rax
    movq %gs:OPEN_rdx, %rdx
    jmp gate_slow
1:  jmp gate_forward_keys
/* The kernel gets no address from it: it is called with the rights raised. */
gate_quick:
    movb $SELECTOR_ALLOW, %gs:SHARED_SELECTOR
    movq %gs:OPEN_rdx, %rdx
    movq %r11, %rax
LABEL(gate_call_quick)
    syscall
LABEL(gate_after_quick)
    movq %r11, %gs:OPEN_r11
    movq %rax, %r11
LABEL(gate_result_quick)
gate_lower: /* R11: the result */
    movb $SELECTOR_BLOCK, %gs:SHARED_SELECTOR
    movq %gs:THREAD_CONTINUATION, %rcx
    movq %rcx, %gs:OPEN_rcx
    SET_RIGHTS(PKRU_PROGRAM)
    movq %r11, %rax
    movq %gs:OPEN_rdx, %rdx
    movq %gs:OPEN_rcx, %rcx
    movq %gs:OPEN_r11, %r11
LABEL(gate_result_restored)
    jmp *%rcx
/* Also from gate_leave_keys, for a handler's CALL_FORWARD. R11: the number; OPEN_rdx: RDX. */
LABEL(gate_forward_keys)
    movb $1, %gs:THREAD_IN_WINDOW
    movb $SELECTOR_ALLOW, %gs:SHARED_SELECTOR
    SET_RIGHTS(PKRU_PROGRAM)
    movq %gs:OPEN_rdx, %rdx
    movq %r11, %rax
LABEL(gate_call_keys)
    syscall
LABEL(gate_after_keys)
    movq %r11, %gs:OPEN_r11
    movq %rax, %r11
LABEL(gate_result_kept)
    SET_RIGHTS(PKRU_MONITOR)
    movzbl %gs:THREAD_IN_WINDOW, %ecx
    jrcxz gate_violation
    movb $0, %gs:THREAD_IN_WINDOW
    jmp gate_lower
LABEL(gate_end_keys)
gate_violation:
    hlt
    .cfi_endproc
    END(gate_entry_keys)

/*
 * gate_leave_keys: the end of gate_exit and of gate_resume. All registers but RAX, RCX and RDX are
 * the program's, flags included; the block holds those three and RIP.
 */
FUNCTION(gate_leave_keys)
    .cfi_startproc
    .cfi_undefined rip
    movzbl %gs:THREAD_FORWARD, %ecx
    jrcxz 1f
    movb $0, %gs:THREAD_FORWARD
    movq %gs:THREAD_rdx, %rdx
    movq %rdx, %gs:OPEN_rdx
    movq %gs:THREAD_rax, %r11
    jmp gate_forward_keys
1:  movb $SELECTOR_BLOCK, %gs:SHARED_SELECTOR
    movq %gs:THREAD_rax, %rax
    movq %gs:THREAD_rcx, %rcx
    movq %gs:THREAD_rdx, %rdx
    movq %rax, %gs:OPEN_rax
    movq %rcx, %gs:OPEN_rcx
    movq %rdx, %gs:OPEN_rdx
    movq %gs:THREAD_rip, %rax
    movq %rax, %gs:OPEN_rip
    SET_RIGHTS(PKRU_PROGRAM)
    movq %gs:OPEN_rax, %rax
    movq %gs:OPEN_rcx, %rcx
    movq %gs:OPEN_rdx, %rdx
    jmp *%gs:OPEN_rip
LABEL(gate_leave_end_keys)
    .cfi_endproc
    END(gate_leave_keys)

/*
 * gate_xrstor: called by what code.c puts in the place of XRSTOR in the run-time linker, whose
 * stack pointer is 8 higher there. All that changes here is loaded again behind it. If the state
 * brings rights with it, they are gone before anything else is done with them.
 */
FUNCTION(gate_xrstor)
    .cfi_startproc
    movl $0xee, %eax
    xorl %edx, %edx
    xrstor 0x48(%rsp)
LABEL(gate_xrstor_done)
    SET_RIGHTS(PKRU_PROGRAM)
    ret
LABEL(gate_xrstor_end)
    .cfi_endproc
    END(gate_xrstor)

/*
 * gate_resume_keys: as gate_resume. By rt_sigreturn, with the rights of a handler or more: a store
 * to the block is the proof.
 */
FUNCTION(gate_resume_keys)
    .cfi_startproc
    .cfi_undefined rip
    movq %rax, %gs:THREAD_rax
    movq %rcx, %gs:THREAD_rcx
    movq %rdx, %gs:THREAD_rdx
LABEL(gate_resume_saved_keys)
    movb $0, %gs:THREAD_IN_MONITOR
    movq %gs:THREAD_RESUME_RIP, %rcx
    movq %rcx, %gs:THREAD_rip
    SET_RIGHTS(PKRU_MONITOR)
    movzbl %gs:THREAD_ATTENTION, %ecx
    jrcxz 1f
    movq %gs:THREAD_rax, %rax
    movq %gs:THREAD_rcx, %rcx
    movq %gs:THREAD_rdx, %rdx
    jmp gate_resume_attention
1:  jmp gate_leave_keys
LABEL(gate_resume_end_keys)
    .cfi_endproc
    END(gate_resume_keys)

/*
 * window_syscall_keys(number, arguments): as window_syscall. The call runs with the program's
 * rights, so that the kernel checks every pointer, and on the program's stack pointer: for a signal
 * the kernel then writes its frame where those rights allow it. Nothing is restored from such a
 * frame but the result.
 */
FUNCTION(window_syscall_keys)
    .cfi_startproc
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    pushq %r12
    .cfi_adjust_cfa_offset 8
    pushq %r13
    .cfi_adjust_cfa_offset 8
    pushq %r14
    .cfi_adjust_cfa_offset 8
    pushq %r15
    .cfi_adjust_cfa_offset 8
    movq %rsp, %gs:THREAD_WINDOW_STACK
    movq %rdi, %r12
    movq 0(%rsi), %rdi
    movq 16(%rsi), %rbx
    movq 24(%rsi), %r10
    movq 32(%rsi), %r8
    movq 40(%rsi), %r9
    movq 8(%rsi), %rsi
LABEL(window_begin_keys)
    cmpb $0, %gs:THREAD_ATTENTION
    jne window_abort_keys
    movb $1, %gs:THREAD_IN_WINDOW
    movq %gs:THREAD_rsp, %rsp
    SET_RIGHTS(PKRU_PROGRAM)
    movq %r12, %rax
    movq %rbx, %rdx
LABEL(window_call_keys)
    syscall
LABEL(window_after_keys)
    movq %rax, %r11
LABEL(window_result_kept)
    SET_RIGHTS(PKRU_MONITOR)
    movzbl %gs:THREAD_IN_WINDOW, %ecx
    jrcxz 1f
    movq %r11, %rax
LABEL(window_return_keys) /* RAX: the result */
    movq %gs:THREAD_WINDOW_STACK, %rsp
LABEL(window_end_keys)
    movb $0, %gs:THREAD_IN_WINDOW
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
LABEL(window_abort_keys)
    movq $CALL_ABORTED, %rax
    jmp window_return_keys
1:  hlt
    .cfi_endproc
    END(window_syscall_keys)

/*
 * signal_entry_keys: as signal_entry. The kernel starts handlers with key 0 alone, the program never
 * has it: the first store faults unless the kernel really delivered a signal. The area found from
 * RSP must be that of %gs, or a thread could take the entry with RSP in another's area.
 */
FUNCTION(signal_entry_keys)
    .cfi_startproc
    .cfi_signal_frame
    .cfi_undefined rip
    movb $1, %gs:THREAD_SIGNALLED
    movq %rsp, %rbx
    movq %rdx, %r12
    movq %gs:THREAD_AREA_MASK, %rax
    movq %rax, %rcx
    andq %rsp, %rax
    andq %gs:THREAD_SELF, %rcx
    cmpq %rcx, %rax
    jne 2f
    SET_RIGHTS(PKRU_MONITOR)
    movzbl %gs:THREAD_SIGNALLED, %ecx /* else it was jumped to, behind the proof */
    jrcxz 2f
    movb $0, %gs:THREAD_SIGNALLED
    movb $SELECTOR_ALLOW, %gs:SHARED_SELECTOR
    movq %gs:THREAD_STACK, %rax
    subq %rsp, %rax
    cmpq %gs:THREAD_STACK_SIZE, %rax
    jb 1f
    movq %gs:THREAD_STACK, %rsp
    movb %gs:THREAD_IN_MONITOR, %al
    testb %al, %gs:THREAD_IN_WINDOW
    jz 1f
    movq %gs:THREAD_WINDOW_STACK, %rsp /* the monitor waits in window_syscall_keys */
1:  andq $-16, %rsp
    pushfq
    CLEAR_FLAGS((%rsp))
    andq $-16, %rsp
    subq $SIGNAL_FRAME_SIZE, %rsp
    movq %rsp, %rcx
    movq %r12, %rdx
    call monitor_signal_keys
    movq %rax, %rdi
    jmp resume_frame
2:  hlt
    .cfi_endproc
    END(signal_entry_keys)

    .section .note.GNU-stack, "", @progbits
