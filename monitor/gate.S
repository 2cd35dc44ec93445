/*
 * The gate: where the program enters the monitor and leaves it.
 *
 * A rewritten site jumps to its stub (rewriter/apply/module.h), which loads RCX and jumps here:
 *
 *      site:  jmp slot         slot:  jmp stub        stub:  lea site+2(%rip), %rcx
 *      next:  ...                                            jmp *gate(%rip)
 *
 * As with the `syscall` instruction, RCX and R11 are lost and everything else is kept, flags and red
 * zone included; on return RCX holds the address behind the site, R11 the flags.
 *
 * A signal can come at any instruction. monitor_signal (signal.c) looks at RIP first, and the labels
 * here say what is true where:
 *
 *   gate_signals_itself                  nothing has happened
 *   [gate_takes_held_uncommitted, gate_text_end)  done: the block holds the program's registers
 *   [gate_entry, gate_forward]           nothing has happened: the program stands at its site
 *   (gate_forward, gate_entry_selector)  the call is done: the program stands behind its site
 *   [gate_entry_selector, gate_end)      the same, with gate_forward_selector in the middle
 *   [gate_slow, gate_slow_committed)     nothing has happened; RSP may be the monitor's
 *   [gate_slow_committed, gate_exit]     in the monitor (in_monitor is 1): the signal is queued
 *   [gate_exit_uncommitted, gate_exit_end)  done: the block holds the program's registers
 *   [gate_resume, gate_resume_end)       done: the registers are the program's, RIP is resume_rip
 */
#include "gate_macros.h"

    .text

/*
 * gate_entry: from a stub, or by rt_sigreturn from the SUD trap (signal.c).
 * In: RCX the address behind the site; RAX the number; arguments as for `syscall`; the program's
 * stack. Trusted: nothing. Clobbers what `syscall` clobbers; writes no flags.
 */
FUNCTION(gate_entry)
    .cfi_startproc
    CFI_IN_GATE
    movq %rcx, %gs:THREAD_CONTINUATION
    CALL_CLASS(ax, rax, r11, r11d)
    jrcxz gate_forward
    jmp gate_slow
LABEL(gate_forward)
    syscall
    movq %gs:THREAD_CONTINUATION, %rcx
    jmp *%rcx
    .cfi_endproc
    END(gate_entry)

/* gate_entry_selector: the same where SUD has no always-allowed range and reads the selector. */
FUNCTION(gate_entry_selector)
    .cfi_startproc
    CFI_IN_GATE
    movq %rcx, %gs:THREAD_CONTINUATION
    CALL_CLASS(ax, rax, r11, r11d)
    jrcxz 1f
    jmp gate_slow
1:
LABEL(gate_allow_selector)
    movb $SELECTOR_ALLOW, %gs:SHARED_SELECTOR
LABEL(gate_forward_selector)
    syscall
    movb $SELECTOR_BLOCK, %gs:SHARED_SELECTOR
    movq %gs:THREAD_CONTINUATION, %rcx
    jmp *%rcx
LABEL(gate_end)
    .cfi_endproc
    END(gate_entry_selector)

/*
 * gate_slow: a call that the monitor looks at. Saves the program's registers in the block, takes the
 * monitor stack, clears the flags (DF, AC, TF and NT above all) and calls monitor_syscall.
 */
FUNCTION(gate_slow)
    .cfi_startproc
    CFI_IN_GATE
    SAVE(rsp)
    EACH_KEPT(SAVE)
    movq %gs:THREAD_STACK, %rsp
LABEL(gate_slow_on_stack)
    pushfq
    popq %gs:THREAD_EFLAGS
    movb $1, %gs:THREAD_IN_MONITOR
LABEL(gate_slow_committed)
    /*
     * A trap flag that a debugger has set is not the program's: it must not come back at the exit,
     * or in a child. For the program's own, the trap at gate_slow_unstepped sets it in the block.
     */
    andl $~EFLAGS_TF, %gs:THREAD_EFLAGS
