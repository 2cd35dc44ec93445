/*
 * clone and its family. The child's first instruction is the monitor's: it takes its own area, arms
 * Syscall User Dispatch and only then goes on behind the program's call, with signals blocked till
 * then.
 */
#include "process.h"
#include "calls.h"
#include "../trace/record/channel.h"
#include "code.h"
#include "seccomp.h"
#include "signal.h"
#include "support.h"
#include "syscall.h"
#include "../policy/enforce/enforce.h"

/* One creation of a thread or process, as the program asked for it. */
struct creation {
    long number; /* clone or clone3 */
    uint64_t flags;
    uint64_t stack; /* the program's stack pointer in the child */
    unsigned long arguments[6];
    struct clone_args clone3;
};

static void copy_signal_table(struct signal_table *to, struct signal_table *from)
{
    lock_acquire(&from->lock);
    memcpy(to->action, from->action, sizeof to->action);
    lock_release(&from->lock);
    to->lock = 0;
}

/* CLONE_CLEAR_SIGHAND: all handlers go, ignored signals stay ignored. */
static void clear_handlers(struct signal_table *table)
{
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        if (table->action[i].handler != SIG_IGN) {
            table->action[i] = (struct kernel_sigaction){0};
        }
    }
}

/* Fills the block of a child that shares memory; nothing in it runs yet. */
static void prepare_child(struct thread *child, struct thread *parent,
                          const struct creation *creation, sigset mask)
{
    child->registers = parent->registers;
    child->registers.rax = 0;
    child->registers.rsp = creation->stack;
    child->registers.rip = child->registers.rcx = parent->continuation;
    child->registers.r11 = parent->registers.eflags;
    child->continuation = parent->continuation;
    child->in_monitor = 1;
    child->shares_descriptors = (creation->flags & CLONE_FILES) != 0;
    child->freed_by_parent = (creation->flags & CLONE_VFORK) != 0;
    child->is_guest = (creation->flags & CLONE_THREAD) == 0;
    child->handlers_cleared = (creation->flags & CLONE_CLEAR_SIGHAND) != 0;
    child->held_blocked = parent->held_blocked;
    child->entry_mask = mask;
    if ((creation->flags & CLONE_CHILD_SETTID) != 0) {
        child->tid_place =
            creation->number == __NR_clone ? creation->arguments[3] : creation->clone3.child_tid;
    }
    seccomp_share(child, parent, (creation->flags & CLONE_THREAD) != 0);
    child->alternate_stack =
        (creation->flags & CLONE_VFORK) != 0 ? parent->alternate_stack : disabled_stack;
    if ((creation->flags & CLONE_SIGHAND) != 0) {
        child->signals = parent->signals;
    } else {
        copy_signal_table(&child->own_signals, parent->signals);
        child->signals = &child->own_signals;
        if ((creation->flags & CLONE_CLEAR_SIGHAND) != 0) {
            clear_handlers(child->signals);
        }
    }
}

/* Where a child that shares memory begins: on its own stack, its parent's %gs, no dispatch. */
void monitor_child_start(struct thread *thread)
{
    if (thread->handlers_cleared) {
        install_held_handlers(thread->signals);
    }
    if (!adopt_area(thread)) {
        fatal("the base of %gs can't be set");
    }
    channel_attach(thread);
    if (thread->tid_place != 0) {
        set_kernel_mask(ALL_SIGNALS); /* lets faults of user copies through */
        copy_to_user(user_pointer(thread->tid_place), &thread->tid, sizeof thread->tid);
    }
    set_kernel_mask(thread->entry_mask);
}

/* In the child of a fork: the same area, the same stack, a copy of everything. */
static void continue_forked(struct thread *thread, const struct creation *creation, sigset mask)
{
    areas_unlock_after_fork();
    areas_keep_only(thread);
    finish_shared_signals();
    if (thread->signals != &process_signals) {
        copy_signal_table(&process_signals, thread->signals);
        thread->signals = &process_signals;
    }
    thread->signals->lock = 0;
    if ((creation->flags & CLONE_CLEAR_SIGHAND) != 0) {
        clear_handlers(thread->signals);
        install_held_handlers(thread->signals);
    }
    thread->shares_descriptors = (creation->flags & CLONE_FILES) != 0;
    thread->freed_by_parent = thread->is_guest = false;
    thread->user_dispatch.on = false;
    thread->registers.rsp = creation->stack;
    thread->pid = (int32_t)SYS0(__NR_getpid);
    thread->tid = (int32_t)SYS0(__NR_gettid);
    memset(thread->changed_calls, 0, sizeof thread->changed_calls);
    arm_dispatch(thread);
    channel_attach(thread);
    update_attention(thread);
    set_kernel_mask(mask);
}

