/*
 * What rt_sigreturn takes from a frame in the program's memory, under a fuzzer: whatever stands
 * there, the context that goes on is one that the monitor can vouch for. The program's memory is a
 * valid frame with a valid FPU image behind it, which the input changes; some changes come between
 * two of the monitor's copies, as those of another thread would.
 *
 *   byte 0     bit 0: protection keys; bit 1: SIGSEGV has a handler; bit 2: the kernel's image is
 *              larger than needed; bit 3: the selector form
 *   bytes 1-2  what of the program's memory there is, from its start
 *   then 12 bytes for each change:
 *   1 byte     after how many copies it is made; bit 7: the value is an offset into that memory,
 * bit 6: into the monitor's 1 byte     how many bytes are changed 2 bytes    where 8 bytes    the
 * value
 */
#include "hosted.h"
#include <cpuid.h>
#include <setjmp.h>

/* The monitor's calls are none here; its end is an end of the program's. */
static jmp_buf end_of_program;
#define fatal frame_fatal
static noreturn void frame_fatal(const char *what)
{
    (void)what;
    longjmp(end_of_program, 1);
}
static long no_call(long number, ...)
{
    return number - number;
}
#undef SYS4
#define SYS4 no_call
#include "../../monitor/frame.c" /* NOLINT(bugprone-suspicious-include) */
#undef fatal

#define MEMORY_SIZE  8192U
#define IMAGE_MAX    8192U
#define FRAME_AT     64U /* of 8 below the stack pointer */
#define IMAGE_AT     1024U
#define CHANGE_BYTES 12U
#define RESUMED      0x12345678000UL
#define PKRU_AT      2688U /* in the standard form, where the processor itself has no PKRU */

uint64_t gate_resume_in_use = RESUMED, signal_entry_in_use;
const char signal_return[1];

void update_attention(struct thread *thread)
{
    (void)thread;
}

void set_kernel_mask(sigset mask)
{
    (void)mask;
}

bool is_synchronous(int signal, const struct kernel_siginfo *info, const struct sigcontext *at)
{
    (void)signal;
    (void)info;
    (void)at;
    return false;
}

/* ---- the program's memory ---- */

static uint8_t program[MEMORY_SIZE] __attribute__((aligned(4096)));
static uint8_t monitor[2 * 4096] __attribute__((aligned(4096)));
static uint64_t present; /* bytes of program */
static const uint8_t *changes;
static size_t change_count;
static unsigned copies;

static void change(unsigned now)
{
    for (size_t i = 0; i < change_count; i++) {
        const uint8_t *at = changes + i * CHANGE_BYTES;
        uint16_t where;
        uint64_t value;
        memcpy(&where, at + 2, sizeof where);
        memcpy(&value, at + 4, sizeof value);
        if ((at[0] & 0x3fU) != now) {
            continue;
        }
        if ((at[0] & 0x80U) != 0) {
            value = (uint64_t)program + value % (2UL * MEMORY_SIZE);
        } else if ((at[0] & 0x40U) != 0) {
            value = (uint64_t)monitor + value % sizeof monitor;
        }
        size_t size = at[1] % 9U;
        where %= MEMORY_SIZE;
        memcpy(program + where, &value, size < MEMORY_SIZE - where ? size : MEMORY_SIZE - where);
    }
}

static bool is_present(uint64_t start, uint64_t size)
{
    return start >= (uint64_t)program && start - (uint64_t)program <= present &&
           size <= present - (start - (uint64_t)program);
}

/* The program's side is what there is of its memory; the monitor's is checked by the sanitizer. */
long user_copy(void *target, const void *source, uint64_t size)
{
    bool reads = (uint64_t)target - (uint64_t)program >= MEMORY_SIZE;
    uint64_t users = reads ? (uint64_t)source : (uint64_t)target;
    demand(!keys_in_use || users - (uint64_t)monitor >= sizeof monitor,
           "a copy of the monitor's own memory");
    if (!is_present(users, size)) {
        return -EFAULT;
    }
    memcpy(target, source, size);
    change(++copies);
    return 0;
}

