/* Offsets that the assembly needs. Compiled to assembly only; CMake turns it into offsets.h. */
#include "thread.h"
#include "gate.h"

void offsets(void);

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"@" #name " %c0@\"" : : "i"(value))
#define THREAD(name, field) DEFINE(THREAD_##name, offsetof(struct thread, field))
#define REGISTER(name)      THREAD(name, registers.name)
#define OPEN(name)          DEFINE(OPEN_##name, OPEN_PAGE_OFFSET + offsetof(struct open_page, name))

void offsets(void)
{
    THREAD(SELF, self);
    THREAD(CONTINUATION, continuation);
    THREAD(RESUME_RIP, resume_rip);
    THREAD(STACK, monitor_stack);
    THREAD(STACK_SIZE, monitor_stack_size);
    THREAD(IN_MONITOR, in_monitor);
    THREAD(ATTENTION, attention);
    THREAD(IN_WINDOW, in_window);
    THREAD(FORWARD, forward);
    THREAD(SIGNALLED, signalled);
    THREAD(WINDOW_STACK, window_stack);
    THREAD(AREA_MASK, area_mask);
    REGISTER(rax);
    REGISTER(rbx);
    REGISTER(rcx);
    REGISTER(rdx);
    REGISTER(rsi);
    REGISTER(rdi);
    REGISTER(rbp);
    REGISTER(rsp);
    REGISTER(r8);
    REGISTER(r9);
    REGISTER(r10);
    REGISTER(r11);
    REGISTER(r12);
    REGISTER(r13);
    REGISTER(r14);
    REGISTER(r15);
    REGISTER(rip);
    THREAD(EFLAGS, registers.eflags);
    DEFINE(SIGNAL_FRAME_SIZE, (sizeof(struct rt_sigframe) + 15) & ~15UL);
    DEFINE(SHARED_SELECTOR, THREAD_BLOCK_SIZE + offsetof(struct shared_pages, selector));
    OPEN(rax);
    OPEN(rcx);
    OPEN(rdx);
    OPEN(r11);
    OPEN(rip);
    DEFINE(PKRU_MONITOR, PKRU_MONITOR);
    DEFINE(PKRU_PROGRAM, PKRU_PROGRAM);
    DEFINE(CLASS_QUICK, CLASS_QUICK);
    DEFINE(SELECTOR_ALLOW, SYSCALL_DISPATCH_FILTER_ALLOW);
    DEFINE(SELECTOR_BLOCK, SYSCALL_DISPATCH_FILTER_BLOCK);
    DEFINE(NR_RT_SIGRETURN, __NR_rt_sigreturn);
    DEFINE(NR_CLONE, __NR_clone);
    DEFINE(NR_EXIT_GROUP, __NR_exit_group);
    DEFINE(VFORK_CALL_FLAGS, CLONE_VM | CLONE_VFORK);
    DEFINE(EFLAGS_TF, EFLAGS_TF);
    DEFINE(EFLAGS_OF, EFLAGS_OF);
    DEFINE(EFLAGS_ARITHMETIC, EFLAGS_ARITHMETIC);
    DEFINE(EFLAGS_CLEARED, EFLAGS_DF | EFLAGS_AC | EFLAGS_NT);
    DEFINE(CALL_ABORTED, CALL_ABORTED);
    DEFINE(EFAULT, EFAULT);
}
