/*
 * What happens when the kernel calls signal_entry: find out where the program really stands, then
 * deliver to the program, keep for later, or (Syscall User Dispatch) send the call through the
 * gate.
 */
#include "signal.h"
#include "../trace/record/channel.h"
#include "code.h"
#include "process.h"
#include "support.h"
#include "syscall.h"
#include "../rewriter/apply/copies.h"
#include "../rewriter/apply/module.h"

static int held_index(int signal)
{
    return signal == SIGSEGV ? 0 : signal == SIGBUS ? 1 : 2;
}

/*
 * Held signals that were sent to the process and that no thread has open: whoever opens them first,
 * or waits for them, takes them. Threads that share memory but not dispositions are no part of it.
 * Changed without a lock, since a thread that a signal interrupted may hold any.
 */
static struct shared_signal {
    enum { SHARED_NONE, SHARED_CHANGING, SHARED_PENDING } state;
    struct kernel_siginfo info;
} shared_signals[3];

static bool shares_signals(const struct thread *thread)
{
    return thread->signals == &process_signals;
}

static bool change_shared(struct shared_signal *shared, uint32_t from)
{
    uint32_t expected = from;
    return __atomic_compare_exchange_n((uint32_t *)&shared->state, &expected, SHARED_CHANGING,
                                       false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void put_shared(int signal, const struct kernel_siginfo *info)
{
    struct shared_signal *shared = &shared_signals[held_index(signal)];
    if (change_shared(shared, SHARED_NONE)) { /* else one is pending, which is enough */
        shared->info = *info;
        __atomic_store_n((uint32_t *)&shared->state, SHARED_PENDING, __ATOMIC_SEQ_CST);
    }
}

static bool take_shared(int signal, struct kernel_siginfo *info)
{
    struct shared_signal *shared = &shared_signals[held_index(signal)];
    if (!change_shared(shared, SHARED_PENDING)) {
        return false;
    }
    *info = shared->info;
    __atomic_store_n((uint32_t *)&shared->state, SHARED_NONE, __ATOMIC_SEQ_CST);
    return true;
}

void finish_shared_signals(void)
{
    for (int i = 0; i < 3; i++) {
        if (shared_signals[i].state == SHARED_CHANGING) {
            shared_signals[i].state = SHARED_NONE;
        }
    }
}

sigset held_signals_pending(const struct thread *thread)
{
    sigset pending = thread->held_pending;
    /* Behind the change of held_blocked or held_waited that the sharer looks for. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (sigset left = HELD_SIGNALS; left != 0 && shares_signals(thread); left &= left - 1) {
        if (shared_signals[held_index(lowest_signal(left))].state == SHARED_PENDING) {
            pending |= signal_bit(lowest_signal(left));
        }
    }
    return pending;
}

int take_held_signal(struct thread *thread, sigset which, struct kernel_siginfo *info)
{
    sigset pending = held_signals_pending(thread) & which;
    if (pending == 0) {
        return 0;
    }
    int signal = lowest_signal(pending); /* next_signal() in kernel/signal.c */
    bool taken = true;
    if ((thread->held_pending & signal_bit(signal)) != 0) {
        *info = thread->held_info[held_index(signal)];
        thread->held_pending &= ~signal_bit(signal);
    } else {
        taken = take_shared(signal, info);
    }
    update_attention(thread);
    return taken ? signal : 0;
}

/* As in the kernel, one of a number is enough. */
static void keep_signal(struct thread *thread, int signal, const struct kernel_siginfo *info)
{
    if ((thread->held_pending & signal_bit(signal)) == 0) {
        thread->held_pending |= signal_bit(signal);
        thread->held_info[held_index(signal)] = *info;
    }
}

void drop_held_signal(struct thread *thread, int signal)
{
    struct kernel_siginfo info;
    thread->held_pending &= ~signal_bit(signal);
    if (shares_signals(thread)) {
        take_shared(signal, &info);
    }
    update_attention(thread);
}

void set_held_signals_aside(struct thread *thread, struct held_signals *aside)
{
    aside->pending = thread->held_pending;
    memcpy(aside->info, thread->held_info, sizeof aside->info);
    thread->held_pending &= ~aside->pending;
    aside->shared = 0;
    for (sigset left = HELD_SIGNALS; left != 0 && shares_signals(thread); left &= left - 1) {
        int signal = lowest_signal(left);
        if (take_shared(signal, &aside->shared_info[held_index(signal)])) {
            aside->shared |= signal_bit(signal);
        }
    }
}

void put_held_signals_back(struct thread *thread, const struct held_signals *aside)
{
    for (sigset left = aside->pending; left != 0; left &= left - 1) {
        keep_signal(thread, lowest_signal(left), &aside->info[held_index(lowest_signal(left))]);
    }
    for (sigset left = aside->shared; left != 0; left &= left - 1) {
        int signal = lowest_signal(left);
        put_shared(signal, &aside->shared_info[held_index(signal)]);
    }
    thread->held_to_offer |= aside->shared;
    update_attention(thread);
}

void update_attention(struct thread *thread)
{
    /*
     * A signal may set it at any instruction. Cleared first and only then computed, it is never
     * cleared after that.
     */
    *(volatile uint8_t *)&thread->attention = 0;
    __asm__ volatile("" : : : "memory");
    if (thread->queued || thread->held_to_offer != 0 ||
        (held_signals_pending(thread) & (~thread->held_blocked | thread->held_waited)) != 0) {
        *(volatile uint8_t *)&thread->attention = 1;
    }
}

sigset block_signals(sigset which)
{
    sigset old = 0;
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &which, &old, sizeof old);
    return old;
}

void set_kernel_mask(sigset mask)
{
    mask &= ~HELD_SIGNALS;
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof mask);
}

