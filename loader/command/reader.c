#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "channel_reader.h"
#include "descriptors.h"
#include "job_control.h"
#include "live_view.h"
#include "memfd.h"
#include "message.h"
#include "reader.h"
#include "statistics_report.h"

#define CHANNEL_NAME "endorun-channel"
#define CHANNEL_PART "the event channel"

/*
 * Microseconds between two looks at the rings: none while one fills, and twice as many each time
 * that none does. A program that does nothing but make traced calls fills one in less than 200.
 */
#define INTERVAL_MIN 25
#define INTERVAL_MAX 20000
#define FILLING      5U /* percent */

/* A look for processes that have ended is a system call for each slot in use. */
#define ENDED_INTERVAL 250 /* milliseconds */

/* One reader a process: it is the process. */
static struct {
    struct statistics statistics;
    struct channel_reader channel;
    struct job job;
    bool has_stats;
    const char *file; /* of the statistics; NULL: standard error */
    int report_fd;
    struct traced_calls *calls; /* NULL: none are asked for */
    struct trace_writer *trace; /* likewise */
    int trace_fd;
    struct live_view *view; /* likewise */
} reader = {.channel = {.fd = -1, .statistics = &reader.statistics},
            .report_fd = STDERR_FILENO,
            .trace_fd = STDERR_FILENO};

/* The file that an option names, or standard error. */
static int open_output(const char *option, const char *file)
{
    if (file == NULL) {
        if (fcntl(STDERR_FILENO, F_GETFD) < 0)
            die(STATUS_SETUP, "--%s: standard error is closed; name a file (--%s=FILE)", option,
                option);
        return STDERR_FILENO;
    }
    int fd =
        move_above_standard(open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666));
    if (fd < 0)
        die(STATUS_SETUP, "--%s=%s: cannot open the file for writing: %s", option, file,
            strerror(errno));
    return fd;
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

static void use_channel(struct endorun_session *session)
{
    if (session->reader_pid != 0)
        return;
    /* The reader and what it sets up on the way need some; the monitor sets the limit back. */
    raise_descriptor_limit(&session->nofile_soft);
    open_channel();
    session->reader_pid = (uint32_t)getpid();
    session->reader_channel_fd = reader.channel.fd;
}

void reader_request_stats(struct endorun_session *session, const char *file)
{
    use_channel(session);
    reader.has_stats = true;
    reader.file = file;
    reader.report_fd = open_output("stats", file);
    session->flags |= ENDORUN_SESSION_STATS;
}

static bool needs_names(const struct trace_request *request)
{
    const struct trace_options *options = &request->options;

    return request->is_live || options->names_descriptors || options->json ||
           options->selection.path_count > 0;
}

void reader_request_trace(struct endorun_session *session, const struct trace_request *request,
                          char *const *command)
{
    const struct trace_options *options = &request->options;

    use_channel(session);
    reader.calls = traced_calls_create(&options->selection);
    reader.channel.sink = traced_calls_sink(reader.calls);
    if (request->is_live)
        reader.view = live_view_create(reader.calls, command);
    if (request->writes) {
        reader.trace_fd = open_output("trace", request->file);
        reader.trace = trace_writer_create(reader.calls, reader.trace_fd, options, command);
    }
    session->flags |= ENDORUN_SESSION_TRACE;
    session->flags |= request->is_lossy ? ENDORUN_SESSION_TRACE_LOSSY : 0U;
    session->flags |= needs_names(request) ? ENDORUN_SESSION_TRACE_NAMES : 0U;
    session->trace_bytes = (uint32_t)options->string_limit;
    memcpy(session->traced, options->selection.calls, sizeof session->traced);
    session->injects = request->injects;
    session->injections = request->injections;
}

