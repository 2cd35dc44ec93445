#include "fields.h"

#include <inttypes.h>

#define DIRECTION_WRITE 1U
#define DIRECTION_READ  2U

/* By its name, or taken apart as _IOC() made it. */
void write_ioctl_command(struct decoder *decoder, uint32_t command)
{
    static const char *const directions[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
                                             "_IOC_READ|_IOC_WRITE"};
    const char *name = value_name(SET_ioctl, command);
    if (name != NULL) {
        fputs(name, decoder->out);
        return;
    }
    fprintf(decoder->out, "_IOC(%s, ", directions[command >> 30]);
    write_hex(decoder->out, command >> 8 & 0xff);
    fputs(", ", decoder->out);
    write_hex(decoder->out, command & 0xff);
    fputs(", ", decoder->out);
    write_hex(decoder->out, command >> 16 & 0x3fff);
    fputc(')', decoder->out);
}

unsigned count_ioctl_arguments(uint32_t command)
{
    switch (command) {
    case 0x540c: /* TIOCEXCL */
    case 0x540d: /* TIOCNXCL */
    case 0x5422: /* TIOCNOTTY */
    case 0x5450: /* FIONCLEX */
    case 0x5451: /* FIOCLEX */
        return 2;
    default:
        return 3;
    }
}

static void write_size(struct decoder *decoder, const uint8_t *bytes)
{
    static const struct field fields[] = {
        {"ws_row", FIELD_UNSIGNED, 2, 0, 0},
        {"ws_col", FIELD_UNSIGNED, 2, 2, 0},
        {"ws_xpixel", FIELD_UNSIGNED, 2, 4, 0},
        {"ws_ypixel", FIELD_UNSIGNED, 2, 6, 0},
    };
    write_fields(decoder, FIELDS_OF(fields), bytes, 8, false);
}

static void write_terminal(struct decoder *decoder, const uint8_t *bytes)
{
    static const struct field fields[] = {
        {"c_iflag", FIELD_FLAGS, 4, 0, SET_termios_input},
        {"c_oflag", FIELD_FLAGS, 4, 4, SET_termios_output},
        {"c_cflag", FIELD_FLAGS, 4, 8, SET_termios_control},
        {"c_lflag", FIELD_FLAGS, 4, 12, SET_termios_local},
    };
    write_fields(decoder, FIELDS_OF(fields), bytes, 36, true);
}

static void write_int(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, "[%" PRId32 "]", (int32_t)u32_at(bytes, 0));
}

static const struct {
    uint32_t command;
    uint8_t size;
    bool is_output; /* the call writes it */
    write_bytes *write;
} arguments[] = {
    {0x5401, 36, true, write_terminal},  /* TCGETS */
    {0x5402, 36, false, write_terminal}, /* TCSETS */
    {0x5403, 36, false, write_terminal}, /* TCSETSW */
    {0x5404, 36, false, write_terminal}, /* TCSETSF */
    {0x540f, 4, true, write_int},        /* TIOCGPGRP */
    {0x5410, 4, false, write_int},       /* TIOCSPGRP */
    {0x5411, 4, true, write_int},        /* TIOCOUTQ */
    {0x5413, 8, true, write_size},       /* TIOCGWINSZ */
    {0x5414, 8, false, write_size},      /* TIOCSWINSZ */
    {0x541b, 4, true, write_int},        /* FIONREAD */
    {0x5421, 4, false, write_int},       /* FIONBIO */
    {0x5429, 4, true, write_int},        /* TIOCGSID */
    {0x5452, 4, false, write_int},       /* FIOASYNC */
    {0x80045430, 4, true, write_int},    /* TIOCGPTN */
    {0x40045431, 4, false, write_int},   /* TIOCSPTLCK */
    {0x80086601, 4, true, write_int},    /* FS_IOC_GETFLAGS */
};

bool write_ioctl_argument(struct decoder *decoder, uint64_t value)
{
    uint32_t command = (uint32_t)decoder->call->arguments[1];
    uint8_t bytes[ELEMENT_MAX];
    if (command == 0x40049409) { /* FICLONE */
        write_descriptor(decoder, (int32_t)value);
        return true;
    }
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        if (arguments[i].command != command) {
            continue;
        }
        decoder->memory = arguments[i].is_output ? &decoder->call->after : &decoder->call->before;
        if (value == 0 || (arguments[i].is_output && !has_result(decoder)) ||
            !read_all(decoder, value, bytes, arguments[i].size)) {
            write_pointer(decoder, value);
            return true;
        }
        arguments[i].write(decoder, bytes);
        return true;
    }
    return false;
}
