/*
 * Two parties that wake each other in turn. One operation is a whole round trip: both parties
 * block once and wake the other once. The peer lives as long as the program.
 */
#include "measure.h"
#include "sud.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_END, WRITE_END };

static int to_peer[2];
static int from_peer[2];

static void open_pipes(void)
{
    if (pipe(to_peer) != 0 || pipe(from_peer) != 0)
        fail("pipe");
}

/* Ends only with the program. */
static void echo_bytes(void)
{
    char byte;

    sud_arm_thread();
    while (read(to_peer[READ_END], &byte, 1) == 1)
        if (write(from_peer[WRITE_END], &byte, 1) != 1)
            fail("write to the first party");
}

static pid_t peer_process; /* 0 in the peer itself */

/* Reaped, so that tools/bench can tell its CPU time from that of other programs. */
static void end_peer_process(void)
{
    if (peer_process > 0 && kill(peer_process, SIGKILL) == 0)
        waitpid(peer_process, NULL, 0);
}

static void start_peer_process(void)
{
    open_pipes();
    pid_t peer = fork();

    if (peer < 0)
        fail("fork");
    if (peer > 0) {
        peer_process = peer;
        if (atexit(end_peer_process) != 0)
            fail("atexit");
        return;
    }
    /* Both ends of the pipes stay open here, so the parent's death shows only as this signal. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        fail("prctl(PR_SET_PDEATHSIG)");
    echo_bytes();
    _exit(0);
}

static void start_thread(void *(*thread_main)(void *))
{
    pthread_t peer;

    errno = pthread_create(&peer, NULL, thread_main, NULL);
    if (errno)
        fail("pthread_create");
}

static void *pipe_thread_main(void *unused)
{
    echo_bytes();
    return unused;
}

static void start_pipe_thread(void)
{
    open_pipes();
    start_thread(pipe_thread_main);
}

static void pipe_run(unsigned long count)
{
    char byte = 0;

    while (count--)
        if (write(to_peer[WRITE_END], &byte, 1) != 1 || read(from_peer[READ_END], &byte, 1) != 1)
            fail("round trip through the pipes");
}

enum party { FIRST, PEER };

static _Atomic unsigned turn = FIRST;

static void hand_over(enum party next)
{
    atomic_store(&turn, next);
    if (syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0)
        fail("FUTEX_WAKE");
}

/* EAGAIN: the turn changed before the kernel looked; the loop's test sees it. */
static void await_turn(enum party me, enum party other)
{
    while (atomic_load(&turn) != me)
        if (syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, other, NULL, NULL, 0) != 0 &&
            errno != EAGAIN && errno != EINTR)
            fail("FUTEX_WAIT");
}

static noreturn void *futex_thread_main(void *unused)
{
    (void)unused;
    sud_arm_thread();
    for (;;) {
        await_turn(PEER, FIRST);
        hand_over(FIRST);
    }
}

static void start_futex_thread(void)
{
    start_thread(futex_thread_main);
}

static void futex_run(unsigned long count)
{
    while (count--) {
        hand_over(PEER);
        await_turn(FIRST, PEER);
    }
}

const struct workload ping_pong_workloads[] = {
    {"pipe_processes", "1 byte through a pipe and back, two processes", start_peer_process,
     pipe_run},
    {"pipe_threads", "1 byte through a pipe and back, two threads", start_pipe_thread, pipe_run},
    {"futex_threads", "futex wake and wait, there and back, two threads", start_futex_thread,
     futex_run},
    {NULL, NULL, NULL, NULL},
};
