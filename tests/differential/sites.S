/*
 * `syscall` sites with neighbours of many kinds, entered and left with every register under control.
 *
 * A site is entered by a jump and leaves by `jmp *site_return(%rip)`, so that it needs no register and
 * no stack of its own. What stands between entry and leaving beside the syscall either does nothing or
 * writes the value that is already there.
 */
#define RAX 0
#define RBX 8
#define RCX 16
#define RDX 24
#define RSI 32
#define RDI 40
#define RBP 48
#define RSP 56
#define R8  64
#define R9  72
#define R10 80
#define R11 88
#define R12 96
#define R13 104
#define R14 112
#define R15 120
#define RFLAGS 128
#define REGISTERS_SIZE 136

#define ZMM(n)   ((n) * 64)
#define K(n)     (2048 + (n) * 8)
#define ST(n)    (2112 + (n) * 8)
#define MXCSR    2176
#define X87_CW   2180
#define X87_SW   2182

    .bss
    .balign 16
state_in:   .skip REGISTERS_SIZE
state_out:  .skip REGISTERS_SIZE
own_rsp:    .skip 8
site_entry: .skip 8

    .section .data.rel.ro, "aw"
    .balign 8
    .global site_return
    .hidden site_return
site_return: .quad site_done

    .text

/*
 * void run_site(const struct registers *in (rdi), struct registers *out (rsi), const void *entry (rdx))
 * C calling convention. Nothing is pushed after `in` is loaded: RSP is the caller's choice.
 */
    .global run_site
    .hidden run_site
    .type run_site, @function
run_site:
    .cfi_startproc
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rsi
    mov %rdx, site_entry(%rip)
    mov %rsp, own_rsp(%rip)
    lea state_in(%rip), %r8                 /* the sites that reload a register read it here */
    mov $(REGISTERS_SIZE / 8), %ecx
    mov %rdi, %rsi
    mov %r8, %rdi
    cld
    rep movsq
    mov %r8, %rdi
    pushq RFLAGS(%rdi)
    mov RAX(%rdi), %rax
    mov RBX(%rdi), %rbx
    mov RCX(%rdi), %rcx
    mov RDX(%rdi), %rdx
    mov RSI(%rdi), %rsi
    mov RBP(%rdi), %rbp
    mov R8(%rdi), %r8
    mov R9(%rdi), %r9
    mov R10(%rdi), %r10
    mov R11(%rdi), %r11
    mov R12(%rdi), %r12
    mov R13(%rdi), %r13
    mov R14(%rdi), %r14
    mov R15(%rdi), %r15
    popfq
    mov RSP(%rdi), %rsp
    mov RDI(%rdi), %rdi
    jmp *site_entry(%rip)

site_done:                                  /* only mov until the flags are saved */
    mov %rax, state_out + RAX(%rip)
    mov %rbx, state_out + RBX(%rip)
    mov %rcx, state_out + RCX(%rip)
    mov %rdx, state_out + RDX(%rip)
    mov %rsi, state_out + RSI(%rip)
    mov %rdi, state_out + RDI(%rip)
    mov %rbp, state_out + RBP(%rip)
    mov %rsp, state_out + RSP(%rip)
    mov %r8, state_out + R8(%rip)
    mov %r9, state_out + R9(%rip)
    mov %r10, state_out + R10(%rip)
    mov %r11, state_out + R11(%rip)
    mov %r12, state_out + R12(%rip)
    mov %r13, state_out + R13(%rip)
    mov %r14, state_out + R14(%rip)
    mov %r15, state_out + R15(%rip)
    mov own_rsp(%rip), %rsp
    pushfq
    popq state_out + RFLAGS(%rip)
    pushq $2                                /* DF, AC, NT off again for C */
    popfq
    pop %rdi
    lea state_out(%rip), %rsi
    mov $(REGISTERS_SIZE / 8), %ecx
    rep movsq
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .global run_site_end
    .hidden run_site_end
run_site_end:
    .cfi_endproc
    .size run_site, . - run_site

/*
 * void run_site_with_vectors(in, out, entry, const struct vectors *before (rcx),
 *                            struct vectors *after (r8), int level (r9))
 */
    .global run_site_with_vectors
    .hidden run_site_with_vectors
    .type run_site_with_vectors, @function
