/*
 * Code for a page that holds, in a constant, the bytes of an unsafe instruction. It stands in data,
 * is position independent, and is copied to where it is run. All functions take rdi and rsi, and
 * change what a function may.
 */
    .data
    .balign 4096
    .globl chance_code, chance_end
chance_code:

/* The bytes of WRPKRU and of XRSTOR in a constant that is loaded. */
    .globl chance_constant
chance_constant:
    .byte 0x48, 0xb8, 0x11, 0x0f, 0xae, 0x2b, 0x7c, 0x0f, 0x01, 0xef
    .byte 0x49, 0xbb, 0x0f, 0xae, 0x6c, 0x24, 0x40, 0, 0, 0
    xorq %r11, %rax
    ret

/* Operations with such constants on rdi; their results and flags, mixed. rsi: the flags before. */
    .globl chance_operations
    .macro mix result
    pushfq
    popq %rdx
    andl $0x8c5, %edx
    imulq $1000003, %rax, %rax
    addq %rdx, %rax
    addq \result, %rax
    .endm
    .macro operation prefix, opcode, modrm, constant
    movq %rdi, %rcx
    pushq %rsi
    popfq
    .byte \prefix, \opcode, \modrm
    .long \constant
    mix %rcx
    .endm
chance_operations:
    pushq %rbx
    movl $1, %eax
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    operation 0x40, 0x81, (0xc1 + \n * 8), 0x2bae0f00
    operation 0x48, 0x81, (0xc1 + \n * 8), 0x2bae0f
    operation 0x48, 0x81, (0xc1 + \n * 8), 0xefef010f
    .endr
    operation 0x48, 0xf7, 0xc1, 0x6bae0f11
    operation 0x40, 0xc7, 0xc1, 0xabae0f11
    operation 0x48, 0xc7, 0xc1, 0xabae0f11
    operation 0x4c, 0xc7, 0xc1, 0x2bae0f11
    movq %rax, %rbx
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    movq %rdi, %rax
    pushq %rsi
    popfq
    .byte 0x48, (0x05 + \n * 8)
    .long 0x28ae0f55
    mix %rbx
    movq %rax, %rbx
    .endr
    movq %rdi, %rax
    .byte 0xa9
    .long 0xefef010f
    mix %rbx
    .byte 0x41, 0xb9
    .long 0xefef010f
    addq %r9, %rax
    popq %rbx
    pushq $0x202
    popfq
    ret

/* A data word, read relative to RIP. */
    .globl chance_word
chance_word:
    movq word(%rip), %rax
    leaq word(%rip), %rcx
    subq (%rcx), %rax
    addq $1, counter(%rip)
    addq counter(%rip), %rax
    ret
    .balign 8
word:
    .byte 0x0f, 0xae, 0x2c, 0x1a, 1, 2, 3, 4
counter:
    .quad 0

/* Which of the 16 conditions hold with the flags in rdi: near jumps in the low half, short ones. */
    .globl chance_conditions
chance_conditions:
    xorl %eax, %eax
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pushq %rdi
    popfq
    .byte 0x0f, 0x80 + \n
    .long 1f - . - 4
    jmp 2f
1:  btsl $\n, %eax
2:  pushq %rdi
    popfq
    .byte 0x70 + \n, 1f - . - 1
    jmp 2f
1:  btsl $(16 + \n), %eax
2:
    .endr
    pushq $0x202
    popfq
    ret

/* Rounds of loop, loope, loopne and jrcxz, each counted in a byte of its own. */
    .globl chance_loops
chance_loops:
    xorl %eax, %eax
    movl $5, %ecx
1:  incl %eax
    loop 1b
    movl $7, %ecx
1:  addl $0x100, %eax
    cmpl $0x305, %eax
    loopne 1b
    movl $4, %ecx
1:  addl $0x10000, %eax
    testl $0, %eax
    loope 1b
    xorl %ecx, %ecx
    jrcxz 1f
    orl $0x1000000, %eax
1:  incl %ecx
    jrcxz 1f
    orl $0x2000000, %eax
1:  ret

