#include "fields.h"

#include <inttypes.h>

static bool is_device(uint32_t mode)
{
    return (mode & 0170000) == 0020000 || (mode & 0170000) == 0060000;
}

void write_stat(struct decoder *decoder, const uint8_t *bytes)
{
    uint32_t mode = u32_at(bytes, 24);
    fputs("{st_mode=", decoder->out);
    write_mode_and_type(decoder->out, mode);
    if (is_device(mode)) {
        fputs(", st_rdev=", decoder->out);
        write_device(decoder->out, u64_at(bytes, 40));
    } else {
        fprintf(decoder->out, ", st_size=%" PRId64, (int64_t)u64_at(bytes, 48));
    }
    fputs(", ...}", decoder->out);
}

void write_statx(struct decoder *decoder, const uint8_t *bytes)
{
    uint32_t mode = (uint32_t)number_at(bytes, 28, 2);
    fputs("{stx_mask=", decoder->out);
    write_values(decoder->out, SET_statx_mask, u32_at(bytes, 0));
    fputs(", stx_attributes=", decoder->out);
    write_values(decoder->out, SET_statx_attribute, u64_at(bytes, 8));
    fputs(", stx_mode=", decoder->out);
    write_mode_and_type(decoder->out, mode);
    fprintf(decoder->out, ", stx_size=%" PRIu64 ", ...}", u64_at(bytes, 40));
}

void write_statfs(struct decoder *decoder, const uint8_t *bytes)
{
    static const struct field before[] = {
        {"f_type", FIELD_VALUE, 8, 0, SET_file_system}, {"f_bsize", FIELD_UNSIGNED, 8, 8, 0},
        {"f_blocks", FIELD_UNSIGNED, 8, 16, 0},         {"f_bfree", FIELD_UNSIGNED, 8, 24, 0},
        {"f_bavail", FIELD_UNSIGNED, 8, 32, 0},         {"f_files", FIELD_UNSIGNED, 8, 40, 0},
        {"f_ffree", FIELD_UNSIGNED, 8, 48, 0},
    };
    fputc('{', decoder->out);
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        fprintf(decoder->out, "%s=", before[i].name);
        write_field(decoder, &before[i], bytes);
        fputs(", ", decoder->out);
    }
    fputs("f_fsid={val=[", decoder->out);
    write_hex(decoder->out, u32_at(bytes, 56));
    fputs(", ", decoder->out);
    write_hex(decoder->out, u32_at(bytes, 60));
    fprintf(decoder->out,
            "]}, f_namelen=%" PRIu64 ", f_frsize=%" PRIu64 ", f_flags=", u64_at(bytes, 64),
            u64_at(bytes, 72));
    write_values(decoder->out, SET_mount_state, u64_at(bytes, 80));
    fputc('}', decoder->out);
}
