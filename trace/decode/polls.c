#include "decoder.h"

#include <inttypes.h>

#define POLLFD_SIZE 8U

static void write_pollfd(struct decoder *decoder, const uint8_t *bytes)
{
    int32_t descriptor = (int32_t)u32_at(bytes, 0);
    fputs("{fd=", decoder->out);
    write_descriptor(decoder, descriptor);
    if (descriptor >= 0) {
        fputs(", events=", decoder->out);
        write_values(decoder->out, SET_poll_event, number_at(bytes, 4, 2));
    }
    fputc('}', decoder->out);
}

void write_poll_array(struct decoder *decoder, uint64_t address, uint32_t count)
{
    write_array(decoder, address, count, POLLFD_SIZE, write_pollfd);
}

/* What has happened: `([{fd=4, revents=POLLIN}])`. */
static void write_poll_events(struct decoder *decoder, uint64_t address, uint32_t count)
{
    uint8_t bytes[POLLFD_SIZE];
    unsigned shown = 0;
    fputs(" ([", decoder->out);
    for (uint32_t i = 0;
         i < count && read_all(decoder, address + i * sizeof bytes, bytes, sizeof bytes); i++) {
        if (number_at(bytes, 6, 2) == 0 || (int32_t)u32_at(bytes, 0) < 0) {
            continue;
        }
        fputs(shown == 0 ? "" : ", ", decoder->out);
        if (shown++ == decoder->decoding->string_limit) {
            fputs("...", decoder->out);
            break;
        }
        fprintf(decoder->out, "{fd=%" PRId32 ", revents=", (int32_t)u32_at(bytes, 0));
        write_values(decoder->out, SET_poll_event, number_at(bytes, 6, 2));
        fputc('}', decoder->out);
    }
    fputc(']', decoder->out);
}

/* The rest of a timeout that the kernel has written back. */
static bool write_left(struct decoder *decoder, uint64_t address, write_bytes *time,
                       const char *separator)
{
    uint8_t bytes[16];
    bool is_there = address != 0 && read_all(decoder, address, bytes, sizeof bytes);
    if (is_there) {
        fprintf(decoder->out, "%sleft ", separator);
        time(decoder, bytes);
    }
    return is_there;
}

static void write_poll_result(struct decoder *decoder)
{
    const struct recorded_call *call = decoder->call;
    uint32_t count = (uint32_t)call->arguments[1];
    write_poll_events(decoder, call->arguments[0], count);
    if (call->number == CALL_ppoll) {
        write_left(decoder, call->arguments[2], write_timespec, ", ");
    }
    fputc(')', decoder->out);
}

static bool has_bits(const struct decoder *decoder, uint64_t address, uint64_t bits)
{
    uint64_t word = 0;
    for (uint64_t i = 0; i < bits && i < 65536; i += 64) {
        if (!read_all(decoder, address + i / 8, &word, sizeof word)) {
            return false;
        }
        if ((bits - i >= 64 ? word : word & ((1ULL << (bits - i)) - 1)) != 0) {
            return true;
        }
    }
    return false;
}

/* `(in [0 4], out [4], left {...})`. */
static void write_select_result(struct decoder *decoder)
{
    static const char *const names[] = {"in ", "out ", "except "};
    const struct recorded_call *call = decoder->call;
    uint32_t bits = (uint32_t)call->arguments[0];
    const char *separator = " (";
    for (size_t i = 0; i < 3; i++) {
        if (call->arguments[1 + i] != 0 && has_bits(decoder, call->arguments[1 + i], bits)) {
            fprintf(decoder->out, "%s%s", separator, names[i]);
            write_bits(decoder, call->arguments[1 + i], bits, false);
            separator = ", ";
        }
    }
    bool has_left =
        write_left(decoder, call->arguments[4],
                   call->number == CALL_select ? write_timeval : write_timespec, separator);
    fputs(has_left || separator[0] == ',' ? ")" : "", decoder->out);
}

void write_wait_result(struct decoder *decoder)
{
    switch (decoder->call->number) {
    case CALL_poll:
    case CALL_ppoll:
    case CALL_select:
    case CALL_pselect6:
        break;
    default:
        return;
    }
    if (decoder->call->result == 0) {
        fputs(" (Timeout)", decoder->out);
    } else if (decoder->call->number == CALL_poll || decoder->call->number == CALL_ppoll) {
        write_poll_result(decoder);
    } else {
        write_select_result(decoder);
    }
}
