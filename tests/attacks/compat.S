/* The pieces of code that compat.h puts together. Position-independent: RDI is the page. */
#include "compat.h"

/* The bytes from NAME_start to here, as a struct compat_piece. */
#define PIECE(name)                                                                                \
name##_end:                                                                                        \
    .pushsection .data.rel.ro, "aw";                                                               \
    .globl name;                                                                                   \
    .balign 8;                                                                                     \
name:                                                                                              \
    .quad name##_start, name##_end;                                                                \
    .popsection

    .section .rodata

compat_way_in_start:
    pushq %rbx
    pushq %rbp
    pushq %r12
    movq %rsp, COMPAT_SAVED(%rdi)
    leaq COMPAT_STACK(%rdi), %rsp
    ljmp *COMPAT_FAR_IN(%rdi)
PIECE(compat_way_in)

compat_way_out_start:
    movl %edi, %edi
    movq COMPAT_SAVED(%rdi), %rsp
    popq %r12
    popq %rbp
    popq %rbx
    cltq
    ret
PIECE(compat_way_out)

    .code32

/* The data segments flat, as 32-bit code needs them: 64-bit code runs with null selectors. */
    .macro enter
    movl $0x2b, %ecx
    movl %ecx, %ds
    movl %ecx, %es
    .endm

    .macro leave_
    ljmp *COMPAT_FAR_OUT(%edi)
    .endm

compat_probe_start:
    enter
    movl $123, %eax /* modify_ldt */
    movl $1, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    int $0x80
    leave_
PIECE(compat_probe)

    .macro write_byte
    enter
    movl $4, %eax /* write */
    movl COMPAT_DATA(%edi), %ebx
    movl $1, %edx
    .endm

compat_sysenter_start:
    write_byte
    movl %edi, %ecx
    movl %esp, %ebp
    sysenter
    leave_
PIECE(compat_sysenter)

compat_syscall_start:
    write_byte
    movl %edi, %ebp /* the second argument */
    syscall
    leave_
PIECE(compat_syscall)

    .section .note.GNU-stack, "", @progbits
