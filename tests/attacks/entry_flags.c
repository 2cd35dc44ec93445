/*
 * I10: a call made with the direction flag set, which would let the monitor's copies run backwards.
 * With AC, NT and TF set on the same call, for what else these do to an entry. The goal is a copy
 * that went wrong; natively the program makes one itself, as a monitor that forgets the flag would.
 */
#include "attack.h"

/* flagged(nr, arguments...): the call with those flags. */
__asm__(".pushsection .text\n"
        "flagged_call:\n"
        "    mov 8(%rsp), %rax\n"
        "    mov %rcx, %r10\n"
        "    pushfq\n"
        "    orl $0x44400, (%rsp)\n" /* AC, NT, DF */
        "    popfq\n"
        "    syscall\n"
        "    push $0x202\n"
        "    popfq\n"
        "    ret\n"
        ".popsection\n");
extern const uint8_t flagged_call[] __attribute__((visibility("hidden")));

/* The page of the call's own code, copied, so that dispatch takes it. */
static call_code *unseen_flagged_call(void)
{
    return as_call(code_page(flagged_call, 64, 0));
}

static bool copied_well(call_code *call)
{
    static struct {
        uint8_t before[512];
        struct kernel_sigaction action;
        uint8_t after[512];
    } old;
    static const struct kernel_sigaction action = {(void *)0x1234, SA_RESTORER, (void *)0x5678,
                                                   0x1122334400000000};
    memset(&old, 0x5a, sizeof old);
    long result = call(SIGUSR1, (long)&action, 0, KERNEL_SIGSET_BYTES, 0, 0, SYS_rt_sigaction);
    CHECK_EQ(result, 0, "rt_sigaction");
    result = call(SIGUSR1, 0, (long)&old.action, KERNEL_SIGSET_BYTES, 0, 0, SYS_rt_sigaction);
    CHECK_EQ(result, 0, "rt_sigaction");
    for (size_t i = 0; i < sizeof old.before; i++) {
        if (old.before[i] != 0x5a || old.after[i] != 0x5a) {
            return false;
        }
    }
    return memcmp(&old.action, &action, sizeof action) == 0;
}

/* A copy of a length that does not go by words. */
static bool read_well(call_code *call)
{
    char plain[32], flagged[32];
    memset(plain, 0x5a, sizeof plain);
    memset(flagged, 0x5a, sizeof flagged);
    CHECK_EQ(readlink("/proc/self/exe", plain + 8, 13), 13, "readlink");
    CHECK_EQ(call((long)"/proc/self/exe", (long)flagged + 8, 13, 0, 0, 0, SYS_readlink), 13,
             "readlink");
    return memcmp(plain, flagged, sizeof plain) == 0;
}

static volatile bool frame_is_whole;

static void handler(int signo, siginfo_t *info, void *context)
{
    frame_is_whole = info->si_signo == signo && info->si_pid == getpid() &&
                     info->si_code == SI_TKILL &&
                     (((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] & 0x400) != 0;
}

/* The monitor copies the signal's frame, which is larger than what goes by words. */
static bool delivered_well(call_code *call)
{
    frame_is_whole = false;
    raw_handle(SIGUSR2, handler, SA_SIGINFO, 0);
    CHECK_EQ(call(getpid(), raw_tid(), SIGUSR2, 0, 0, 0, SYS_tgkill), 0, "tgkill");
    return frame_is_whole;
}

static bool own_copy_goes_wrong(void)
{
    static const char source[64] = "source";
    static char target[128];
    const void *from = source;
    void *to = target + 64;
    size_t count = 16;
    __asm__ volatile("std\n"
                     "rep movsb\n"
                     "cld\n"
                     : "+S"(from), "+D"(to), "+c"(count)
                     :
                     : "memory");
    return memcmp(target + 64, source, 16) != 0;
}

int main(void)
{
    if (!under_monitor()) {
        CHECK(copied_well(as_call(flagged_call)) && delivered_well(as_call(flagged_call)),
              "natively");
        if (own_copy_goes_wrong()) {
            reached();
        }
        not_reached("copied");
    }
    call_code *const ways[] = {as_call(flagged_call), unseen_flagged_call()};
    for (int i = 0; i < 2; i++) {
        if (!copied_well(ways[i]) || !read_well(ways[i]) || !delivered_well(ways[i])) {
            reached();
        }
    }
    not_reached("copied");
}
