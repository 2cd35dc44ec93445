/*
 * Instructions that fault, entered by run_site (every register chosen) and left by the handler, which
 * puts site_return into the frame's RIP. RSI is the bad address, RBX the divisor.
 */
    .text

#define NOTHING CODE 30
.macro CODE count
    .rept \count
    mov %r14, %r14
    lea 0(%r15), %r15
    .endr
.endm
.macro BEGIN name
    .type fault_\name, @function
fault_\name:
    .cfi_startproc
.endm
.macro END name
    ud2
    .cfi_endproc
    .size fault_\name, . - fault_\name
.endm
/* name, instruction, then the columns of struct fault */
.macro FAULT name, signo, code, trapno, err, address, divisor, after, instruction:vararg
    .text
    BEGIN \name
at_\name:
    \instruction
after_\name:
    END \name
    ROW \name, \signo, \code, \trapno, \err, \address, \divisor, \after
.endm
.macro ROW name, signo, code, trapno, err, address, divisor, after
    .section .rodata.names, "a"
9:  .asciz "\name"
    .section .data.rel.ro, "aw"
    .quad 9b, fault_\name, \after\()_\name, \signo, \code, \trapno, \err, \address, \divisor
.endm

#define SIGILL  4
#define SIGTRAP 5
#define SIGBUS  7
#define SIGFPE  8
#define SIGSEGV 11
#define ILL_ILLOPN 2
#define SI_KERNEL 0x80
#define FPE_INTDIV 1
#define SEGV_MAPERR 1
#define BUS_ADRALN 1

    .section .data.rel.ro, "aw"
    .balign 8
    .global faults
    .hidden faults
faults:
    FAULT ud2, SIGILL, ILL_ILLOPN, 6, 0, 2, 0, at, ud2
    FAULT int3, SIGTRAP, SI_KERNEL, 3, 0, 0, 0, after, int3
    FAULT int_3, SIGTRAP, SI_KERNEL, 3, 0, 0, 0, after, .byte 0xcd, 0x03
    FAULT divide, SIGFPE, FPE_INTDIV, 0, 0, 2, 1, at, div %rbx
    FAULT hlt, SIGSEGV, SI_KERNEL, 13, 0, 0, 0, at, hlt
    FAULT cli, SIGSEGV, SI_KERNEL, 13, 0, 0, 0, at, cli
    FAULT read_cr0, SIGSEGV, SI_KERNEL, 13, 0, 0, 0, at, mov %cr0, %rax
    FAULT port, SIGSEGV, SI_KERNEL, 13, 0, 0, 0, at, in $0x80, %al
    FAULT int_fe, SIGSEGV, SI_KERNEL, 13, 2034, 0, 0, at, int $0xfe
    FAULT load, SIGSEGV, SEGV_MAPERR, 14, 4, 1, 0, at, mov (%rsi), %rax
    FAULT store, SIGSEGV, SEGV_MAPERR, 14, 6, 1, 0, at, mov %rax, (%rsi)
    FAULT update, SIGSEGV, SEGV_MAPERR, 14, 6, 1, 0, at, lock incq (%rsi)
    FAULT vector_load, SIGSEGV, SEGV_MAPERR, 14, 4, 1, 0, at, movdqu (%rsi), %xmm3
    FAULT string, SIGSEGV, SEGV_MAPERR, 14, 4, 1, 0, at, lodsq
/* Beside a site: the rewriter may have moved the faulting instruction elsewhere. */
    .text
    BEGIN before_site
    NOTHING
at_before_site:
    mov (%rsi), %rbx
    syscall
    NOTHING
    END before_site
    ROW before_site, SIGSEGV, SEGV_MAPERR, 14, 4, 1, 0, at

    .text
    BEGIN wide_before_site
    NOTHING
at_wide_before_site:
    .byte 0x48, 0x8b, 0x9e, 0, 0, 0, 0      /* mov 0(%rsi), %rbx with a long displacement */
    mov $39, %eax
    syscall
    NOTHING
    END wide_before_site
    ROW wide_before_site, SIGSEGV, SEGV_MAPERR, 14, 4, 1, 0, at

    .section .data.rel.ro, "aw"
    .fill 9, 8, 0

