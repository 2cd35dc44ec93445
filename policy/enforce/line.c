#include "line.h"

#include "../../monitor/support.h"

#define UTF8_MAX 4U

static void add_bytes(struct line *line, const char *bytes, size_t length)
{
    size_t room = LINE_SIZE - 1 - line->length;
    length = length < room ? length : room;
    memcpy(line->bytes + line->length, bytes, length);
    line->length += length;
    line->bytes[line->length] = 0;
}

void line_add(struct line *line, const char *text)
{
    add_bytes(line, text, strlen(text));
}

void line_add_number(struct line *line, uint64_t number)
{
    char digits[24] = "";
    append_number(digits, sizeof digits, number);
    line_add(line, digits);
}

static void add_hex(struct line *line, const char *prefix, uint8_t byte)
{
    char digits[3] = "";
    append_hex(digits, sizeof digits, byte, 2);
    line_add(line, prefix);
    line_add(line, digits);
}

static bool is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f;
}

void line_add_shown(struct line *line, const char *text, size_t length, size_t most)
{
    for (size_t i = 0; i < length && i < most; i++) {
        if (is_control((uint8_t)text[i])) {
            add_hex(line, "\\x", (uint8_t)text[i]);
        } else {
            add_bytes(line, text + i, 1);
        }
    }
    if (length > most) {
        line_add(line, "...");
    }
}

/* How many bytes from here are one character of UTF-8 (RFC 3629); 0: none are. */
static size_t character_length(const uint8_t *bytes, size_t length)
{
    static const uint32_t least[UTF8_MAX + 1] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = bytes[0];
    size_t count = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (count <= 1 || count > length || first > 0xf4) {
        return count > 1 ? 0 : count;
    }
    uint32_t value = first & (0x7fU >> count);
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3fU);
    }
    bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < least[count] || value > 0x10ffff || is_surrogate ? 0 : count;
}

void line_add_json(struct line *line, const char *text, size_t length)
{
    line_add(line, "\"");
    for (size_t i = 0; i < length;) {
        size_t count = character_length((const uint8_t *)text + i, length - i);
        if (count == 0) {
            add_hex(line, "\\udc", (uint8_t)text[i]);
        } else if (is_control((uint8_t)text[i])) {
            add_hex(line, "\\u00", (uint8_t)text[i]);
        } else {
            if (text[i] == '"' || text[i] == '\\') {
                line_add(line, "\\");
            }
            add_bytes(line, text + i, count);
        }
        i += count != 0 ? count : 1;
    }
    line_add(line, "\"");
}

void line_add_key(struct line *line, const char *name)
{
    if (line->length == 0 || line->bytes[line->length - 1] != '{') {
        line_add(line, ",");
    }
    line_add(line, "\"");
    line_add(line, name);
    line_add(line, "\":");
}
