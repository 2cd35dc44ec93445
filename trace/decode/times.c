#include "fields.h"

#include <inttypes.h>

#define TIME_NOW  0x3fffffff
#define TIME_OMIT 0x3ffffffe

static void write_time(struct decoder *decoder, const uint8_t *bytes, const char *fraction)
{
    fprintf(decoder->out, "{tv_sec=%" PRId64 ", %s=%" PRId64 "}", (int64_t)u64_at(bytes, 0),
            fraction, (int64_t)u64_at(bytes, 8));
}

void write_timespec(struct decoder *decoder, const uint8_t *bytes)
{
    write_time(decoder, bytes, "tv_nsec");
}

void write_timeval(struct decoder *decoder, const uint8_t *bytes)
{
    write_time(decoder, bytes, "tv_usec");
}

/* The time 0 is no date that anybody means. */
static void write_dated(struct decoder *decoder, const uint8_t *bytes, write_bytes *time,
                        int64_t nanoseconds)
{
    time(decoder, bytes);
    if (u64_at(bytes, 0) == 0 && nanoseconds == 0)
        return;
    fputs(" /* ", decoder->out);
    write_date(decoder->out, (int64_t)u64_at(bytes, 0), nanoseconds);
    fputs(" */", decoder->out);
}

static void write_file_time(struct decoder *decoder, const uint8_t *bytes)
{
    int64_t nanoseconds = (int64_t)u64_at(bytes, 8);
    if (nanoseconds == TIME_NOW || nanoseconds == TIME_OMIT) {
        fputs(nanoseconds == TIME_NOW ? "UTIME_NOW" : "UTIME_OMIT", decoder->out);
    } else {
        write_dated(decoder, bytes, write_timespec, nanoseconds);
    }
}

static void write_file_timeval(struct decoder *decoder, const uint8_t *bytes)
{
    uint64_t microseconds = u64_at(bytes, 8);
    write_dated(decoder, bytes, write_timeval,
                microseconds < 1000000 ? (int64_t)microseconds * 1000 : 0);
}

static void write_pair(struct decoder *decoder, const uint8_t *bytes, write_bytes *time)
{
    fputc('[', decoder->out);
    time(decoder, bytes);
    fputs(", ", decoder->out);
    time(decoder, bytes + 16);
    fputc(']', decoder->out);
}

void write_timespec_pair(struct decoder *decoder, const uint8_t *bytes)
{
    write_pair(decoder, bytes, write_file_time);
}

void write_timeval_pair(struct decoder *decoder, const uint8_t *bytes)
{
    write_pair(decoder, bytes, write_file_timeval);
}

static void write_interval(struct decoder *decoder, const uint8_t *bytes, write_bytes *time)
{
    fputs("{it_interval=", decoder->out);
    time(decoder, bytes);
    fputs(", it_value=", decoder->out);
    time(decoder, bytes + 16);
    fputc('}', decoder->out);
}

void write_itimerspec(struct decoder *decoder, const uint8_t *bytes)
{
    write_interval(decoder, bytes, write_timespec);
}

void write_itimerval(struct decoder *decoder, const uint8_t *bytes)
{
    write_interval(decoder, bytes, write_timeval);
}

void write_rusage(struct decoder *decoder, const uint8_t *bytes)
{
    static const struct field fields[] = {{"ru_utime", FIELD_TIMEVAL, 16, 0, 0},
                                          {"ru_stime", FIELD_TIMEVAL, 16, 16, 0}};
    write_fields(decoder, FIELDS_OF(fields), bytes, 144, true);
}
