/* M8: ptrace writes past every protection of a page, here in a child. */
#include "attack.h"
#include <sys/ptrace.h>

int main(void)
{
    uint64_t *target = target_page();
    pid_t pid = MUST(fork());
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(errno);
        }
        raise(SIGSTOP);
        _exit(is_changed(target) ? 0 : EAGAIN);
    }
    int status;
    MUST(waitpid(pid, &status, 0));
    if (WIFSTOPPED(status)) {
        if (ptrace(PTRACE_POKEDATA, pid, target, FOREIGN_VALUE) != 0) {
            int error = errno;
            kill(pid, SIGKILL);
            not_reached("%s", strerrorname_np(error));
        }
        MUST(ptrace(PTRACE_CONT, pid, NULL, NULL));
        MUST(waitpid(pid, &status, 0));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        reached();
    }
    not_reached("%s",
                WIFEXITED(status) ? strerrorname_np(WEXITSTATUS(status)) : ending_word(status));
}
