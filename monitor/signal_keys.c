/*
 * Signals with protection keys. A signal that interrupts the program leaves its frame where the
 * program can write: it is copied once, and control goes on from the copy. Code of the monitor is
 * never resumed from such a frame, and every way back to the program leads through the gate, which
 * sets rights and selector itself.
 */
#include "signal.h"
#include "code.h"
#include "process.h"
#include "support.h"

static bool in_range(uint64_t rip, code_label first, code_label behind)
{
    return rip - (uint64_t)first < (uint64_t)(behind - first);
}

/* gate_entry_keys: before the call. Some registers wait elsewhere; gate_keys.S says which. */
static void place_before_call(struct thread *thread, struct sigcontext *registers)
{
    const struct open_page *open = open_page_of(thread);
    uint64_t rip = registers->rip;
    uint64_t continuation = rip == (uint64_t)gate_entry_keys         ? registers->rcx
                            : rip < (uint64_t)gate_continuation_kept ? open->rcx
                                                                     : thread->continuation;
    if (rip >= (uint64_t)gate_rdx_kept) {
        registers->rdx = open->rdx;
    }
    if (rip >= (uint64_t)gate_rax_kept && rip != (uint64_t)gate_call_quick &&
        rip != (uint64_t)gate_call_keys) {
        registers->rax = registers->r11;
    }
    registers->rip = continuation - 2;
    registers->rcx = continuation;
    registers->r11 = registers->eflags;
}

static void place_behind_call(struct thread *thread, struct sigcontext *registers)
{
    if (in_range(registers->rip, gate_result_quick, gate_result_restored) ||
        in_range(registers->rip, gate_result_kept, gate_end_keys)) {
        registers->rax = registers->r11;
        registers->rdx = open_page_of(thread)->rdx;
    }
    registers->rip = registers->rcx = thread->continuation;
    registers->r11 = registers->eflags;
}

/* gate_xrstor: back to the call, or behind it. The stack is the program's, and so is the loss. */
static void place_at_resolver(struct sigcontext *registers)
{
    uint64_t behind = 0;
    if (copy_from_user(&behind, user_pointer(registers->rsp), sizeof behind) == 0) {
        bool done = registers->rip >= (uint64_t)gate_xrstor_done;
        registers->rip = done ? behind : behind - RESOLVER_CALL_SIZE;
        registers->rsp += sizeof behind;
    } else {
        registers->rip = 0; /* a fault, as the return would be */
    }
}

bool find_place_keys(struct thread *thread, struct sigcontext *registers)
{
    uint64_t rip = registers->rip;
    if (in_range(rip, gate_entry_keys, gate_after_quick) ||
        in_range(rip, gate_forward_keys, gate_after_keys)) {
        place_before_call(thread, registers);
    } else if (in_range(rip, gate_after_quick, gate_end_keys)) {
        place_behind_call(thread, registers);
    } else if (in_range(rip, gate_leave_keys, gate_leave_end_keys)) {
        registers->rax = thread->registers.rax;
        registers->rcx = thread->registers.rcx;
        registers->rdx = thread->registers.rdx;
        registers->rip = thread->registers.rip;
        if (registers->rip == gate_forward_in_use) {
            registers->rip = thread->continuation - 2;
        }
    } else if (in_range(rip, gate_xrstor, gate_xrstor_end)) {
        place_at_resolver(registers);
    } else if (in_range(rip, gate_resume_keys, gate_resume_end_keys)) {
        if (rip >= (uint64_t)gate_resume_saved_keys) {
            registers->rax = thread->registers.rax;
            registers->rcx = thread->registers.rcx;
            registers->rdx = thread->registers.rdx;
        }
        registers->rip = thread->resume_rip;
    } else {
        return false;
    }
    thread->in_window = thread->forward = 0;
    return true;
}

/* The frame's own copy of the FPU state: what the kernel wrote up to the end of the open part. */
static void copy_fpu_image(struct thread *thread, struct sigcontext *registers, uint64_t frame)
{
    uint64_t end = thread->fpu_image;
    uint64_t image = registers->fpstate;
    if (image == 0) {
        return;
    }
    if (image < frame + sizeof(struct rt_sigframe) || image + FXSAVE_SIZE > end ||
        end - image > thread->fpu_image_size) {
        fatal("a signal frame was changed while it was read");
    }
    memcpy((void *)thread->entry_image, (const void *)image, end - image);
    registers->fpstate = thread->entry_image;
    const struct fp_sw_bytes *extra =
        (const struct fp_sw_bytes *)(thread->entry_image + FP_SW_OFFSET);
    if (extra->extended_size > end - image ||
        (uint64_t)extra->xstate_size + sizeof(uint32_t) != extra->extended_size) {
        fatal("a signal frame was changed while it was read");
    }
}

/*
 * The program was interrupted while the monitor made a call for it: window_syscall_keys. Only the
 * result is taken from its frame.
 */
