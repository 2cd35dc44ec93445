/*
 * A static program without libc: the probe of attack.h is its first instruction, and its exit status
 * 64 plus the errno that answered.
 */
    .globl _start
    .text
_start:
    movl $154, %eax /* modify_ldt */
    movl $1, %edi
    xorl %esi, %esi
    xorl %edx, %edx
    syscall
    negl %eax
    addl $64, %eax
    movl %eax, %edi
    movl $231, %eax /* exit_group */
    syscall
    ud2
    .section .note.GNU-stack, "", @progbits
