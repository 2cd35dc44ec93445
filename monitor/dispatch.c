/*
 * From a number to its handler. The table is policy/syscalls.def; the numbers that it marks FORWARD
 * never come here unless every call is counted: the gate makes those calls itself.
 */
#include "calls.h"
#include "channel.h"
#include "support.h"

#define handle_FORWARD 0 /* nothing to be done */

static call_handler *const handlers[] = {
#define SYSCALL(number, name, family, decision, handler, ...) [number] = handle_##handler,
#include "../policy/syscalls.def"
#undef SYSCALL
};

/* Handlers that have something to do only where protection keys are in use. */
static call_handler *const with_keys_only[] = {handle_MPROTECT,   handle_BRK,  handle_PKEY,
                                               handle_RANGE,      handle_KEPT, handle_REFUSED,
                                               handle_PERSONALITY};

static bool is_forwarded(call_handler *handler)
{
    bool forwarded = handler == 0;
    for (uint32_t i = 0; i < sizeof with_keys_only / sizeof with_keys_only[0]; i++) {
        forwarded = forwarded || (handler == with_keys_only[i] && !keys_in_use);
    }
    return forwarded;
}

#define HANDLER_COUNT (sizeof handlers / sizeof handlers[0])

/* The kernel reads the number from EAX alone; the gate calls no number of more than 16 bits. */
void prepare_dispatch(bool count_all)
{
    if (count_all) { /* else the zero pages of .bss will do: each one touched costs every exec */
        memset(call_class, CLASS_COUNTED, sizeof call_class);
    }
    for (uint32_t i = 0; i < HANDLER_COUNT; i++) {
        if (!is_forwarded(handlers[i])) {
            call_class[i] = CLASS_HANDLED;
        }
    }
    for (uint32_t i = 512; i < 548; i++) {
        call_class[i] = CLASS_HANDLED; /* numbers that only the x32 ABI has */
    }
}

static long call_handler_of(struct thread *thread, const struct user_registers *call)
{
    uint32_t number = (uint32_t)call->rax;
    if ((number & X32_SYSCALL_BIT) != 0 && number != ~0U) {
        return -ENOSYS; /* x32: other numbers for the same calls, and other shapes */
    }
    if (number < HANDLER_COUNT && call_class[number] == CLASS_HANDLED) {
        return handlers[number](thread, call);
    }
    return CALL_FORWARD; /* unknown ones too: the kernel's to answer in this mode */
}

void monitor_syscall(struct thread *thread)
{
    struct user_registers *registers = &thread->registers;
    channel_count_call(thread);
    registers->rip = thread->continuation;
    long result = call_handler_of(thread, registers);
    if (result == CALL_ABORTED) {
        registers->rip = thread->continuation - 2; /* the program's own `syscall`, once more */
        return;
    }
    if (result == CALL_FORWARD || result == CALL_SIGNALS_ITSELF) {
        thread->forward = keys_in_use;
        registers->rip =
            result == CALL_FORWARD ? gate_forward_in_use : (uint64_t)gate_signals_itself;
        return;
    }
    registers->rax = (uint64_t)result;
    registers->rcx = thread->continuation;
    registers->r11 = registers->eflags;
}
