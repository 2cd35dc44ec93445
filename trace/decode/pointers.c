#include "decoder.h"

#include <inttypes.h>

/* What the other argument says that the shape refers to. */
static uint64_t told_by(const struct decoder *decoder, const struct endorun_shape *shape)
{
    return shape->ref < ENDORUN_SYSCALL_MAX_ARGS ? argument_of(decoder, shape->ref) : 0;
}

/* The 32 bits behind the pointer that the shape refers to, as they are after the call. */
static uint64_t told_behind(const struct decoder *decoder, const struct endorun_shape *shape)
{
    uint32_t length = 0;
    return shape->ref < ENDORUN_SYSCALL_MAX_ARGS &&
                   read_latest(decoder, argument_of(decoder, shape->ref), &length, sizeof length)
               ? length
               : 0;
}

/* Of what the call returns, as much as fits. */
static uint64_t returned(const struct decoder *decoder, uint64_t most)
{
    uint64_t result = decoder->call->result > 0 ? (uint64_t)decoder->call->result : 0;
    return result < most ? result : most;
}

static void write_string_element(struct decoder *decoder, const uint8_t *bytes)
{
    write_string(decoder, u64_at(bytes, 0), decoder->decoding->string_limit);
}

/* The strings up to NULL; when there is none, up to where the record ends. */
static uint64_t count_strings(const struct decoder *decoder, uint64_t address, bool *is_ended)
{
    uint64_t pointers[64], count = 0;
    *is_ended = false;
    while (count < 1U << 20) {
        size_t bytes = read_some(decoder->memory, address + count * sizeof(uint64_t), pointers,
                                 sizeof pointers);
        for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
            if (pointers[i] == 0) {
                *is_ended = true;
                return count + i;
            }
        }
        count += bytes / sizeof(uint64_t);
        if (bytes < sizeof pointers) {
            break;
        }
    }
    return count;
}

static void write_strings(struct decoder *decoder, uint64_t address, bool is_counted)
{
    bool is_ended = false;
    uint64_t count = address == 0 ? 0 : count_strings(decoder, address, &is_ended);
    if (count == 0 && !is_ended) {
        write_pointer(decoder, address);
    } else if (is_counted) {
        write_pointer(decoder, address);
        fprintf(decoder->out, " /* %" PRIu64 " var%s%s */", count, count == 1 ? "" : "s",
                is_ended ? "" : ", unterminated");
    } else {
        write_array(decoder, address, is_ended ? count : count + 1, sizeof(uint64_t),
                    write_string_element);
    }
}

/* Records tell their length, in 16 bits at 16. */
static void write_records(struct decoder *decoder, uint64_t address, uint64_t length)
{
    uint64_t count = 0, at = 0;
    uint8_t bytes[18];
    while (at < length && read_all(decoder, address + at, bytes, sizeof bytes) &&
           number_at(bytes, 16, 2) >= sizeof bytes) {
        at += number_at(bytes, 16, 2);
        count++;
    }
    write_pointer(decoder, address);
    if (at >= length) {
        fprintf(decoder->out, " /* %" PRIu64 " entries */", count);
    }
}

/* A number that the call reads and writes: `[2]`, or `[2 => 12]`, `[2] => [12]` of an offset. */
static void write_changing(struct decoder *decoder, const struct endorun_shape *shape,
                           uint64_t address)
{
    bool is_long = endorun_type_bytes(shape->detail) == 8, is_offset = is_long;
    size_t size = is_long ? 8 : 4;
    uint64_t before = 0, after = 0;
    if (read_some(&decoder->call->before, address, &before, size) < size) {
        write_pointer(decoder, address);
        return;
    }
    bool is_changed = has_result(decoder) &&
                      read_some(&decoder->call->after, address, &after, size) == size &&
                      after != before;
    fprintf(decoder->out, "[%" PRId64, is_long ? (int64_t)before : (int32_t)before);
    if (is_changed) {
        fprintf(decoder->out, is_offset ? "] => [%" PRId64 : " => %" PRId64,
                is_long ? (int64_t)after : (int32_t)after);
    }
    fputc(']', decoder->out);
}

static void write_s32(struct decoder *decoder, const uint8_t *bytes)
{
    write_decimal(decoder->out, (int32_t)u32_at(bytes, 0));
}

static void write_u32(struct decoder *decoder, const uint8_t *bytes)
{
    write_natural(decoder->out, u32_at(bytes, 0));
}

static void write_u64(struct decoder *decoder, const uint8_t *bytes)
{
    write_hex(decoder->out, u64_at(bytes, 0));
}

static void write_element_pointer(struct decoder *decoder, const uint8_t *bytes)
{
    write_pointer(decoder, u64_at(bytes, 0));
}

static void write_typed_array(struct decoder *decoder, const struct endorun_shape *shape,
                              uint64_t address, uint64_t count)
{
    switch (shape->detail) {
    case ENDORUN_TYPE_pollfd:
        write_poll_array(decoder, address, (uint32_t)count);
        return;
    case ENDORUN_TYPE_int:
        write_array(decoder, address, count, sizeof(uint32_t), write_s32);
        return;
    case ENDORUN_TYPE_uid:
    case ENDORUN_TYPE_gid:
    case ENDORUN_TYPE_u32:
        write_array(decoder, address, count, sizeof(uint32_t), write_u32);
        return;
    case ENDORUN_TYPE_u64:
        write_array(decoder, address, count, sizeof(uint64_t), write_u64);
        return;
    case ENDORUN_TYPE_pointer:
        write_array(decoder, address, count, sizeof(uint64_t), write_element_pointer);
        return;
    default:
        write_array(decoder, address, count, endorun_type_bytes(shape->detail),
                    structure_writer(shape->detail));
    }
}

