/*
 * What this machine really offers. Whatever has a lasting effect is tried in a child process.
 */
#ifndef ENDORUN_COMMAND_PROBE_H
#define ENDORUN_COMMAND_PROBE_H

#include <stdbool.h>

#define PROBE_DETAIL_SIZE 128U

struct finding {
    bool available;
    int number;                     /* what a version is worth comparing by; 0: no version */
    char detail[PROBE_DETAIL_SIZE]; /* one phrase, without a full stop; may be empty */
};

void probe_kernel(struct finding *finding);
void probe_syscall_user_dispatch(struct finding *finding);
void probe_memfd_execution(struct finding *finding);
void probe_proc(struct finding *finding);
void probe_mm_map(struct finding *finding);
void probe_seccomp_filter(struct finding *finding);
void probe_landlock(struct finding *finding);
void probe_fsgsbase(struct finding *finding);
void probe_protection_keys(struct finding *finding);

#endif
