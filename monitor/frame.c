/*
 * The program's signal frames: built where the kernel would build them, and taken back by
 * rt_sigreturn. The layout and the order of steps follow arch/x86/kernel/signal.c and signal_64.c.
 */
#include "process.h"
#include "signal.h"
#include "support.h"
#include "syscall.h"
#include "../trace/record/record.h"

#define RED_ZONE          128UL
#define XRSTOR_ALIGNMENT  64UL /* SDM volume 1, 13.7 and 13.8 */
#define FXRSTOR_ALIGNMENT 16UL
#define XSAVE_HEADER_SIZE 64UL
#define STACK_SIZE_MIN    2048UL /* MINSIGSTKSZ: arch/x86/include/uapi/asm/signal.h */

struct signal_table process_signals;

const struct kernel_stack disabled_stack = {.flags = SS_DISABLE};

void resume_program(struct thread *thread, struct ucontext *context)
{
    if ((context->mcontext.cs | 3) != USER_CS) {
        /* 32-bit code, which no jump of the gate's reaches: rt_sigreturn itself goes there. */
        if (process_settings.selector) {
            fatal("32-bit code can't go on with the selector form: its calls would be allowed");
        }
        thread->in_monitor = 0;
        return;
    }
    thread->resume_rip = context->mcontext.rip;
    context->mcontext.rip = gate_resume_in_use;
}

bool on_alternate_stack(const struct kernel_stack *stack, uint64_t rsp)
{
    if ((uint32_t)stack->flags & SS_AUTODISARM) {
        return false;
    }
    return rsp > stack->sp && rsp - stack->sp <= stack->size;
}

uint64_t fpu_size(uint64_t fpstate)
{
    const struct fp_sw_bytes *extra = (const struct fp_sw_bytes *)(fpstate + FP_SW_OFFSET);
    return extra->magic1 == FP_XSTATE_MAGIC1 ? extra->extended_size : FXSAVE_SIZE;
}

/* Takes the disposition for one delivery, as get_signal() does: SA_RESETHAND resets it. */
static struct kernel_sigaction take_action(struct signal_table *table, int signal)
{
    lock_acquire(&table->lock);
    struct kernel_sigaction *entry = &table->action[signal - 1];
    struct kernel_sigaction action = *entry;
    if ((action.flags & SA_RESETHAND) != 0 && action.handler > SIG_IGN) {
        entry->handler = SIG_DFL;
        if (!is_held(signal)) {
            SYS4(__NR_rt_sigaction, signal, entry, 0, sizeof(sigset));
        }
    }
    lock_release(&table->lock);
    return action;
}

void default_action(struct thread *thread, int signal, const struct kernel_siginfo *info,
                    bool synchronous)
{
    bool repeats = synchronous && info->si_code != SI_KERNEL && signal != SIGSYS;
    struct kernel_sigaction reset = {.handler = SIG_DFL};
    SYS4(__NR_rt_sigaction, signal, &reset, 0, sizeof(sigset));
    if (!repeats) { /* comes again, to its default, once the mask allows */
        SYS4(__NR_rt_tgsigqueueinfo, thread->pid, thread->tid, signal, info);
    }
}

/*
 * The program's stack is no place for a frame: SIGSEGV, fatal if it is about SIGSEGV itself.
 * As force_sigsegv() in kernel/signal.c.
 */
static void frame_fault(struct thread *thread, int signal, struct ucontext *context)
{
    struct kernel_siginfo info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};
    struct kernel_sigaction *action = &thread->signals->action[SIGSEGV - 1];
    bool blocked = (thread->held_blocked & signal_bit(SIGSEGV)) != 0;
    if (signal == SIGSEGV || blocked || action->handler <= SIG_IGN) {
        default_action(thread, SIGSEGV, &info, false);
        fatal("no stack for a signal handler, and SIGSEGV did not end the process");
    }
    deliver_signal(thread, SIGSEGV, &info, context);
}

