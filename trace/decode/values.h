/*
 * The names of values. The sets are those of the system calls' arguments, with the same numbers,
 * and further ones, of fields of structures.
 */
#ifndef ENDORUN_TRACE_VALUES_H
#define ENDORUN_TRACE_VALUES_H

#include "endorun/syscall_shapes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* X(name, prefix of the constants) */
#define FIELD_SETS(X)                                                                              \
    X(ambient, "PR_CAP_AMBIENT_")                                                                  \
    X(at_access, "AT_")                                                                            \
    X(at_statx, "AT_STATX_")                                                                       \
    X(capability, "CAP_")                                                                          \
    X(capability_version, "_LINUX_CAPABILITY_VERSION_")                                            \
    X(clone_more, "CLONE_ (above 32 bits)")                                                        \
    X(control_type, "SCM_")                                                                        \
    X(dumpable, "SUID_DUMP_")                                                                      \
    X(epoll_event, "EPOLL")                                                                        \
    X(fd_flags, "FD_")                                                                             \
    X(file_seal, "F_SEAL_")                                                                        \
    X(file_system, "..._MAGIC")                                                                    \
    X(futex_comparison, "FUTEX_OP_CMP_")                                                           \
    X(futex_modification, "FUTEX_OP_")                                                             \
    X(handled_fs, "LANDLOCK_ACCESS_FS_")                                                           \
    X(handled_net, "LANDLOCK_ACCESS_NET_")                                                         \
    X(ioprio_class, "IOPRIO_CLASS_")                                                               \
    X(ip_option, "IP_")                                                                            \
    X(ip_protocol, "IPPROTO_")                                                                     \
    X(ipv6_option, "IPV6_")                                                                        \
    X(key_special, "KEY_SPEC_")                                                                    \
    X(lock_type, "F_")                                                                             \
    X(mode_type, "S_IF")                                                                           \
    X(mount_state, "ST_")                                                                          \
    X(netlink_family, "NETLINK_")                                                                  \
    X(netlink_option, "NETLINK_")                                                                  \
    X(new_descriptor, "O_")                                                                        \
    X(notification, "DN_")                                                                         \
    X(owner_type, "F_OWNER_")                                                                      \
    X(poll_event, "POLL")                                                                          \
    X(ptrace_option, "PTRACE_O_")                                                                  \
    X(quota_type, "")                                                                              \
    X(resolve, "RESOLVE_")                                                                         \
    X(sched_flags, "SCHED_FLAG_")                                                                  \
    X(seccomp_mode, "SECCOMP_MODE_")                                                               \
    X(sem_flags, "SEM_")                                                                           \
    X(sigaction_flags, "SA_")                                                                      \
    X(sigbus_code, "BUS_")                                                                         \
    X(sigchld_code, "CLD_")                                                                        \
    X(sigcode, "SI_")                                                                              \
    X(sigev_notify, "SIGEV_")                                                                      \
    X(sigfpe_code, "FPE_")                                                                         \
    X(sigill_code, "ILL_")                                                                         \
    X(signal, "SIG")                                                                               \
    X(sigpoll_code, "POLL_")                                                                       \
    X(sigsegv_code, "SEGV_")                                                                       \
    X(sigsys_code, "SYS_")                                                                         \
    X(sigtrap_code, "TRAP_")                                                                       \
    X(stack_flags, "SS_")                                                                          \
    X(statx_attribute, "STATX_ATTR_")                                                              \
    X(tcp_option, "TCP_")                                                                          \
    X(termios_control, "C")                                                                        \
    X(termios_input, "I")                                                                          \
    X(termios_local, "E")                                                                          \
    X(termios_output, "O")                                                                         \
    X(vma, "PR_SET_VMA_")

enum value_set {
#define X(name, prefix) SET_##name,
    ENDORUN_SETS(X) FIELD_SETS(X)
#undef X
        SET_LIMIT
};

/* NULL: the value has none. */
const char *value_name(enum value_set set, uint64_t value);

/* Names with `|` between; the number, with the prefix in a comment, where none is known, 0 for none
 * of the bits.
 */
void write_values(FILE *out, enum value_set set, uint64_t value);
/* Only the names, and what is left: to be followed by something else. */
uint64_t write_value_names(FILE *out, enum value_set set, uint64_t value, bool *is_first);
/* One of the values, not a combination of bits. */
void write_value(FILE *out, enum value_set set, uint64_t value);

#endif
