/* P6: what a process gives up sharing, and the namespaces that it enters, change nothing about who
 * sees its calls. */
#include "attack.h"
#include <sched.h>

int main(void)
{
    static const int flags[] = {CLONE_FILES,   CLONE_FS,     CLONE_SYSVSEM, CLONE_THREAD,
                                CLONE_SIGHAND, CLONE_VM,     CLONE_NEWUSER, CLONE_NEWNS,
                                CLONE_NEWIPC,  CLONE_NEWNET, CLONE_NEWUTS,  CLONE_NEWCGROUP,
                                CLONE_NEWTIME, CLONE_NEWPID};
    call_code *call = unseen_call();
    long result = probe_by(call);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        long unshared = call(flags[i], 0, 0, 0, 0, 0, SYS_unshare);
        CHECK(unshared == 0 || unshared == -EPERM || unshared == -ENOSPC, "unshare %x: %ld",
              flags[i], unshared);
        long next = probe_by(call);
        CHECK(next == result, "after unshare %x: %ld", flags[i], next);
    }
    int own = MUST(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
    call(own, 0, 0, 0, 0, 0, SYS_setns);
    judge_probe(probe_by(call));
}
