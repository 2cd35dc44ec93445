/* Signals: what a program pays to install a handler, and to have one run. */
#include "measure.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile unsigned long delivered;

static void count_delivery(int signal_number)
{
    (void)signal_number;
    delivered = delivered + 1;
}

static void install_handler(void)
{
    struct sigaction action = {.sa_handler = count_delivery};

    sigemptyset(&action.sa_mask);
    if (sigaction(SIGUSR1, &action, NULL) != 0)
        fail("sigaction");
}

static void install_run(unsigned long count)
{
    while (count--)
        install_handler();
}

/* An unblocked signal sent to oneself is delivered before tgkill returns. */
static void deliver_run(unsigned long count)
{
    pid_t process = getpid();
    pid_t thread = gettid();
    unsigned long expected = delivered + count;

    for (unsigned long i = 0; i < count; i++)
        if (syscall(SYS_tgkill, process, thread, SIGUSR1) != 0)
            fail("tgkill");
    if (delivered != expected)
        fail("signals were lost or doubled");
}

const struct workload signal_workloads[] = {
    {"signal_install", "sigaction of one handler", NULL, install_run},
    {"signal_deliver", "tgkill to oneself, handler, rt_sigreturn", install_handler, deliver_run},
    {NULL, NULL, NULL, NULL},
};
