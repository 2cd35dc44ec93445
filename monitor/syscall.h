/*
 * The monitor's own system calls. They run with the monitor's rights and never block; a call made
 * for the program goes through window_syscall (gate.h) instead, where a signal can abort it.
 * All return the kernel's value: negative errno on failure.
 */
#ifndef ENDORUN_MONITOR_SYSCALL_H
#define ENDORUN_MONITOR_SYSCALL_H

#include "abi.h"

static inline long raw_syscall(long number, unsigned long a0, unsigned long a1, unsigned long a2,
                               unsigned long a3, unsigned long a4, unsigned long a5)
{
    register unsigned long r10 __asm__("r10") = a3;
    register unsigned long r8 __asm__("r8") = a4;
    register unsigned long r9 __asm__("r9") = a5;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define SYS_ARG(x)          ((unsigned long)(x))
#define SYS0(n)             raw_syscall((n), 0, 0, 0, 0, 0, 0)
#define SYS1(n, a)          raw_syscall((n), SYS_ARG(a), 0, 0, 0, 0, 0)
#define SYS2(n, a, b)       raw_syscall((n), SYS_ARG(a), SYS_ARG(b), 0, 0, 0, 0)
#define SYS3(n, a, b, c)    raw_syscall((n), SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), 0, 0, 0)
#define SYS4(n, a, b, c, d) raw_syscall((n), SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), 0, 0)
#define SYS5(n, a, b, c, d, e)                                                                     \
    raw_syscall((n), SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), SYS_ARG(e), 0)
#define SYS6(n, a, b, c, d, e, f)                                                                  \
    raw_syscall((n), SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), SYS_ARG(e), SYS_ARG(f))

/* mmap(2) and the like return an address or a negative errno, the last page of addresses. */
static inline bool is_error(long result)
{
    return (unsigned long)result >= (unsigned long)-4095L;
}

#endif
