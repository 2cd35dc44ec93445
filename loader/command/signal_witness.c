#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "signal_witness.h"

#define PATIENCE 100 /* milliseconds; an answer takes 0.02 */
#define ATTEMPTS 600

static uint64_t take_pending_signals(void)
{
    const struct timespec now = {0};
    uint64_t taken = 0;
    sigset_t all;
    int signal;

    memset(&all, 0xff, sizeof all);
    while ((signal = sigtimedwait(&all, NULL, &now)) > 0 || errno == EINTR)
        if (signal > 0)
            taken |= 1ULL << (signal - 1);
    return taken;
}

__attribute__((noreturn)) static void bear_witness(int socket, pid_t asker)
{
    ssize_t got;
    char question;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* for when it is stopped; else it reads the end of file */
    prctl(PR_SET_NAME, "endorun-witness");
    close_all_descriptors_but(&socket, 1);
    while (getppid() == asker) {
        got = recv(socket, &question, sizeof question, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        const uint64_t taken = take_pending_signals();
        send(socket, &taken, sizeof taken, MSG_NOSIGNAL);
    }
    _exit(0);
}

bool signal_witness_start(struct signal_witness *witness)
{
    const pid_t asker = getpid();
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    ends[0] = move_above_standard(ends[0]);
    if (ends[0] < 0)
        return false;
    witness->pid = fork();
    if (witness->pid == 0)
        bear_witness(ends[1], asker);
    close(ends[1]);
    witness->socket = ends[0];
    return witness->pid > 0;
}

/* False: no answer in time. */
static bool receive_answer(struct signal_witness *witness, uint64_t *answer)
{
    struct pollfd socket = {.fd = witness->socket, .events = POLLIN};

    if (poll(&socket, 1, PATIENCE) <= 0)
        return false;
    if (recv(witness->socket, answer, sizeof *answer, 0) != (ssize_t)sizeof *answer) {
        signal_witness_end(witness);
        *answer = 0;
    }
    return true;
}

uint64_t signal_witness_ask(struct signal_witness *witness)
{
    const char question = '?';
    uint64_t answer = 0;

    if (witness->socket < 0)
        return 0;
    if (send(witness->socket, &question, sizeof question, MSG_NOSIGNAL) != sizeof question) {
        signal_witness_end(witness);
        return 0;
    }
    if (receive_answer(witness, &answer))
        return answer;
    /* The whole group was stopped, and this process alone continued. */
    for (int i = 0; i < ATTEMPTS; i++) {
        kill(witness->pid, SIGCONT);
        if (receive_answer(witness, &answer))
            return answer & ~(1ULL << (SIGCONT - 1));
    }
    signal_witness_end(witness);
    return 0;
}

void signal_witness_end(struct signal_witness *witness)
{
    if (witness->socket < 0)
        return;
    close(witness->socket);
    witness->socket = -1;
    kill(witness->pid, SIGKILL);
    waitpid(witness->pid, NULL, 0);
}