run_site_with_vectors:
    .cfi_startproc
    push %rbx
    push %rbp
    push %r12
    mov %r8, %rbx
    mov %r9d, %ebp
    stmxcsr -8(%rsp)
    fnstcw -4(%rsp)
    sub $8, %rsp
    fninit
    .irp n, 7, 6, 5, 4, 3, 2, 1, 0
    fldl ST(\n)(%rcx)
    .endr
    fldcw X87_CW(%rcx)
    ldmxcsr MXCSR(%rcx)
    cmp $1, %ebp
    je 1f
    ja 2f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movdqu ZMM(\n)(%rcx), %xmm\n
    .endr
    jmp 3f
1:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqu ZMM(\n)(%rcx), %ymm\n
    .endr
    jmp 3f
2:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqu64 ZMM(\n)(%rcx), %zmm\n
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovq K(\n)(%rcx), %k\n
    .endr
3:
    call run_site
    cmp $1, %ebp
    je 1f
    ja 2f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movdqu %xmm\n, ZMM(\n)(%rbx)
    .endr
    jmp 3f
1:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqu %ymm\n, ZMM(\n)(%rbx)
    .endr
    vzeroupper
    jmp 3f
2:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqu64 %zmm\n, ZMM(\n)(%rbx)
    .endr
    .irp n, 0,1,2,3,4,5,6,7
    kmovq %k\n, K(\n)(%rbx)
    .endr
    vzeroupper
3:
    stmxcsr MXCSR(%rbx)
    fnstcw X87_CW(%rbx)
    fnstsw X87_SW(%rbx)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    fstpl ST(\n)(%rbx)
    .endr
    add $8, %rsp
    ldmxcsr -8(%rsp)
    fldcw -4(%rsp)
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .cfi_endproc
    .size run_site_with_vectors, . - run_site_with_vectors

/* ------------------------------------------------------------------ the sites */

#define LEAVE jmp *site_return(%rip)

.macro FUNCTION name
    .type \name, @function
\name:
    .cfi_startproc
.endm
.macro ENDFUNCTION name
    .cfi_endproc
    .size \name, . - \name
.endm
/* Instructions that do nothing, but aren't what an analyser takes for padding. */
.macro CODE count
    .rept \count
    mov %rbx, %rbx
    lea 0(%rbp), %rbp
    .endr
.endm

    CODE 40                                 /* keeps the padding of other files out of reach */
FUNCTION site_int3_padding
site_int3_padding_call:
    syscall
    LEAVE
ENDFUNCTION site_int3_padding
    .fill 16, 1, 0xcc

FUNCTION site_nop_padding
site_nop_padding_call:
    syscall
    LEAVE
ENDFUNCTION site_nop_padding
    .balign 64                              /* the assembler's long nops */
    .skip 64, 0x90

FUNCTION site_packed
    CODE 40
site_packed_call:
    syscall
    CODE 40
    LEAVE
ENDFUNCTION site_packed

FUNCTION site_branch_target
    CODE 30
    jmp 1f
    CODE 1
site_branch_target_call:
1:  syscall
    CODE 30
    LEAVE
ENDFUNCTION site_branch_target

FUNCTION site_backward_target
1:
site_backward_target_call:
    syscall
    jmp 2f
    CODE 20
2:  LEAVE
site_backward_target_entry:
    CODE 20
    jmp 1b
ENDFUNCTION site_backward_target

FUNCTION site_twin                          /* two in a row, entered at the second */
    CODE 30
    jmp 1f
    syscall
site_twin_call:
1:  syscall
    CODE 30
    LEAVE
ENDFUNCTION site_twin

FUNCTION site_relative_before               /* RIP-relative neighbour before */
    CODE 30
    mov state_in + RAX(%rip), %rax
site_relative_before_call:
    syscall
    CODE 30
    LEAVE
ENDFUNCTION site_relative_before

FUNCTION site_relative_after                /* and after */
    CODE 30
    jmp 1f
1:
site_relative_after_call:
    syscall
    mov state_in + RBX(%rip), %rbx
    CODE 30
    LEAVE
ENDFUNCTION site_relative_after

FUNCTION site_number_before                 /* as libc's wrappers do */
    CODE 30
    mov $39, %eax
site_number_before_call:
    syscall
    cmp $-4095, %rax
    jae 1f
1:  CODE 30
    LEAVE
ENDFUNCTION site_number_before

FUNCTION site_xchg_before                   /* a short neighbour on either side */
    CODE 30
    nop
site_xchg_before_call:
    syscall
    nop
    CODE 30
    LEAVE
ENDFUNCTION site_xchg_before

FUNCTION site_branch_after                  /* a conditional branch right behind */
    CODE 30
    mov %r15, %r15
