#include "decoder.h"

#include <inttypes.h>

uint64_t argument_of(const struct decoder *decoder, unsigned index)
{
    uint64_t value = decoder->call->arguments[index];
    switch (endorun_kind_info(decoder->shapes->arg[index].kind).bits) {
    case 16:
        return (uint16_t)value;
    case 32:
        return (uint32_t)value;
    default:
        return value;
    }
}

bool has_result(const struct decoder *decoder)
{
    return decoder->call->result >= 0 || decoder->call->result < -4095;
}

static void write_ipc_flags(FILE *out, uint64_t value)
{
    bool is_first = true;
    uint64_t rest = write_value_names(out, SET_ipc_get, value & ~0777ULL, &is_first);
    if (rest != 0) {
        fprintf(out, "%s%#" PRIx64, is_first ? "" : "|", rest);
        is_first = false;
    }
    fputs(is_first ? "" : "|", out);
    write_mode(out, value & 0777);
}

static void write_set(struct decoder *decoder, const struct endorun_shape *shape, uint64_t value)
{
    switch (shape->detail) {
    case ENDORUN_SET_ipc_get:
        write_ipc_flags(decoder->out, value);
        return;
    case ENDORUN_SET_ioctl:
        write_ioctl_command(decoder, (uint32_t)value);
        return;
    case ENDORUN_SET_reserved:
    case ENDORUN_SET_sysfs:
        write_hex(decoder->out, value);
        return;
    case ENDORUN_SET_modify_ldt:
        write_natural(decoder->out, value);
        return;
    default:
        write_values(decoder->out, (enum value_set)shape->detail, value);
    }
}

static void write_ipc_key(FILE *out, uint64_t key)
{
    if (key == 0) {
        fputs("IPC_PRIVATE", out);
    } else {
        write_hex(out, key);
    }
}

static void write_key(FILE *out, uint64_t serial)
{
    const char *name = value_name(SET_key_special, serial);
    if (name != NULL) {
        fputs(name, out);
    } else {
        write_decimal(out, (int32_t)serial);
    }
}

/* False: it is an address. */
static bool write_number(struct decoder *decoder, const struct endorun_shape *shape, uint64_t value)
{
    switch (shape->kind) {
    case ENDORUN_KIND_FD:
        write_descriptor(decoder, (int32_t)value);
        return true;
    case ENDORUN_KIND_DIRFD:
        write_directory(decoder, (int32_t)value);
        return true;
    case ENDORUN_KIND_FLAGS:
    case ENDORUN_KIND_FLAGS_LONG:
    case ENDORUN_KIND_ENUM:
    case ENDORUN_KIND_ENUM_LONG:
        write_set(decoder, shape, value);
        return true;
    case ENDORUN_KIND_INT:
    case ENDORUN_KIND_PID:
    case ENDORUN_KIND_IPC_ID:
        write_decimal(decoder->out, (int32_t)value);
        return true;
    case ENDORUN_KIND_LONG:
    case ENDORUN_KIND_OFFSET:
        write_decimal(decoder->out, (int64_t)value);
        return true;
    case ENDORUN_KIND_UINT:
    case ENDORUN_KIND_ULONG:
    case ENDORUN_KIND_SIZE:
    case ENDORUN_KIND_SIZE32:
    case ENDORUN_KIND_COUNT:
    case ENDORUN_KIND_COUNT32:
        write_natural(decoder->out, value);
        return true;
    case ENDORUN_KIND_MODE:
        write_mode(decoder->out, (uint32_t)value);
        return true;
    case ENDORUN_KIND_DEV:
        write_device(decoder->out, value);
        return true;
    case ENDORUN_KIND_SIGNO:
        decode_signal_name(decoder->out, value);
        return true;
    case ENDORUN_KIND_UID:
    case ENDORUN_KIND_GID:
        write_id(decoder->out, (uint32_t)value);
        return true;
    case ENDORUN_KIND_KEY:
        write_key(decoder->out, value);
        return true;
    case ENDORUN_KIND_IPC_KEY:
        write_ipc_key(decoder->out, value);
        return true;
    default:
        return false;
    }
}

void write_argument(struct decoder *decoder, unsigned index)
{
    const struct endorun_shape *shape = &decoder->shapes->arg[index];
    uint64_t value = argument_of(decoder, index);
    bool is_written = endorun_kind_info(shape->kind).access == ENDORUN_ACCESS_WRITE;
    decoder->memory = is_written ? &decoder->call->after : &decoder->call->before;
    if (write_special_argument(decoder, index) || write_number(decoder, shape, value)) {
        return;
    }
    if (shape->kind == ENDORUN_KIND_MUX) {
        write_multiplexed(decoder, index);
    } else if (value == 0 || (is_written && !has_result(decoder)) ||
               !write_pointed(decoder, shape, value)) {
        write_pointer(decoder, value);
    }
}
