/*
 * S1: a frame given to rt_sigreturn that leads to 32-bit code, where the monitor's own way out of a
 * handler, which is 64-bit code, can't be taken. The call made there is to be seen all the same.
 */
#include "compat.h"

static uint8_t *page;

static void forge(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t segments;
    (void)signo;
    (void)info;
    registers[REG_RIP] = (greg_t)(page + COMPAT_CODE);
    registers[REG_RDI] = (greg_t)page;
    registers[REG_RSP] = (greg_t)(page + COMPAT_STACK);
    memcpy(&segments, &registers[REG_CSGSFS], sizeof segments);
    segments = (segments & ~0xffffUL) | 0x23;
    memcpy(&registers[REG_CSGSFS], &segments, sizeof segments);
}

/* Leaves by the frame and comes back by the page's way out, which restores this function's stack.
 */
static long leave_by_frame(void)
{
    long result;
    uint64_t *stack = (uint64_t *)(page + COMPAT_SAVED);
    __asm__ volatile("    lea 1f(%%rip), %%rcx\n"
                     "    sub $128, %%rsp\n"
                     "    push %%rcx\n"
                     "    push %%rbx\n"
                     "    push %%rbp\n"
                     "    push %%r12\n"
                     "    mov %%rsp, (%1)\n"
                     "    ud2\n"
                     "1:  add $128, %%rsp\n"
                     : "=a"(result)
                     : "r"(stack)
                     : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    return result;
}

int main(void)
{
    page = compat_page(&compat_probe);
    handle(SIGILL, forge, 0);
    judge_probe(leave_by_frame());
}
