/*
 * The handlers of the system calls that the monitor looks at, named as the table in
 * policy/syscalls.def names them. Each gets the program's registers as they were at the call and
 * returns what the program finds in RAX, or CALL_ABORTED: a signal comes first, then the call is
 * made again. A handler that returns CALL_ABORTED has changed nothing.
 */
#ifndef ENDORUN_MONITOR_CALLS_H
#define ENDORUN_MONITOR_CALLS_H

#include "user.h"
#include "../policy/ranges.h"

/* For the parameters that a handler does not need. */
#define UNUSED __attribute__((unused))

typedef long call_handler(struct thread *thread, const struct user_registers *call);

call_handler handle_RT_SIGACTION, handle_RT_SIGPROCMASK, handle_RT_SIGRETURN, handle_RT_SIGPENDING,
    handle_RT_SIGSUSPEND, handle_RT_SIGTIMEDWAIT, handle_SIGALTSTACK, handle_TKILL,
    handle_WAIT_MASK, handle_WAIT_MASK_PAIR;                          /* signal_calls.c */
call_handler handle_CLONE, handle_CLONE3, handle_EXIT;                /* process.c */
call_handler handle_EXECVE;                                           /* exec.c */
call_handler handle_MMAP, handle_MUNMAP, handle_MREMAP, handle_SHMAT; /* memory.c */
call_handler handle_MPROTECT, handle_BRK, handle_PKEY, handle_RANGE, handle_KEPT; /* memory.c */
call_handler handle_PTRACE, handle_WAIT4;                                         /* tracer.c */
call_handler handle_READLINK, handle_PATH_EXE;                                    /* self.c */
call_handler handle_OPEN, handle_RECEIVE;                                         /* open.c */
call_handler handle_PRCTL, handle_ARCH_PRCTL, handle_MODIFY_LDT, handle_RSEQ, handle_REFUSED,
    handle_PERSONALITY, handle_UNSHARE;       /* control.c */
call_handler handle_SECCOMP, handle_LANDLOCK; /* seccomp.c */

/* Makes the program's call with the arguments it gave, where something is to be done afterwards. */
static inline long forward_call(const struct user_registers *call)
{
    const unsigned long arguments[6] = {call->rdi, call->rsi, call->rdx,
                                        call->r10, call->r8,  call->r9};
    return window_syscall((long)(int32_t)call->rax, arguments);
}

/* Fills call_class. Before the program starts; `all`: the gate makes no call itself. */
void prepare_dispatch(bool all);

/* From now on the gate makes no call itself, or (if not NULL) none of which `which` is true. */
void dispatch_calls(bool (*which)(uint32_t number));

#endif
