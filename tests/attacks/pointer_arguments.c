/* M10: pointers into the monitor as arguments of calls that write: the kernel writes for the
 * program. */
#include "attack.h"
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

static uint64_t *target;
static int source;

static long by_read(void)
{
    return raw(SYS_pread64, source, target, 8, 0);
}

static long by_readv(void)
{
    struct iovec vector = {target, 8};
    return raw(SYS_preadv, source, &vector, 1, 0, 0);
}

static long by_getrandom(void)
{
    return raw(SYS_getrandom, target, 8, 0);
}

static long by_fstat(void)
{
    return raw(SYS_fstat, source, target);
}

static long by_clock(void)
{
    return raw(SYS_clock_gettime, CLOCK_REALTIME, target);
}

/* Calls that the monitor answers itself: its own copy must not go there either. */
static long by_sigaction(void)
{
    return raw(SYS_rt_sigaction, SIGUSR1, NULL, target, KERNEL_SIGSET_BYTES);
}

static long by_sigprocmask(void)
{
    return raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, target, KERNEL_SIGSET_BYTES);
}

static long by_sigaltstack(void)
{
    return raw(SYS_sigaltstack, NULL, target);
}

int main(void)
{
    static long (*const ways[])(void) = {by_read,  by_readv,     by_getrandom,   by_fstat,
                                         by_clock, by_sigaction, by_sigprocmask, by_sigaltstack};
    uint64_t foreign = FOREIGN_VALUE;
    int succeeded = 0, error = 0, count = sizeof ways / sizeof ways[0];
    source = MUST(memfd_create("source", MFD_CLOEXEC));
    CHECK_EQ(pwrite(source, &foreign, sizeof foreign, 0), sizeof foreign, "pwrite");
    target = target_page_for_kernel();
    for (int i = 0; i < count; i++) {
        /* What each writes is not what the one before it wrote. */
        long result = i == 0 ? 0 : ways[0]();
        result = result < 0 ? result : ways[i]();
        succeeded += result >= 0 && (i < 2) == is_changed(target);
        error = result < 0 ? (int)-result : error;
    }
    judge_ways(count, succeeded, error);
}
