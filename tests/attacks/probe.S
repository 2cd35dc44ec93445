/*
 * A static program without libc: the probe of attack.h is its first instruction, and its exit status
 * 64 plus the errno that answered.
 */
    .globl _start
    .text
_start:
    movl $157, %eax /* prctl */
    movl $59, %edi  /* PR_SET_SYSCALL_USER_DISPATCH */
    movl $99, %esi
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    syscall
    negl %eax
    addl $64, %eax
    movl %eax, %edi
    movl $231, %eax /* exit_group */
    syscall
    ud2
    .section .note.GNU-stack, "", @progbits
