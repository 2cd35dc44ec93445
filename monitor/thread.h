/*
 * The thread block and the area it lives in. Each thread of the program has one area, aligned to
 * its size, from one mmap:
 *
 *   low
 *   | guard | monitor stack | open part | FPU images | thread block | shared pages | open page
 *            `--- registered alternate stack ---'
 *   | block page |
 *             high
 *
 * - monitor stack: where the monitor runs for this thread. A signal that interrupts the monitor is
 *   pushed here, below its stack pointer.
 * - open part: a signal that interrupts the program lands at its top. The kernel writes it with the
 *   program's rights, so under protection keys the program can write it too. Nothing in it is
 *   trusted longer than it takes to copy.
 * - FPU images: the state saved by a signal that was queued while the thread was in the monitor;
 *   and, with protection keys, that of the frame which is being worked on.
 * - thread block: %gs:0. Nothing that lives while program code runs stands inside the registered
 *   range, since the kernel writes frames wherever a program points its stack pointer.
 * - shared pages: what the kernel reads with the program's rights: the SUD selector, and the copies
 *   of arguments that a call is made with.
 * - open page: the program's registers while the gate writes PKRU.
 * - block page: executable copies of code that stands where nothing may be (code.h).
 */
#ifndef ENDORUN_MONITOR_THREAD_H
#define ENDORUN_MONITOR_THREAD_H

#include "abi.h"
#include "../rewriter/apply/displace.h"
#include "endorun/event.h"
#include "endorun/injection.h"

/* Signals for which the monitor always has a handler and which are never blocked in the kernel. */
#define HELD_SIGNALS ((1UL << (SIGSEGV - 1)) | (1UL << (SIGBUS - 1)) | (1UL << (SIGSYS - 1)))
#define ALL_SIGNALS  (~0UL)
#define ALL_BUT_HELD (ALL_SIGNALS & ~HELD_SIGNALS)

/*
 * Registers of the program while it is in the monitor: the same as a struct sigcontext begins with.
 * Offsets reach the assembly by offsets.h.
 */
struct user_registers {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
    uint64_t eflags;
};
_Static_assert(offsetof(struct user_registers, eflags) == offsetof(struct sigcontext, eflags),
               "signals copy between them");

/* The program's dispositions: one table a process, or shared as CLONE_SIGHAND says. */
struct signal_table {
    int32_t lock;
    struct kernel_sigaction action[SIGNAL_COUNT]; /* index: signal number - 1 */
};

/* A mapping that the monitor made for one call. */
struct scratch {
    uint64_t address, size; /* size 0: unused */
};
#define SCRATCH_MAX 3

/* Copies of code that a thread executes elsewhere than it stands, in one page. */
#define BLOCKS_MAX (PAGE_SIZE / sizeof(struct block_code))

/* The program's own Syscall User Dispatch: off, or these arguments of its prctl. */
struct user_dispatch {
    bool on;
    uint64_t offset, length, selector;
};

struct thread {
    struct thread *self;

    /* The gate (gate.S). */
    uint64_t continuation;  /* address behind the program's `syscall` site */
    uint64_t resume_rip;    /* where gate_resume goes */
    uint64_t monitor_stack; /* top of the monitor stack */
    uint64_t monitor_stack_size;
    uint8_t in_monitor; /* 1: the monitor runs, and .registers hold the program's */
    uint8_t attention;  /* 1: a queued or held signal has to be looked at before leaving */
    /* The gate with protection keys (gate_keys.S). */
    uint8_t in_window;     /* 1: a call is made with the program's rights */
    uint8_t forward;       /* 1: gate_leave_keys makes the program's call */
    uint8_t signalled;     /* written by signal_entry_keys, as a proof that it may */
    uint64_t window_stack; /* the monitor's stack pointer meanwhile */
    uint32_t memory_depth; /* how often it holds the lock of keys.h */
    uint64_t area_mask;    /* what finds the area from an address in it */
    struct user_registers registers;

