/* Filters as libseccomp makes them: a binary tree of numbers, comparisons of arguments, TSYNC. */
#include "common.h"
#include <pthread.h>
#include <seccomp.h>
#include <sys/socket.h>

#define NUMBERS 300

static void *wait_for_ever(void *nothing)
{
    for (;;) {
        pause();
    }
    return nothing;
}

/* Refused in what follows: calls that neither the C library nor this program needs for it. */
static bool is_refused(int number)
{
    static const int needed[] = {SYS_read,           SYS_write,  SYS_mmap,       SYS_brk,
                                 SYS_rt_sigprocmask, SYS_openat, SYS_exit_group, SYS_clone};
    for (unsigned i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (number == needed[i]) {
            return false;
        }
    }
    return number % 7 == 0;
}

static void load_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    CHECK(filter != NULL, "seccomp_init");
    CHECK_EQ(seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1), 0, "TSYNC");
    CHECK_EQ(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), 0, "a binary tree");
    for (int number = 0; number < NUMBERS; number++) {
        if (is_refused(number)) {
            CHECK_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)number + 1), number, 0), 0,
                     "a rule");
        }
    }
    CHECK_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EXFULL), SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, AF_INET6)) +
                 seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBADE), SCMP_SYS(openat), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY)) +
                 seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOANO), SCMP_SYS(lseek), 1,
                                  SCMP_A1(SCMP_CMP_GT, 0x100000005)) +
                 seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(personality), 0) +
                 seccomp_rule_add(filter, SCMP_ACT_LOG, SCMP_SYS(getppid), 0),
             0, "rules");
    CHECK_EQ(seccomp_load(filter), 0, "seccomp_load");
    seccomp_release(filter);
}

static void is_filtered(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, wait_for_ever, NULL), 0, "a thread");
    load_filter();
    for (int number = 0; number < NUMBERS; number++) {
        if (is_refused(number)) {
            CHECK_EQ(raw(number, 0, 0, 0, 0, 0, 0), -number - 1, "a refused number");
        }
    }
    say("an IPv6 socket: %ld\n", raw(SYS_socket, AF_INET6, SOCK_STREAM, 0));
    say("for writing: %ld\n", raw(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY));
    say("for both: %d\n", raw(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR) > 0);
    say("below: %ld, above: %ld\n", raw(SYS_lseek, -1, 0x100000005, SEEK_SET),
        raw(SYS_lseek, -1, 0x100000006, SEEK_SET));
    say("logged: %d\n", raw(SYS_getppid) > 0);
    raw(SYS_personality, 0xffffffff);
}

int main(void)
{
    EXPECT_ENDING(is_filtered, "signal 31");
    return 0;
}
