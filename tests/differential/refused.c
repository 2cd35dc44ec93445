/*
 * What works natively and can't under a monitor in the same process: other ways into the kernel,
 * and state that is the monitor's own. Every line of this transcript has its counterpart, with the
 * reason, in the file `divergences`; what isn't listed there must be the same.
 */
#include "common.h"
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <sched.h>

#ifndef SYS_rseq
#define SYS_rseq 334
#endif

/* Runs a part in a child and says what its exit status or signal was. */
static void attempt(const char *what, void (*part)(void))
{
    say("%s: %s\n", what, ending(in_child(part)));
}

/* ---------------------------------------------------------------- other doors */

/* 32-bit numbers: getpid is 20, and 20 is writev in 64-bit code. */
static void int80(void)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "r8", "r9", "r10", "r11", "memory");
    _exit(result == getpid() ? 1 : result == -ENOSYS ? 2 : 3);
}

static void x32_number(void)
{
    _exit(raw(SYS_getpid | 0x40000000) == -ENOSYS ? 2 : 3);
}

/* Seen by nobody; harmless, and the same either way. */
static void vsyscall_page(void)
{
    time_t (*vsyscall_time)(time_t *);
    uintptr_t address = 0xffffffffff600400;
    memcpy(&vsyscall_time, &address, sizeof address);
    time_t now = vsyscall_time(NULL);
    _exit(now > 1600000000 ? 1 : 2);
}

/* ---------------------------------------------------------------- the monitor's own state */

static void set_gs(void)
{
    uint64_t value = 0;
    CHECK_EQ(raw(SYS_getpid), getpid(), "getpid before");
    long set = raw(SYS_arch_prctl, ARCH_SET_GS, 0x12345000);
    raw(SYS_arch_prctl, ARCH_GET_GS, &value);
    CHECK_EQ(raw(SYS_getpid), getpid(), "getpid after");
    _exit(set == 0 && value == 0x12345000 ? 1 : set < 0 ? 2 : 3);
}

/* FS is the program's, whatever GS is. */
static void set_fs(void)
{
    uint64_t before = 0, after = 0;
    CHECK_EQ(raw(SYS_arch_prctl, ARCH_GET_FS, &before), 0, "ARCH_GET_FS");
    long set = raw(SYS_arch_prctl, ARCH_SET_FS, 0x12345000);
    raw(SYS_arch_prctl, ARCH_GET_FS, &after);
    raw(SYS_arch_prctl, ARCH_SET_FS, before);
    _exit(set == 0 && after == 0x12345000 ? 1 : 2);
}

static void local_descriptor_table(void)
{
    struct user_desc entry = {
        .entry_number = 0, .base_addr = 0x1000, .limit = 0xfff, .seg_32bit = 1};
    _exit(raw(SYS_modify_ldt, 1, &entry, sizeof entry) == 0 ? 1 : 2);
}

static int register_rseq(void *argument)
{
    (void)argument;
    static uint8_t area[32] __attribute__((aligned(32)));
    long result = raw(SYS_rseq, area, sizeof area, 0, 0x53053053);
    raw(SYS_exit_group, result == 0 ? 1 : result == -ENOSYS ? 2 : 3);
    return 0;
}

/* In a thread of its own, since libc has registered the main thread's area. */
static void restartable_sequences(void)
{
    static uint8_t stack[65536] __attribute__((aligned(64)));
    raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
              stack + sizeof stack, NULL, NULL, NULL, register_rseq, NULL);
    for (;;) {
        raw(SYS_pause);
    }
}

static void low_mapping(void)
{
    void *page =
        mmap((void *)0x8000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    _exit(page == (void *)0x8000 ? 1 : errno == EPERM ? 2 : 3);
}

int main(void)
{
    attempt("int $0x80", int80);
    attempt("x32 number", x32_number);
    attempt("vsyscall page", vsyscall_page);
    attempt("ARCH_SET_GS", set_gs);
    attempt("ARCH_SET_FS", set_fs);
    attempt("modify_ldt", local_descriptor_table);
    attempt("rseq", restartable_sequences);
    if (geteuid() != 0) {
        attempt("mapping below 64 KiB", low_mapping);
    }
    return 0;
}
