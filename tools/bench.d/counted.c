/*
 * bench_counted: the calls that bench_count counts the instructions of, each between two `int3`. It
 * has no C library, whose start would take longer than all else where it is analysed first.
 */
#include <asm/unistd_64.h>
#include <linux/mman.h>
#include <linux/time.h>

#define LARGE_MAPPING (1UL << 20)

/* What follows the function is free for the rewriter, as behind those of a C library. */
__asm__(".pushsection .text\n"
        ".balign 64\n"
        ".type marked_call, @function\n"
        "marked_call:\n"
        "    .cfi_startproc\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rdi\n"
        "    mov %rdx, %rsi\n"
        "    mov %rcx, %rdx\n"
        "    mov $0x22, %r10d\n" /* mmap: MAP_PRIVATE | MAP_ANONYMOUS */
        "    mov $-1, %r8\n"
        "    xor %r9d, %r9d\n"
        "    int3\n"
        "    syscall\n"
        "    int3\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size marked_call, . - marked_call\n"
        ".skip 16, 0xcc\n"
        ".popsection\n");
_Static_assert((MAP_PRIVATE | MAP_ANONYMOUS) == 0x22, "stands in marked_call");
extern long marked_call(long number, unsigned long a0, unsigned long a1, unsigned long a2)
    __attribute__((visibility("hidden")));

void _start(void);

void _start(void)
{
    struct __kernel_timespec now;
    int failed = 0;

    for (int round = 0; round < 3; round++) { /* of each call the last one counts */
        failed |= marked_call(__NR_getppid, 0, 0, 0) < 0;
        failed |= marked_call(__NR_clock_gettime, CLOCK_MONOTONIC, (unsigned long)&now, 0) != 0;
        long start = marked_call(__NR_mmap, 0, LARGE_MAPPING, PROT_READ | PROT_WRITE);
        failed |= start < 0;
        *(volatile char *)start = 1;
        failed |= marked_call(__NR_munmap, (unsigned long)start, LARGE_MAPPING, 0) != 0;
    }
    for (;;)
        marked_call(__NR_exit_group, (unsigned long)failed, 0, 0);
}
