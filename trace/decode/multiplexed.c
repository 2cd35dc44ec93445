#include "fields.h"

#include <inttypes.h>

static bool write_filter_program(struct decoder *decoder, uint64_t value)
{
    static const struct field fields[] = {{"len", FIELD_UNSIGNED, 2, 0, 0},
                                          {"filter", FIELD_POINTER, 8, 8, 0}};
    uint8_t bytes[16];
    if (!read_all(decoder, value, bytes, sizeof bytes)) {
        return false;
    }
    write_fields(decoder, FIELDS_OF(fields), bytes, sizeof bytes, false);
    return true;
}

static bool write_landlock_rule(struct decoder *decoder, uint64_t value)
{
    uint8_t bytes[16] = {0};
    bool is_path = (uint32_t)decoder->call->arguments[1] == 1; /* LANDLOCK_RULE_PATH_BENEATH */
    size_t size = is_path ? 12 : 16;
    if (!read_all(decoder, value, bytes, size)) {
        return false;
    }
    fputs("{allowed_access=", decoder->out);
    write_values(decoder->out, is_path ? SET_handled_fs : SET_handled_net, u64_at(bytes, 0));
    if (is_path) {
        fputs(", parent_fd=", decoder->out);
        write_descriptor(decoder, (int32_t)u32_at(bytes, 8));
    } else {
        fprintf(decoder->out, ", port=%" PRIu64, u64_at(bytes, 8));
    }
    fputc('}', decoder->out);
    return true;
}

static bool write_string_of_command(struct decoder *decoder, uint64_t value)
{
    write_string(decoder, value, decoder->decoding->string_limit);
    return true;
}

static bool write_arch_prctl(struct decoder *decoder, uint64_t value)
{
    uint32_t command = (uint32_t)decoder->call->arguments[0];
    uint8_t bytes[8];
    bool is_read = command == 0x1003 || command == 0x1004; /* ARCH_GET_FS, ARCH_GET_GS */
    decoder->memory = &decoder->call->after;
    if (!is_read || !has_result(decoder) || !read_all(decoder, value, bytes, sizeof bytes)) {
        write_hex(decoder->out, value);
        return true;
    }
    fprintf(decoder->out, "[%#" PRIx64 "]", u64_at(bytes, 0));
    return true;
}

static bool write_keyctl(struct decoder *decoder, unsigned index, uint64_t value)
{
    const char *name = index == 1 ? value_name(SET_key_special, (uint32_t)value) : NULL;
    if (name != NULL) {
        fputs(name, decoder->out);
    }
    return name != NULL;
}

static bool write_ptrace(struct decoder *decoder, unsigned index, uint64_t value)
{
    uint64_t request = decoder->call->arguments[0];
    if (index == 3 && (request == 0x4200 || request == 0x4206)) { /* SETOPTIONS, SEIZE */
        write_values(decoder->out, SET_ptrace_option, value);
    } else if (index == 3 && (request == 7 || request == 17 || request == 24)) {
        decode_signal_name(decoder->out, value); /* CONT, DETACH, SYSCALL */
    } else {
        write_pointer(decoder, value);
    }
    return true;
}

static bool write_kcmp(struct decoder *decoder, uint64_t value)
{
    if ((uint32_t)decoder->call->arguments[2] != 0) { /* KCMP_FILE */
        return false;
    }
    write_natural(decoder->out, value);
    return true;
}

/* What is set: a string, bytes, a path; or nothing. */
static bool write_mount_parameter(struct decoder *decoder, uint64_t value)
{
    uint32_t command = (uint32_t)decoder->call->arguments[1];
    if (command == 2) { /* FSCONFIG_SET_BINARY */
        write_data(decoder, value, (uint32_t)decoder->call->arguments[4]);
    } else if (command == 1 || command == 3 || command == 4) {
        write_string(decoder, value, PATH_LIMIT);
    }
    return command >= 1 && command <= 4;
}

static bool write_by_mux(struct decoder *decoder, unsigned index, uint64_t value)
{
    switch (decoder->shapes->arg[index].detail) {
    case ENDORUN_MUX_arch_prctl:
        return write_arch_prctl(decoder, value);
    case ENDORUN_MUX_fcntl:
        return write_fcntl_argument(decoder, value);
    case ENDORUN_MUX_fsconfig:
        return write_mount_parameter(decoder, value);
    case ENDORUN_MUX_futex:
        return write_futex_argument(decoder, index, value);
    case ENDORUN_MUX_getsockopt:
        return write_option(decoder, value, false);
    case ENDORUN_MUX_setsockopt:
        return write_option(decoder, value, true);
    case ENDORUN_MUX_ioctl:
        return write_ioctl_argument(decoder, value);
    case ENDORUN_MUX_kcmp:
        return write_kcmp(decoder, value);
    case ENDORUN_MUX_keyctl:
        return write_keyctl(decoder, index, value);
    case ENDORUN_MUX_landlock_rule:
        return write_landlock_rule(decoder, value);
    case ENDORUN_MUX_mount:
    case ENDORUN_MUX_reboot:
        return write_string_of_command(decoder, value);
    case ENDORUN_MUX_prctl:
        return write_prctl_argument(decoder, index, value);
    case ENDORUN_MUX_ptrace:
        return write_ptrace(decoder, index, value);
    case ENDORUN_MUX_seccomp:
        return decoder->call->arguments[0] == 1 && write_filter_program(decoder, value);
    case ENDORUN_MUX_semctl:
    case ENDORUN_MUX_shmctl:
    case ENDORUN_MUX_msgctl:
        return write_ipc_argument(decoder, value);
    default:
        return false;
    }
}

void write_multiplexed(struct decoder *decoder, unsigned index)
{
    unsigned mux = decoder->shapes->arg[index].detail;
    uint64_t value = decoder->call->arguments[index];
    if (write_by_mux(decoder, index, value)) {
        return;
    }
    if (endorun_mux_is_either((enum endorun_mux)mux)) {
        write_hex(decoder->out, value);
    } else {
        write_pointer(decoder, value);
    }
}
