#include "decoder.h"

#include <inttypes.h>

#define HEADER_SIZE   56U
#define ELEMENT_SIZE  16U /* of an iovec */
#define CONTROL_MAX   4096U
#define CONTROL_HEAD  16U
#define VECTORS_SHOWN 16U /* of one message among several */

static void write_element(struct decoder *decoder, uint64_t base, uint64_t length, uint64_t shown,
                          const struct recorded_memory *memory)
{
    const struct recorded_memory *vector = decoder->memory;
    fputs("{iov_base=", decoder->out);
    if (memory == NULL) {
        write_pointer(decoder, base);
    } else {
        decoder->memory = memory;
        write_data(decoder, base, shown);
        decoder->memory = vector;
    }
    fprintf(decoder->out, ", iov_len=%" PRIu64 "}", length);
}

static void write_elements(struct decoder *decoder, uint64_t address, uint64_t count, uint64_t data,
                           const struct recorded_memory *memory)
{
    uint8_t bytes[ELEMENT_SIZE];
    for (uint64_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ", ", decoder->out);
        if (i == decoder->decoding->string_limit ||
            !read_all(decoder, address + i * ELEMENT_SIZE, bytes, sizeof bytes)) {
            fputs("...", decoder->out);
            return;
        }
        uint64_t length = u64_at(bytes, 8), shown = length < data ? length : data;
        write_element(decoder, u64_at(bytes, 0), length, shown, memory);
        data -= shown;
    }
}

void write_vector(struct decoder *decoder, uint64_t address, uint64_t count, uint64_t data,
                  const struct recorded_memory *memory)
{
    uint8_t bytes[ELEMENT_SIZE];
    if (address == 0 || (count > 0 && !read_all(decoder, address, bytes, sizeof bytes))) {
        write_pointer(decoder, address);
        return;
    }
    fputc('[', decoder->out);
    write_elements(decoder, address, count, data, memory);
    fputc(']', decoder->out);
}

static void write_numbers(struct decoder *decoder, const uint8_t *bytes, size_t length)
{
    fputc('[', decoder->out);
    for (size_t i = 0; i + sizeof(int32_t) <= length; i += sizeof(int32_t)) {
        fputs(i == 0 ? "" : ", ", decoder->out);
        if (i / sizeof(int32_t) == decoder->decoding->string_limit) {
            fputs("...", decoder->out);
            break;
        }
        write_descriptor(decoder, (int32_t)u32_at(bytes, i));
    }
    fputc(']', decoder->out);
}

static void write_control_data(struct decoder *decoder, const uint8_t *bytes, size_t length,
                               uint32_t type)
{
    fputs(", cmsg_data=", decoder->out);
    if (type == 1 || type == 4) { /* SCM_RIGHTS, SCM_PIDFD */
        write_numbers(decoder, bytes, length);
    } else if (type == 2 && length >= 12) { /* SCM_CREDENTIALS */
        fprintf(decoder->out, "{pid=%" PRId32 ", uid=", (int32_t)u32_at(bytes, 0));
        write_id(decoder->out, u32_at(bytes, 4));
        fputs(", gid=", decoder->out);
        write_id(decoder->out, u32_at(bytes, 8));
        fputc('}', decoder->out);
    } else {
        size_t limit = decoder->decoding->string_limit;
        write_quoted(decoder->out, bytes, length < limit ? length : limit, length > limit);
    }
}

/* How far the next control message is, 0: there is none. */
static size_t write_control_message(struct decoder *decoder, const uint8_t *bytes, size_t left)
{
    uint64_t length = u64_at(bytes, 0);
    uint32_t level = u32_at(bytes, 8), type = u32_at(bytes, 12);
    fprintf(decoder->out, "{cmsg_len=%" PRIu64 ", cmsg_level=", length);
    write_value(decoder->out, SET_sockopt_level, level);
    fputs(", cmsg_type=", decoder->out);
    if (level == 1) { /* SOL_SOCKET */
        write_value(decoder->out, SET_control_type, type);
    } else {
        write_hex(decoder->out, type);
    }
    if (length > CONTROL_HEAD && length <= left) {
        write_control_data(decoder, bytes + CONTROL_HEAD, (size_t)length - CONTROL_HEAD,
                           level == 1 ? type : 0);
    }
    fputc('}', decoder->out);
    return length < CONTROL_HEAD || length > left ? 0 : ((size_t)length + 7) & ~(size_t)7;
}

static void write_control(struct decoder *decoder, uint64_t address, uint64_t length)
{
    uint8_t bytes[CONTROL_MAX];
    size_t size = length < sizeof bytes ? (size_t)length : sizeof bytes, at = 0;
    if (size < CONTROL_HEAD || read_some(decoder->memory, address, bytes, size) < size) {
        write_pointer(decoder, address);
        return;
    }
    fputc('[', decoder->out);
    for (unsigned i = 0; at <= size && size - at >= CONTROL_HEAD; i++) {
        fputs(i == 0 ? "" : ", ", decoder->out);
        if (i == decoder->decoding->string_limit) {
            fputs("...", decoder->out);
            break;
        }
        size_t step = write_control_message(decoder, bytes + at, size - at);
        if (step == 0) {
            break;
        }
        at += step;
    }
    fputc(']', decoder->out);
}

