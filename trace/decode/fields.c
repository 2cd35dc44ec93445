#include "fields.h"

#include <inttypes.h>

static int64_t signed_at(const uint8_t *bytes, const struct field *field)
{
    unsigned unused = 64U - 8U * field->width;
    return (int64_t)(number_at(bytes, field->offset, field->width) << unused) >> unused;
}

static void write_field_number(struct decoder *decoder, const struct field *field,
                               const uint8_t *bytes)
{
    uint64_t number = number_at(bytes, field->offset, field->width);
    switch (field->form) {
    case FIELD_SIGNED:
        write_decimal(decoder->out, signed_at(bytes, field));
        return;
    case FIELD_UNSIGNED:
        write_natural(decoder->out, number);
        return;
    case FIELD_POINTER:
        write_pointer(decoder, number);
        return;
    case FIELD_FLAGS:
        write_values(decoder->out, (enum value_set)field->set, number);
        return;
    case FIELD_VALUE:
        write_value(decoder->out, (enum value_set)field->set, number);
        return;
    case FIELD_MODE:
        write_mode(decoder->out, (uint32_t)number);
        return;
    case FIELD_ID:
        write_id(decoder->out, (uint32_t)number);
        return;
    case FIELD_DESCRIPTOR:
        write_descriptor(decoder, (int32_t)number);
        return;
    case FIELD_SIGNAL:
        decode_signal_name(decoder->out, number);
        return;
    default:
        write_hex(decoder->out, number);
    }
}

void write_field(struct decoder *decoder, const struct field *field, const uint8_t *bytes)
{
    const uint8_t *start = bytes + field->offset;
    switch (field->form) {
    case FIELD_TIMEVAL:
        write_timeval(decoder, start);
        return;
    case FIELD_TIMESPEC:
        write_timespec(decoder, start);
        return;
    case FIELD_TEXT:
        write_quoted(decoder->out, start, strnlen((const char *)start, field->width), false);
        return;
    default:
        write_field_number(decoder, field, bytes);
    }
}

static size_t width_of(const struct field *field)
{
    return field->form == FIELD_TIMEVAL || field->form == FIELD_TIMESPEC ? 16 : field->width;
}

void write_fields(struct decoder *decoder, const struct field *fields, size_t count,
                  const uint8_t *bytes, size_t size, bool is_cut)
{
    fputc('{', decoder->out);
    for (size_t i = 0; i < count && fields[i].offset + width_of(&fields[i]) <= size; i++) {
        fprintf(decoder->out, "%s%s=", i == 0 ? "" : ", ", fields[i].name);
        write_field(decoder, &fields[i], bytes);
    }
    fputs(is_cut ? ", ...}" : "}", decoder->out);
}
