/*
 * From a number to its handler. The table is policy/syscalls.def; the numbers that it marks FORWARD
 * or QUICK never come here unless every call is counted: the gate makes those calls itself.
 */
#include "calls.h"
#include "../trace/record/channel.h"
#include "code.h"
#include "seccomp.h"
#include "support.h"
#include "../policy/enforce/enforce.h"
#include "../trace/record/inject.h"
#include "../trace/record/record.h"

/* Nothing to be done. Numbers that the table has not got have no handler at all. */
static long handle_FORWARD(UNUSED struct thread *thread, UNUSED const struct user_registers *call)
{
    return CALL_FORWARD;
}

/* The same; with protection keys by a shorter way. */
static long handle_QUICK(struct thread *thread, const struct user_registers *call)
{
    return handle_FORWARD(thread, call);
}

static call_handler *const handlers[] = {
#define SYSCALL(number, name, family, decision, handler, ...) [number] = handle_##handler,
#include "../policy/syscalls.def"
#undef SYSCALL
};

/* Handlers that have something to do only where protection keys are in use. */
static call_handler *const with_keys_only[] = {handle_MPROTECT,    handle_BRK,     handle_PKEY,
                                               handle_RANGE,       handle_KEPT,    handle_REFUSED,
                                               handle_PERSONALITY, handle_UNSHARE, handle_RECEIVE};

static bool is_forwarded(call_handler *handler)
{
    bool forwarded =
        handler == handle_FORWARD || handler == handle_QUICK || (handler == 0 && !keys_in_use) ||
        ((handler == handle_SECCOMP || handler == handle_LANDLOCK) && !seccomp_is_emulated());
    for (uint32_t i = 0; i < sizeof with_keys_only / sizeof with_keys_only[0]; i++) {
        forwarded = forwarded || (handler == with_keys_only[i] && !keys_in_use);
    }
    return forwarded;
}

#define CALL_TRIES 64U /* of a call whose EFAULT may be a moment's */

#define HANDLER_COUNT (sizeof handlers / sizeof handlers[0])

void dispatch_calls(bool (*which)(uint32_t number))
{
    for (uint32_t i = 0; i < sizeof call_class; i++) { /* threads may be reading it */
        if (call_class[i] != CLASS_HANDLED && (which == 0 || which(i))) {
            call_class[i] = CLASS_WATCHED;
        }
    }
}

/* The kernel reads the number from EAX alone; the gate calls no number of more than 16 bits. */
void prepare_dispatch(bool all)
{
    if (all) { /* else the zero pages of .bss will do: each one touched costs every exec */
        memset(call_class, CLASS_WATCHED, sizeof call_class);
    }
    for (uint32_t i = 0; i < HANDLER_COUNT; i++) {
        if (!is_forwarded(handlers[i])) {
            call_class[i] = CLASS_HANDLED;
        } else if (handlers[i] == handle_QUICK && keys_in_use && !all) {
            call_class[i] = CLASS_QUICK;
        }
    }
    for (uint32_t i = 0; i < HANDLER_COUNT; i++) {
        if (call_class[i] != CLASS_HANDLED &&
            (policy_watches(i) || trace_watches(i) || inject_watches(i))) {
            call_class[i] = CLASS_WATCHED;
        }
    }
    if (keys_in_use || policy_in_use != 0) { /* what newer kernels have */
        memset(call_class + HANDLER_COUNT, CLASS_HANDLED, sizeof call_class - HANDLER_COUNT);
    } else if (trace_watches(HANDLER_COUNT)) {
        memset(call_class + HANDLER_COUNT, CLASS_WATCHED, sizeof call_class - HANDLER_COUNT);
    }
    for (uint32_t i = 512; i < 548; i++) {
        call_class[i] = CLASS_HANDLED; /* numbers that only the x32 ABI has */
    }
}

static long read_program(void *target, uint64_t source, uint64_t size)
{
    return copy_from_user(target, user_pointer(source), size);
}

static bool open_code(UNUSED void *context, const struct call_range *range)
{
    return code_open(range->start, range->length, range->written);
}

/*
 * Memory that is writable and executable in turn, page by page: what the call may write to is made
 * writable before. True: there is some of it among the arguments.
 */
static bool works_on_code(const struct user_registers *call)
{
    const uint64_t arguments[6] = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9};
    return code_alternates(0, TASK_SIZE) &&
           call_visits((uint32_t)call->rax, arguments, read_program, open_code, 0);
}