/* The kernel writes there with the monitor's rights, or when the thread ends. */
static bool writes_to_monitor(const struct creation *creation)
{
    const struct clone_args *given = &creation->clone3;
    if (creation->number == __NR_clone) {
        return overlaps_monitor(creation->arguments[2], sizeof(int32_t)) ||
               overlaps_monitor(creation->arguments[3], sizeof(int32_t));
    }
    return overlaps_monitor(given->pidfd, sizeof(int32_t)) ||
           overlaps_monitor(given->child_tid, sizeof(int32_t)) ||
           overlaps_monitor(given->parent_tid, sizeof(int32_t)) ||
           overlaps_monitor(given->set_tid, given->set_tid_size * sizeof(int32_t));
}

static long create_process(struct thread *thread, struct creation *creation, sigset mask)
{
    struct signal_table *table = thread->signals;
    areas_lock_for_fork();
    lock_acquire(&table->lock);
    if (creation->number == __NR_clone) {
        creation->arguments[1] = 0;
    }
    struct held_signals aside;
    set_held_signals_aside(thread, &aside);
    long result = writes_to_monitor(creation)
                      ? -EFAULT
                      : clone_syscall(creation->number, creation->arguments, 0);
    lock_release(&table->lock);
    if (result == 0) {
        continue_forked(thread, creation, mask);
        return 0;
    }
    areas_unlock_after_fork();
    put_held_signals_back(thread, &aside);
    return result;
}

/*
 * What the kernel writes when a thread dies it writes with the rights held then: who waits here for
 * its vfork child, and is killed, leaves memory that the child goes on in. That the kernel tells
 * the address of the id was seen by keep_apart().
 */
struct kept_addresses {
    uint64_t robust_list, size, tid;
};

static void exchange_kept(struct kept_addresses *kept)
{
    const struct kept_addresses next = *kept;
    SYS2(__NR_prctl, PR_GET_TID_ADDRESS, &kept->tid);
    SYS3(__NR_get_robust_list, 0, &kept->robust_list, &kept->size);
    SYS2(__NR_set_robust_list, next.robust_list, kept->size);
    SYS1(__NR_set_tid_address, next.tid);
}

static long create_sharing(struct thread *thread, struct creation *creation, sigset mask)
{
    struct thread *child = area_allocate();
    if (child == 0) {
        return -ENOMEM;
    }
    prepare_child(child, thread, creation, mask);
    /* The child writes its number itself: the kernel would do it some time, with all rights. */
    creation->clone3.flags &= ~(uint64_t)CLONE_CHILD_SETTID;
    if (creation->number == __NR_clone) {
        creation->arguments[0] &= ~(uint64_t)CLONE_CHILD_SETTID;
        creation->arguments[1] = child->monitor_stack;
    } else {
        creation->clone3.stack = child->monitor_stack - child->monitor_stack_size;
        creation->clone3.stack_size = child->monitor_stack_size;
    }
    struct kept_addresses aside = {0};
    bool waits = keys_in_use && (creation->flags & CLONE_VFORK) != 0;
    if (waits) {
        exchange_kept(&aside);
    } else {
        memory_acquire(); /* what is the program's stays so until the kernel has written there */
    }
    long result = writes_to_monitor(creation)
                      ? -EFAULT
                      : clone_syscall(creation->number, creation->arguments, child);
    if (waits) {
        exchange_kept(&aside);
        if (child->memory_depth != 0) { /* killed half-way: what is known of memory is not true */
            fatal("a vfork child was ended while it changed its parent's memory");
        }
    } else {
        memory_release();
    }
    if (is_error(result) || (creation->flags & CLONE_VFORK) != 0) {
        scratch_release(child);
        child->tid = 0;      /* what goes on under that number runs in memory of its own */
        area_release(child); /* a vfork child has executed or ended: it is out of this memory */
    }
    return result;
}

/*
 * A process that shares memory without being a thread does so as a vfork child alone, by itself,
 * and nothing is written when it dies: the others go on.
 */
static bool shares_too_much(const struct thread *thread, uint64_t flags)
{
    bool waits = (flags & (CLONE_VFORK | CLONE_CHILD_CLEARTID)) == CLONE_VFORK;
    return (flags & CLONE_VM) != 0 && (thread->is_guest || ((flags & CLONE_THREAD) == 0 && !waits));
}

/*
 * Other threads of a process that is killed may be anywhere in the monitor, and the vfork child
 * goes on: it gets memory of its own. So does that of a vfork child, which would outlive the wait
 * for it.
 */
static void keep_apart(const struct thread *thread, struct creation *creation)
{
    const uint64_t shared = CLONE_VM | CLONE_VFORK | CLONE_SIGHAND;
    const uint64_t waits = creation->flags & (CLONE_VM | CLONE_VFORK | CLONE_THREAD);
    uint64_t address;
    if (keys_in_use && waits == (CLONE_VM | CLONE_VFORK) &&
        (thread->is_guest || areas_have_others(thread) ||
         SYS2(__NR_prctl, PR_GET_TID_ADDRESS, &address) != 0)) {
        creation->flags &= ~shared;
        creation->arguments[0] &= creation->number == __NR_clone ? ~shared : ~0UL;
        creation->clone3.flags = creation->flags;
        creation->clone3.stack = creation->clone3.stack_size = 0;
    }
}