void give_held_signals(struct thread *thread)
{
    struct kernel_siginfo info;
    int signal;
    block_signals(ALL_SIGNALS);
    while ((signal = take_held_signal(thread, ALL_SIGNALS, &info)) != 0) {
        SYS4(__NR_rt_tgsigqueueinfo, thread->pid, thread->tid, signal, &info);
    }
}

void take_held_signals(struct thread *thread)
{
    const sigset held = HELD_SIGNALS;
    const uint64_t at_once[2] = {0, 0};
    struct kernel_siginfo info;
    long signal;
    while ((signal = SYS4(__NR_rt_sigtimedwait, &held, &info, at_once, sizeof held)) > 0) {
        keep_signal(thread, (int)signal, &info);
    }
    update_attention(thread);
}

static bool in_range(uint64_t rip, code_label first, code_label behind)
{
    return rip - (uint64_t)first < (uint64_t)(behind - first);
}

bool is_synchronous(int signal, const struct kernel_siginfo *info,
                    const struct sigcontext *registers)
{
    if (signal == SIGSYS) {
        return info->si_code == SYS_SECCOMP && info->sigsys.call_addr == registers->rip;
    }
    sigset faults = signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) |
                    signal_bit(SIGFPE) | signal_bit(SIGTRAP);
    if ((faults & signal_bit(signal)) == 0 || info->si_code <= 0) {
        return false;
    }
    if (info->si_code == SI_KERNEL || !is_held(signal)) {
        return info->si_errno == 0 && (info->si_code != SI_KERNEL || info->si_addr == 0);
    }
    /* A process can send itself any siginfo, but not the address of the last page fault with it. */
    return registers->trapno != 0 &&
           (registers->trapno != TRAP_PAGE_FAULT || info->si_addr == registers->cr2);
}

static bool is_single_step(int signal, const struct kernel_siginfo *info,
                           const struct sigcontext *registers)
{
    return signal == SIGTRAP && info->si_code > 0 && (registers->eflags & EFLAGS_TF) != 0;
}

/*
 * The program stands at its `syscall` instruction, and either has not executed it or is to restart
 * it: then RCX and R11 are what the instruction left, and before it their values are lost to us.
 */
static void place_at_site(struct sigcontext *registers, uint64_t continuation)
{
    registers->rip = continuation - 2;
    registers->rcx = continuation;
    registers->r11 = registers->eflags;
}

/* The program has just executed its `syscall` instruction. */
static void place_behind_site(struct sigcontext *registers, uint64_t continuation)
{
    registers->rip = continuation;
    registers->rcx = continuation;
}

static void place_from_block(struct sigcontext *context, struct thread *thread)
{
    thread->forward = 0;
    memcpy(context, &thread->registers, sizeof thread->registers);
    if (context->rip == gate_in_use) { /* dispatch_trap's detour */
        place_at_site(context, context->rcx);
    } else if (context->rip == gate_forward_in_use ||
               context->rip == (uint64_t)gate_signals_itself) {
        place_at_site(context, thread->continuation);
    }
}