LABEL(gate_slow_unstepped) /* the trap flag's last trap is here */
    movb $SELECTOR_ALLOW, %gs:SHARED_SELECTOR
    CLEAR_FLAGS(%gs:THREAD_EFLAGS)
    movq %gs:THREAD_SELF, %rdi
    /* From here the caller's stack pointer and address are in the block. */
    .cfi_escape 0x0f, 5, 0x92, 59, (THREAD_rsp & 0x7f) | 0x80, THREAD_rsp >> 7, 0x06
    call monitor_syscall
    jmp gate_exit
    .cfi_endproc
    END(gate_slow)

/*
 * gate_exit: leaves with the registers of the block. In: any RSP inside the monitor stack.
 * The order matters: in_monitor falls before the flag for waiting signals is read, so a signal is
 * either queued and seen here, or finds RIP behind gate_exit_uncommitted and is delivered at once.
 */
FUNCTION(gate_exit)
    .cfi_startproc
    .cfi_undefined rip
    movb $0, %gs:THREAD_IN_MONITOR
LABEL(gate_exit_uncommitted)
    cmpb $0, %gs:THREAD_ATTENTION
    jne gate_exit_attention
    testl $~EFLAGS_ARITHMETIC, %gs:THREAD_EFLAGS
    jnz 1f
    movb %gs:THREAD_EFLAGS + 1, %al
    andb $EFLAGS_OF >> 8, %al
    addb $0x78, %al /* 0x78 + 8 overflows */
    movb %gs:THREAD_EFLAGS, %ah
    sahf
    jmp 2f
1:  pushq %gs:THREAD_EFLAGS
    popfq
2:  EACH_UNTOUCHED(LOAD)
    LOAD(r11)
    LOAD(rsp)
    movzbl keys_in_use(%rip), %ecx
    jrcxz 3f
    jmp gate_leave_keys
3:  movb $SELECTOR_BLOCK, %gs:SHARED_SELECTOR
    LOAD(rax)
    LOAD(rdx)
    LOAD(rcx)
    jmp *%gs:THREAD_rip
gate_exit_attention:
    movb $1, %gs:THREAD_IN_MONITOR
LABEL(gate_exit_end)
    movq %gs:THREAD_STACK, %rsp
    movq %gs:THREAD_SELF, %rdi
    call monitor_attention
    testb %al, %al
    jz gate_exit
    jmp gate_takes_held
    .cfi_endproc
    END(gate_exit)

/*
 * gate_signals_itself: from gate_exit, with the program's registers and stack. It is the end of what
 * Syscall User Dispatch exempts: the trap brings the kernel's frame, vector state included, to
 * signal.c, which makes the call.
 */
    .section .fini, "ax"
FUNCTION(gate_signals_itself)
    .cfi_startproc
    CFI_IN_GATE
    syscall
LABEL(gate_signals_itself_end)
    ud2
    .cfi_endproc
    END(gate_signals_itself)

/*
 * gate_takes_held: from gate_exit, with the program's registers in the block, when a held signal can
 * be delivered. The trap, of no call, brings the kernel's frame to signal.c. Any other signal that
 * comes here leads to gate_exit: its handler has set the selector, which then would let the call
 * through.
 */
FUNCTION(gate_takes_held)
    .cfi_startproc
    .cfi_undefined rip
    movb $0, %gs:THREAD_IN_MONITOR
LABEL(gate_takes_held_uncommitted)
    movb $SELECTOR_BLOCK, %gs:SHARED_SELECTOR
    syscall
LABEL(gate_takes_held_end)
    ud2
    .cfi_endproc
    END(gate_takes_held)
LABEL(gate_text_end)
LABEL(monitor_text_end)
    .text