/* ---- the kernel's image ---- */

static uint64_t xfeatures;
static uint32_t xstate_size;

/* As the kernel of this machine writes it, but always with PKRU. */
static void learn_layout(void)
{
    uint32_t a, b, c, d, low, high;
    xfeatures = XSTATE_FXSAVE;
    xstate_size = FXSAVE_SIZE + 64;
    if (__get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) != 0 &&
        __get_cpuid_count(0xd, 0, &a, &b, &c, &d)) {
        __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        xfeatures = (low | (uint64_t)high << 32) & 0x2ffU;
        xstate_size = PKRU_AT;
    }
    xfeatures |= 1UL << XSTATE_PKRU;
    process_settings.pkru_offset = PKRU_AT;
    xstate_size = PKRU_AT + 8;
}

static void make_image(uint8_t *image, uint8_t fill)
{
    const struct fp_sw_bytes extra = {.magic1 = FP_XSTATE_MAGIC1,
                                      .extended_size = xstate_size + 4,
                                      .xfeatures = xfeatures,
                                      .xstate_size = xstate_size};
    const uint32_t magic2 = FP_XSTATE_MAGIC2, mxcsr = 0x1f80;
    memset(image, fill, xstate_size);
    memset(image + FXSAVE_SIZE, 0, 64);
    memcpy(image + FXSAVE_SIZE, &xfeatures, sizeof xfeatures);
    memcpy(image + MXCSR_OFFSET, &mxcsr, sizeof mxcsr);
    memcpy(image + FP_SW_OFFSET, &extra, sizeof extra);
    memcpy(image + xstate_size, &magic2, sizeof magic2);
}

static void make_frame(void)
{
    struct rt_sigframe frame = {.uc = {.flags = 7,
                                       .stack = {.flags = SS_DISABLE},
                                       .mcontext = {.rip = 0x401000,
                                                    .rsp = (uint64_t)program + 4096,
                                                    .eflags = 0x202,
                                                    .cs = USER_CS,
                                                    .ss = USER_DS,
                                                    .fpstate = (uint64_t)program + IMAGE_AT},
                                       .sigmask = ALL_SIGNALS}};
    memset(program, 0, sizeof program);
    memcpy(program + FRAME_AT, &frame, sizeof frame);
    make_image(program + IMAGE_AT, 0x11);
}

/* ---- what must hold ---- */

/* The processor takes it: reserved bits of MXCSR alone are the kernel's to refuse. */
static void load(const uint8_t *image)
{
    static uint8_t copy[IMAGE_MAX] __attribute__((aligned(64))),
        kept[IMAGE_MAX] __attribute__((aligned(64)));
    const uint32_t low = 0x7, mxcsr = 0x1f80;
    uint64_t loaded;
    if ((xfeatures & 4U) == 0) {
        return;
    }
    memcpy(copy, image, xstate_size);
    memcpy(&loaded, copy + FXSAVE_SIZE, sizeof loaded);
    loaded &= low;
    memcpy(copy + FXSAVE_SIZE, &loaded, sizeof loaded);
    memcpy(copy + MXCSR_OFFSET, &mxcsr, sizeof mxcsr);
    __asm__ volatile("xsave64 %[kept]\n"
                     "xrstor64 %[copy]\n"
                     "xrstor64 %[kept]\n"
                     : [kept] "+m"(kept)
                     : [copy] "m"(copy), "a"(low), "d"(0)
                     : "memory");
}