static void resume_window(struct thread *thread, struct sigcontext *registers, uint64_t rip)
{
    if (in_range(rip, window_begin_keys, window_after_keys) ||
        in_range(rip, window_abort_keys, window_abort_keys + 16)) {
        registers->rip = (uint64_t)window_abort_keys;
    } else {
        if (rip != (uint64_t)window_after_keys) {
            registers->rax = registers->r11;
        }
        registers->rip = (uint64_t)window_return_keys;
    }
    registers->rsp = thread->window_stack;
    registers->cs = USER_CS; /* 32-bit code would go on in the program's memory */
    registers->ss = USER_DS;
    registers->eflags = 0; /* DF, AC, TF */
}

/* The few instructions that stand on the monitor stack while in_monitor is 0. */
static bool is_at_border(uint64_t rip)
{
    return in_range(rip, gate_slow_on_stack, gate_slow_committed) ||
           in_range(rip, gate_exit_uncommitted, gate_exit_end) ||
           in_range(rip, gate_resume_on_stack, gate_resume_end) ||
           in_range(rip, gate_takes_held_uncommitted, gate_text_end);
}

/*
 * The kernel pushed the frame below the interrupted stack pointer, where nobody else writes. But
 * the program may have pointed RSP there, even over what a call in the window goes on with, and
 * from Linux 6.12 on its rights don't count for that.
 */
static void check_own_frame(struct thread *thread, int signal, const struct rt_sigframe *frame)
{
    const struct sigcontext *registers = &frame->uc.mcontext;
    uint64_t rip = registers->rip;
    bool faulted =
        (signal == SIGSEGV || signal == SIGBUS) && is_synchronous(signal, &frame->info, registers);
    if ((uint64_t)(frame + 1) > thread->monitor_stack || registers->rsp > thread->monitor_stack) {
        fatal_at("a signal frame lies across the border of the monitor's stack", (uint64_t)frame);
    }
    if ((!thread->in_monitor && (faulted || !is_at_border(rip))) ||
        (in_range(rip, window_begin_keys, window_end_keys) &&
         registers->rsp != thread->window_stack)) {
        fatal_at("the program uses the monitor's stack", rip);
    }
}

/*
 * Called by signal_entry_keys: the frame to resume from, on the monitor stack. `own` is room for
 * one there.
 */
struct rt_sigframe *monitor_signal_keys(int signal, struct kernel_siginfo *info,
                                        struct ucontext *context, struct rt_sigframe *own)
{
    struct thread *thread = current_thread();
    struct rt_sigframe *frame =
        (struct rt_sigframe *)((uint64_t)context - offsetof(struct rt_sigframe, uc));
    if ((uint64_t)frame < thread->monitor_stack) {
        check_own_frame(thread, signal, frame);
        monitor_signal(signal, info, context);
        return frame;
    }
    memcpy(own, frame, sizeof *own);
    own->uc.stack = kernel_alternate_stack(thread); /* rt_sigreturn sets that too */
    own->uc.sigmask &= ~HELD_SIGNALS;
    own->info.si_signo = signal;
    struct sigcontext *registers = &own->uc.mcontext;
    uint64_t rip = registers->rip;
    copy_fpu_image(thread, registers, (uint64_t)frame);
    bool inside = in_range(rip, monitor_text_start, monitor_text_end);
    /* A state of the program's that XRSTOR refuses: rt_sigreturn has restored all but that. */
    bool refused = rip == (uint64_t)gate_resume_keys && own->info.si_code == SI_KERNEL;
    if (inside && !refused && (signal == SIGSEGV || signal == SIGBUS) &&
        is_synchronous(signal, &own->info, registers)) {
        fatal_at("the monitor's code was entered where it may not be", rip);
    }
    bool in_gate = in_range(rip, gate_entry_keys, gate_resume_end_keys) ||
                   in_range(rip, gate_slow, gate_resume_unstepped);
    /* In its own call it is nowhere else, whatever the frame says: it would be left half-way. */
    bool in_monitor = thread->in_monitor && (thread->in_window || !in_gate);
    if (in_monitor && !in_range(rip, window_begin_keys, signal_entry_keys)) {
        fatal_at("a signal came in the monitor, on the program's stack", rip);
    }
    if (inside && !in_monitor && !in_gate) {
        fatal_at("the program jumped into the monitor's code", rip);
    }
    monitor_signal(signal, &own->info, &own->uc);
    if (in_monitor) {
        resume_window(thread, registers, rip);
    }
    bool rolled = in_gate && registers->rip == rip;
    if (rolled && !place_at_edge(thread, registers)) {
        fatal_at("the monitor would go on with registers that the program could write", rip);
    }
    /* Where the program says that it stands, which may be anywhere. */
    rolled = rolled ||
             (rip == (uint64_t)gate_signals_itself_end && registers->rip == thread->continuation);
    bool to_gate = !rolled && in_range(registers->rip, monitor_text_start, monitor_text_end);
    if (!in_monitor && !to_gate) {
        resume_program(thread, &own->uc);
    }
    give_monitor_rights(registers); /* rt_sigreturn reads the frame with the rights in it */
    return own;
}