/* Makes an image of the kernel's one of which only `components` count; the others are initial. */
static void reduce_fpu_image(uint64_t image, uint64_t components)
{
    const uint32_t initial_mxcsr = 0x1f80; /* SDM volume 1, 10.2.3; XRSTOR always loads it */
    uint64_t *header = (uint64_t *)(image + FXSAVE_SIZE);
    header[0] &= components;
    memset(header + 1, 0, 7 * sizeof header[0]);
    if (components == 0) {
        *(uint32_t *)(image + MXCSR_OFFSET) = initial_mxcsr;
    }
}

/*
 * A handler starts with the initial FPU state. With protection keys the image stays, because it
 * holds PKRU: the kernel's initial rights would not do for a signal that comes at once.
 */
static void start_with_initial_fpu(struct sigcontext *registers)
{
    if (keys_in_use && registers->fpstate != 0) {
        reduce_fpu_image(registers->fpstate, 0);
    } else {
        registers->fpstate = 0;
    }
}

/* Where the frame goes: as get_sigframe(). 0: it does not fit on the alternate stack. */
static uint64_t place_frame(struct thread *thread, const struct kernel_sigaction *action,
                            uint64_t rsp, uint64_t image_size, uint64_t *image)
{
    const struct kernel_stack *stack = &thread->alternate_stack;
    bool confined = on_alternate_stack(stack, rsp);
    rsp -= RED_ZONE;
    if ((action->flags & SA_ONSTACK) != 0 && stack->size != 0 && !on_alternate_stack(stack, rsp)) {
        rsp = stack->sp + stack->size;
        confined = true;
    }
    *image = 0;
    if (image_size != 0) {
        rsp = *image = round_down(rsp - image_size, 64);
    }
    rsp = round_down(rsp - sizeof(struct rt_sigframe), 16) - 8;
    if (confined && !(rsp > stack->sp && rsp - stack->sp <= stack->size)) {
        return 0;
    }
    return rsp;
}

/* Gives the program its frame. The frame's address; 0: it can't be had. */
static uint64_t write_frame(struct thread *thread, const struct kernel_sigaction *action,
                            const struct kernel_siginfo *info, const struct ucontext *context,
                            sigset mask)
{
    uint64_t source = context->mcontext.fpstate;
    uint64_t image_size = source != 0 ? fpu_size(source) : 0;
    uint64_t image;
    uint64_t at = place_frame(thread, action, context->mcontext.rsp, image_size, &image);
    struct rt_sigframe frame = {.pretcode = action->restorer, .uc = *context, .info = *info};
    frame.uc.link = 0;
    frame.uc.stack = thread->alternate_stack;
    frame.uc.sigmask = mask;
    frame.uc.mcontext.oldmask = mask;
    frame.uc.mcontext.fpstate = image;
    frame.uc.mcontext.gs = 0;
    if (at == 0 || (action->flags & SA_RESTORER) == 0 ||
        (image != 0 && copy_to_user(user_pointer(image), (const void *)source, image_size) != 0) ||
        copy_to_user(user_pointer(at), &frame, sizeof frame) != 0) {
        return 0;
    }
    return at;
}

void deliver_signal(struct thread *thread, int signal, const struct kernel_siginfo *info,
                    struct ucontext *context)
{
    struct sigcontext *registers = &context->mcontext;
    struct kernel_sigaction action = take_action(thread->signals, signal);
    bool synchronous = is_synchronous(signal, info, registers);
    trace_signal(thread, info);
    if (action.handler == SIG_DFL ||
        (action.handler == SIG_IGN && synchronous && is_held(signal))) {
        default_action(thread, signal, info, synchronous);
        if (!is_held(signal) || keys_in_use) {
            resume_program(thread, context);
        } /* else it dies where it stands: a core dump shows the program's own address */
        return;
    }
    if (action.handler == SIG_IGN) {
        resume_program(thread, context);
        return;
    }
    sigset mask = (context->sigmask & ~HELD_SIGNALS) | thread->held_blocked;
    uint64_t at = write_frame(thread, &action, info, context, mask);
    if (at == 0) {
        frame_fault(thread, signal, context);
        return;
    }