/*
 * The program steps by the trap flag, and natively sees nothing of stubs and gate. Nor does it see
 * a trap behind `syscall` or rt_sigreturn: the kernel's return sets the flag, and the first trap
 * comes after the next instruction. So the trap at the end of the jump out of the monitor is hidden
 * too.
 */
static bool hides_step(struct thread *thread, struct sigcontext *registers)
{
    uint64_t rip = registers->rip;
    if (keys_in_use && in_range(rip, monitor_text_start, monitor_text_end)) {
        registers->eflags &= ~EFLAGS_TF; /* no way out with it leads through gate_leave_keys */
        return true;
    }
    bool returned = rip == thread->step_to_hide;
    thread->step_to_hide = 0;
    if (returned) {
        return true;
    }
    if (rip == (uint64_t)gate_slow_unstepped || rip == (uint64_t)gate_resume_unstepped) {
        thread->registers.eflags |= EFLAGS_TF;
        registers->eflags &= ~EFLAGS_TF;
    }
    if (in_range(rip, gate_resume, gate_resume_end)) {
        thread->step_to_hide = thread->resume_rip;
    } else if (in_range(rip, gate_exit_uncommitted, gate_exit_end)) {
        thread->step_to_hide = thread->registers.rip;
    } else if (in_range(rip, gate_entry, gate_end)) {
        thread->step_to_hide = thread->continuation;
    }
    return in_range(rip, monitor_text_start, monitor_text_end) || module_hides_step(rip);
}

enum place {
    PLACE_PROGRAM, /* in the program's own code */
    PLACE_EDGE,    /* in the gate or a stub: the context has been rolled to the program's code */
    PLACE_MONITOR, /* in the monitor: the block holds the program's registers */
};

/* gate.S lists what is true where. */
static enum place find_place_in_gate(struct thread *thread, struct sigcontext *registers)
{
    uint64_t rip = registers->rip;
    if (keys_in_use && find_place_keys(thread, registers)) {
        return PLACE_EDGE;
    }
    if (in_range(rip, gate_entry, gate_end)) {
        bool first = rip == (uint64_t)gate_entry || rip == (uint64_t)gate_entry_selector;
        uint64_t continuation = first ? registers->rcx : thread->continuation;
        if (rip <= (uint64_t)gate_forward ||
            (rip >= (uint64_t)gate_entry_selector && rip <= (uint64_t)gate_forward_selector)) {
            place_at_site(registers, continuation);
        } else {
            place_behind_site(registers, continuation);
        }
        return PLACE_EDGE;
    }
    if (rip == (uint64_t)gate_signals_itself) {
        place_at_site(registers, thread->continuation);
        return PLACE_EDGE;
    }
    if (in_range(rip, gate_slow, gate_slow_committed)) {
        if (rip >= (uint64_t)gate_slow_on_stack) {
            registers->rsp = thread->registers.rsp;
        }
        place_at_site(registers, thread->continuation);
        return PLACE_EDGE;
    }
    if (in_range(rip, gate_exit_uncommitted, gate_exit_end)) {
        place_from_block(registers, thread);
        return PLACE_EDGE;
    }
    if (in_range(rip, gate_resume, gate_resume_end)) {
        if (rip >= (uint64_t)gate_resume_saved) {
            registers->rcx = thread->registers.rcx;
        }
        if (rip >= (uint64_t)gate_resume_on_stack) {
            registers->rsp = thread->registers.rsp;
        }
        registers->rip = thread->resume_rip;
        return PLACE_EDGE;
    }
    if (thread->in_monitor) {
        return PLACE_MONITOR;
    }
    return module_roll(registers) ? PLACE_EDGE : PLACE_PROGRAM;
}

/* Finds out where the program stands. A copy of its code may be where the gate was to go. */
static enum place find_place(struct thread *thread, struct sigcontext *registers)
{
    enum place place = find_place_in_gate(thread, registers);
    bool copied = keys_in_use && place != PLACE_MONITOR && copies_leave(thread, registers);
    return copied ? PLACE_EDGE : place;
}

