/* Processes and threads, from creation to reaping. */
#include "measure.h"
#include "sud.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("the child did not exit with status 0");
}

static void fork_run(unsigned long count)
{
    while (count--) {
        pid_t child = fork();

        if (child < 0)
            fail("fork");
        if (child == 0) {
            sud_arm_thread();
            _exit(0);
        }
        reap(child);
    }
}

/* Not inlined: the child of vfork runs on this frame, which then holds nothing that changes. */
static __attribute__((noinline)) pid_t vfork_true(void)
{
    static const char path[] = "/bin/true";
    static char name[] = "true";
    static char *const arguments[] = {name, NULL};
    pid_t child = vfork();

    if (child == 0) {
        execve(path, arguments, environ);
        _exit(127);
    }
    return child;
}

static void vfork_exec_run(unsigned long count)
{
    while (count--) {
        pid_t child = vfork_true();

        if (child < 0)
            fail("vfork");
        reap(child);
    }
}

static void *thread_main(void *unused)
{
    (void)unused;
    sud_arm_thread();
    return NULL;
}

static void thread_run(unsigned long count)
{
    while (count--) {
        pthread_t thread;

        errno = pthread_create(&thread, NULL, thread_main, NULL);
        if (errno)
            fail("pthread_create");
        errno = pthread_join(thread, NULL);
        if (errno)
            fail("pthread_join");
    }
}

const struct workload process_workloads[] = {
    {"fork", "fork, child exits, wait", NULL, fork_run},
    {"vfork_exec", "vfork, execve /bin/true, wait", NULL, vfork_exec_run},
    {"thread", "pthread_create and pthread_join", NULL, thread_run},
    {NULL, NULL, NULL, NULL},
};
