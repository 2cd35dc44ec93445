/* Threads and processes of the program, the areas of its threads, and helpers of the monitor. */
#ifndef ENDORUN_MONITOR_PROCESS_H
#define ENDORUN_MONITOR_PROCESS_H

#include "thread.h"

/* What does not change after the start of the image. */
struct process_settings {
    uint64_t frame_size;  /* AT_MINSIGSTKSZ: the largest signal frame, bytes */
    uint32_t pkru_offset; /* of PKRU in an XSAVE image, bytes; with protection keys */
    bool jit_denied;      /* what was writable does not become executable */
    bool selector;        /* SUD reads the selector; else the monitor's text is its range */
};
extern struct process_settings process_settings;

/* A new area, tagged with no thread yet; NULL when there is no memory. */
struct thread *area_allocate(void);

/*
 * Gives back an area. It is taken again only when the kernel thread that adopted it, if any did, is
 * gone: a thread may release its own and end.
 */
void area_release(struct thread *thread);

/* The lock of the areas, and, with it, the other threads of the process one by one; NULL ends. */
void areas_acquire(void);
void areas_release(void);
struct thread *areas_next(const struct thread *thread, const struct thread *other);

/* Whether the process has other threads, those among them that are about to end. */
bool areas_have_others(const struct thread *thread);

/* Around a fork: the child must find the locks free, and areas that no thread has. */
void areas_lock_for_fork(void);
void areas_unlock_after_fork(void);
void areas_keep_only(struct thread *own);

/*
 * Tells a thread of this process, other than `thread`, that has not blocked the held signal or
 * waits for it, by SI_OFFER (signal.h).
 */
void tell_thread_open_to(const struct thread *thread, int signal);

/* After this nobody tells the thread anything: it is about to end. */
void area_closes(struct thread *thread);

/* Unmaps what a call, or a vfork child's exec, has left. */
void scratch_release(struct thread *thread);

/*
 * Makes this kernel thread the one of `thread`: %gs, alternate stack, SUD. Signals are blocked.
 * False: %gs can't be set, because this kernel thread runs under another monitor.
 */
bool adopt_area(struct thread *thread);

/* What a thread leaves to others before it ends by itself. */
void leave_process(struct thread *thread);

/* Arms Syscall User Dispatch for this kernel thread. Fatal on failure. */
void arm_dispatch(struct thread *thread);

/*
 * Calls function(argument) where no thread of the program can meet the descriptors that it opens
 * for a moment: directly when nobody shares the descriptor table, else in a short-lived child that
 * shares memory and has a table of its own, in which they end.
 */
void with_private_descriptors(void (*function)(void *), void *argument);

/*
 * Calls function(argument) in a child that shares memory, waits for its end (or that of the program
 * it executes) and gives the status as wait4(2) does, or a negative errno. No signal tells the
 * program of the child, and wait4(-1) does not see it.
 */
long run_in_child(void (*function)(void *), void *argument);

#endif