/* Factorial, by direct calls. */
    .globl chance_calls
chance_calls:
    movl $1, %eax
    cmpq $1, %rdi
    jbe 1f
    pushq %rdi
    decq %rdi
    call chance_calls
    popq %rdi
    imulq %rdi, %rax
1:  ret

/* Calls through a register, and through memory, each way; rdi: a function, rsi: where it stands. */
    .globl chance_indirect
chance_indirect:
    pushq %rbx
    pushq %r12
    pushq %rdi
    pushq %rsi
    movq %rsi, %r12
    call *%rdi
    movq %rax, %rbx
    movq %rdi, pointer(%rip)
    call *pointer(%rip)
    addq %rax, %rbx
    call *(%r12)
    addq %rax, %rbx
    movl $1, %ecx
    leaq -8(%r12), %rdx
    call *(%rdx,%rcx,8)
    addq %rax, %rbx
    movq %r12, %r9
    call *(%r9)
    leaq 1f(%rip), %r10
    jmp *%r10
    ud2
1:  leaq (%rax,%rbx), %rax
    popq %rsi
    popq %rdi
    popq %r12
    popq %rbx
    ret
    .balign 8
pointer:
    .quad 0

/* A table of jumps, in the code. */
    .globl chance_table
chance_table:
    leaq table(%rip), %rdx
    movslq (%rdx,%rdi,4), %rcx
    addq %rdx, %rcx
    jmp *%rcx
table:
    .long 1f - table, 2f - table, 3f - table
1:  movl $100, %eax
    ret
2:  movl $200, %eax
    ret $0
3:  movl $300, %eax
    ret

/* Vectors, floating point, strings. */
    .globl chance_vectors
chance_vectors:
    cvtsi2sdq %rdi, %xmm1
    mulsd half(%rip), %xmm1
    sqrtsd %xmm1, %xmm1
    fldl half(%rip)
    fadd %st(0), %st(0)
    fstpl -8(%rsp)
    addsd -8(%rsp), %xmm1
    pxor %xmm2, %xmm2
    pshufd $0x1b, %xmm1, %xmm2
    paddq %xmm2, %xmm1
    movq %xmm1, %rax
    pushq %rdi
    leaq half(%rip), %rsi
    leaq space(%rip), %rdi
    movl $8, %ecx
    cld
    rep movsb
    xorq space(%rip), %rax
    popq %rdi
    lock xaddq %rax, space(%rip)
    bswapq %rax
    ret
    .balign 8
half:
    .double 0.5
space:
    .quad 0

/* Changes the constant of an instruction in its own page, and executes it. */
    .globl chance_changes
chance_changes:
    movl %edi, changed + 1(%rip)
    jmp changed
changed:
    movl $0, %eax
    ret

/* rdi rounds; rsi comes back as the number of them. A register that no handler changes is checked. */
    .globl chance_rounds
chance_rounds:
    pushq %rbx
    movq %rdi, %rbx
    xorl %esi, %esi
1:  incq %rsi
    leaq (%rsi,%rsi), %rax
    shrq $1, %rax
    cmpq %rsi, %rax
    jne 2f
    decq %rdi
    jnz 1b
    cmpq %rsi, %rbx
    jne 2f
    movq %rsi, %rax
    popq %rbx
    ret
2:  ud2

/* A system call, with its number in rdi and an argument in rsi. */
    .globl chance_syscall
chance_syscall:
    movq %rdi, %rax
    movq %rsi, %rdi
    syscall
    ret

/* Faults. */
    .globl chance_load, chance_undefined, chance_breakpoint, chance_division, chance_privileged
    .globl chance_jump, chance_far
chance_load:
    movl $3, %eax
    addl %eax, 16(%rdi)
    ret
chance_undefined:
    nop
    ud2
chance_breakpoint:
    nop
    int3
    movl $1, %eax
    ret
chance_division:
    xorl %ecx, %ecx
    divl %ecx
chance_privileged:
    nop
    hlt
chance_jump:
    jmp *%rdi
chance_far:
    call *8(%rdi)
    ret

chance_end:
    .section .note.GNU-stack, "", @progbits
