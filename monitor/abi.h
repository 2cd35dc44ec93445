/*
 * The kernel's x86-64 user ABI as far as the monitor uses it. The monitor has no libc; shapes come
 * from the kernel's own exported headers where those can be included freestanding, and are written
 * out here, with their source, where they can't.
 */
#ifndef ENDORUN_MONITOR_ABI_H
#define ENDORUN_MONITOR_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdnoreturn.h>

#include <asm/prctl.h>
#include <asm/resource.h>
#include <asm/stat.h>
#include <asm/unistd_64.h>
#include <linux/audit.h>
#include <linux/auxvec.h>
#include <linux/capability.h>
#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/memfd.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/wait.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65 /* include/uapi/linux/prctl.h */
#endif

#define PAGE_SIZE       4096UL
#define PATH_MAX_BYTES  4096UL           /* PATH_MAX, the final NUL included: <linux/limits.h> */
#define TASK_SIZE       0x7ffffffff000UL /* 4-level paging; arch/x86/include/asm/page_64_types.h */
#define X32_SYSCALL_BIT 0x40000000U      /* __X32_SYSCALL_BIT: <asm/unistd.h> */

/* ---- signals: arch/x86/include/uapi/asm/signal.h, include/uapi/asm-generic/siginfo.h ---- */

#define SIGNAL_COUNT 64

enum {
    SIGILL = 4,
    SIGTRAP = 5,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGSEGV = 11,
    SIGCHLD = 17,
    SIGSTOP = 19,
    SIGSYS = 31,
};

#define SIG_DFL 0UL
#define SIG_IGN 1UL

#define SA_NOCLDSTOP      0x00000001UL
#define SA_NOCLDWAIT      0x00000002UL
#define SA_SIGINFO        0x00000004UL
#define SA_EXPOSE_TAGBITS 0x00000800UL
#define SA_RESTORER       0x04000000UL
#define SA_ONSTACK        0x08000000UL
#define SA_RESTART        0x10000000UL
#define SA_NODEFER        0x40000000UL
#define SA_RESETHAND      0x80000000UL
/* The flags that the kernel stores; it drops the others: include/linux/signal_types.h. */
#define SA_KNOWN                                                                                   \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |             \
     SA_RESETHAND | SA_EXPOSE_TAGBITS | SA_RESTORER)

enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };

enum { SS_ONSTACK = 1, SS_DISABLE = 2 };
#define SS_AUTODISARM (1U << 31)

#define SI_KERNEL         0x80
#define SI_TKILL          (-6)
#define SYS_SECCOMP       1 /* si_code of a SIGSYS raised by a seccomp filter */
#define SYS_USER_DISPATCH 2 /* si_code of a SIGSYS raised by Syscall User Dispatch */

typedef uint64_t sigset; /* bit N-1 stands for signal N */

static inline sigset signal_bit(int signal)
{
    return 1UL << (signal - 1);
}

/* The lowest signal of a set that is not empty; `set &= set - 1` takes it out. */
static inline int lowest_signal(sigset set)
{
    return __builtin_ctzl(set) + 1;
}

/* struct kernel_sigaction, what rt_sigaction(2) takes on x86-64. */
struct kernel_sigaction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    sigset mask;
};

struct kernel_siginfo {
    int32_t si_signo;
    int32_t si_errno;
    int32_t si_code;
    int32_t pad;
    union {
        uint64_t si_addr; /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
        struct {
            uint64_t call_addr; /* the address behind the `syscall` instruction */
            int32_t syscall;
            uint32_t arch; /* AUDIT_ARCH_* */
        } sigsys;
        uint8_t raw[112];
    };
};

struct kernel_stack {
    uint64_t sp;
    int32_t flags;
    int32_t pad;
    uint64_t size;
};

/* struct sigcontext_64, arch/x86/include/uapi/asm/sigcontext.h */
struct sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
    uint64_t eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    uint64_t fpstate; /* address of the FXSAVE/XSAVE image; 0: initial state */
    uint64_t reserved[8];
};

struct ucontext {
    uint64_t flags;
    uint64_t link;
    struct kernel_stack stack;
    struct sigcontext mcontext;
    sigset sigmask;
};

/* struct rt_sigframe, arch/x86/include/asm/sigframe.h; the FPU state lies above it. */
struct rt_sigframe {
    uint64_t pretcode;
    struct ucontext uc;
    struct kernel_siginfo info;
};

_Static_assert(sizeof(struct kernel_siginfo) == 128, "kernel ABI");
_Static_assert(sizeof(struct sigcontext) == 256, "kernel ABI");
_Static_assert(sizeof(struct ucontext) == 304, "kernel ABI");
_Static_assert(sizeof(struct rt_sigframe) == 440, "kernel ABI");

