/*
 * I7: the fast 32-bit entries, `sysenter` from 64-bit and from 32-bit code and `syscall` from
 * 32-bit code. Which of them a processor has is its maker's choice. The kernel returns from them to
 * its 32-bit vDSO, which is not there: the caller dies, and what counts is that its call was made.
 * It writes to a pipe, with a buffer below 4 GiB.
 */
#include "compat.h"

static const struct compat_piece *body;
static bool from_64_bit;
static int channel[2];

static void attempt(void)
{
    static const uint8_t zero[8];
    uint8_t *page = compat_page(body);
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

static bool arrives(const struct compat_piece *code, bool by_64_bit)
{
    char byte;
    body = code;
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
    if (arrives(&compat_sysenter, true) || arrives(&compat_sysenter, false) ||
        arrives(&compat_syscall, false)) {
        reached();
    }
    not_reached("nothing-arrived");
}
