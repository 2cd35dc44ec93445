#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "job_control.h"
#include "message.h"

#define EVERY_SIGNAL UINT64_MAX
#define TAKEN_MAX    64U

/* How a shell tells of a signal that it cannot pass on. */
#define STATUS_OF_SIGNAL 128

static uint64_t bit_of(unsigned signal)
{
    return 1ULL << (signal - 1);
}

/* glibc's own call leaves out the two signals that it uses itself. */
static void set_mask(uint64_t mask, uint64_t *before)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof mask);
}

void job_prepare(struct job *job)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t all;

    set_mask(EVERY_SIGNAL, &job->mask_before);
    /* Ignored, it would leave no status to wait for. */
    sigaction(SIGCHLD, &standard, &job->child_before);
    memset(&all, 0xff, sizeof all);
    job->signal_fd = move_above_standard(signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC));
    if (job->signal_fd < 0 || !signal_witness_start(&job->witness))
        die(STATUS_SETUP, "cannot set up the reader of the statistics: %s", strerror(errno));
}

/*
 * What the group gets before the witness was asked is sent on: better twice than never. So that it
 * can come twice only in the moment before the program starts, the program's process waits for the
 * asking.
 */
bool job_fork(struct job *job)
{
    int asked[2];
    char nothing;

    if (pipe2(asked, O_CLOEXEC) != 0)
        die(STATUS_SETUP, "cannot make a pipe: %s", strerror(errno));
    job->program = fork();
    if (job->program < 0)
        die(STATUS_SETUP, "cannot make the program's process: %s", strerror(errno));
    if (job->program > 0) {
        signal_witness_ask(&job->witness);
        close(asked[0]);
        close(asked[1]);
        return false;
    }
    close(asked[1]);
    while (read(asked[0], &nothing, sizeof nothing) < 0 && errno == EINTR)
        ;
    close(asked[0]);
    sigaction(SIGCHLD, &job->child_before, NULL);
    set_mask(job->mask_before, NULL);
    return true;
}

void job_wait(const struct job *job, long microseconds)
{
    struct pollfd signals = {.fd = job->signal_fd, .events = POLLIN};
    const struct timespec timeout = {.tv_sec = microseconds / 1000000,
                                     .tv_nsec = microseconds % 1000000 * 1000};

    ppoll(&signals, 1, &timeout, NULL);
}

/* ---- signals for the program ---- */

/* Adds the signals that are pending here, but for the news of children. Returns their number. */
static size_t take_signals(const struct job *job, struct signalfd_siginfo taken[static TAKEN_MAX],
                           size_t count)
{
    while (count < TAKEN_MAX &&
           read(job->signal_fd, &taken[count], sizeof taken[count]) == (ssize_t)sizeof taken[count])
        if (taken[count].ssi_signo != SIGCHLD || taken[count].ssi_code <= 0)
            count++;
    return count;
}

static void send_on(const struct job *job, const struct signalfd_siginfo *info)
{
    const union sigval value = {.sival_ptr = (void *)(uintptr_t)info->ssi_ptr};

    /* The program's process is there as long as it was not waited for. */
    if (info->ssi_code == SI_QUEUE)
        sigqueue(job->program, (int)info->ssi_signo, value);
    else
        kill(job->program, (int)info->ssi_signo);
}

/*
 * A signal that the witness has was sent to the whole group: the program has its own, or has left
 * the group and is to have none. The witness has it before this process does, never after; so
 * what it has is compared with what is read until nothing more comes.
 */
static void pass_signals(struct job *job)
{
    struct pollfd pending = {.fd = job->signal_fd, .events = POLLIN};
    struct signalfd_siginfo taken[TAKEN_MAX];
    uint64_t to_group = job->expected;
    size_t count = take_signals(job, taken, 0);
    size_t before;

    job->expected = 0;
    if (count == 0)
        return;
    do {
        before = count;
        to_group |= signal_witness_ask(&job->witness);
        count = take_signals(job, taken, count);
    } while (count > before && count < TAKEN_MAX);
    const bool more = count == TAKEN_MAX && poll(&pending, 1, 0) > 0;
    job->expected = to_group;
    for (size_t i = 0; i < count; i++) {
        if (!more) /* what the witness has may be of those that are not read yet */
            job->expected &= ~bit_of(taken[i].ssi_signo);
        if ((to_group & bit_of(taken[i].ssi_signo)) != 0)
            continue;
        if (job->witness.socket >= 0 || taken[i].ssi_code != SI_KERNEL)
            send_on(job,
                    &taken[i]); /* without a witness: what the kernel sends is the terminal's */
    }
}

/* ---- following the program ---- */

void job_stop(const siginfo_t *change)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    const int signal = change->si_status;

    sigaction(signal, &standard, NULL);
    kill(getpid(), signal);
    /* SIGSTOP has acted by now; the others wait for this. */
    set_mask(EVERY_SIGNAL & ~bit_of((unsigned)signal), NULL);
    set_mask(EVERY_SIGNAL, NULL);
}

enum job_state job_follow(struct job *job, siginfo_t *change)
{
    /* First, so that a program that was continued meanwhile is not taken as stopped. */
    pass_signals(job);
    change->si_pid = 0;
    if (waitid(P_PID, (id_t)job->program, change, WEXITED | WSTOPPED | WNOHANG) != 0)
        die(STATUS_SETUP, "the status of the program is lost: %s", strerror(errno));
    if (change->si_pid == 0)
        return JOB_RUNS;
    return change->si_code == CLD_STOPPED ? JOB_STOPPED : JOB_ENDED;
}

/* ---- ending ---- */

/* The whole group gets it; of it this process has nothing to pass on. */
void job_interrupt(void)
{
    kill(0, SIGINT);
}

void job_kill(const struct job *job)
{
    kill(job->program, SIGKILL);
}

void job_unblock_signals(const struct job *job)
{
    struct signalfd_siginfo late[TAKEN_MAX];

    while (read(job->signal_fd, late, sizeof late) > 0)
        ;
    set_mask(job->mask_before, NULL);
}

void job_end(struct job *job, const siginfo_t *end)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    const struct rlimit none = {0};

    signal_witness_end(&job->witness);
    if (end->si_code == CLD_EXITED)
        _exit(end->si_status);
    /* If a core is wanted, the program's was it. A core that goes to a pipe knows no limit. */
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    sigaction(end->si_status, &standard, NULL);
    kill(getpid(), end->si_status);
    set_mask(EVERY_SIGNAL & ~bit_of((unsigned)end->si_status), NULL);
    _exit(STATUS_OF_SIGNAL + end->si_status);
}
