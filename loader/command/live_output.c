#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "live_output.h"
#include "memfd.h"
#include "message.h"

#define OUTPUT_NAME "endorun-output"
#define OUTPUT_PART "the output that --live holds back"

void live_output_open(struct live_output *output)
{
    const int fd = memfd_open(MEMFD_DATA, OUTPUT_NAME);

    if (fd < 0)
        memfd_die(OUTPUT_PART, fd);
    *output = (struct live_output){
        .fd = move_above_standard(fd),
        .nothing = move_above_standard(open("/dev/null", O_RDWR | O_CLOEXEC)),
    };
    if (output->nothing < 0)
        die(STATUS_SETUP, "--live: cannot open /dev/null: %s", strerror(errno));
    /* Both descriptors, and whoever inherits them, write behind each other. */
    if (output->fd < 0 || fcntl(output->fd, F_SETFL, O_APPEND) != 0 ||
        fcntl(output->fd, F_SETFD, FD_CLOEXEC) != 0)
        memfd_die(OUTPUT_PART, -errno);
}

void live_output_divert(const struct live_output *output, const struct live_terminal *terminal)
{
    const int by[] = {[STDIN_FILENO] = output->nothing,
                      [STDOUT_FILENO] = output->fd,
                      [STDERR_FILENO] = output->fd};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (live_terminal_is(terminal, fd) && dup2(by[fd], fd) < 0)
            die(STATUS_SETUP, "--live: cannot take the terminal from the program: %s",
                strerror(errno));
}

static off_t size_of(const struct live_output *output)
{
    struct stat status;

    return fstat(output->fd, &status) == 0 ? status.st_size : 0;
}

void live_output_bound(struct live_output *output)
{
    const off_t start = size_of(output) - LIVE_OUTPUT_MAX;

    if (start > output->start &&
        fallocate(output->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, start) == 0)
        output->start = start;
}

void live_output_show(struct live_output *output, const struct live_terminal *terminal)
{
    char bytes[65536];
    ssize_t got;

    live_output_bound(output);
    off_t at = output->start;

    if (at > 0) {
        const int length = snprintf(bytes, sizeof bytes,
                                    "endorun: --live: the first %lld bytes of the output are "
                                    "lost: no more than %ld are held back\n",
                                    (long long)at, LIVE_OUTPUT_MAX);

        live_terminal_write(terminal, bytes, (size_t)length);
    }
    while ((got = pread(output->fd, bytes, sizeof bytes, at)) > 0 &&
           live_terminal_write(terminal, bytes, (size_t)got))
        at += got;
}
