#include <stdint.h>

#include "escape.h"
#include "utf8.h"

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
