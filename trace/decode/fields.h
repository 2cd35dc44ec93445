/* Structures by tables of their fields: `{name=value, name=value}`. */
#ifndef ENDORUN_TRACE_FIELDS_H
#define ENDORUN_TRACE_FIELDS_H

#include "decoder.h"

enum field_form {
    FIELD_SIGNED,
    FIELD_UNSIGNED,
    FIELD_HEX,
    FIELD_POINTER,
    FIELD_FLAGS, /* of a set */
    FIELD_VALUE, /* one of a set */
    FIELD_MODE,
    FIELD_ID,
    FIELD_DESCRIPTOR,
    FIELD_SIGNAL,
    FIELD_TIMEVAL,
    FIELD_TIMESPEC,
    FIELD_TEXT, /* `width` bytes, or up to a NUL */
};

struct field {
    const char *name;
    uint8_t form; /* enum field_form */
    uint8_t width;
    uint16_t offset;
    uint16_t set;
};

#define FIELDS_OF(table) (table), sizeof(table) / sizeof(table)[0]

/* Of a structure of `size` bytes; fields behind its end are left out. `is_cut`: it has further
 * ones. */
void write_fields(struct decoder *decoder, const struct field *fields, size_t count,
                  const uint8_t *bytes, size_t size, bool is_cut);
void write_field(struct decoder *decoder, const struct field *field, const uint8_t *bytes);

/* tables.c: structures that are nothing but fields; false: the type is none of them. */
bool write_by_table(struct decoder *decoder, unsigned type, const uint8_t *bytes, size_t size);

#endif