    sigset inside = (thread->wait_mask_valid ? thread->wait_mask : mask) | action.mask;
    if ((action.flags & SA_NODEFER) == 0) {
        inside |= signal_bit(signal);
    }
    thread->wait_mask_valid = false;
    thread->held_blocked = inside & HELD_SIGNALS;
    if ((uint32_t)thread->alternate_stack.flags & SS_AUTODISARM) {
        thread->alternate_stack = disabled_stack;
    }
    update_attention(thread);
    context->sigmask = inside & ~HELD_SIGNALS;
    registers->rdi = (uint64_t)signal;
    registers->rsi = at + offsetof(struct rt_sigframe, info);
    registers->rdx = at + offsetof(struct rt_sigframe, uc);
    registers->rax = 0;
    registers->rsp = at;
    registers->rip = action.handler;
    registers->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
    registers->cs = USER_CS; /* the program may have been in 32-bit code */
    registers->ss = USER_DS;
    start_with_initial_fpu(registers);
    resume_program(thread, context);
}

long set_alternate_stack(struct thread *thread, const struct kernel_stack *given, uint64_t rsp)
{
    struct kernel_stack *stack = &thread->alternate_stack;
    uint32_t mode = (uint32_t)given->flags & ~SS_AUTODISARM;
    if (on_alternate_stack(stack, rsp)) {
        return -EPERM;
    }
    if (mode == SS_DISABLE) {
        *stack = (struct kernel_stack){.flags = given->flags};
        return 0;
    }
    if (mode != SS_ONSTACK && mode != 0) {
        return -EINVAL;
    }
    bool same =
        given->sp == stack->sp && given->size == stack->size && given->flags == stack->flags;
    if (!same && given->size < STACK_SIZE_MIN) {
        return -ENOMEM;
    }
    *stack = (struct kernel_stack){.sp = given->sp, .flags = given->flags, .size = given->size};
    return 0;
}

/*
 * Copies the FPU image of the program's frame over the one of `context`, for the kernel to restore
 * from there. What the kernel would refuse because of where the image lies is refused here; see
 * arch/x86/kernel/fpu/signal.c, check_xstate_in_sigframe() and __fpu_restore_sig().
 */
static long restore_fpu(struct ucontext *context, uint64_t source, uint64_t capacity)
{
    uint64_t target = context->mcontext.fpstate;
    if (source == 0 || target == 0) {
        start_with_initial_fpu(&context->mcontext);
        return 0;
    }
    struct fp_sw_bytes extra, *kept = (struct fp_sw_bytes *)(target + FP_SW_OFFSET);
    const struct fp_sw_bytes own = *kept;
    if (copy_from_user((void *)target, user_pointer(source), FXSAVE_SIZE) != 0) {
        return -EFAULT;
    }
    memcpy(&extra, (const void *)(target + FP_SW_OFFSET), sizeof extra);
    uint64_t size = extra.xstate_size + sizeof(uint32_t); /* and magic2 */
    if (extra.magic1 != FP_XSTATE_MAGIC1 || extra.xstate_size < FXSAVE_SIZE + XSAVE_HEADER_SIZE ||
        extra.xstate_size > extra.extended_size || size > capacity) {
        *kept = keys_in_use ? own : (struct fp_sw_bytes){0};
        if (keys_in_use) {
            reduce_fpu_image(target, XSTATE_FXSAVE);
        }
        return source % FXRSTOR_ALIGNMENT == 0 ? 0 : -EFAULT; /* the FXSAVE part alone counts */
    }
    if (source % XRSTOR_ALIGNMENT != 0) {
        return -EFAULT;
    }
    long result = copy_from_user((void *)(target + FXSAVE_SIZE), user_pointer(source + FXSAVE_SIZE),
                                 size - FXSAVE_SIZE);
    if (keys_in_use) {
        const uint32_t magic2 = FP_XSTATE_MAGIC2;
        bool whole =
            memcmp((const void *)(target + extra.xstate_size), &magic2, sizeof magic2) == 0;
        /* XSTATE_BV, XCOMP_BV, reserved: XRSTOR would fault (SDM volume 1, 13.8), and leave rights
         * with which an old kernel can't write the next frame. */
        const uint64_t *header = (const uint64_t *)(target + FXSAVE_SIZE);
        if (whole && ((header[0] & ~own.xfeatures) | header[1] | header[2]) != 0) {
            result = -EFAULT;
        }
        reduce_fpu_image(target, whole ? extra.xfeatures : XSTATE_FXSAVE);
        *(uint32_t *)(target + own.xstate_size) = FP_XSTATE_MAGIC2;
        *kept = own;
    }
    return result;
}

