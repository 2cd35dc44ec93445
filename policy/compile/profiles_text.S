/* The build tells the folder to the assembler, and rebuilds this file when one of the profiles changes. */
    .section .rodata

    .macro profile name
    .globl  policy_profile_\name, policy_profile_\name\()_end
    .hidden policy_profile_\name, policy_profile_\name\()_end
policy_profile_\name:
    .incbin "\name\().toml"
policy_profile_\name\()_end:
    .byte 0
    .endm

    profile base
    profile nothing

    .section .note.GNU-stack, "", @progbits
