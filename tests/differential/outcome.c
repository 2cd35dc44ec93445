/*
 * outcome SECONDS RESULT COMMAND [ARG]...
 *
 * Runs a command and writes how it ended ("exit 3", "signal 11", "timeout") to the file RESULT. A
 * shell can't do this: its $? doesn't tell death by a signal from an exit status above 128, and a
 * monitor that turned one into the other is what is looked for.
 */
#include "common.h"
#include <sys/prctl.h>
#include <sys/resource.h>

static pid_t child;

static void out_of_time(int signo)
{
    (void)signo;
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
}

int main(int argc, char **argv)
{
    CHECK(argc >= 4, "usage: outcome SECONDS RESULT COMMAND [ARG]...");
    FILE *result = fopen(argv[2], "we");
    CHECK(result, "%s: %s", argv[2], strerror(errno));
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* A program that runs away must not fill the disk with its transcript. */
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){64 << 20, 64 << 20});
    /* What the command leaves behind becomes ours, and ends with it. */
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    child = MUST(fork());
    if (child == 0) {
        setpgid(0, 0);
        /*
         * An exec clears the alternate stack and leaves its flags, which frames show: SS_DISABLE
         * where an ancestor once switched its own off, or came from no process at all, as process 1
         * does.
         */
        stack_t enabled = {.ss_sp = map_pages(65536, PROT_READ | PROT_WRITE), .ss_size = 65536};
        MUST(sigaltstack(&enabled, NULL));
        execv(argv[3], argv + 3);
        dprintf(STDERR_FILENO, "outcome: %s: %s\n", argv[3], strerror(errno));
        _exit(127);
    }
    setpgid(child, child);
    signal(SIGALRM, out_of_time);
    unsigned seconds = (unsigned)atoi(argv[1]);
    alarm(seconds);
    long long start = monotonic_ns();
    int status = wait_for(child);
    bool late = monotonic_ns() - start >= seconds * 1000000000LL;
    kill(-child, SIGKILL);
    fprintf(result, "%s\n", late ? "timeout" : ending(status));
    CHECK(fclose(result) == 0, "%s: %s", argv[2], strerror(errno));
    return 0;
}