void give_monitor_rights(const struct sigcontext *registers)
{
    uint64_t image = registers->fpstate;
    if (image == 0 ||
        ((const struct fp_sw_bytes *)(image + FP_SW_OFFSET))->magic1 != FP_XSTATE_MAGIC1) {
        fatal("a signal frame without the rights to go on");
    }
    *(uint64_t *)(image + FXSAVE_SIZE) |= 1UL << XSTATE_PKRU;
    *(uint32_t *)(image + process_settings.pkru_offset) = PKRU_MONITOR;
}

void return_from_handler(struct thread *thread, uint64_t rsp, struct ucontext *context)
{
    struct rt_sigframe frame;
    struct sigcontext *registers = &context->mcontext;
    uint64_t capacity = registers->fpstate == thread->fpu_image ? thread->fpu_image_size
                        : registers->fpstate != 0               ? fpu_size(registers->fpstate)
                                                                : 0;
    set_kernel_mask(ALL_SIGNALS);
    if (copy_from_user(&frame, user_pointer(rsp - 8), sizeof frame) != 0) {
        frame_fault(thread, 0, context);
        return;
    }
    uint64_t fpstate = registers->fpstate;
    uint16_t fs = registers->fs, gs = registers->gs;
    *registers = frame.uc.mcontext;
    registers->fpstate = fpstate;
    registers->fs = fs;
    if ((frame.uc.flags & UC_STRICT_RESTORE_SS) == 0) {
        registers->ss = USER_DS;
    }
    registers->gs = gs;
    thread->held_blocked = frame.uc.sigmask & HELD_SIGNALS;
    context->sigmask = frame.uc.sigmask & ~HELD_SIGNALS;
    if (restore_fpu(context, frame.uc.mcontext.fpstate, capacity) != 0) {
        start_with_initial_fpu(registers);
        update_attention(thread);
        frame_fault(thread, 0, context);
        return;
    }
    set_alternate_stack(thread, &frame.uc.stack, registers->rsp); /* or not, as the kernel */
    update_attention(thread);
    trace_sigreturn(thread, rsp + offsetof(struct ucontext, sigmask), frame.uc.sigmask,
                    (long)registers->rax);
    resume_program(thread, context);
}

struct kernel_stack kernel_alternate_stack(const struct thread *thread)
{
    uint64_t low = thread->monitor_stack - thread->monitor_stack_size;
    return (struct kernel_stack){.sp = low, .size = thread->fpu_image - low};
}

struct kernel_sigaction monitor_action(uint64_t flags)
{
    return (struct kernel_sigaction){
        .handler = signal_entry_in_use,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER | flags,
        .restorer = (uint64_t)signal_return,
        .mask = ALL_SIGNALS,
    };
}

void install_held_handler(int signal, const struct kernel_sigaction *given)
{
    bool ends_calls = given->handler > SIG_IGN && (given->flags & SA_RESTART) == 0;
    const struct kernel_sigaction action = monitor_action(ends_calls ? 0 : SA_RESTART);
    if (SYS4(__NR_rt_sigaction, signal, &action, 0, sizeof(sigset)) != 0) {
        fatal("rt_sigaction: a handler of the monitor was refused");
    }
}

void install_held_handlers(const struct signal_table *table)
{
    for (sigset left = HELD_SIGNALS; left != 0; left &= left - 1) {
        install_held_handler(lowest_signal(left), &table->action[lowest_signal(left) - 1]);
    }
}
