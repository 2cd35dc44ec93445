/*
 * I7: numbers of the x32 interface. Most kernels have none, so the kernel's answer says nothing: a
 * filter of the program's own tells whether such a number came as far as the kernel.
 */
#include "attack.h"

#define ARRIVED 77
#define X32_BIT 0x40000000U

/* How many the kernel has. With protection keys the program's are none of them: the monitor answers
 * in its place. */
static int kernel_filters(void)
{
    char line[256];
    int count = -1;
    FILE *status = fopen("/proc/self/status", "re");
    CHECK(status != NULL, "/proc/self/status: %s", strerror(errno));
    while (fgets(line, sizeof line, status) != NULL &&
           sscanf(line, "Seccomp_filters: %d", &count) != 1) {
    }
    fclose(status);
    CHECK(count >= 0, "no Seccomp_filters in /proc/self/status");
    return count;
}

int main(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ARRIVED),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    int others = kernel_filters();
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));

    call_code *call = unseen_call();
    bool judged_by_kernel = kernel_filters() != others;
    const unsigned numbers[] = {X32_BIT | SYS_getpid, X32_BIT | 512, X32_BIT | 520, X32_BIT | 545,
                                X32_BIT | 0xffff};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        long rewritten = raw(numbers[i]);
        long unseen = call(0, 0, 0, 0, 0, 0, numbers[i]);
        CHECK(rewritten == unseen, "%x: %ld and %ld", numbers[i], rewritten, unseen);
        if (rewritten == -ARRIVED && judged_by_kernel) {
            reached();
        }
        CHECK_EQ(rewritten, judged_by_kernel ? -ENOSYS : -ARRIVED, "an x32 number");
    }
    not_reached("ENOSYS");
}