/*
 * gate_resume: where rt_sigreturn lands when the monitor lets the program go on at resume_rip. All
 * registers but RIP are the program's already and stay as they are, flags included.
 */
FUNCTION(gate_resume)
    .cfi_startproc
    .cfi_undefined rip
    movb $0, %gs:THREAD_IN_MONITOR
    SAVE(rcx)
LABEL(gate_resume_saved)
    movzbl %gs:THREAD_ATTENTION, %ecx
    jrcxz 1f
    jmp gate_resume_attention
1:  LOAD(rcx)
    movb $SELECTOR_BLOCK, %gs:SHARED_SELECTOR
    jmp *%gs:THREAD_RESUME_RIP
/* A held signal came meanwhile: leave through gate_exit instead. */
LABEL(gate_resume_attention)
    SAVE(rsp)
    SAVE(r11)
    EACH_KEPT(SAVE)
    movq %gs:THREAD_RESUME_RIP, %rcx
    movq %rcx, %gs:THREAD_rip
    movq %gs:THREAD_STACK, %rsp
LABEL(gate_resume_on_stack)
    pushfq
    popq %gs:THREAD_EFLAGS
    movb $1, %gs:THREAD_IN_MONITOR
LABEL(gate_resume_end)
    andl $~EFLAGS_TF, %gs:THREAD_EFLAGS
LABEL(gate_resume_unstepped)
    CLEAR_FLAGS(%gs:THREAD_EFLAGS)
    jmp gate_exit_attention
    .cfi_endproc
    END(gate_resume)

/*
 * window_syscall(number, arguments): in C's calling convention. A signal in
 * [window_begin, window_call] is answered by moving RIP to window_abort.
 */
FUNCTION(window_syscall)
    .cfi_startproc
    cmpb $0, keys_in_use(%rip)
    jne window_syscall_keys
LABEL(window_syscall_own)
    movq %rdi, %rax
    movq %rsi, %r11
    movq 0(%r11), %rdi
    movq 8(%r11), %rsi
    movq 16(%r11), %rdx
    movq 24(%r11), %r10
    movq 32(%r11), %r8
    movq 40(%r11), %r9
LABEL(window_begin)
    cmpb $0, %gs:THREAD_ATTENTION
    jne window_abort
LABEL(window_call)
    syscall
    ret
LABEL(window_abort)
    movq $CALL_ABORTED, %rax
    ret
    .cfi_endproc
    END(window_syscall)

/*
 * clone_syscall(number, arguments, child): in C's calling convention. A child that shares memory
 * starts with RSP at the top of its own monitor stack, all signals blocked, its parent's %gs base
 * and Syscall User Dispatch off; R9 carries its block.
 */
FUNCTION(clone_syscall)
    .cfi_startproc
    movq %rdi, %rax
    movq %rsi, %r11
    movq %rdx, %r9
    movq 0(%r11), %rdi
    movq 8(%r11), %rsi
    movq 16(%r11), %rdx
    movq 24(%r11), %r10
    movq 32(%r11), %r8
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  testq %r9, %r9
    jnz 2f
    ret
2:  .cfi_undefined rip
    xorl %ebp, %ebp
    movq %r9, %rdi
    call monitor_child_start
    jmp gate_exit
    .cfi_endproc
    END(clone_syscall)

/*
 * vfork_call(stack_top, function, argument): in C's calling convention. function(argument) runs in a
 * child that shares memory only, on a stack of its own, with the parent's %gs and all signals
 * blocked; when it returns, the child ends with status 127. The parent gets the child's pid after
 * that, or a negative errno.
 */
FUNCTION(vfork_call)
    .cfi_startproc
    movq %rsi, %r8
    movq %rdx, %r9
    movq %rdi, %rsi
    movl $VFORK_CALL_FLAGS, %edi
    xorl %edx, %edx
    xorl %r10d, %r10d
    movl $NR_CLONE, %eax
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  .cfi_undefined rip
    xorl %ebp, %ebp
    movq %r9, %rdi
    call *%r8
    movl $127, %edi
    movl $NR_EXIT_GROUP, %eax
    syscall
    ud2
    .cfi_endproc
    END(vfork_call)

