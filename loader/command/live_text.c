#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "live_text.h"
#include "utf8.h"

#define CUT     "..."
#define ESCAPED 4U /* bytes, and columns, that "\xNN" takes */

/* What is shown of one character, or of a byte that is part of none. */
struct unit {
    char bytes[4 * ESCAPED + 1];
    size_t width; /* columns */
};

void live_text_use_locale(void)
{
    if (setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C");
}

/* 0: it is not shown as it is. */
static size_t width_of(uint32_t character)
{
    if (character == NOT_UTF8 || character == '\\' || !iswprint((wint_t)character))
        return 0;
    const int width = wcwidth((wchar_t)character);
    return width > 0 ? (size_t)width : 0;
}

/* The unit that the text begins with; returns what is behind it. */
static const char *take_unit(const char *text, struct unit *unit)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned length;
    const uint32_t character = next_character(bytes, &length);

    unit->width = width_of(character);
    if (unit->width > 0) {
        memcpy(unit->bytes, bytes, length);
        unit->bytes[length] = '\0';
        return text + length;
    }
    for (unsigned i = 0; i < length; i++)
        unit->width +=
            (size_t)snprintf(unit->bytes + unit->width, ESCAPED + 1, "\\x%02x", bytes[i]);
    return text + length;
}

static size_t width_of_text(const char *text)
{
    struct unit unit;
    size_t width = 0;

    while (*text != '\0') {
        text = take_unit(text, &unit);
        width += unit.width;
    }
    return width;
}

/* Writes what the columns have room for, from the beginning. */
static size_t write_head(FILE *out, const char *text, size_t columns)
{
    struct unit unit;
    size_t width = 0;

    while (*text != '\0') {
        text = take_unit(text, &unit);
        if (width + unit.width > columns)
            break;
        fputs(unit.bytes, out);
        width += unit.width;
    }
    return width;
}

size_t write_fitted(FILE *out, const char *text, size_t columns)
{
    struct unit unit;
    size_t width = width_of_text(text);

    if (width <= columns || columns <= 2 * strlen(CUT))
        return write_head(out, text, columns);
    const size_t shown = columns - strlen(CUT);
    const size_t head = write_head(out, text, shown / 2);
    fputs(CUT, out);
    while (width > shown - head) {
        text = take_unit(text, &unit);
        width -= unit.width;
    }
    return head + strlen(CUT) + write_head(out, text, width);
}