/* What a message was when it was sent, or before it was received, and what it is now. */
struct message {
    uint8_t given[HEADER_SIZE], now[HEADER_SIZE];
    bool is_received; /* and the call has succeeded */
    uint64_t data;
};

static void write_name(struct decoder *decoder, const struct message *message)
{
    uint32_t given = u32_at(message->given, 8), now = u32_at(message->now, 8);
    uint64_t name = u64_at(message->given, 0);
    fputs("{msg_name=", decoder->out);
    if (name == 0) {
        fputs("NULL", decoder->out);
    } else {
        write_socket_address(decoder, name, now);
    }
    fprintf(decoder->out, ", msg_namelen=%" PRIu32, given);
    if (given != now) {
        fprintf(decoder->out, " => %" PRIu32, now);
    }
}

static void write_header(struct decoder *decoder, const struct message *message)
{
    const struct recorded_call *call = decoder->call;
    const struct recorded_memory *data = message->is_received ? &call->after : &call->before;
    uint64_t count = u64_at(message->given, 24), control = u64_at(message->now, 40);
    decoder->memory = data;
    write_name(decoder, message);
    fputs(", msg_iov=", decoder->out);
    decoder->memory = &call->before;
    write_vector(decoder, u64_at(message->given, 16), count, message->data, data);
    fprintf(decoder->out, ", msg_iovlen=%" PRIu64, count);
    decoder->memory = data;
    if (control != 0) {
        fputs(", msg_control=", decoder->out);
        write_control(decoder, u64_at(message->given, 32), control);
    }
    fprintf(decoder->out, ", msg_controllen=%" PRIu64 ", msg_flags=", control);
    write_values(decoder->out, SET_msg, u32_at(message->now, 48));
    fputc('}', decoder->out);
}

static bool read_message(const struct decoder *decoder, uint64_t address, struct message *message)
{
    const struct recorded_call *call = decoder->call;
    if (read_some(&call->before, address, message->given, HEADER_SIZE) < HEADER_SIZE) {
        return false;
    }
    memcpy(message->now, message->given, HEADER_SIZE);
    if (message->is_received) {
        read_some(&call->after, address, message->now, HEADER_SIZE);
    }
    return true;
}

void write_message(struct decoder *decoder, uint64_t address, bool is_received)
{
    uint64_t result = decoder->call->result > 0 ? (uint64_t)decoder->call->result : 0;
    struct message message = {.is_received = is_received,
                              .data = is_received ? result : UINT64_MAX};
    if (address == 0 || (is_received && !has_result(decoder)) ||
        !read_message(decoder, address, &message)) {
        write_pointer(decoder, address);
        return;
    }
    write_header(decoder, &message);
}

static bool write_one_of_messages(struct decoder *decoder, uint64_t address, bool is_received,
                                  bool is_done)
{
    uint32_t length = 0;
    struct message message = {.is_received = is_received};
    bool has_length =
        is_done && read_latest(decoder, address + HEADER_SIZE, &length, sizeof length);
    message.data = is_received ? length : UINT64_MAX;
    if (!read_message(decoder, address, &message)) {
        return false;
    }
    fputs("{msg_hdr=", decoder->out);
    write_header(decoder, &message);
    if (has_length) {
        fprintf(decoder->out, ", msg_len=%" PRIu32, length);
    }
    fputc('}', decoder->out);
    return true;
}

void write_messages(struct decoder *decoder, uint64_t address, uint64_t count, bool is_received)
{
    uint64_t done = decoder->call->result > 0 ? (uint64_t)decoder->call->result : 0;
    uint8_t byte;
    count = is_received && done < count ? done : count;
    if (address == 0 || (is_received && !has_result(decoder)) ||
        read_some(&decoder->call->before, address, &byte, 1) == 0) {
        write_pointer(decoder, address);
        return;
    }
    fputc('[', decoder->out);
    for (uint64_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ", ", decoder->out);
        if (i == VECTORS_SHOWN || !write_one_of_messages(decoder, address + i * (HEADER_SIZE + 8),
                                                         is_received, i < done)) {
            fputs("...", decoder->out);
            break;
        }
    }
    fputc(']', decoder->out);
}

void write_message_buffer(struct decoder *decoder, uint64_t address, uint64_t length)
{
    uint64_t type = 0;
    if (address == 0 || !read_all(decoder, address, &type, sizeof type)) {
        write_pointer(decoder, address);
        return;
    }
    fprintf(decoder->out, "{mtype=%" PRId64 ", mtext=", (int64_t)type);
    write_data(decoder, address + sizeof type, length);
    fputc('}', decoder->out);
}