bool place_at_edge(struct thread *thread, struct sigcontext *registers)
{
    return find_place(thread, registers) == PLACE_EDGE;
}

void pass_on_held_signals(struct thread *thread)
{
    area_closes(thread);
    SYS0(__NR_gettid); /* what it was told before comes at the end of a call */
    block_signals(ALL_SIGNALS);
    sigset pending = shares_signals(thread) ? held_signals_pending(thread) : 0;
    for (sigset left = pending; left != 0; left &= left - 1) {
        tell_thread_open_to(thread, lowest_signal(left));
    }
}

/*
 * Keeps a held signal that can't be delivered now. The kernel, which knows nothing of the blocking
 * of held signals, may have chosen any thread for one that was sent to the process.
 */
static void hold_signal(struct thread *thread, int signal, const struct kernel_siginfo *info)
{
    bool blocked = (thread->held_blocked & ~thread->held_waited & signal_bit(signal)) != 0;
    thread->held_came = true;
    if (blocked && info->si_code != SI_TKILL && shares_signals(thread)) {
        put_shared(signal, info);
        thread->held_to_offer |= signal_bit(signal);
    } else {
        keep_signal(thread, signal, info);
    }
    update_attention(thread);
}

/* A copy of the frame's FPU state, in the area. */
static uint64_t keep_fpu_image(struct thread *thread, const struct ucontext *context)
{
    uint64_t image = context->mcontext.fpstate;
    if (image == 0) {
        return 0;
    }
    uint64_t size = fpu_size(image);
    if (size > thread->fpu_image_size) {
        fatal("the kernel's signal frame is larger than AT_MINSIGSTKSZ said");
    }
    memcpy((void *)thread->fpu_image, (const void *)image, size);
    return thread->fpu_image;
}

/*
 * A signal came while the monitor worked for the program. It is delivered when the monitor leaves;
 * until then the kernel keeps all others, in its own order.
 */
static void queue_signal(struct thread *thread, const struct kernel_siginfo *info,
                         struct ucontext *context)
{
    thread->queued_frame.uc = *context;
    thread->queued_frame.info = *info;
    thread->queued_mask = context->sigmask;
    thread->queued_frame.uc.mcontext.fpstate = keep_fpu_image(thread, context);
    thread->queued = true;
    context->sigmask = ALL_BUT_HELD;
    update_attention(thread);
}

void unqueue_held_signal(struct thread *thread)
{
    const struct kernel_siginfo info = thread->queued_frame.info;
    thread->queued = false;
    hold_signal(thread, info.si_signo, &info);
    set_kernel_mask(thread->queued_mask);
}

/* A signal interrupted the monitor itself. */
static void signal_in_monitor(struct thread *thread, int signal, struct kernel_siginfo *info,
                              struct ucontext *context)
{
    uint64_t rip = context->mcontext.rip;
    bool synchronous = is_synchronous(signal, info, &context->mcontext);
    if (is_held(signal) && signal != SIGSYS && synchronous) {
        fatal_at("fault in the monitor", rip); /* SIGILL and the like repeat, blocked: fatal too */
    }
    if (signal == SIGSYS && synchronous) { /* a seccomp filter's trap, of the program's call */
        info->sigsys.call_addr = thread->continuation;
        if ((thread->held_blocked & signal_bit(SIGSYS)) != 0) {
            default_action(thread, signal, info, true);
            return;
        }
    }
    sigset blocked = thread->wait_mask_valid ? thread->wait_mask : thread->held_blocked;
    bool open = (blocked & signal_bit(signal)) == 0;
    /*
     * While the monitor blocks all signals, the kernel's mask is not the one to be restored. A
     * debugger that steps through the monitor opens SIGTRAP: force_sig_info_to_task().
     */
    const sigset never_blocked =
        HELD_SIGNALS | signal_bit(SIGKILL) | signal_bit(SIGSTOP) | signal_bit(SIGTRAP);
    bool all_blocked = (context->sigmask | never_blocked) == ALL_SIGNALS;
    bool held = is_held(signal) && (thread->queued || all_blocked || !open);
    if (held) {
        hold_signal(thread, signal, info);
    } else {
        queue_signal(thread, info, context);
    }
    bool awaited = !held || open || (thread->held_waited & signal_bit(signal)) != 0;
    if (awaited && rip >= (uint64_t)window_begin && rip <= (uint64_t)window_call) {
        context->mcontext.rip = (uint64_t)window_abort;
    }
}

