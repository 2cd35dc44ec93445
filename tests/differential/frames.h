/*
 * The kernel's signal frame, as it lies on the stack of an x86-64 program, and instructions that
 * fault (faults.S). libc's ucontext_t hides half of it.
 */
#ifndef DIFFERENTIAL_FRAMES_H
#define DIFFERENTIAL_FRAMES_H

#include "common.h"
#include "sites.h"
#include <cpuid.h>

struct kernel_sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    struct kernel_fpstate *fpstate;
    uint64_t reserved[8];
};

struct kernel_ucontext {
    uint64_t flags;
    void *link;
    struct {
        void *sp;
        int flags, pad;
        size_t size;
    } stack;
    struct kernel_sigcontext mcontext;
    uint64_t sigmask;
};

/* What rt_sigreturn finds at RSP - 8. */
struct kernel_frame {
    void *restorer;
    struct kernel_ucontext context;
    siginfo_t info;
};
_Static_assert(sizeof(struct kernel_frame) == 440, "the kernel's rt_sigframe");

/* FXSAVE area with the kernel's note on what follows it. */
struct kernel_fpstate {
    uint16_t control, status, tag, opcode;
    uint64_t rip, rdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16];
    uint8_t xmm[16][16];
    uint8_t reserved[48];
    uint32_t magic1, extended_size;
    uint64_t xfeatures;
    uint32_t xstate_size, padding[7];
    /* the XSAVE header */
    uint64_t xstate_bv, xcomp_bv, header[6];
};
_Static_assert(sizeof(struct kernel_fpstate) == 576, "FXSAVE area and XSAVE header");

#define FP_XSTATE_MAGIC1 0x46505853U
#define FP_XSTATE_MAGIC2 0x46505845U

/* Frame flags: extended state, SS saved, SS restored strictly. */
#define UC_FLAGS_OF_X86_64 7

static inline struct kernel_frame *frame_of(void *context)
{
    return (void *)((char *)context - offsetof(struct kernel_frame, context));
}

/*
 * Where the kernel puts things: 128 bytes of red zone left free, extended state aligned to 64,
 * frame aligned so that the handler sees what a called function sees. `rsp`: the interrupted stack
 * pointer, or 128 above the end of an alternate stack.
 */
static inline void check_frame_position(const struct kernel_ucontext *context, uint64_t rsp,
                                        const char *what)
{
    const struct kernel_fpstate *fp = context->mcontext.fpstate;
    uint64_t frame = (uint64_t)context - offsetof(struct kernel_frame, context);
    CHECK(fp, "%s: no extended state in the frame", what);
    CHECK_EQ(fp->magic1, FP_XSTATE_MAGIC1, "magic 1");
    CHECK_EQ(fp->extended_size, fp->xstate_size + 4, "sizes in the extended state");
    uint32_t magic2;
    memcpy(&magic2, (const char *)fp + fp->xstate_size, sizeof magic2);
    CHECK_EQ(magic2, FP_XSTATE_MAGIC2, "magic 2");
    uint64_t fp_expected = (rsp - 128 - fp->extended_size) & ~63ULL;
    CHECK((uint64_t)fp == fp_expected, "%s: extended state at 0x%llx, expected at 0x%llx", what,
          (unsigned long long)fp, (unsigned long long)fp_expected);
    uint64_t frame_expected = ((fp_expected - sizeof(struct kernel_frame)) & ~15ULL) - 8;
    CHECK(frame == frame_expected, "%s: frame at 0x%llx, expected at 0x%llx", what,
          (unsigned long long)frame, (unsigned long long)frame_expected);
}

#define SAME_IN_FRAME(field)                                                                       \
    CHECK(saved->field == in->field, "%s: " #field " in the frame is 0x%llx, expected 0x%llx",     \
          what, (unsigned long long)saved->field, (unsigned long long)in->field)

/* The registers that neither a fault nor a system call changes. */
static inline void check_saved_registers(const struct kernel_sigcontext *saved,
                                         const struct registers *in, const char *what)
{
    SAME_IN_FRAME(rbx);
    SAME_IN_FRAME(rdx);
    SAME_IN_FRAME(rsi);
    SAME_IN_FRAME(rdi);
    SAME_IN_FRAME(rbp);
    SAME_IN_FRAME(rsp);
    SAME_IN_FRAME(r8);
    SAME_IN_FRAME(r9);
    SAME_IN_FRAME(r10);
    SAME_IN_FRAME(r12);
    SAME_IN_FRAME(r13);
    SAME_IN_FRAME(r14);
    SAME_IN_FRAME(r15);
    CHECK_EQ(saved->cs, 0x33, "CS in the frame");
    CHECK_EQ(saved->ss, 0x2b, "SS in the frame");
    CHECK_EQ(saved->fs, 0, "FS in the frame");
    CHECK_EQ(saved->gs, 0, "GS in the frame");
}

/* An instruction that faults, and what the kernel says about it. */
struct fault {
    const char *name;
    const void *entry;
    const void *reported; /* RIP in the frame */
    uint64_t signo, code, trapno, err;
    uint64_t address; /* 1: si_addr and CR2 are RSI; 2: si_addr is the RIP; 0: si_addr is 0 */
    uint64_t uses_divisor;
};
extern const struct fault faults[]; /* ends with name == NULL */

/* A loop that a signal interrupts: counts in RAX until *RSI is set. */
extern const char spin_entry[], spin_loop[], spin_end[];

/* Records the registers at the handler's first instruction, then goes on in entry_handler(). */
void entry_recorder(int signo, siginfo_t *info, void *context);
void entry_handler(int signo, siginfo_t *info, void *context);
extern struct registers entry_registers;
extern struct kernel_fpstate entry_fxsave; /* its first 512 bytes */

/* rt_sigreturn with RSP behind the restorer's address of this frame. */
__attribute__((noreturn)) void return_by_frame(struct kernel_frame *frame);

#endif