/* struct _fpx_sw_bytes at byte 464 of the FXSAVE area: how much XSAVE state follows. */
#define FXSAVE_SIZE      512U
#define FP_SW_OFFSET     464U
#define FP_XSTATE_MAGIC1 0x46505853U
#define FP_XSTATE_MAGIC2 0x46505845U
struct fp_sw_bytes {
    uint32_t magic1;
    uint32_t extended_size; /* FXSAVE and XSAVE areas, and the 4 bytes of magic2 */
    uint64_t xfeatures;
    uint32_t xstate_size;
    uint32_t padding[7];
};

/* Selectors of 64-bit programs: arch/x86/include/asm/segment.h. */
#define USER_CS 0x33
#define USER_DS 0x2b

/* ucontext.flags, arch/x86/include/uapi/asm/ucontext.h: SS is restored as it stands there. */
#define UC_STRICT_RESTORE_SS 4UL

#define EFLAGS_TF (1UL << 8)
#define EFLAGS_DF (1UL << 10)
#define EFLAGS_OF (1UL << 11)
#define EFLAGS_NT (1UL << 14)
#define EFLAGS_RF (1UL << 16)
#define EFLAGS_AC (1UL << 18)
/* NT and ID: kept by `syscall`, dropped by rt_sigreturn; arch/x86/kernel/signal.c, FIX_EFLAGS. */
#define EFLAGS_NOT_RESTORED (EFLAGS_NT | 1UL << 21)
/* CF, bit 1 (always set), PF, AF, ZF, SF, IF and OF: all that the flags hold in most programs. */
#define EFLAGS_ARITHMETIC (0x2d7UL | EFLAGS_OF)

#define TRAP_PROTECTION        13
#define TRAP_PAGE_FAULT        14
#define SEGV_MAPERR            1  /* si_code: nothing is mapped there */
#define PAGE_FAULT_WRITE       2U /* X86_PF_WRITE, X86_PF_INSTR: arch/x86/include/asm/trap_pf.h */
#define PAGE_FAULT_INSTRUCTION 0x10U

/*
 * ---- protection keys: pkeys(7); PKRU: SDM volume 3, "Protection Keys" ----
 *
 * A fresh process is given 1 and 2. In PKRU bit 2k denies all access to key k, bit 2k+1 writes.
 */
#define KEY_MONITOR  0
#define KEY_SHARED   1
#define KEY_APP      2
#define PKRU_MONITOR 0x55555540 /* these three */
#define PKRU_PROGRAM 0x55555549 /* reads SHARED, has APP */

#define XSTATE_FXSAVE 3UL /* XSAVE components: x87 and SSE */
#define MXCSR_OFFSET  24
#define XSTATE_PKRU   9 /* its number among the XSAVE components */

/* ---- memory ---- */

#define SHM_RDONLY 010000UL
#define SHM_REMAP  040000UL
#define SHM_RND    020000UL
#define SHM_EXEC   0100000UL
#define IPC_STAT   2

/* struct shmid64_ds, include/uapi/asm-generic/shmbuf.h: all of it is written, one field is used. */
struct kernel_shmid {
    uint64_t permissions[6];
    uint64_t size; /* of the segment, bytes */
    uint64_t others[7];
};

#define NR_MAP_SHADOW_STACK 453 /* Linux 6.6 */

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24 /* Linux 5.18 */
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

/* ---- files ---- */

#define ZFS_SUPER_MAGIC 0x2fc12fc1U /* not in linux/magic.h */

#define ACCESS_WRITE 2 /* W_OK: access(2) */
#define S_IFMT       0170000U
#define S_IFLNK      0120000U
#define S_IFDIR      0040000U
#define S_IFREG      0100000U
#define S_ISUID      0004000U
#define S_ISGID      0002000U
#define S_IXGRP      0000010U

#define X_OK            1
#define AT_EXECVE_CHECK 0x10000 /* Linux 6.14 */

#define SESSION_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* FAN_REPORT_FID and FAN_REPORT_DIR_FID; FAN_CLASS_CONTENT and FAN_CLASS_PRE_CONTENT */
#define FANOTIFY_NAMES   0x600U
#define FANOTIFY_CLASSES 0x00cU

#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */

struct kernel_iovec {
    uint64_t base, len;
};

/* ---- sockets: struct user_msghdr and others, include/linux/socket.h ---- */

#define AF_UNIX          1
#define SOCK_DGRAM       2
#define SOCK_CLOEXEC     02000000
#define SOL_SOCKET       1
#define SO_DOMAIN        39
#define UIO_MAXIOV       1024 /* recvmmsg(2) takes no more messages either */
#define SCM_RIGHTS       1
#define MSG_DONTWAIT     0x40UL
#define MSG_CMSG_CLOEXEC 0x40000000UL

struct kernel_msghdr {
    uint64_t name;
    uint64_t name_length; /* 32 bits, and padding */
    uint64_t vectors, vector_count;
    uint64_t control, control_length;
    uint64_t flags; /* as name_length */
};

struct kernel_pollfd {
    int32_t fd;
    int16_t events, revents;
};
#define POLLOUT 4 /* include/uapi/asm-generic/poll.h */

struct kernel_rlimit {
    uint64_t soft, hard;
};

#endif
