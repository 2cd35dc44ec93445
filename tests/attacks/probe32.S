/* probe.S as a program for the 32-bit interface. */
    .globl _start
    .code32
    .text
_start:
    movl $172, %eax /* prctl */
    movl $59, %ebx
    movl $99, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    int $0x80
    negl %eax
    addl $64, %eax
    movl %eax, %ebx
    movl $1, %eax /* exit */
    int $0x80
    ud2
    .section .note.GNU-stack, "", @progbits