static long call_handler_of(struct thread *thread, const struct user_registers *call)
{
    uint32_t number = (uint32_t)call->rax;
    if ((number & X32_SYSCALL_BIT) != 0 && number != ~0U) {
        return -ENOSYS; /* x32: other numbers for the same calls, and other shapes */
    }
    call_handler *handler = number < HANDLER_COUNT ? handlers[number] : 0;
    if (handler == 0) { /* unknown: without protection keys the kernel's to answer */
        return keys_in_use || policy_in_use != 0 ? -ENOSYS : CALL_FORWARD;
    }
    works_on_code(call);
    long result = policy_in_use != 0 ? policy_mediate(thread, call) : CALL_FORWARD;
    if (result != CALL_FORWARD) {
        return result;
    }
    result = call_class[number] == CLASS_HANDLED ? handler(thread, call) : CALL_FORWARD;
    if (result != CALL_FORWARD) {
        return result;
    }
    for (uint32_t tries = 0; tries < CALL_TRIES && works_on_code(call); tries++) {
        result = forward_call(call);
        if (result != -EFAULT || !call_is_repeatable(number)) {
            break; /* else another thread has executed it, or has it closed to be searched */
        }
    }
    return result;
}

/*
 * The program's filters come before all handlers. What they have seen is what is called: by the
 * window, since in the gate RDX waits where other threads of the program may write.
 */
static enum seccomp_verdict filtered_call(struct thread *thread, uint64_t *answer)
{
    const struct user_registers *call = &thread->registers;
    enum seccomp_verdict verdict = seccomp_judge(thread, call, answer);
    if (verdict == SECCOMP_MAKE) {
        long result = call_handler_of(thread, call);
        if (result == CALL_FORWARD || result == CALL_SIGNALS_ITSELF) {
            result = forward_call(call);
        }
        verdict = result == CALL_ABORTED ? SECCOMP_AGAIN : SECCOMP_ANSWERED;
        *answer = (uint64_t)result;
    }
    return verdict;
}

/*
 * The call in the thread's registers. What the program finds in RAX, or -ENDORUN_ERESTARTSYS where
 * it makes the call once more. `by_gate`: the gate may make it, and then its result is not known
 * here.
 */
static long carry_out(struct thread *thread, bool by_gate)
{
    struct user_registers *registers = &thread->registers;
    uint64_t answer = registers->rax;
    registers->rip = thread->continuation;
    enum seccomp_verdict verdict = user_dispatch_judge(thread, registers);
    if (verdict == SECCOMP_MAKE && thread->filter != 0) {
        verdict = filtered_call(thread, &answer);
    }
    if (verdict == SECCOMP_MAKE) {
        long result = call_handler_of(thread, registers);
        bool is_forwarded = result == CALL_FORWARD || result == CALL_SIGNALS_ITSELF;
        if (is_forwarded && by_gate) {
            thread->forward = keys_in_use;
            registers->rip =
                result == CALL_FORWARD ? gate_forward_in_use : (uint64_t)gate_signals_itself;
            return 0;
        }
        result = is_forwarded ? forward_call(registers) : result;
        verdict = result == CALL_ABORTED ? SECCOMP_AGAIN : SECCOMP_ANSWERED;
        answer = (uint64_t)result;
    }
    bool again = verdict == SECCOMP_AGAIN;
    if (again) { /* the program's own `syscall`, once more */
        answer = registers->rax;
        registers->rip = thread->continuation - 2;
    }
    /* What `syscall` leaves, also where the kernel restarts it. */
    registers->rax = answer;
    registers->rcx = thread->continuation;
    registers->r11 = registers->eflags;
    return again ? -ENDORUN_ERESTARTSYS : (long)answer;
}

/* The call as the trace's options change it. */
static long carry_out_changed(struct thread *thread, const struct endorun_injection *injection)
{
    struct user_registers *registers = &thread->registers;
    long result = injection->result;
    inject_begin(injection);
    if (injection->gives_result != 0) {
        registers->rip = registers->rcx = thread->continuation;
        registers->r11 = registers->eflags;
        registers->rax = (uint64_t)result;
    } else {
        result = carry_out(thread, false);
    }
    inject_end(injection);
    return result;
}

static void trace_and_carry_out(struct thread *thread, const struct endorun_injection *injection)
{
    const struct user_registers call = thread->registers;
    thread->was_denied = false;
    trace_call(thread);
    long result = injection == 0 ? carry_out(thread, false) : carry_out_changed(thread, injection);
    trace_return(thread, &call, result, injection != 0);
}

void monitor_syscall(struct thread *thread)
{
    const struct user_registers *registers = &thread->registers;
    uint32_t number = (uint32_t)registers->rax;
    channel_count_call(thread);
    const struct endorun_injection *injection = inject_count(thread, number);
    bool is_traced = thread->slot != 0 && trace_watches(number) && number != __NR_rt_sigreturn;
    if (is_traced) {
        trace_and_carry_out(thread, injection);
    } else if (injection != 0) {
        carry_out_changed(thread, injection);
    } else {
        carry_out(thread, true);
    }
    if (injection != 0) {
        inject_signal(thread, injection);
    }
}
