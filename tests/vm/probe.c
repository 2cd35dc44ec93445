/*
 * Run inside the emulated machine: shows that the processor and the kernel have what endorun's
 * isolation by protection keys is built on. One line for each property; the exit status tells
 * whether all hold.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's <sys/prctl.h> and <signal.h>; from the kernel's uapi headers. */
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF          0
#define PR_SYS_DISPATCH_ON           1
#endif
#define SIGSYS_USER_DISPATCH 2
#define SELECTOR_ALLOW       0
#define SELECTOR_BLOCK       1

/* The kernel's initial PKRU: every key but 0 is closed. A signal handler starts with it. */
#define INITIAL_PKRU 0x55555554u
#define UNKNOWN_CALL 500

static volatile sig_atomic_t seen_code;
static volatile int seen_key;
static volatile unsigned int seen_pkru;
static volatile int seen_call;
static volatile unsigned char selector = SELECTOR_ALLOW;
static sigjmp_buf after_fault;
static bool all_hold = true;

static unsigned int read_pkru(void)
{
    unsigned int value;
    unsigned int high;

    __asm__ volatile("rdpkru" : "=a"(value), "=d"(high) : "c"(0));
    return value;
}

static void write_pkru(unsigned int value)
{
    __asm__ volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

static void report(const char *property, bool holds)
{
    printf("%s: %s\n", property, holds ? "yes" : "NO");
    all_hold = all_hold && holds;
}

static void install(int signo, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    if (sigaction(signo, &action, NULL) != 0)
        report("sigaction", false);
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    seen_pkru = read_pkru();
    seen_code = info->si_code;
    seen_key = (int)info->si_pkey;
    siglongjmp(after_fault, 1);
}

static void on_dispatch(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    selector = SELECTOR_ALLOW;
    seen_code = info->si_code;
    seen_call = info->si_syscall;
}

static void check_protection_keys(void)
{
    int key = pkey_alloc(0, 0);
    volatile char *page;

    report("pkey_alloc", key > 0);
    if (key <= 0)
        return;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    report("pkey_mprotect", page != MAP_FAILED && pkey_mprotect((void *)page, 4096,
                                                                PROT_READ | PROT_WRITE, key) == 0);
    page[0] = 1;
    install(SIGSEGV, on_fault);
    if (sigsetjmp(after_fault, 1) == 0) {
        write_pkru(1u << (2 * key));
        page[0] = 2;
    }
    write_pkru(0);
    report("write to a closed key faults, the page unchanged", page[0] == 1);
    report("the fault's code is SEGV_PKUERR", seen_code == SEGV_PKUERR);
    report("the fault names the key", seen_key == key);
    report("a handler starts with PKRU 0x55555554", seen_pkru == INITIAL_PKRU);
}

static void check_kernel_uses_program_keys(void)
{
    int key = pkey_alloc(0, 0);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    ssize_t count;
    int error;

    if (key <= 0 || page == MAP_FAILED || pipe(ends) != 0 || write(ends[1], "x", 1) != 1 ||
        pkey_mprotect(page, 4096, PROT_READ | PROT_WRITE, key) != 0) {
        report("set-up of a read into a closed key", false);
        return;
    }
    write_pkru(1u << (2 * key));
    count = read(ends[0], page, 1);
    error = errno;
    write_pkru(0);
    report("read() into a closed key gives EFAULT", count == -1 && error == EFAULT);
}

static void check_syscall_user_dispatch(void)
{
    install(SIGSYS, on_dispatch);
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) != 0) {
        report("Syscall User Dispatch", false);
        return;
    }
    seen_code = 0;
    selector = SELECTOR_BLOCK;
    (void)syscall(UNKNOWN_CALL);
    selector = SELECTOR_ALLOW;
    report("Syscall User Dispatch raises SIGSYS", seen_code == SIGSYS_USER_DISPATCH);
    report("SIGSYS names the call", seen_call == UNKNOWN_CALL);
    (void)prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}

int main(void)
{
    check_protection_keys();
    check_kernel_uses_program_keys();
    check_syscall_user_dispatch();
    return all_hold ? 0 : 1;
}