site_branch_after_call:
    syscall
    jc 1f
1:  CODE 30
    LEAVE
ENDFUNCTION site_branch_after

FUNCTION site_endbr
    endbr64
site_endbr_call:
    syscall
    CODE 30
    LEAVE
ENDFUNCTION site_endbr

/* The target is known only by a pointer in data, and falls among instructions that could be moved. */
FUNCTION site_table_target
    CODE 30
    jmp *table_target(%rip)
    mov %rbx, %rbx
site_table_target_call:
    syscall
    mov %rbx, %rbx
    CODE 30
    LEAVE
ENDFUNCTION site_table_target

/* A function ends with a jump, and the next one begins with nops (-fpatchable-function-entry). */
FUNCTION site_before_nops
    CODE 30
site_before_nops_call:
    syscall
    LEAVE
ENDFUNCTION site_before_nops
FUNCTION site_nops_entry
    nop
    nop
    nop
    nop
    nop
    CODE 1
site_nops_entry_call:
    syscall
    CODE 30
    LEAVE
ENDFUNCTION site_nops_entry

site_no_unwind:                             /* no symbol size, no unwind information */
    CODE 30
site_no_unwind_call:
    syscall
    CODE 30
    LEAVE
    .fill 8, 1, 0xcc

/* Prefixes that the instruction ignores. Before a jump of two bytes some of them aren't ignored. */
.macro PREFIXED name, byte
FUNCTION site_\name
    CODE 30
site_\name\()_call:
    .byte \byte
    syscall
    CODE 30
    LEAVE
ENDFUNCTION site_\name
    .fill 16, 1, 0xcc
.endm
    PREFIXED prefix_rexw, 0x48
    PREFIXED prefix_66, 0x66
    PREFIXED prefix_f2, 0xf2
    PREFIXED prefix_f3, 0xf3
    PREFIXED prefix_cs, 0x2e

FUNCTION site_hidden                        /* mov $0x25ff050f, %eax to a linear reader */
    CODE 30
    jmp site_hidden_call
    .byte 0xb8
site_hidden_call:
    syscall
    LEAVE
ENDFUNCTION site_hidden

    .balign 16, 0xcc
    .global text_data
    .hidden text_data
text_data:
    .byte 0x0f, 0x05, 0xc3, 0x90, 0x90, 0x90, 0x0f, 0x05, 0xeb, 0xfe, 0x0f, 0x05, 0x0f, 0x05, 0xcc, 0x0f

/* 0F is the last byte of one page and 05 the first of the next. */
    .section .text.straddle, "ax", @progbits
    .balign 4096, 0xcc
    .fill 4095 - (1f - 0f), 1, 0xcc
FUNCTION site_straddle
0:  CODE 4
1:
site_straddle_call:
    syscall
    CODE 4
    LEAVE
ENDFUNCTION site_straddle
    .balign 4096, 0xcc

/* ------------------------------------------------------------------ their table */

.macro ROW name, entry, length=2, fixed=-1, flags_kept=1
    .section .rodata.names, "a"
9:  .asciz "\name"
    .section .data.rel.ro, "aw"
    .quad 9b, \entry, site_\name\()_call, \length, \fixed, \flags_kept
.endm

    .section .data.rel.ro, "aw"
    .balign 8
table_target: .quad site_table_target_call
    .global sites
    .hidden sites
sites:
    ROW int3_padding, site_int3_padding
    ROW nop_padding, site_nop_padding
    ROW packed, site_packed
    ROW branch_target, site_branch_target
    ROW backward_target, site_backward_target_entry
    ROW twin, site_twin
    ROW relative_before, site_relative_before
    ROW relative_after, site_relative_after
    ROW number_before, site_number_before, 2, 39, 0
    ROW xchg_before, site_xchg_before
    ROW branch_after, site_branch_after
    ROW endbr, site_endbr
    ROW table_target, site_table_target
    ROW before_nops, site_before_nops
    ROW nops_entry, site_nops_entry
    ROW no_unwind, site_no_unwind
    ROW prefix_rexw, site_prefix_rexw, 3
    ROW prefix_66, site_prefix_66, 3
    ROW prefix_f2, site_prefix_f2, 3
    ROW prefix_f3, site_prefix_f3, 3
    ROW prefix_cs, site_prefix_cs, 3
    ROW hidden, site_hidden
    ROW straddle, site_straddle
    .quad 0, 0, 0, 0, 0, 0

    .section .note.GNU-stack, "", @progbits
