#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "trace_lines.h"

#define CHUNK 65536U /* bytes written at once */

static void *must_have(void *memory)
{
    if (memory == NULL)
        die(STATUS_SETUP, "no memory is left for the trace");
    return memory;
}

void trace_lines_create(struct trace_lines *lines, enum trace_stamps stamps,
                        const struct trace_clock *clock)
{
    *lines = (struct trace_lines){.stamps = stamps, .clock = clock};
    tzset(); /* what it reads may be out of reach later */
    lines->out = must_have(open_memstream(&lines->text, &lines->text_size));
}

/* How much there is of the text; it can be read then. */
static size_t text_length(struct trace_lines *lines)
{
    const off_t length = fflush(lines->out) == 0 ? ftello(lines->out) : -1;

    if (length < 0)
        must_have(NULL);
    return (size_t)length;
}

void trace_lines_stamp(struct trace_lines *lines)
{
    const off_t here =
        lines->stamps == TRACE_STAMPS_NONE ? (off_t)lines->started : ftello(lines->out);

    if (here < 0)
        must_have(NULL);
    lines->stamp_offset = (size_t)here - lines->started;
}

void trace_lines_end(struct trace_lines *lines, uint64_t time, uint64_t stamp)
{
    if (lines->count == lines->room) {
        lines->room = lines->room == 0 ? 1024 : 2 * lines->room;
        lines->lines = must_have(realloc(lines->lines, lines->room * sizeof lines->lines[0]));
    }
    fputc('\n', lines->out);
    const off_t end = ftello(lines->out);
    if (end < 0)
        must_have(NULL);
    lines->lines[lines->count++] = (struct trace_line){.time = time,
                                                       .order = lines->made++,
                                                       .stamp = stamp,
                                                       .offset = lines->started,
                                                       .size = (size_t)end - lines->started,
                                                       .stamp_offset = lines->stamp_offset};
    lines->started = (size_t)end;
    lines->stamp_offset = 0;
}

static int compare(const void *left, const void *right)
{
    const struct trace_line *a = left, *b = right;

    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool are_in_order(const struct trace_lines *lines)
{
    for (size_t i = 1; i < lines->count; i++)
        if (compare(&lines->lines[i - 1], &lines->lines[i]) > 0)
            return false;
    return true;
}

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

/* ---- stamps ---- */

#define SECOND    1000000000LL /* nanoseconds */
#define STAMP_MAX 64U

static size_t format_time_of_day(char *stamp, int64_t nanoseconds, bool with_microseconds)
{
    const time_t seconds = (time_t)(nanoseconds / SECOND);
    struct tm parts = {0};

    localtime_r(&seconds, &parts);
    size_t size = strftime(stamp, STAMP_MAX, "%H:%M:%S", &parts);
    if (with_microseconds)
        size += (size_t)snprintf(stamp + size, STAMP_MAX - size, ".%06lld",
                                 (long long)(nanoseconds % SECOND / 1000));
    return size;
}

static size_t format_relative(char *stamp, int64_t nanoseconds)
{
    const long long passed = nanoseconds < 0 ? -nanoseconds : nanoseconds;
    char number[STAMP_MAX];

    snprintf(number, sizeof number, "%s%lld.%06lld", nanoseconds < 0 ? "-" : "", passed / SECOND,
             passed % SECOND / 1000);
    return (size_t)snprintf(stamp, STAMP_MAX, "%13s", number);
}

/* How long the stamp is; it ends with a blank. */
static size_t format_stamp(struct trace_lines *lines, const struct trace_line *line, char *stamp)
{
    const uint64_t before = lines->last_stamp != 0 ? lines->last_stamp : line->stamp;
    const int64_t passed = trace_clock_since_start(lines->clock, line->stamp);
    const int64_t time = lines->clock->realtime + passed;
    size_t size = 0;

    if (line->stamp == 0)
        return 0;
    switch (lines->stamps) {
    case TRACE_STAMPS_NONE:
        return 0;
    case TRACE_STAMPS_SECONDS:
    case TRACE_STAMPS_MICROSECONDS:
        size = format_time_of_day(stamp, time, lines->stamps == TRACE_STAMPS_MICROSECONDS);
        break;
    case TRACE_STAMPS_UNIX:
        size = (size_t)snprintf(stamp, STAMP_MAX, "%lld.%06lld", (long long)(time / SECOND),
                                (long long)(time % SECOND / 1000));
        break;
    case TRACE_STAMPS_RELATIVE:
        size = format_relative(stamp, passed - trace_clock_since_start(lines->clock, before));
        break;
    }
    lines->last_stamp = line->stamp;
    stamp[size] = ' ';
    return size + 1;
}

/* ---- writing ---- */

/* Together: a write each would cost more than all else. */
struct chunk {
    int fd;
    int error; /* negative errno: nothing is written any more */
    size_t used;
    char bytes[CHUNK];
};

static void write_chunk(struct chunk *chunk)
{
    if (chunk->error == 0)
        chunk->error = write_whole(chunk->fd, chunk->bytes, chunk->used);
    chunk->used = 0;
}

static void add_to_chunk(struct chunk *chunk, const char *bytes, size_t size)
{
    if (chunk->used + size > sizeof chunk->bytes)
        write_chunk(chunk);
    if (size <= sizeof chunk->bytes) {
        memcpy(chunk->bytes + chunk->used, bytes, size);
        chunk->used += size;
    } else if (chunk->error == 0) {
        chunk->error = write_whole(chunk->fd, bytes, size);
    }
}

static int write_lines(struct trace_lines *lines, int fd, size_t count)
{
    static struct chunk chunk;
    char stamp[STAMP_MAX];

    chunk.fd = fd;
    chunk.error = 0;
    for (size_t i = 0; i < count && chunk.error == 0; i++) {
        const struct trace_line *line = &lines->lines[i];
        const char *text = lines->text + line->offset;
        const size_t stamp_size = format_stamp(lines, line, stamp);
        const size_t first = stamp_size > 0 ? line->stamp_offset : 0;

        add_to_chunk(&chunk, text, first);
        add_to_chunk(&chunk, stamp, stamp_size);
        add_to_chunk(&chunk, text + first, line->size - first);
    }
    write_chunk(&chunk);
    return chunk.error;
}

/* What stays moves to the beginning of the text. */
static void forget(struct trace_lines *lines, size_t count)
{
    size_t size = 0;

    for (size_t i = count; i < lines->count; i++)
        size += lines->lines[i].size;
    char *kept = must_have(malloc(size + 1));
    size = 0;
    for (size_t i = count; i < lines->count; i++) {
        struct trace_line *line = &lines->lines[i];

        memcpy(kept + size, lines->text + line->offset, line->size);
        line->offset = size;
        size += line->size;
        lines->lines[i - count] = *line;
    }
    lines->count -= count;
    if (fseeko(lines->out, 0, SEEK_SET) != 0)
        must_have(NULL);
    fwrite(kept, 1, size, lines->out);
    lines->started = size;
    free(kept);
}

int trace_lines_write(struct trace_lines *lines, int fd, uint64_t before)
{
    size_t count = 0;

    if (lines->count == 0)
        return 0;
    text_length(lines);
    if (!are_in_order(lines))
        qsort(lines->lines, lines->count, sizeof lines->lines[0], compare);
    while (count < lines->count && lines->lines[count].time < before)
        count++;
    if (count == 0)
        return 0;
    int error = fd >= 0 ? write_lines(lines, fd, count) : 0;
    forget(lines, count);
    return error;
}
