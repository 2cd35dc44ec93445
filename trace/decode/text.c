#include "decoder.h"

#include <inttypes.h>
#include <time.h>

#define CHUNK 512U

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '7';
}

/* As short as it can be read: with all three digits where an octal one follows. */
static void write_octal(FILE *out, uint8_t byte, bool before_digit)
{
    fprintf(out, before_digit ? "\\%03o" : "\\%o", byte);
}

static void write_escaped(FILE *out, uint8_t byte, bool before_digit)
{
    static const char letters[] = "tnvfr"; /* 9 to 13 */
    if (byte == '"' || byte == '\\') {
        fprintf(out, "\\%c", byte);
    } else if (byte >= ' ' && byte < 0x7f) {
        fputc(byte, out);
    } else if (byte >= '\t' && byte <= '\r') {
        fprintf(out, "\\%c", letters[byte - '\t']);
    } else {
        write_octal(out, byte, before_digit);
    }
}

static void write_run(FILE *out, const uint8_t *bytes, size_t length, size_t known, bool is_hex)
{
    for (size_t i = 0; i < length; i++) {
        if (is_hex) {
            fprintf(out, "\\x%02x", bytes[i]);
        } else {
            write_escaped(out, bytes[i], i + 1 < known && is_digit(bytes[i + 1]));
        }
    }
}

void write_quoted(FILE *out, const uint8_t *bytes, size_t length, bool is_cut)
{
    fputc('"', out);
    write_run(out, bytes, length, length, false);
    fputs(is_cut ? "\"..." : "\"", out);
}

/* In runs, each with the byte behind it: it decides how the last one is written. */
void write_text(struct decoder *decoder, const struct text *text)
{
    uint64_t shown = text->length < text->limit ? text->length : text->limit, done = 0;
    uint8_t bytes[CHUNK + 1];
    bool has_ended = text->length == 0;
    if (text->address == 0 ||
        (!has_ended && read_some(decoder->memory, text->address, bytes, 1) == 0)) {
        write_pointer(decoder, text->address);
        return;
    }
    fputc('"', decoder->out);
    while (!has_ended) {
        size_t wanted = shown - done < CHUNK ? (size_t)(shown - done) : CHUNK;
        size_t known = read_some(decoder->memory, text->address + done, bytes, wanted + 1);
        const uint8_t *end = text->ends_at_nul ? memchr(bytes, 0, known) : NULL;
        known = end != NULL ? (size_t)(end - bytes) : known;
        size_t run = known < wanted ? known : wanted;
        write_run(decoder->out, bytes, run, done + known < shown ? known : (size_t)(shown - done),
                  text->is_hex);
        done += run;
        has_ended = end != NULL || done == text->length;
        if (run < CHUNK || done == shown) {
            break;
        }
    }
    fputs(has_ended ? "\"" : "\"...", decoder->out);
}

void write_string(struct decoder *decoder, uint64_t address, size_t limit)
{
    const struct text text = {address, UINT64_MAX, limit, true, false};
    write_text(decoder, &text);
}

void write_data(struct decoder *decoder, uint64_t address, uint64_t length)
{
    const struct text text = {address, length, decoder->decoding->string_limit, false, false};
    write_text(decoder, &text);
}

/* Numbers are what most of a trace consists of: printf(3) would take most of the time. */
#define DIGITS_MAX 24U

char *format_hex(char *text, uint64_t number)
{
    unsigned digits = number == 0 ? 1 : (67 - (unsigned)__builtin_clzll(number)) / 4;
    if (number != 0) {
        *text++ = '0';
        *text++ = 'x';
    }
    for (unsigned i = digits; i > 0; i--) {
        *text++ = "0123456789abcdef"[number >> (i - 1) * 4 & 15];
    }
    return text;
}

void write_hex(FILE *out, uint64_t number)
{
    char text[HEX_MAX];
    fwrite(text, 1, (size_t)(format_hex(text, number) - text), out);
}

static void write_digits(FILE *out, uint64_t number, bool is_negative)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    if (is_negative) {
        digits[--at] = '-';
    }
    fwrite(digits + at, 1, sizeof digits - at, out);
}

void write_natural(FILE *out, uint64_t number)
{
    write_digits(out, number, false);
}

void write_decimal(FILE *out, int64_t number)
{
    write_digits(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0);
}

