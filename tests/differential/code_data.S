/*
 * Three pages of data that a linker without -z separate-code puts into the executable segment. The
 * second holds WRPKRU and XRSTOR, the first and the last nothing but numbers.
 */
    .section .rodata
    .balign 4096
    .global code_data
    .hidden code_data
code_data:
    .fill 4096, 1, 0x11
    .byte 0x0f, 0x01, 0xef, 0xc3, 0x0f, 0xae, 0x28, 0xc3
    .fill 4096 - 8, 1, 0x22
    .fill 4096, 1, 0x33

    .section .note.GNU-stack, "", @progbits
