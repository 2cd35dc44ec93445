#include "utf8.h"

uint32_t next_character(const unsigned char *bytes, unsigned *length)
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