    /* Signals of the thread, as the program sees them. */
    struct signal_table *signals;
    struct kernel_stack alternate_stack;
    sigset held_blocked;                /* HELD_SIGNALS that the program has blocked */
    sigset held_pending;                /* HELD_SIGNALS sent to the thread and not yet delivered */
    struct kernel_siginfo held_info[3]; /* of those: SIGSEGV, SIGBUS, SIGSYS */
    sigset held_waited;                 /* HELD_SIGNALS that it waits for by rt_sigtimedwait */
    sigset held_to_offer;  /* those of the process that it blocks: others are told at gate_exit */
    bool held_came;        /* one was kept since this was last cleared: it may have ended a wait */
    bool wait_mask_valid;  /* a call with a mask of its own is in progress (ppoll...) */
    sigset wait_mask;      /* that mask, HELD_SIGNALS included */
    uint64_t step_to_hide; /* where the jump out of the monitor ends, while single-stepping */
    bool queued;           /* one signal came while in the monitor; all others are blocked */
    sigset queued_mask;    /* the kernel's mask when it came */
    struct rt_sigframe queued_frame; /* its siginfo and context; .uc.mcontext.fpstate: fpu_image */

    struct endorun_slot *slot; /* this thread's part of the event channel, or NULL */
    bool was_denied;           /* the policy has refused something of the call at hand */
    uint32_t changed_calls[ENDORUN_INJECTED_CALLS]; /* how many it has made, by place */

    struct scratch scratch[SCRATCH_MAX]; /* of an exec */

    struct filter *filter; /* the newest of the program's seccomp filters, or NULL */
    bool no_new_privs;     /* as the program sees it; with protection keys the kernel's is set */
    struct user_dispatch user_dispatch;

    struct block blocks[BLOCKS_MAX]; /* what the copies in the block page stand for */
    uint64_t opened_page;            /* that such a copy may write to, with code in it; 0: none */

    /* The area. */
    uint64_t fpu_image; /* 64-byte aligned */
    uint64_t fpu_image_size;
    uint64_t entry_image; /* as large */
    int32_t tid;          /* of the kernel thread that adopted the area; 0: none has */
    int32_t pid;
    bool shares_descriptors; /* another thread may use the same descriptor table */
    bool freed_by_parent;    /* a vfork child: its parent releases the area */
    bool is_guest;           /* of a process that shares memory without being a thread */
    bool ended;              /* no thread has it: it is free, or will be once .tid is gone */
    bool handlers_cleared;   /* new thread: CLONE_CLEAR_SIGHAND took the kernel's handlers */
    sigset entry_mask;       /* new thread: the mask it starts with */
    uint64_t tid_place;      /* the same: where it writes its number (CLONE_CHILD_SETTID), or 0 */
    struct thread *next;     /* all areas of the process, newest first */
    struct thread *next_free;

    struct signal_table own_signals; /* for a process that shares memory but not dispositions */
};

/* The pages after the thread block. */
struct shared_pages {
    uint8_t selector; /* SYSCALL_DISPATCH_FILTER_* */
    uint8_t unused[63];
    uint8_t arguments[PAGE_SIZE - 64]; /* other than paths */
    uint8_t paths[2][PATH_MAX_BYTES];
};

/* The page after those. */
struct open_page {
    uint64_t rax, rcx, rdx, r11, rip;
    uint64_t xrstor;     /* gate_xrstor, for code.c's replacement */
    uint64_t result[16]; /* what the kernel writes for the monitor with the program's rights */
};

#define THREAD_BLOCK_SIZE PAGE_SIZE
#define OPEN_PAGE_OFFSET  (THREAD_BLOCK_SIZE + sizeof(struct shared_pages)) /* from %gs:0 */
_Static_assert(sizeof(struct thread) <= THREAD_BLOCK_SIZE, "the shared pages follow at one page");
_Static_assert(sizeof(struct shared_pages) == 3 * PAGE_SIZE, "whole pages");
_Static_assert(sizeof(struct open_page) <= PAGE_SIZE, "one page");

static inline struct thread *current_thread(void)
{
    struct thread *thread;
    __asm__("movq %%gs:0, %0" : "=r"(thread));
    return thread;
}

static inline struct shared_pages *shared_pages_of(struct thread *thread)
{
    return (struct shared_pages *)((uint8_t *)thread + THREAD_BLOCK_SIZE);
}

static inline struct open_page *open_page_of(struct thread *thread)
{
    return (struct open_page *)(shared_pages_of(thread) + 1);
}

static inline struct block_code *block_page_of(struct thread *thread)
{
    return (struct block_code *)((uint8_t *)open_page_of(thread) + PAGE_SIZE);
}

#endif