/* A pipe or a lock must not stay open because the reader has it. */
static void let_go_of_inherited_descriptors(void)
{
    const int own[] = {STDERR_FILENO,     reader.report_fd,     reader.trace_fd,
                       reader.channel.fd, reader.job.signal_fd, reader.job.witness.socket};
    size_t count = sizeof own / sizeof own[0];
    int kept[sizeof own / sizeof own[0] + LIVE_DESCRIPTORS];

    memcpy(kept, own, sizeof own);
    if (reader.view != NULL) {
        live_view_descriptors(reader.view, kept + count);
        count += LIVE_DESCRIPTORS;
    }
    close_all_descriptors_but(kept, count);
}

static long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_trace(uint64_t before)
{
    int error = trace_writer_flush(reader.trace, before);

    if (error != 0)
        warn("the trace ends here, and the program goes on: it cannot be written: %s",
             strerror(-error));
}

/* What was recorded before this look at the rings is seen by it, so it can be told in order. */
static unsigned drain(bool look_for_ended)
{
    const uint64_t time = reader.calls != NULL ? traced_calls_begin_look(reader.calls) : 0;
    const unsigned fullest = channel_drain(&reader.channel, look_for_ended);

    if (reader.trace != NULL)
        write_trace(time);
    return fullest;
}

/* What was not recorded is said. */
static void end_trace(const siginfo_t *end)
{
    const struct statistics *lost = &reader.statistics;

    traced_calls_end(reader.calls);
    if (reader.trace != NULL) {
        trace_writer_end(reader.trace, end);
        write_trace(UINT64_MAX);
    }
    if (lost->dropped != 0)
        warn("the trace lacks %llu records, which found no room",
             (unsigned long long)lost->dropped);
    if (lost->unheard != 0)
        warn("the trace lacks %llu threads, of more than %u at once",
             (unsigned long long)lost->unheard, ENDORUN_CHANNEL_SLOTS);
    if (lost->damaged_rings != 0)
        warn("the trace lacks what %llu threads did after something else wrote to their records",
             (unsigned long long)lost->damaged_rings);
}

/* True: the program has ended. */
static bool follow_program(siginfo_t *end)
{
    enum job_state state;

    while ((state = job_follow(&reader.job, end)) == JOB_STOPPED) {
        if (reader.view != NULL)
            live_view_suspend(reader.view);
        job_stop(end);
    }
    return state == JOB_ENDED;
}

static void update_view(void)
{
    switch (live_view_update(reader.view, &reader.channel)) {
    case LIVE_REQUEST_INTERRUPT:
        job_interrupt();
        break;
    case LIVE_REQUEST_KILL:
        job_kill(&reader.job);
        break;
    case LIVE_REQUEST_NONE:
        break;
    }
}

static void read_until_end(siginfo_t *end)
{
    long interval = INTERVAL_MIN;
    long looked = milliseconds();

    prctl(PR_SET_TIMERSLACK, 1); /* else it waits 50 microseconds more */
    do {
        job_wait(&reader.job, interval);
        const long now = milliseconds();
        const bool look_for_ended = now - looked >= ENDED_INTERVAL;
        if (look_for_ended)
            looked = now;
        const unsigned fullest = drain(look_for_ended);
        if (fullest >= FILLING)
            interval = 0;
        else if (interval == 0)
            interval = INTERVAL_MIN;
        else
            interval = interval * 2 < INTERVAL_MAX ? interval * 2 : INTERVAL_MAX;
        if (reader.view != NULL)
            update_view();
    } while (!follow_program(end));
    drain(true);
    if (reader.calls != NULL)
        end_trace(end);
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
    if (reader.view != NULL)
        live_view_take_terminal(reader.view);
    if (job_fork(&reader.job))
        return;
    let_go_of_inherited_descriptors();
    read_until_end(&end);
    statistics_settle(&reader.statistics);
    if (reader.has_stats)
        report(program, &end);
    if (reader.view != NULL) {
        live_view_suspend(reader.view);
        job_unblock_signals(&reader.job); /* Ctrl-C ends a long output */
        live_view_end(reader.view);
    }
    job_end(&reader.job, &end);
}

unsigned reader_processes(void)
{
    return reader.view != NULL ? 3 : 2; /* itself, its witness of signals, the view's keeper */
}
