/*
 * Instructions whose displacement, by chance, holds the bytes of an unsafe one: where protection keys
 * are used they may not stand there. Entered and left as the sites of sites.S.
 *
 *   hidden_start    the instructions; one lies on the border of two pages
 *   + 0x28ae0f      what branches lead to: 0f ae 28 00, xrstor (%rax)
 *   + 0x68ae0f      data, in hidden_space: 0f ae 68 00, xrstor 0(%rax)
 */
#define BRANCH 0x28ae0f
#define DATA   0x68ae0f

    .bss
    .balign 4096
    .global hidden_space
    .hidden hidden_space
hidden_space: .skip 0x1000000

    .section .rodata
    .balign 8
    .global hidden_branch, hidden_data
    .hidden hidden_branch, hidden_data
hidden_branch: .quad BRANCH                         /* in code of the compiler's nothing cures them */
hidden_data:   .quad DATA

    .section .hidden_text, "ax", @progbits
    .balign 4096
hidden_start:

.macro LEAVE
    jmp *site_return(%rip)
.endm
.macro BEGIN name
    .balign 32, 0xcc
    .type hidden_\name, @function
hidden_\name:
    .cfi_startproc
at_\name:
.endm
.macro END name
    LEAVE
    .cfi_endproc
    .size hidden_\name, . - hidden_\name
    .section .rodata.names, "a"
9:  .asciz "\name"
    .section .data.rel.ro, "aw"
    .quad 9b, hidden_\name, at_\name, behind_\name
    .section .hidden_text, "ax", @progbits
.endm
.macro DATA_SITE name, opcode:vararg
    BEGIN \name
    .byte \opcode
    .long DATA
behind_\name:
    END \name
.endm
.macro BRANCH_SITE name, opcode:vararg
    BEGIN \name
    .byte \opcode
    .long BRANCH
behind_\name:
    END \name
.endm
/* What a branch leads to: says so in RAX. */
.macro TARGET name, leave:vararg
    .org behind_\name + BRANCH - hidden_start, 0xcc
    .type target_\name, @function
target_\name:
    .cfi_startproc
    mov $0x7a, %eax
    \leave
    .cfi_endproc
    .size target_\name, . - target_\name
.endm

    .section .data.rel.ro, "aw"
    .balign 8
    .global hidden_sites
    .hidden hidden_sites
hidden_sites:
    .section .hidden_text, "ax", @progbits

    DATA_SITE address, 0x48, 0x8d, 0x05             /* lea DATA(%rip), %rax */
    DATA_SITE load, 0x48, 0x8b, 0x05                /* mov DATA(%rip), %rax */
    DATA_SITE store, 0x48, 0x89, 0x1d               /* mov %rbx, DATA(%rip) */
    DATA_SITE update, 0xf0, 0x48, 0x01, 0x1d        /* lock add %rbx, DATA(%rip) */
    DATA_SITE divide, 0x48, 0xf7, 0x35              /* divq DATA(%rip) */
    DATA_SITE jump_through, 0xff, 0x25              /* jmp *DATA(%rip) */
    DATA_SITE call_through, 0xff, 0x15              /* call *DATA(%rip) */

    BEGIN compare_byte
    .byte 0x80, 0x3d                                /* cmpb $0x5a, DATA(%rip) */
    .long DATA
    .byte 0x5a
behind_compare_byte:
    END compare_byte

    BEGIN compare_long
    .byte 0x48, 0x81, 0x3d                          /* cmpq $0x11223344, DATA(%rip) */
    .long DATA, 0x11223344
behind_compare_long:
    END compare_long

    BEGIN vector
    .byte 0xf2, 0x0f, 0x10, 0x0d                    /* movsd DATA(%rip), %xmm1 */
    .long DATA
behind_vector:
    movq %xmm1, %rax
    END vector

    BEGIN push
    .byte 0xff, 0x35                                /* push DATA(%rip) */
    .long DATA
behind_push:
    pop %rax
    END push

    BEGIN two
    .byte 0x48, 0x8b, 0x05                          /* mov DATA(%rip), %rax */
    .long DATA
behind_two:
    .byte 0x48, 0x03, 0x05                          /* add DATA(%rip), %rax */
    .long DATA
    END two

    BRANCH_SITE jump, 0xe9
    BRANCH_SITE jump_equal, 0x0f, 0x84
    BRANCH_SITE call, 0xe8
    BRANCH_SITE wide_call, 0x67, 0xe8

    BEGIN addition                                  /* 0f 01 ef: wrpkru */
    rol $0x0f, %edx
    .byte 0x01, 0xef                                /* add %ebp, %edi */
behind_addition:
    END addition

    .global hidden_loop, hidden_loop_end
    .hidden hidden_loop, hidden_loop_end
    .balign 32, 0xcc
    .type hidden_loop, @function
hidden_loop:                                        /* until *RSI is set */
    .cfi_startproc
    .byte 0x48, 0x8d, 0x05                          /* lea DATA(%rip), %rax */
    .long DATA
behind_loop_data:
    .byte 0xe8
    .long BRANCH
behind_loop_call:
    .byte 0x48, 0x01, 0x1d                          /* add %rbx, DATA(%rip) */
    .long DATA
    cmpl $0, (%rsi)
    je hidden_loop
    LEAVE
hidden_loop_end:
    .cfi_endproc
    .size hidden_loop, . - hidden_loop

    .skip 1024, 0xcc                                /* its target lies behind the others' */
    BEGIN across                                    /* d5 e8 ae ac: xrstor with REX2 */
    jmp 1f
2:  LEAVE
    .skip 30, 0x90
1:  test %rbx, %rbx
    jz 3f
    .byte 0xeb, 0xd5                                /* jmp 2b */
3:  .byte 0xe8, 0xae, 0xac, 0x28, 0x00
behind_across:
    END across

    .balign 4096, 0xcc
    .skip 4096 - 36, 0xcc
    BEGIN two_pages
    .skip 28, 0x90
    .byte 0x48, 0x8d, 0x05, 0x0f
    .byte 0xae, 0x68, 0x00
behind_two_pages:
    END two_pages

    TARGET jump, LEAVE
    TARGET jump_equal, LEAVE
    TARGET call, ret
    TARGET wide_call, ret
    TARGET loop_call, ret
    .org behind_across + 0x28acae - hidden_start, 0xcc
    .type target_across, @function
target_across:
    .cfi_startproc
    mov $0x7b, %eax
    ret
    .cfi_endproc
    .size target_across, . - target_across

    .section .data.rel.ro, "aw"
    .fill 4, 8, 0
    .section .note.GNU-stack, "", @progbits
