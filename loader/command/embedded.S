/* The build passes the paths and rebuilds this file when one of the executables changes. */
    .section .rodata

    .globl  embedded_monitor, embedded_monitor_end
    .hidden embedded_monitor, embedded_monitor_end
    .balign 64
embedded_monitor:
    .incbin EMBEDDED_MONITOR
embedded_monitor_end:

    .globl  embedded_analyser, embedded_analyser_end
    .hidden embedded_analyser, embedded_analyser_end
    .balign 64
embedded_analyser:
    .incbin EMBEDDED_ANALYSER
embedded_analyser_end:

    .globl  embedded_policy, embedded_policy_end
    .hidden embedded_policy, embedded_policy_end
    .balign 64
embedded_policy:
    .incbin EMBEDDED_POLICY
embedded_policy_end:

    .globl  embedded_report, embedded_report_end
    .hidden embedded_report, embedded_report_end
    .balign 64
embedded_report:
    .incbin EMBEDDED_REPORT
embedded_report_end:

    .section .note.GNU-stack, "", @progbits
