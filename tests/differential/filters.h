/* What the programs about seccomp share. */
#ifndef DIFFERENTIAL_FILTERS_H
#define DIFFERENTIAL_FILTERS_H

#include "common.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#define LOAD(field)        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value)      BPF_STMT(BPF_RET | BPF_K, value)
#define IF_EQUAL(k, yes)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1), RETURN(yes)
#define ERRNO(number)      (SECCOMP_RET_ERRNO | (unsigned)(number))
#define FILTER_BYTES(...)  sizeof((struct sock_filter[]){__VA_ARGS__})
#define FILTER_LENGTH(...) (FILTER_BYTES(__VA_ARGS__) / sizeof(struct sock_filter))
#define FILTER(flags, ...)                                                                         \
    install(flags, (struct sock_filter[]){__VA_ARGS__}, FILTER_LENGTH(__VA_ARGS__))
/* The same, without flags, where it must succeed. */
#define INSTALL(...) CHECK_EQ(FILTER(0, __VA_ARGS__), 0, "a filter")
/* One call gets an answer, all others are allowed. */
#define ANSWER(number, answer)                                                                     \
    INSTALL(LOAD(nr), IF_EQUAL(number, answer), RETURN(SECCOMP_RET_ALLOW))

static inline long install(unsigned flags, struct sock_filter *filter, size_t length)
{
    const struct sock_fprog program = {(unsigned short)length, filter};
    return raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* musl's pthread_join waits for ever for a thread that the kernel ended. */
static inline void wait_until_gone(const volatile int *tid)
{
    while (*tid == 0 || raw(SYS_tgkill, getpid(), *tid, 0) != -ESRCH) {
        sleep_ms(1);
    }
}

static inline void no_new_privs(void)
{
    CHECK_EQ(raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0, "PR_SET_NO_NEW_PRIVS");
}

#endif