static long create(struct thread *thread, struct creation *creation)
{
    keep_apart(thread, creation);
    if (thread->queued) {
        return CALL_ABORTED; /* as the kernel: signals first, then fork */
    }
    if ((keys_in_use || policy_has_paths()) &&
        (creation->flags & (CLONE_NEWUSER | CLONE_FS)) == CLONE_NEWUSER) {
        return -EPERM; /* with CLONE_FS it is EINVAL */
    }
    if ((keys_in_use && shares_too_much(thread, creation->flags)) ||
        (policy_has_paths() && (creation->flags & (CLONE_NEWNS | CLONE_NEWPID)) != 0)) {
        return -EPERM;
    }
    /* A child that shares memory starts with its creator's %gs: it can't take a held one either. */
    bool sharing = (creation->flags & CLONE_VM) != 0;
    sigset mask = block_signals(sharing ? ALL_SIGNALS : ALL_BUT_HELD);
    if (thread->queued) {
        block_signals(ALL_BUT_HELD); /* its delivery copies */
        return CALL_ABORTED;
    }
    if ((creation->flags & CLONE_FILES) != 0) {
        thread->shares_descriptors = true;
    }
    long result =
        sharing ? create_sharing(thread, creation, mask) : create_process(thread, creation, mask);
    if (result != 0) {
        set_kernel_mask(mask);
    }
    return result;
}

long handle_CLONE(struct thread *thread, const struct user_registers *call)
{
    uint64_t flags = call->rdi, stack = call->rsi;
    if ((uint32_t)call->rax != __NR_clone) { /* fork, vfork */
        flags = (uint32_t)call->rax == __NR_vfork ? CLONE_VM | CLONE_VFORK | SIGCHLD : SIGCHLD;
        stack = 0;
    }
    struct creation creation = {
        .number = __NR_clone,
        .flags = (uint32_t)flags,
        .stack = stack != 0 ? stack : call->rsp,
        .arguments = {flags, 0, call->rdx, call->r10, call->r8},
    };
    return create(thread, &creation);
}

long handle_CLONE3(struct thread *thread, const struct user_registers *call)
{
    struct creation creation = {.number = __NR_clone3};
    uint64_t size =
        call->rsi < sizeof creation.clone3 ? call->rsi : (uint64_t)sizeof creation.clone3;
    long error = copy_struct_from_user(&creation.clone3, sizeof creation.clone3,
                                       user_pointer(call->rdi), call->rsi, CLONE_ARGS_SIZE_VER0);
    if (error != 0) {
        return error;
    }
    struct clone_args *arguments = &creation.clone3;
    if ((arguments->stack == 0) != (arguments->stack_size == 0) || arguments->stack > TASK_SIZE ||
        arguments->stack_size > TASK_SIZE - arguments->stack) {
        return -EINVAL;
    }
    creation.flags = arguments->flags;
    creation.stack = arguments->stack != 0 ? arguments->stack + arguments->stack_size : call->rsp;
    if ((arguments->flags & CLONE_VM) == 0) {
        arguments->stack = arguments->stack_size = 0;
    }
    creation.arguments[0] = (unsigned long)arguments;
    creation.arguments[1] = size;
    return create(thread, &creation);
}

void leave_process(struct thread *thread)
{
    pass_on_held_signals(thread);
    if (!thread->freed_by_parent) {
        channel_detach(thread);
        area_release(thread); /* taken again only once this kernel thread is gone */
    }
}

long handle_EXIT(struct thread *thread, const struct user_registers *call)
{
    if (thread->queued) {
        return CALL_ABORTED;
    }
    block_signals(ALL_BUT_HELD);
    if (thread->queued) {
        return CALL_ABORTED;
    }
    uint64_t number = 0; /* the kernel clears it in the end */
    if (code_alternates(0, TASK_SIZE) && SYS2(__NR_prctl, PR_GET_TID_ADDRESS, &number) == 0) {
        code_open(number, sizeof(int32_t), true);
    }
    leave_process(thread);
    for (;;) { /* with the program's rights: it is the program's robust list that is walked */
        thread->attention = 0;
        forward_call(call);
    }
}

#define CHILD_STACK (64UL << 10)

long run_in_child(void (*function)(void *), void *argument)
{
    long stack = monitor_map(CHILD_STACK, PROT_READ | PROT_WRITE, -1);
    if (is_error(stack)) {
        return stack;
    }
    int32_t status = -ECHILD;
    sigset mask = block_signals(ALL_BUT_HELD);
    long pid = vfork_call((uint64_t)stack + CHILD_STACK, function, argument);
    if (pid > 0 && SYS4(__NR_wait4, pid, &status, __WALL, 0) != pid) {
        status = -ECHILD;
    }
    set_kernel_mask(mask);
    monitor_unmap((uint64_t)stack, CHILD_STACK);
    return pid < 0 ? pid : status;
}

void with_private_descriptors(void (*function)(void *), void *argument)
{
    if (!current_thread()->shares_descriptors) {
        function(argument);
        return;
    }
    run_in_child(function, argument);
}
