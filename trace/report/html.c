#include "html.h"

#include "utf8.h"

#include <string.h>

enum place { PLACE_CONTENT, PLACE_ATTRIBUTE };

/* First and last characters of ranges. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f}, {0x00ad, 0x00ad}, /* C0, DEL, C1; soft hyphen */
    {0x061c, 0x061c},   {0x180e, 0x180e},                   /* Arabic mark, Mongolian separator */
    {0x200b, 0x200f},   {0x2028, 0x202e}, {0x2060, 0x206f}, /* no width, line ends, directions */
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb}, {0xfffe, 0xffff}, /* byte order, annotation, none */
    {0xe0000, 0xe0fff},                                     /* tags, variants */
};

static bool is_unseen(uint32_t character)
{
    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
        if (character >= unseen[i].first && character <= unseen[i].last)
            return true;
    return false;
}

static void write_escape(FILE *out, uint32_t character, unsigned char byte, enum place place)
{
    fputs(place == PLACE_CONTENT ? "<i>" : "", out);
    if (character == NOT_UTF8 || character < 0x80)
        fprintf(out, "\\x%02x", byte);
    else
        fprintf(out, "\\u{%x}", character);
    fputs(place == PLACE_CONTENT ? "</i>" : "", out);
}

static void write_character(FILE *out, const unsigned char *bytes, unsigned length)
{
    switch (*bytes) {
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '&':
        fputs("&amp;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    case '\'':
        fputs("&#39;", out);
        break;
    default:
        fwrite(bytes, 1, length, out);
    }
}

static void write_characters(FILE *out, struct text text, size_t limit, enum place place)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes;
    unsigned length;

    for (size_t at = 0, shown = 0; at < text.size; at += length, shown++) {
        const uint32_t character = next_character(bytes + at, &length);

        if (shown + 1 >= limit && at + length < text.size) {
            fputs("\u2026", out);
            return;
        }
        if (character == NOT_UTF8 || is_unseen(character))
            write_escape(out, character, bytes[at], place);
        else
            write_character(out, bytes + at, length);
    }
}

void write_html(FILE *out, struct text text)
{
    write_characters(out, text, SIZE_MAX, PLACE_CONTENT);
}

void write_attribute(FILE *out, struct text text)
{
    write_characters(out, text, SIZE_MAX, PLACE_ATTRIBUTE);
}

void write_attribute_start(FILE *out, struct text text, size_t limit)
{
    write_characters(out, text, limit, PLACE_ATTRIBUTE);
}

void write_count(FILE *out, uint64_t number)
{
    if (number >= 1000) {
        write_count(out, number / 1000);
        fprintf(out, ",%03u", (unsigned)(number % 1000));
    } else {
        fprintf(out, "%u", (unsigned)number);
    }
}

void write_duration(FILE *out, uint64_t nanoseconds)
{
    static const char *const units[] = {"ns", "\u00b5s", "ms", "s"};
    double value = (double)nanoseconds;
    unsigned unit = 0;

    while (unit < 3 && value >= 999.5) {
        value /= 1000;
        unit++;
    }
    const int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    fprintf(out, "%.*f\u00a0%s", decimals, value, units[unit]);
}

void write_moment(FILE *out, uint64_t nanoseconds)
{
    fprintf(out, "%llu.%06llu", (unsigned long long)(nanoseconds / 1000000000),
            (unsigned long long)(nanoseconds / 1000 % 1000000));
}

struct text text_of_string(const char *string)
{
    return (struct text){string, strlen(string)};
}

struct text table_text(const struct table *table, uint32_t number)
{
    return (struct text){table->keys[number].bytes, table->keys[number].size};
}
