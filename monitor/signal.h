/*
 * Signals. The kernel knows one handler, signal_entry, with a full mask; the program's handlers,
 * masks, frames and alternate stack are the monitor's imitation.
 *
 * The kernel's mask while program code runs is the program's mask without HELD_SIGNALS. What the
 * program thinks of those stands in the thread block (held_blocked, held_pending).
 */
#ifndef ENDORUN_MONITOR_SIGNAL_H
#define ENDORUN_MONITOR_SIGNAL_H

#include "user.h"

/* The dispositions of the process. */
extern struct signal_table process_signals;

/* What the kernel is told of signal_entry, with the `flags` that depend on the signal. */
struct kernel_sigaction monitor_action(uint64_t flags);

/*
 * Gives the kernel signal_entry for one of HELD_SIGNALS, or all. A handler of the program's decides
 * whether calls that it interrupts end. Fatal on failure.
 */
void install_held_handler(int signal, const struct kernel_sigaction *given);
void install_held_handlers(const struct signal_table *table);

/* What the kernel knows as this thread's alternate stack: monitor stack and open part. */
struct kernel_stack kernel_alternate_stack(const struct thread *thread);

/* The program's alternate stack: that of a new program or thread... */
extern const struct kernel_stack disabled_stack;

/* ... whether `rsp` is on one, as on_sig_stack() in include/linux/sched/signal.h says... */
bool on_alternate_stack(const struct kernel_stack *stack, uint64_t rsp);

/* ... and another one. 0 or a negative errno, as do_sigaltstack() in kernel/signal.c. */
long set_alternate_stack(struct thread *thread, const struct kernel_stack *given, uint64_t rsp);

/* The size of an FPU image that the kernel wrote, its closing magic included. */
uint64_t fpu_size(uint64_t fpstate);

/*
 * Builds the program's frame for a signal. `context` is the program's context at the point of
 * interruption, .sigmask the kernel's mask there; afterwards it is the context in which the
 * program's handler starts, by way of gate_resume, and rt_sigreturn may be given it.
 */
void deliver_signal(struct thread *thread, int signal, const struct kernel_siginfo *info,
                    struct ucontext *context);

/*
 * Carries out the program's rt_sigreturn: `context`, which the kernel wrote, becomes what the frame
 * at the program's stack pointer `rsp` asks for, as far as it may ask.
 */
void return_from_handler(struct thread *thread, uint64_t rsp, struct ucontext *context);

/*
 * With protection keys (signal_keys.c): finds_place for the gate's code, and makes what is resumed
 * with `registers` start with the monitor's rights.
 */
bool find_place_keys(struct thread *thread, struct sigcontext *registers);

/* Takes the program out of gate or stub, to its own code. False: it does not stand there. */
bool place_at_edge(struct thread *thread, struct sigcontext *registers);
void give_monitor_rights(const struct sigcontext *registers);

/* Lets the program go on, by way of gate_resume, at what `context` says when it is resumed. */
void resume_program(struct thread *thread, struct ucontext *context);

/* Leaves the monitor at once by the frame in the block that a queued signal filled. */
noreturn void resume_from_block(struct thread *thread);

/* Recomputes what gate_exit asks. */
void update_attention(struct thread *thread);

/*
 * Lets the kernel take the default action for a signal: it is sent again, unless the instruction
 * that raised a `synchronous` one does so by itself when the program goes on.
 */
void default_action(struct thread *thread, int signal, const struct kernel_siginfo *info,
                    bool synchronous);

static inline bool is_held(int signal)
{
    return signal > 0 && signal <= SIGNAL_COUNT && (HELD_SIGNALS & signal_bit(signal)) != 0;
}

/* Raised by the kernel for what the thread itself did, not sent by somebody. */
bool is_synchronous(int signal, const struct kernel_siginfo *info,
                    const struct sigcontext *registers);

/* Held signals that are pending, whether they were sent to the thread or to its process. */
sigset held_signals_pending(const struct thread *thread);

/*
 * Takes one of `which` out of those, the one that the kernel would take first. 0: none is there, or
 * another thread was faster.
 */
int take_held_signal(struct thread *thread, sigset which, struct kernel_siginfo *info);

/* Forgets one, as the kernel does when it becomes ignored. */
void drop_held_signal(struct thread *thread, int signal);

/*
 * Around a fork, whose child starts with none pending but may get its own at once: takes all out,
 * and puts them back in the parent.
 */
struct held_signals {
    sigset pending, shared;
    struct kernel_siginfo info[3], shared_info[3];
};
void set_held_signals_aside(struct thread *thread, struct held_signals *aside);
void put_held_signals_back(struct thread *thread, const struct held_signals *aside);

/*
 * For a thread that ends: blocks all signals, and tells another of those that are pending for the
 * process, as retarget_shared_pending() in kernel/signal.c does.
 */
void pass_on_held_signals(struct thread *thread);

/* In a forked child: frees what another thread was changing when the fork came. */
void finish_shared_signals(void);

/*
 * Around an exec, which the kernel's pending signals survive: gives it those that the monitor
 * holds, all signals blocked, and takes back the blocked ones that it has.
 */
void give_held_signals(struct thread *thread);
void take_held_signals(struct thread *thread);

/* Makes the queued signal, a held one, pending: the wait whose mask opened it ended by itself. */
void unqueue_held_signal(struct thread *thread);

/*
 * The si_code of a SIGSEGV by which one thread tells another that the signal si_errno is pending
 * for the process and open there. The kernel never uses it (include/uapi/asm-generic/siginfo.h).
 * A SIGSEGV for all of them: a SIGSYS of Syscall User Dispatch would hide the offer that it merges
 * with.
 */
#define SI_OFFER (-10000)

/*
 * Sets the kernel's mask and gives the one that was. ALL_BUT_HELD still lets faults of user copies
 * through; ALL_SIGNALS is for what touches no memory of the program's.
 */
sigset block_signals(sigset which);
void set_kernel_mask(sigset mask);

#endif
