#include "line.h"

#include "../../loader/command/utf8.h"
#include "../../monitor/support.h"

#define RESERVED 512U /* bytes for what stands behind a string that is cut */

void line_add_bytes(struct line *line, const char *bytes, size_t length)
{
    size_t room = line->size - 1 - line->length;
    length = length < room ? length : room;
    memcpy(line->bytes + line->length, bytes, length);
    line->length += length;
    line->bytes[line->length] = 0;
}

void line_add(struct line *line, const char *text)
{
    line_add_bytes(line, text, strlen(text));
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
            line_add_bytes(line, text + i, 1);
        }
    }
    if (length > most) {
        line_add(line, "...");
    }
}

/* How many bytes from here are one character of UTF-8; 0: none are. */
static size_t character_length(const uint8_t *bytes, size_t length)
{
    unsigned count;
    uint32_t character = next_character(bytes, &count);
    return character == NOT_UTF8 || count > length ? 0 : count;
}

static bool has_room(struct line *line)
{
    size_t room = line->length < line->size / 2 ? 2 * RESERVED : RESERVED;
    line->is_cut = line->is_cut || line->length + room > line->size;
    return line->length + room <= line->size;
}

/* One character of a JSON string: how many bytes it had. */
static size_t add_character(struct line *line, const char *text, size_t length)
{
    size_t count = character_length((const uint8_t *)text, length);
    if (count == 0) {
        add_hex(line, "\\udc", (uint8_t)*text);
        return 1;
    }
    if (is_control((uint8_t)*text)) {
        add_hex(line, "\\u00", (uint8_t)*text);
        return 1;
    }
    if (*text == '"' || *text == '\\') {
        line_add(line, "\\");
    }
    line_add_bytes(line, text, count);
    return count;
}

void line_add_json(struct line *line, const char *text, size_t length)
{
    line_add(line, "\"");
    for (size_t i = 0; i < length && has_room(line);) {
        i += add_character(line, text + i, length - i);
    }
    line_add(line, "\"");
}

void line_add_pattern(struct line *line, const char *text, size_t length)
{
    line_add(line, "\"");
    for (size_t i = 0; i < length && has_room(line);) {
        bool has_meaning = text[i] == '*' || text[i] == '?' || text[i] == '[' || text[i] == ']' ||
                           text[i] == '\\' || text[i] == '$';
        if (has_meaning) {
            line_add(line, "\\\\");
        }
        i += add_character(line, text + i, length - i);
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