/*
 * After a call: what run_site's registers say is made, then the next instruction faults. The call has
 * changed RAX, RCX and R11, so these stand in a table of their own.
 */
    .global faults_after_call
    .hidden faults_after_call
faults_after_call:
    .text
    BEGIN after_site
    NOTHING
    syscall
at_after_site:
    mov (%rsi), %rbx
    NOTHING
    END after_site
    ROW after_site, SIGSEGV, SEGV_MAPERR, 14, 4, 1, 0, at

    .text
    BEGIN second_after_site
    NOTHING
    syscall
    mov %r14, %r14
at_second_after_site:
    mov %rbx, (%rsi)
    NOTHING
    END second_after_site
    ROW second_after_site, SIGSEGV, SEGV_MAPERR, 14, 6, 1, 0, at

    .text
    BEGIN undefined_after_site
    NOTHING
    syscall
at_undefined_after_site:
    ud2
    NOTHING
    END undefined_after_site
    ROW undefined_after_site, SIGILL, ILL_ILLOPN, 6, 0, 2, 0, at

    .text
    BEGIN trap_after_site
    NOTHING
    syscall
    int3
after_trap_after_site:
    NOTHING
    END trap_after_site
    ROW trap_after_site, SIGTRAP, SI_KERNEL, 3, 0, 0, 0, after
    .section .data.rel.ro, "aw"
    .fill 9, 8, 0

    .text
    .global spin_entry
    .hidden spin_entry
    .global spin_loop
    .hidden spin_loop
    .global spin_end
    .hidden spin_end
    .type spin_entry, @function
spin_entry:
    .cfi_startproc
spin_loop:
    inc %rax
    cmpl $0, (%rsi)
    je spin_loop
spin_end:
    jmp *site_return(%rip)
    .cfi_endproc
    .size spin_entry, . - spin_entry

/* A signal handler: (signo, info, context) and a stack as after a call; everything else is recorded. */
    .global entry_recorder
    .hidden entry_recorder
    .type entry_recorder, @function
entry_recorder:
    .cfi_startproc
    mov %rax, entry_registers + 0(%rip)
    mov %rbx, entry_registers + 8(%rip)
    mov %rcx, entry_registers + 16(%rip)
    mov %rdx, entry_registers + 24(%rip)
    mov %rsi, entry_registers + 32(%rip)
    mov %rdi, entry_registers + 40(%rip)
    mov %rbp, entry_registers + 48(%rip)
    mov %rsp, entry_registers + 56(%rip)
    mov %r8, entry_registers + 64(%rip)
    mov %r9, entry_registers + 72(%rip)
    mov %r10, entry_registers + 80(%rip)
    mov %r11, entry_registers + 88(%rip)
    mov %r12, entry_registers + 96(%rip)
    mov %r13, entry_registers + 104(%rip)
    mov %r14, entry_registers + 112(%rip)
    mov %r15, entry_registers + 120(%rip)
    pushfq
    pop entry_registers + 128(%rip)
    pushq $2                                /* the kernel leaves AC set; C code must not run with it */
    popfq
    fxsave entry_fxsave(%rip)
    jmp entry_handler
    .cfi_endproc
    .size entry_recorder, . - entry_recorder

/* void return_by_frame(struct kernel_frame *frame (rdi)) */
    .global return_by_frame
    .hidden return_by_frame
    .type return_by_frame, @function
return_by_frame:
    .cfi_startproc
    lea 8(%rdi), %rsp
    mov $15, %eax
    syscall
    ud2
    .cfi_endproc
    .size return_by_frame, . - return_by_frame

    .bss
    .balign 64
    .global entry_fxsave
    .hidden entry_fxsave
entry_fxsave: .skip 576
    .global entry_registers
    .hidden entry_registers
entry_registers: .skip 136

    .section .note.GNU-stack, "", @progbits