/* Syscall User Dispatch caught this very instruction; a process can send itself the like. */
static bool is_dispatch(int signal, const struct kernel_siginfo *info,
                        const struct sigcontext *registers)
{
    return signal == SIGSYS && info->si_code == SYS_USER_DISPATCH &&
           info->sigsys.call_addr == registers->rip;
}

/* A call that was dispatched takes the way of a rewritten site from here on. */
static void dispatch_trap(struct thread *thread, const struct kernel_siginfo *info,
                          struct ucontext *context)
{
    struct sigcontext *registers = &context->mcontext;
    if (info->sigsys.arch != AUDIT_ARCH_X86_64) {
        registers->rax = (uint64_t)-ENOSYS; /* int 0x80: the 32-bit interface is closed */
        resume_program(thread, context);
        return;
    }
    channel_trap(thread, info->sigsys.call_addr - 2);
    if (info->sigsys.syscall == __NR_rt_sigreturn &&
        (thread->filter != 0 || thread->user_dispatch.on)) {
        keep_fpu_image(thread, context); /* for handle_RT_SIGRETURN, if it is to be made */
    } else if (info->sigsys.syscall == __NR_rt_sigreturn) {
        channel_count_call(thread);
        thread->in_monitor = 1;
        return_from_handler(thread, registers->rsp, context);
        return;
    }
    registers->rcx = thread->continuation = info->sigsys.call_addr;
    registers->rip = gate_in_use;
    if ((registers->eflags & EFLAGS_NOT_RESTORED) != 0) {
        /* rt_sigreturn would lose these flags: let gate_exit set them. */
        memcpy(&thread->registers, registers, sizeof thread->registers);
        thread->registers.rip = gate_in_use;
        thread->in_monitor = 1;
        registers->rsp = thread->monitor_stack;
        registers->rip = (uint64_t)gate_exit;
        registers->eflags = 0; /* DF: gate_exit may have to call */
    }
}

/*
 * The program sends a signal to its own thread. All signals are blocked here: the kernel delivers
 * it on the way back to the program, so that core dumps and debuggers show the program's own place.
 */
static void signal_itself(const struct thread *thread, struct sigcontext *registers)
{
    registers->rax =
        (uint64_t)SYS3((long)registers->rax, registers->rdi, registers->rsi, registers->rdx);
    place_behind_site(registers, thread->continuation);
    registers->r11 = registers->eflags;
}

/* The siginfo of a signal that came at `rip`, from where the registers have been rolled. */
static void roll_siginfo(int signal, struct kernel_siginfo *info,
                         const struct sigcontext *registers, uint64_t rip)
{
    bool of_instruction = is_single_step(signal, info, registers) ||
                          ((signal == SIGFPE || signal == SIGILL) && info->si_code > 0);
    if (of_instruction && info->si_addr == rip) {
        info->si_addr = registers->rip;
    }
    if (signal == SIGSYS && info->si_code == SYS_SECCOMP && info->sigsys.call_addr == rip) {
        info->sigsys.call_addr = registers->rip;
    }
}

/* What the monitor raises itself or hides: the context is ready to go on. */
static bool is_settled(struct thread *thread, int signal, const struct kernel_siginfo *info,
                       struct sigcontext *registers)
{
    uint64_t rip = registers->rip;
    if ((signal == SIGSEGV || signal == SIGBUS) && is_synchronous(signal, info, registers)) {
        if (in_range(rip, user_copy_begin, user_copy_end)) {
            registers->rip = (uint64_t)user_copy_fault;
            return true;
        }
        if (in_range(rip, time_stamp_begin, time_stamp_end)) {
            registers->rip = (uint64_t)time_stamp_fault;
            return true;
        }
    }
    if (rip == (uint64_t)gate_signals_itself_end && is_dispatch(signal, info, registers)) {
        signal_itself(thread, registers);
        return true;
    }
    return is_single_step(signal, info, registers) && hides_step(thread, registers);
}

