/*
 * The assembly's entries and labels, as C sees them. What each expects and leaves stands in gate.S.
 */
#ifndef ENDORUN_MONITOR_GATE_H
#define ENDORUN_MONITOR_GATE_H

#include "thread.h"

/* What window_syscall returns when a signal has to be delivered before the call. Never an errno. */
#define CALL_ABORTED (-4096L)

/*
 * What a handler returns instead of a result. FORWARD: the gate makes the call as the program gave
 * it, on the program's stack, where debuggers expect it. SIGNALS_ITSELF: so does signal.c, such
 * that a signal which the thread sends to itself takes effect at the program's own address.
 */
#define CALL_FORWARD        (-4097L)
#define CALL_SIGNALS_ITSELF (-4098L)

/*
 * Indexed by a number of up to 16 bits; larger ones are slow. 0: the gate forwards the call itself.
 * What is not handled becomes CLASS_WATCHED with the first filter of the process; nothing else ever
 * changes.
 */
enum call_class {
    CLASS_HANDLED = 1, /* slow path: there is a handler */
    CLASS_WATCHED = 2, /* slow path, to count it or because the program has seccomp filters */
    CLASS_QUICK = 3,   /* with protection keys: forwarded without lowering the rights for it */
};
extern uint8_t call_class[65536];

/* The gate that stubs use: gate_entry, or gate_entry_selector where SUD reads the selector. */
extern uint64_t gate_in_use;
extern uint64_t gate_forward_in_use; /* where it makes the call */
extern uint64_t signal_entry_in_use, gate_resume_in_use;

/* 1: protection keys keep the program out of the monitor's memory. */
extern uint8_t keys_in_use;

/* Code addresses. */
typedef const char code_label[];
extern code_label monitor_text_start, monitor_text_end;
extern code_label gate_entry, gate_forward, gate_entry_selector, gate_forward_selector, gate_end;
extern code_label gate_slow, gate_slow_on_stack, gate_slow_committed, gate_slow_unstepped;
extern code_label gate_exit_uncommitted, gate_exit_end;
extern code_label gate_signals_itself, gate_signals_itself_end, gate_allow_selector;
extern code_label gate_takes_held_uncommitted, gate_takes_held_end, gate_text_end;
extern code_label gate_resume, gate_resume_saved, gate_resume_on_stack, gate_resume_end,
    gate_resume_unstepped;
extern code_label window_begin, window_call, window_abort;
extern code_label user_copy_begin, user_copy_end, user_copy_fault;
extern code_label time_stamp_begin, time_stamp_end, time_stamp_fault;
extern code_label signal_entry, signal_return;
extern code_label gate_entry_keys, gate_rcx_kept, gate_rdx_kept, gate_rax_kept,
    gate_continuation_kept, gate_call_quick, gate_after_quick, gate_result_quick,
    gate_result_restored, gate_forward_keys, gate_call_keys, gate_after_keys, gate_result_kept,
    gate_end_keys;
extern code_label gate_leave_keys, gate_leave_end_keys;
extern code_label gate_resume_keys, gate_resume_saved_keys, gate_resume_end_keys;
extern code_label window_begin_keys, window_call_keys, window_after_keys, window_return_keys,
    window_end_keys, window_abort_keys;
extern code_label signal_entry_keys;
extern code_label gate_xrstor, gate_xrstor_done, gate_xrstor_end;

/*
 * Makes a call for the program: one that may block, or whose effect a signal must precede.
 * CALL_ABORTED when a signal is waiting and the kernel has not begun the call.
 */
long window_syscall(long number, const unsigned long arguments[6]);

/* The same for a call all of whose pointers are the monitor's own: with the monitor's rights. */
long window_syscall_own(long number, const unsigned long arguments[6]);

/*
 * clone(2) or clone3(2). In a child that shares memory `child` is its block, and control goes to
 * monitor_child_start(child) on the child's stack; else the child returns 0 from here.
 */
long clone_syscall(long number, const unsigned long arguments[6], struct thread *child);

/*
 * Calls function(argument) in a child that shares memory and nothing else, on another stack; the
 * parent waits until it has ended or executed a program. The child's pid (its exit signal is 0), or
 * a negative errno.
 */
long vfork_call(uint64_t stack_top, void (*function)(void *), void *argument);

/* Copies for user.h. 0 or -EFAULT; after a fault part of the target may be written. */
long user_copy(void *target, const void *source, unsigned long size);

/* The processor's time stamp counter; 0 where prctl(PR_SET_TSC) or strict seccomp forbids it. */
uint64_t time_stamp(void);

/*
 * Goes on with what a signal frame holds, which stands on the monitor stack: a held signal may come
 * meanwhile, and its frame belongs there too.
 */
noreturn void resume_frame(struct rt_sigframe *frame);

/* Leaves the monitor with the registers of the current thread's block. */
noreturn void gate_exit(void);

/* Calls function(argument) on another stack; it must not return. */
noreturn void call_on_stack(uint64_t stack_top, void (*function)(void *), void *argument);

/* Called by the assembly. */
void monitor_syscall(struct thread *thread);
bool monitor_attention(struct thread *thread);
void monitor_signal(int signal, struct kernel_siginfo *info, struct ucontext *context);
struct rt_sigframe *monitor_signal_keys(int signal, struct kernel_siginfo *info,
                                        struct ucontext *context, struct rt_sigframe *own);
void monitor_child_start(struct thread *thread);
noreturn void monitor_start(uint64_t *stack);

#endif
