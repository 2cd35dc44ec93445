/* The build tells the folder to the assembler, and rebuilds this file when one of the profiles changes. */
    .section .rodata

    .macro profile name, file
    .globl  policy_profile_\name, policy_profile_\name\()_end
    .hidden policy_profile_\name, policy_profile_\name\()_end
policy_profile_\name:
    .incbin "\file\().toml"
policy_profile_\name\()_end:
    .byte 0
    .endm

    profile base, base
    profile nothing, nothing
    profile names, names
    profile convert, convert
    profile curl, curl
    profile gcc, gcc
    profile git, git
    profile nginx, nginx
    profile node, node
    profile postgres, postgres
    profile python3, python3
    profile redis_server, redis-server
    profile sqlite3, sqlite3
    profile tar, tar

    .section .note.GNU-stack, "", @progbits
