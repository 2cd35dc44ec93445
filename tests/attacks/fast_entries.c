/*
 * I7: the fast 32-bit entries, `sysenter` from 64-bit and from 32-bit code and `syscall` from
 * 32-bit code. Which of them a processor has is its maker's choice. The kernel returns from them to
 * its 32-bit vDSO, which is not there: the caller dies, and what counts is that its call was made.
 * It writes to a pipe, with a buffer below 4 GiB.
 */
#include "compat.h"

#define SETUP                                                                                      \
    "    mov $4, %eax\n" /* write */                                                               \
    "    mov " TEXT_OF(COMPAT_DATA) "(%edi), %ebx\n"                                               \
                                    "    mov $1, %edx\n"

COMPAT_BODY(sysenter, SETUP "    mov %edi, %ecx\n"
                            "    mov %esp, %ebp\n"
                            "    sysenter\n");
COMPAT_BODY(syscall, SETUP "    mov %edi, %ebp\n" /* arg 2 */
                           "    syscall\n");

static const uint8_t *body, *body_end;
static bool from_64_bit;
static int channel[2];

static void attempt(void)
{
    static const uint8_t zero[8];
    uint8_t *page = compat_page(body, body_end);
    *(int *)(page + COMPAT_DATA) = channel[1];
    memcpy(page + COMPAT_STACK - sizeof zero, zero, sizeof zero);
    if (!from_64_bit) {
        compat_call(page);
        return;
    }
    __asm__ volatile("mov %%rsp, %%r12\n"
                     "mov %%esi, %%ebp\n"
                     "sysenter\n"
                     : "+S"(page)
                     : "a"(4), "b"(channel[1]), "c"(page), "d"(1)
                     : "r12", "memory");
}

static bool arrives(const uint8_t *code, const uint8_t *code_end, bool by_64_bit)
{
    char byte;
    body = code;
    body_end = code_end;
    from_64_bit = by_64_bit;
    MUST(pipe2(channel, O_NONBLOCK));
    in_child(attempt);
    bool arrived = read(channel[0], &byte, 1) == 1;
    close(channel[0]);
    close(channel[1]);
    return arrived;
}

int main(void)
{
    if (arrives(compat_sysenter, compat_sysenter_end, true) ||
        arrives(compat_sysenter, compat_sysenter_end, false) ||
        arrives(compat_syscall, compat_syscall_end, false)) {
        reached();
    }
    not_reached("nothing-arrived");
}
