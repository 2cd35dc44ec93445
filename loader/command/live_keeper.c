#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "live_keeper.h"
#include "message.h"

#define DESCRIPTORS_MAX 8U

/* Returns when every process that has the other end is gone, or has another program. */
static void wait_for_end(int pipe)
{
    char byte;

    while (read(pipe, &byte, sizeof byte) < 0 && errno == EINTR)
        ;
}

static void keep_only(int pipe, const int *descriptors, size_t count)
{
    int kept[DESCRIPTORS_MAX] = {pipe};

    memcpy(kept + 1, descriptors, count * sizeof kept[0]);
    close_all_descriptors_but(kept, count + 1);
}

void live_keeper_start(struct live_keeper *keeper, void (*clean_up)(void *context), void *context,
                       const int *descriptors, size_t count)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0 || (ends[1] = move_above_standard(ends[1])) < 0)
        die(STATUS_SETUP, "--live: cannot make a pipe: %s", strerror(errno));
    keeper->pid = fork();
    if (keeper->pid < 0)
        die(STATUS_SETUP, "--live: cannot make a process: %s", strerror(errno));
    if (keeper->pid == 0) {
        prctl(PR_SET_NAME, "endorun-keeper");
        keep_only(ends[0], descriptors, count);
        wait_for_end(ends[0]);
        clean_up(context);
        _exit(0);
    }
    close(ends[0]);
    keeper->pipe = ends[1];
}

void live_keeper_end(struct live_keeper *keeper)
{
    close(keeper->pipe);
    waitpid(keeper->pid, NULL, 0);
}