/* The signal, or the held one in whose place it came: 0 if another thread was faster. */
static int signal_meant(struct thread *thread, int signal, struct kernel_siginfo *info,
                        struct sigcontext *registers)
{
    bool takes_held =
        registers->rip == (uint64_t)gate_takes_held_end && is_dispatch(signal, info, registers);
    if (in_range(registers->rip, gate_takes_held_uncommitted, gate_text_end)) {
        registers->rip = (uint64_t)gate_exit_uncommitted;
    }
    if (takes_held) {
        return take_held_signal(thread, ~thread->held_blocked, info);
    }
    if (signal == SIGSEGV && info->si_code == SI_OFFER) {
        signal = info->si_errno;
        return is_held(signal) && take_shared(signal, info) ? signal : 0;
    }
    return signal;
}

/* A fault, at `rip`, by which code that was made at run time goes on. */
static bool is_codes(struct thread *thread, int signal, const struct kernel_siginfo *info,
                     struct sigcontext *registers, uint64_t rip)
{
    bool ends = registers->trapno == TRAP_PROTECTION && copies_end(thread, rip);
    bool faults = registers->trapno == TRAP_PAGE_FAULT && info->si_code != SEGV_MAPERR &&
                  info->si_code != SI_KERNEL; /* its own: the trap is of an earlier one */
    if (!keys_in_use || signal != SIGSEGV || !(ends || faults) ||
        !is_synchronous(signal, info, registers)) {
        return false;
    }
    set_kernel_mask(ALL_SIGNALS); /* lets faults of user copies through */
    if (ends) {
        code_go_on(registers);
    }
    return ends || code_fault(registers);
}

void monitor_signal(int signal, struct kernel_siginfo *info, struct ucontext *context)
{
    struct thread *thread = current_thread();
    struct sigcontext *registers = &context->mcontext;
    uint64_t rip = registers->rip;
    if (is_settled(thread, signal, info, registers)) {
        return;
    }
    signal = signal_meant(thread, signal, info, registers);
    if (signal == 0) {
        return;
    }
    if (thread->queued && !thread->in_monitor) {
        hold_signal(thread, signal, info); /* on the way out; all others are blocked */
        return;
    }
    bool dispatched = is_dispatch(signal, info, registers);
    enum place place = find_place(thread, registers);
    if (place == PLACE_MONITOR) {
        signal_in_monitor(thread, signal, info, context);
        return;
    }
    if (dispatched) {
        if (place == PLACE_EDGE && !copies_hold(thread, rip)) {
            fatal_at("system call of the monitor was dispatched", rip);
        }
        info->sigsys.call_addr = registers->rip; /* of what a copy stands for */
        dispatch_trap(thread, info, context);
        return;
    }
    if (place == PLACE_EDGE) {
        roll_siginfo(signal, info, registers, rip);
    }
    thread->in_monitor = 1;
    if (is_codes(thread, signal, info, registers, rip)) {
        resume_program(thread, context);
        return;
    }
    if (is_held(signal) && (thread->held_blocked & signal_bit(signal)) != 0) {
        if (is_synchronous(signal, info, registers)) {
            default_action(thread, signal, info, true);
            return;
        }
        hold_signal(thread, signal, info);
        resume_program(thread, context);
        return;
    }
    set_kernel_mask(ALL_SIGNALS); /* lets faults of user copies through */
    deliver_signal(thread, signal, info, context);
}

/* Called by gate_exit: whether a held signal can be delivered. */
bool monitor_attention(struct thread *thread)
{
    if (thread->queued) {
        struct ucontext *context = &thread->queued_frame.uc;
        struct kernel_siginfo info = thread->queued_frame.info;
        thread->queued = false;
        place_from_block(&context->mcontext, thread);
        copies_leave(thread, &context->mcontext);
        context->sigmask = thread->queued_mask;
        deliver_signal(thread, info.si_signo, &info, context);
        update_attention(thread);
        resume_from_block(thread);
    }
    sigset offered = thread->held_to_offer;
    thread->held_to_offer &= ~offered;
    for (sigset left = offered; left != 0; left &= left - 1) {
        tell_thread_open_to(thread, lowest_signal(left));
    }
    update_attention(thread);
    return (held_signals_pending(thread) & ~thread->held_blocked) != 0;
}

noreturn void resume_from_block(struct thread *thread)
{
    struct rt_sigframe frame = thread->queued_frame;
    if (keys_in_use) {
        give_monitor_rights(&frame.uc.mcontext);
    }
    resume_frame(&frame);
}