/* What the call has written; when it failed, only where it would have. */
static bool write_output(struct decoder *decoder, const struct endorun_shape *shape, uint64_t value)
{
    uint64_t told = told_by(decoder, shape);
    switch (shape->kind) {
    case ENDORUN_KIND_OUT:
        return write_structure(decoder, shape->detail, value, 0);
    case ENDORUN_KIND_OUT_SIZED:
        return write_structure(decoder, shape->detail, value, told);
    case ENDORUN_KIND_OUT_BYTES:
        write_data(decoder, value, returned(decoder, told));
        return true;
    case ENDORUN_KIND_OUT_BYTES_AT:
        write_data(decoder, value, told_behind(decoder, shape));
        return true;
    case ENDORUN_KIND_OUT_RECORDS:
        write_records(decoder, value, returned(decoder, told));
        return true;
    case ENDORUN_KIND_OUT_ARRAY:
        write_typed_array(decoder, shape, value, returned(decoder, told));
        return true;
    case ENDORUN_KIND_OUT_ARRAY_FULL:
        write_typed_array(decoder, shape, value, told);
        return true;
    case ENDORUN_KIND_OUT_BITS:
        write_bits(decoder, value, told, false);
        return true;
    case ENDORUN_KIND_MSGBUF_OUT:
        write_message_buffer(decoder, value, returned(decoder, told));
        return true;
    case ENDORUN_KIND_SOCKADDR_OUT:
        write_socket_address(decoder, value, told_behind(decoder, shape));
        return true;
    case ENDORUN_KIND_SIGSET_OUT:
        write_signal_set(decoder, value, told);
        return true;
    default:
        return false;
    }
}

/* A structure that the call reads and writes is shown as it was read. */
static bool write_input(struct decoder *decoder, const struct endorun_shape *shape, uint64_t value)
{
    uint64_t told = told_by(decoder, shape);
    switch (shape->kind) {
    case ENDORUN_KIND_PATH:
        write_string(decoder, value, PATH_LIMIT);
        return true;
    case ENDORUN_KIND_STR:
        write_string(decoder, value,
                     decoder->decoding->string_limit > NAME_LIMIT ? decoder->decoding->string_limit
                                                                  : NAME_LIMIT);
        return true;
    case ENDORUN_KIND_ARGV:
    case ENDORUN_KIND_ENVP:
        write_strings(decoder, value, shape->kind == ENDORUN_KIND_ENVP);
        return true;
    case ENDORUN_KIND_IN:
    case ENDORUN_KIND_IN_SIZED:
        return write_structure(decoder, shape->detail, value, told);
    case ENDORUN_KIND_INOUT:
        if (shape->detail == ENDORUN_TYPE_int || shape->detail == ENDORUN_TYPE_u32 ||
            shape->detail == ENDORUN_TYPE_loff_t) {
            write_changing(decoder, shape, value);
            return true;
        }
        return write_structure(decoder, shape->detail, value, 0);
    case ENDORUN_KIND_IN_BYTES:
        write_data(decoder, value, told);
        return true;
    case ENDORUN_KIND_IN_ARRAY:
    case ENDORUN_KIND_INOUT_ARRAY:
        write_typed_array(decoder, shape, value, told);
        return true;
    case ENDORUN_KIND_IN_BITS:
    case ENDORUN_KIND_INOUT_BITS:
        write_bits(decoder, value, told, shape->kind == ENDORUN_KIND_INOUT_BITS);
        return true;
    default:
        return false;
    }
}

static bool write_vectors(struct decoder *decoder, const struct endorun_shape *shape,
                          uint64_t value)
{
    uint64_t told = told_by(decoder, shape);
    bool is_shown = has_result(decoder);
    switch (shape->kind) {
    case ENDORUN_KIND_IOVEC_IN:
        write_vector(decoder, value, told, UINT64_MAX, &decoder->call->before);
        return true;
    case ENDORUN_KIND_IOVEC_OUT:
        write_vector(decoder, value, told, returned(decoder, UINT64_MAX),
                     is_shown ? &decoder->call->after : NULL);
        return true;
    case ENDORUN_KIND_IOVEC_INOUT:
    case ENDORUN_KIND_IOVEC_ADDR:
        write_vector(decoder, value, told, 0, NULL);
        return true;
    case ENDORUN_KIND_MSGHDR_IN:
    case ENDORUN_KIND_MSGHDR_OUT:
        write_message(decoder, value, shape->kind == ENDORUN_KIND_MSGHDR_OUT);
        return true;
    case ENDORUN_KIND_MMSGHDR_IN:
    case ENDORUN_KIND_MMSGHDR_OUT:
        write_messages(decoder, value, told, shape->kind == ENDORUN_KIND_MMSGHDR_OUT);
        return true;
    case ENDORUN_KIND_MSGBUF_IN:
        write_message_buffer(decoder, value, told);
        return true;
    case ENDORUN_KIND_SOCKADDR_IN:
        write_socket_address(decoder, value, told);
        return true;
    case ENDORUN_KIND_SIGSET_IN:
        write_signal_set(decoder, value, told);
        return true;
    default:
        return false;
    }
}

bool write_pointed(struct decoder *decoder, const struct endorun_shape *shape, uint64_t value)
{
    return endorun_kind_info(shape->kind).access == ENDORUN_ACCESS_WRITE
               ? write_output(decoder, shape, value)
               : write_input(decoder, shape, value) || write_vectors(decoder, shape, value);
}
