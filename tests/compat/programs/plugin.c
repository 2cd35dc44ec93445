/* A library with a constructor, TLS, an IFUNC and a system call of its own. NAME comes from the
 * build. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>

#ifdef OUTER
long inner_value(long x);
#define PREFIX(name) outer_##name
#else
#define PREFIX(name) inner_##name
#endif

long PREFIX(value)(long x);
const char *PREFIX(name)(void);
long PREFIX(getpid)(void);

static long constructed;
static _Thread_local long calls;

__attribute__((constructor)) static void construct(void)
{
    constructed = 40;
}

static long add(long x)
{
    return x + constructed + ++calls - calls;
}

static long (*resolve(void))(long)
{
    return add;
}

long PREFIX(indirect)(long x) __attribute__((ifunc("resolve")));

long PREFIX(value)(long x)
{
#ifdef OUTER
    x = inner_value(x);
#endif
    return PREFIX(indirect)(x);
}

const char *PREFIX(name)(void)
{
    return NAME;
}

/* A site that no libc contains. */
long PREFIX(getpid)(void)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"((long)SYS_getpid) : "rcx", "r11", "memory");
    return result;
}
