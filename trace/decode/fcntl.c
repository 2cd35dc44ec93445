#include "fields.h"

#include <inttypes.h>

enum file_command {
    COMMAND_DUPFD = 0,
    COMMAND_GETFD = 1,
    COMMAND_SETFD = 2,
    COMMAND_GETFL = 3,
    COMMAND_SETFL = 4,
    COMMAND_GETLK = 5,
    COMMAND_SETLK = 6,
    COMMAND_SETLKW = 7,
    COMMAND_SETOWN = 8,
    COMMAND_GETOWN = 9,
    COMMAND_SETSIG = 10,
    COMMAND_GETSIG = 11,
    COMMAND_SETOWN_EX = 15,
    COMMAND_GETOWN_EX = 16,
    COMMAND_OFD_GETLK = 36,
    COMMAND_OFD_SETLK = 37,
    COMMAND_OFD_SETLKW = 38,
    COMMAND_SETLEASE = 1024,
    COMMAND_GETLEASE = 1025,
    COMMAND_NOTIFY = 1026,
    COMMAND_DUPFD_QUERY = 1027,
    COMMAND_CREATED_QUERY = 1028,
    COMMAND_DUPFD_CLOEXEC = 1030,
    COMMAND_SETPIPE_SZ = 1031,
    COMMAND_GETPIPE_SZ = 1032,
    COMMAND_ADD_SEALS = 1033,
    COMMAND_GET_SEALS = 1034,
};

unsigned count_fcntl_arguments(uint32_t command)
{
    switch (command) {
    case COMMAND_GETFD:
    case COMMAND_GETFL:
    case COMMAND_GETOWN:
    case COMMAND_GETSIG:
    case COMMAND_GETLEASE:
    case COMMAND_CREATED_QUERY:
    case COMMAND_GETPIPE_SZ:
    case COMMAND_GET_SEALS:
        return 2;
    default:
        return 3;
    }
}

static bool write_lock(struct decoder *decoder, uint64_t address, bool is_read_back)
{
    static const struct field fields[] = {
        {"l_type", FIELD_VALUE, 2, 0, SET_lock_type},
        {"l_whence", FIELD_VALUE, 2, 2, SET_whence},
        {"l_start", FIELD_SIGNED, 8, 8, 0},
        {"l_len", FIELD_SIGNED, 8, 16, 0},
        {"l_pid", FIELD_SIGNED, 4, 24, 0},
    };
    uint8_t bytes[32];
    decoder->memory =
        is_read_back && has_result(decoder) ? &decoder->call->after : &decoder->call->before;
    if (!read_all(decoder, address, bytes, sizeof bytes)) {
        return false;
    }
    write_fields(decoder, fields, is_read_back ? 5 : 4, bytes, sizeof bytes, false);
    return true;
}

static bool write_owner(struct decoder *decoder, uint64_t address, bool is_read_back)
{
    static const struct field fields[] = {{"type", FIELD_VALUE, 4, 0, SET_owner_type},
                                          {"pid", FIELD_SIGNED, 4, 4, 0}};
    uint8_t bytes[8];
    decoder->memory = is_read_back ? &decoder->call->after : &decoder->call->before;
    if ((is_read_back && !has_result(decoder)) ||
        !read_all(decoder, address, bytes, sizeof bytes)) {
        return false;
    }
    write_fields(decoder, FIELDS_OF(fields), bytes, sizeof bytes, false);
    return true;
}

static bool write_value_of(FILE *out, enum value_set set, uint64_t value)
{
    write_values(out, set, value);
    return true;
}

static bool write_int(FILE *out, uint64_t value)
{
    write_decimal(out, (int32_t)value);
    return true;
}

bool write_fcntl_argument(struct decoder *decoder, uint64_t value)
{
    uint32_t command = (uint32_t)decoder->call->arguments[1];
    switch (command) {
    case COMMAND_DUPFD:
    case COMMAND_DUPFD_CLOEXEC:
    case COMMAND_SETOWN:
    case COMMAND_SETPIPE_SZ:
        return write_int(decoder->out, value);
    case COMMAND_DUPFD_QUERY:
        write_descriptor(decoder, (int32_t)value);
        return true;
    case COMMAND_SETFD:
        return write_value_of(decoder->out, SET_fd_flags, value);
    case COMMAND_SETFL:
        return write_value_of(decoder->out, SET_open, value);
    case COMMAND_SETSIG:
        decode_signal_name(decoder->out, value);
        return true;
    case COMMAND_SETLEASE:
        write_value(decoder->out, SET_lock_type, value);
        return true;
    case COMMAND_NOTIFY:
        return write_value_of(decoder->out, SET_notification, (uint32_t)value);
    case COMMAND_ADD_SEALS:
        return write_value_of(decoder->out, SET_file_seal, value);
    case COMMAND_GETLK:
    case COMMAND_OFD_GETLK:
        return write_lock(decoder, value, true);
    case COMMAND_SETLK:
    case COMMAND_SETLKW:
    case COMMAND_OFD_SETLK:
    case COMMAND_OFD_SETLKW:
        return write_lock(decoder, value, false);
    case COMMAND_SETOWN_EX:
    case COMMAND_GETOWN_EX:
        return write_owner(decoder, value, command == COMMAND_GETOWN_EX);
    default:
        return false;
    }
}
