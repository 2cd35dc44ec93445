#include <stdint.h>

#include "escape.h"

#define NOT_UTF8 UINT32_MAX

/*
 * The character that the string begins with, and its length. NOT_UTF8 (and length 1) for what no
 * encoder makes: stray and missing continuation bytes, overlong forms, surrogates.
 */
static uint32_t next_character(const unsigned char *bytes, unsigned *length)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length */
    uint32_t character;
    unsigned wanted;

    *length = 1;
    if (bytes[0] < 0x80)
        return bytes[0];
    if (bytes[0] < 0xc0 || bytes[0] >= 0xf8)
        return NOT_UTF8;
    wanted = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    character = bytes[0] & (0x7fU >> wanted);
    for (unsigned i = 1; i < wanted; i++) {
        if ((bytes[i] & 0xc0) != 0x80) /* the string's end among them */
            return NOT_UTF8;
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (character < smallest[wanted] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
        return NOT_UTF8;
    *length = wanted;
    return character;
}

/* C0, DEL and C1: a terminal acts on them. */
static int is_control(uint32_t character)
{
    return character < ' ' || (character >= 0x7f && character < 0xa0);
}

void write_escaped(FILE *out, const char *string)
{
    const unsigned char *bytes = (const unsigned char *)string;
    unsigned length;

    for (; *bytes != '\0'; bytes += length) {
        uint32_t character = next_character(bytes, &length);

        if (character != NOT_UTF8 && character != '\\' && !is_control(character)) {
            fwrite(bytes, 1, length, out);
            continue;
        }
        for (unsigned i = 0; i < length; i++)
            fprintf(out, "\\x%02x", bytes[i]);
    }
}

void write_json_string(FILE *out, const char *string)
{
    const unsigned char *bytes = (const unsigned char *)string;
    unsigned length;

    putc('"', out);
    for (; *bytes != '\0'; bytes += length) {
        uint32_t character = next_character(bytes, &length);

        if (character == NOT_UTF8)
            fputs("\\ufffd", out);
        else if (character == '"' || character == '\\')
            fprintf(out, "\\%c", *bytes);
        else if (is_control(character))
            fprintf(out, "\\u%04x", character);
        else
            fwrite(bytes, 1, length, out);
    }
    putc('"', out);
}
