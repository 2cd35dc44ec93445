#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "channel_reader.h"
#include "descriptors.h"
#include "job_control.h"
#include "memfd.h"
#include "message.h"
#include "reader.h"
#include "statistics_report.h"

#define CHANNEL_NAME "endorun-channel"
#define CHANNEL_PART "the event channel"

/* Milliseconds between two looks at the rings; halved when one fills, doubled when none does. */
#define INTERVAL_MIN 1
#define INTERVAL_MAX 20
#define FILLING      20U /* percent */
#define QUIET        5U

/* A look for processes that have ended is a system call for each slot in use. */
#define ENDED_INTERVAL 250 /* milliseconds */

/* One reader a process: it is the process. */
static struct {
    struct statistics statistics;
    struct channel_reader channel;
    struct job job;
    const char *file; /* NULL: standard error */
    int report_fd;
} reader = {.channel.statistics = &reader.statistics};

static void open_report(const char *file)
{
    reader.file = file;
    reader.report_fd = STDERR_FILENO;
    if (file == NULL) {
        if (fcntl(STDERR_FILENO, F_GETFD) < 0)
            die(STATUS_SETUP, "--stats: standard error is closed; name a file (--stats=FILE)");
        return;
    }
    reader.report_fd =
        move_above_standard(open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666));
    if (reader.report_fd < 0)
        die(STATUS_SETUP, "--stats=%s: cannot open the file for writing: %s", file,
            strerror(errno));
}

static void open_channel(void)
{
    int fd = memfd_open(MEMFD_DATA, CHANNEL_NAME);

    if (fd < 0)
        memfd_die(CHANNEL_PART, fd);
    fd = move_above_standard(fd);
    if (fd < 0)
        memfd_die(CHANNEL_PART, -errno);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    int error = channel_create(&reader.channel, fd);
    if (error != 0)
        memfd_die(CHANNEL_PART, error);
}

void reader_request_stats(struct endorun_session *session, const char *file)
{
    /* The reader and what it sets up on the way need some; the monitor sets the limit back. */
    raise_descriptor_limit(&session->nofile_soft);
    open_report(file);
    open_channel();
    session->flags |= ENDORUN_SESSION_STATS;
    session->reader_pid = (uint32_t)getpid();
    session->reader_channel_fd = reader.channel.fd;
}

/* A pipe or a lock must not stay open because the reader has it. */
static void let_go_of_inherited_descriptors(void)
{
    const int kept[] = {STDERR_FILENO, reader.report_fd, reader.channel.fd, reader.job.signal_fd,
                        reader.job.witness.socket};

    close_all_descriptors_but(kept, sizeof kept / sizeof kept[0]);
}

static long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void read_until_end(siginfo_t *end)
{
    int interval = INTERVAL_MIN;
    long looked = milliseconds();

    do {
        job_wait(&reader.job, interval);
        const long now = milliseconds();
        const bool look_for_ended = now - looked >= ENDED_INTERVAL;
        if (look_for_ended)
            looked = now;
        const unsigned fullest = channel_drain(&reader.channel, look_for_ended);
        if (fullest > FILLING && interval > INTERVAL_MIN)
            interval /= 2;
        else if (fullest < QUIET && interval < INTERVAL_MAX)
            interval = 2 * interval < INTERVAL_MAX ? 2 * interval : INTERVAL_MAX;
    } while (!job_follow(&reader.job, end));
    channel_drain(&reader.channel, false);
}

/* All at once: a reader of the file never sees half a report, nor lines of others between. */
static int write_whole(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

static void report(const char *program, const siginfo_t *end)
{
    char *text = NULL;
    size_t size = 0;

    /* The image has said why no program ran; a table of zeros would only hide that line. */
    if (reader.file == NULL && reader.statistics.image_count == 0 && end->si_code == CLD_EXITED &&
        end->si_status >= STATUS_SETUP && end->si_status <= STATUS_NOT_FOUND)
        return;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL && reader.file == NULL)
        write_statistics_table(out, &reader.statistics, program);
    else if (out != NULL)
        write_statistics_json(out, &reader.statistics, program);
    if (out == NULL || fclose(out) != 0)
        die(STATUS_SETUP, "no memory is left for the report of the statistics");
    int error = write_whole(reader.report_fd, text, size);
    free(text);
    if (error != 0 && reader.file != NULL)
        die(STATUS_SETUP, "--stats=%s: cannot write the report: %s", reader.file, strerror(-error));
}

void reader_split(const char *program)
{
    siginfo_t end;

    job_prepare(&reader.job);
    if (job_fork(&reader.job))
        return;
    let_go_of_inherited_descriptors();
    read_until_end(&end);
    statistics_settle(&reader.statistics);
    report(program, &end);
    job_end(&reader.job, &end);
}
