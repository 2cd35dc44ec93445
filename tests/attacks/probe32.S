/* probe.S as a program for the 32-bit interface. */
    .globl _start
    .code32
    .text
_start:
    movl $123, %eax /* modify_ldt */
    movl $1, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    int $0x80
    negl %eax
    addl $64, %eax
    movl %eax, %ebx
    movl $1, %eax /* exit */
    int $0x80
    ud2
    .section .note.GNU-stack, "", @progbits