void write_pointer(struct decoder *decoder, uint64_t address)
{
    if (address == 0) {
        fputs("NULL", decoder->out);
    } else {
        write_hex(decoder->out, address);
    }
}

void write_mode(FILE *out, uint32_t mode)
{
    fprintf(out, "%#03" PRIo32, mode);
}

void write_mode_and_type(FILE *out, uint32_t mode)
{
    const char *type = value_name(SET_mode_type, mode & 0170000);
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {{04000, "S_ISUID"}, {02000, "S_ISGID"}, {01000, "S_ISVTX"}};
    if (type == NULL) {
        write_mode(out, mode);
        return;
    }
    fputs(type, out);
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if ((mode & bits[i].bit) != 0) {
            fprintf(out, "|%s", bits[i].name);
        }
    }
    fputc('|', out);
    write_mode(out, mode & 0777);
}

static void write_name_bytes(FILE *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool before_digit = i + 1 < size && is_digit(bytes[i + 1]);
        if (bytes[i] == '<' || bytes[i] == '>') {
            write_octal(out, bytes[i], before_digit);
        } else {
            write_escaped(out, bytes[i], before_digit);
        }
    }
}

static void write_name(struct decoder *decoder, int32_t descriptor)
{
    static const char deleted[] = " (deleted)";
    const size_t ending = sizeof deleted - 1;
    const struct recorded_piece *name =
        decoder->decoding->names_descriptors ? find_name(decoder, descriptor) : NULL;
    if (name == NULL) {
        return;
    }
    const char *text = name->bytes;
    bool is_deleted =
        name->size > ending && memcmp(text + name->size - ending, deleted, ending) == 0;
    fputc('<', decoder->out);
    write_name_bytes(decoder->out, name->bytes, name->size - (is_deleted ? ending : 0));
    fputs(is_deleted ? ">(deleted)" : ">", decoder->out);
}

void write_descriptor(struct decoder *decoder, int32_t descriptor)
{
    write_decimal(decoder->out, descriptor);
    write_name(decoder, descriptor);
}

void write_directory(struct decoder *decoder, int32_t descriptor)
{
    if (descriptor == -100) {
        fputs("AT_FDCWD", decoder->out);
        write_name(decoder, descriptor);
    } else {
        write_descriptor(decoder, descriptor);
    }
}

void write_id(FILE *out, uint32_t id)
{
    if (id == UINT32_MAX) {
        fputs("-1", out);
    } else {
        write_natural(out, id);
    }
}

/* As the C library takes it apart. */
void write_device(FILE *out, uint64_t device)
{
    uint64_t major = (device >> 8 & 0xfff) | (device >> 32 & 0xfffff000);
    uint64_t minor = (device & 0xff) | (device >> 12 & 0xffffff00);
    fputs("makedev(", out);
    fprintf(out, "%#" PRIx64 ", %#" PRIx64 ")", major, minor & UINT32_MAX);
}

/* In UTC: the time zone of who reads it is another one. */
void write_date(FILE *out, int64_t seconds, int64_t nanoseconds)
{
    time_t time = seconds;
    struct tm parts;
    char text[64];
    if (gmtime_r(&time, &parts) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        return;
    }
    fputs(text, out);
    if (nanoseconds > 0 && nanoseconds < 1000000000) {
        fprintf(out, ".%09" PRId64, nanoseconds);
    }
    fputs("+0000", out);
}

void write_array(struct decoder *decoder, uint64_t address, uint64_t count, size_t size,
                 write_bytes *element)
{
    uint8_t bytes[ELEMENT_MAX];
    if (address == 0 ||
        (count > 0 && (size > sizeof bytes || !read_all(decoder, address, bytes, size)))) {
        write_pointer(decoder, address);
        return;
    }
    fputc('[', decoder->out);
    for (uint64_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ", ", decoder->out);
        if (i == decoder->decoding->string_limit ||
            !read_all(decoder, address + i * size, bytes, size)) {
            fputs("...", decoder->out);
            break;
        }
        element(decoder, bytes);
    }
    fputc(']', decoder->out);
}

void write_at(struct decoder *decoder, uint64_t address, size_t size, write_bytes *element)
{
    uint8_t bytes[ELEMENT_MAX];
    if (address == 0 || size > sizeof bytes || !read_all(decoder, address, bytes, size)) {
        write_pointer(decoder, address);
    } else {
        element(decoder, bytes);
    }
}