/*
 * user_copy(target, source, size): a fault inside makes it return -EFAULT. Short structures go by
 * words, last first: `rep movsb` takes longer to begin than they take.
 */
FUNCTION(user_copy)
    .cfi_startproc
    movq %rdx, %rcx
    testb $7, %cl
    jnz user_copy_begin
    cmpq $256, %rcx
    jbe 2f
LABEL(user_copy_begin)
    rep movsb
    jmp 3f
1:  movq -8(%rsi, %rcx), %rax
    movq %rax, -8(%rdi, %rcx)
    subq $8, %rcx
2:  jrcxz 3f
    jmp 1b
LABEL(user_copy_end)
3:  xorl %eax, %eax
    ret
LABEL(user_copy_fault)
    movq $-EFAULT, %rax
    ret
    .cfi_endproc
    END(user_copy)

/* time_stamp(): 0 where the program has forbidden RDTSC, see PR_SET_TSC in prctl(2). */
FUNCTION(time_stamp)
    .cfi_startproc
LABEL(time_stamp_begin)
    rdtsc
LABEL(time_stamp_end)
    shlq $32, %rdx
    orq %rdx, %rax
    ret
LABEL(time_stamp_fault)
    xorl %eax, %eax
    ret
    .cfi_endproc
    END(time_stamp)

/* call_on_stack(stack_top, function, argument) */
FUNCTION(call_on_stack)
    .cfi_startproc
    .cfi_undefined rip
    movq %rdi, %rsp
    movq %rdx, %rdi
    xorl %ebp, %ebp
    call *%rsi
    ud2
    .cfi_endproc
    END(call_on_stack)

/*
 * signal_entry: every handler that the kernel knows. All signals are blocked. RSP: the kernel's
 * frame, in the open part of the area when the program was interrupted, else on the monitor stack.
 * In: EDI the signal, RSI its siginfo, RDX its ucontext.
 */
FUNCTION(signal_entry)
    .cfi_startproc
    .cfi_signal_frame
    .cfi_undefined rip
    movb $SELECTOR_ALLOW, %gs:SHARED_SELECTOR
    movq %rsp, %rbx
    pushfq
    CLEAR_FLAGS((%rsp))
    movq %gs:THREAD_STACK, %rax
    subq %rsp, %rax
    cmpq %gs:THREAD_STACK_SIZE, %rax
    jb 1f
    movq %gs:THREAD_STACK, %rsp
1:  andq $-16, %rsp
    call monitor_signal
    movq %rbx, %rdi
    /* fall through */
    .cfi_endproc
    END(signal_entry)

/* resume_frame(frame): the kernel wants RSP behind pretcode, as a handler's `ret` leaves it. */
FUNCTION(resume_frame)
    .cfi_startproc
    .cfi_undefined rip
    leaq 8(%rdi), %rsp
LABEL(signal_return)
    movl $NR_RT_SIGRETURN, %eax
    syscall
    ud2
    .cfi_endproc
    END(resume_frame)

/*
 * The image's entry point: the kernel's initial stack, nothing else of use. The linker puts .init
 * before .text, and .fini behind it: all code lies between the labels here and there.
 */
    .section .init, "ax"
LABEL(monitor_text_start)
FUNCTION(_start)
    .cfi_startproc
    .cfi_undefined rip
    xorl %ebp, %ebp
    movq %rsp, %rdi
    andq $-16, %rsp
    call monitor_start
    ud2
    .cfi_endproc
    END(_start)

    .bss
    .globl call_class
    .hidden call_class
    .balign 4096
call_class:
    .skip 65536
    .size call_class, 65536

    .section .note.GNU-stack, "", @progbits