static void check_image(uint8_t *image, const struct fp_sw_bytes *own)
{
    uint64_t header[8];
    uint32_t magic2, rights;
    memcpy(header, image + FXSAVE_SIZE, sizeof header);
    memcpy(&magic2, image + own->xstate_size, sizeof magic2);
    demand(memcmp(image + FP_SW_OFFSET, own, sizeof *own) == 0, "the image's own description");
    demand(magic2 == FP_XSTATE_MAGIC2, "the image's closing magic");
    demand((header[0] & ~own->xfeatures) == 0, "components that the kernel does not have");
    for (int i = 1; i < 8; i++) {
        demand(header[i] == 0, "the header's reserved part");
    }
    struct sigcontext registers = {.fpstate = (uint64_t)image};
    give_monitor_rights(&registers);
    memcpy(header, image + FXSAVE_SIZE, sizeof header);
    memcpy(&rights, image + process_settings.pkru_offset, sizeof rights);
    demand((header[0] & 1UL << XSTATE_PKRU) != 0 && rights == PKRU_MONITOR, "the rights");
    load(image);
}

static void check_context(const struct thread *thread, const struct ucontext *context,
                          const struct ucontext *before)
{
    const struct sigcontext *registers = &context->mcontext;
    demand(context->flags == before->flags, "flags of the context");
    demand(memcmp(&context->stack, &before->stack, sizeof before->stack) == 0,
           "the kernel's alternate stack");
    demand((context->sigmask & HELD_SIGNALS) == 0, "a held signal is blocked");
    demand((thread->held_blocked & ~HELD_SIGNALS) == 0, "another signal is held");
    demand(registers->fs == before->mcontext.fs && registers->gs == before->mcontext.gs,
           "%fs and %gs");
    demand(registers->fpstate == before->mcontext.fpstate ||
               (!keys_in_use && registers->fpstate == 0),
           "the image's place");
    if (process_settings.selector || keys_in_use) {
        demand((registers->cs | 3) == USER_CS, "another code segment");
    }
    if ((registers->cs | 3) == USER_CS) {
        demand(registers->rip == RESUMED, "the way out");
    }
    uint32_t mode = (uint32_t)thread->alternate_stack.flags & ~SS_AUTODISARM;
    demand(mode == 0 || mode == SS_DISABLE || mode == SS_ONSTACK, "the program's alternate stack");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool is_set_up;
    if (!is_set_up) {
        is_set_up = true;
        learn_layout();
        keys_in_use = 1;
        demand(monitor_keeps((uint64_t)monitor, sizeof monitor), "a range of the monitor's");
    }
    if (size < 3) {
        return 0;
    }
    uint16_t end;
    memcpy(&end, bytes + 1, sizeof end);
    present = end == 0 ? MEMORY_SIZE : end % MEMORY_SIZE;
    keys_in_use = bytes[0] & 1U;
    process_settings.selector = keys_in_use || (bytes[0] & 8U) != 0;
    changes = bytes + 3;
    change_count = (size - 3) / CHANGE_BYTES;
    copies = 0;
    make_frame();
    change(0);

    size_t room = xstate_size + 4 + ((bytes[0] & 4U) != 0 ? 512U : 0U);
    uint8_t *image = aligned_alloc(64, (room + 63) & ~63UL); /* the sanitizer sees the last 63 */
    demand(image != NULL, "memory");
    make_image(image, 0x22);
    struct fp_sw_bytes own;
    memcpy(&own, image + FP_SW_OFFSET, sizeof own);
    struct thread thread = {.signals = &process_signals,
                            .fpu_image = (uint64_t)image,
                            .fpu_image_size = (room + 63) & ~63UL,
                            .alternate_stack = {.flags = SS_DISABLE}};
    struct ucontext context = {
        .flags = 7,
        .stack = {.sp = 0x1000, .size = 0x8000},
        .mcontext = {.cs = USER_CS, .ss = USER_DS, .fs = 5, .gs = 6, .fpstate = (uint64_t)image}};
    const struct ucontext before = context;
    process_signals.action[SIGSEGV - 1] = (struct kernel_sigaction){
        .handler = (bytes[0] & 2U) != 0 ? 0x402000 : SIG_DFL, .flags = SA_RESTORER};
    if (setjmp(end_of_program) == 0) {
        return_from_handler(&thread, (uint64_t)program + FRAME_AT + 8, &context);
        check_context(&thread, &context, &before);
        if (keys_in_use) {
            check_image(image, &own);
        }
    }
    free(image);
    return 0;
}
