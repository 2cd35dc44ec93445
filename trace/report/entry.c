#include "entry.h"

#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NANOSECONDS 1e9
#define TIME_MAX    1e8  /* seconds: three years; the sum of a hundred such stays in 64 bits */
#define CLOCK_SLACK 1e-3 /* seconds by which the clocks of processors may differ */
#define START_MAX   253402300799.0 /* the last second of the year 9999 */

/* A reader of one kind of entry: false, and why, where the line lacks what it must have. */
struct reading {
    struct entry *entry;
    char *error;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct reading *reading,
                                                         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reading->error, ENTRY_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- values ---- */

/* NULL: there is none, or null. */
static struct json_object *value_of(const struct reading *reading, const char *key)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(reading->entry->json, key, &value);
    return value;
}

static struct text text_of(const struct json_object *value)
{
    return (struct text){json_object_get_string((struct json_object *)value),
                         (size_t)json_object_get_string_len(value)};
}

static bool read_text(const struct reading *reading, const char *key, bool is_optional,
                      struct text *text)
{
    const struct json_object *value = value_of(reading, key);

    if (value == NULL)
        return is_optional || refuse(reading, "there is no \"%s\"", key);
    if (!json_object_is_type(value, json_type_string))
        return refuse(reading, "\"%s\" is no string", key);
    *text = text_of(value);
    return true;
}

static bool read_whole(const struct reading *reading, const char *key, int64_t *number)
{
    const struct json_object *value = value_of(reading, key);

    if (value == NULL)
        return refuse(reading, "there is no \"%s\"", key);
    if (!json_object_is_type(value, json_type_int))
        return refuse(reading, "\"%s\" is no whole number", key);
    *number = json_object_get_int64(value);
    return true;
}

static bool read_id(const struct reading *reading, const char *key, int32_t *id)
{
    int64_t number;

    if (!read_whole(reading, key, &number))
        return false;
    if (number < 0 || number > INT32_MAX)
        return refuse(reading, "\"%s\" is no ID of a process or thread", key);
    *id = (int32_t)number;
    return true;
}

static bool read_seconds(const struct reading *reading, const char *key, double least, double limit,
                         double *seconds)
{
    const struct json_object *value = value_of(reading, key);

    if (value == NULL)
        return refuse(reading, "there is no \"%s\"", key);
    if (!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int))
        return refuse(reading, "\"%s\" is no number", key);
    *seconds = json_object_get_double(value);
    if (!isfinite(*seconds) || *seconds < least || *seconds > limit)
        return refuse(reading, "\"%s\" is no number of seconds from 0 to %.0f", key, limit);
    return true;
}

/* A little less than none is none. */
static bool read_time(const struct reading *reading, const char *key, uint64_t *nanoseconds)
{
    double seconds;

    if (!read_seconds(reading, key, -CLOCK_SLACK, TIME_MAX, &seconds))
        return false;
    *nanoseconds = seconds > 0 ? (uint64_t)llround(seconds * NANOSECONDS) : 0;
    return true;
}

static bool read_flag(const struct reading *reading, const char *key, bool *flag)
{
    const struct json_object *value = value_of(reading, key);

    if (value != NULL && !json_object_is_type(value, json_type_boolean))
        return refuse(reading, "\"%s\" is neither true nor false", key);
    *flag = value != NULL && json_object_get_boolean(value);
    return true;
}

static bool read_texts(const struct reading *reading, const char *key, bool is_optional)
{
    const struct json_object *array = value_of(reading, key);

    if (array == NULL)
        return is_optional || refuse(reading, "there is no \"%s\"", key);
    if (!json_object_is_type(array, json_type_array))
        return refuse(reading, "\"%s\" is no array", key);
    reading->entry->texts = array;
    reading->entry->text_count = json_object_array_length(array);
    for (size_t i = 0; i < reading->entry->text_count; i++)
        if (!json_object_is_type(json_object_array_get_idx(array, i), json_type_string))
            return refuse(reading, "\"%s\" has an element that is no string", key);
    return true;
}

/* ---- kinds of lines ---- */

static bool read_trace(const struct reading *reading)
{
    int64_t version;

    if (!read_whole(reading, "version", &version))
        return false;
    if (version != ENTRY_VERSION)
        return refuse(reading, "version %lld of the format is not known; this endorun reads %d",
                      (long long)version, ENTRY_VERSION);
    return read_seconds(reading, "start", 0, START_MAX, &reading->entry->start) &&
           read_texts(reading, "command", false);
}

/* What all lines but the first have. */
static bool read_place(const struct reading *reading)
{
    struct entry *entry = reading->entry;

    return read_time(reading, "time", &entry->time) && read_id(reading, "pid", &entry->pid) &&
           read_id(reading, "tid", &entry->tid);
}

static bool read_result(const struct reading *reading, const char *key)
{
    struct entry *entry = reading->entry;

    entry->has_result = value_of(reading, key) != NULL;
    return !entry->has_result || read_whole(reading, key, &entry->result);
}

static bool read_call(const struct reading *reading)
{
    struct entry *entry = reading->entry;

    return read_place(reading) && read_text(reading, "call", false, &entry->name) &&
           read_text(reading, "text", false, &entry->line) &&
           read_text(reading, "error", true, &entry->error) && read_result(reading, "result") &&
           (value_of(reading, "duration") == NULL ||
            read_time(reading, "duration", &entry->duration)) &&
           read_texts(reading, "objects", true) &&
           read_flag(reading, "injected", &entry->is_injected) &&
           read_flag(reading, "denied", &entry->is_denied);
}

static bool read_signal(const struct reading *reading)
{
    return read_place(reading) && read_text(reading, "signal", false, &reading->entry->name) &&
           read_text(reading, "text", false, &reading->entry->line);
}

static bool read_exit(const struct reading *reading)
{
    return read_place(reading) && read_result(reading, "status") &&
           read_text(reading, "signal", true, &reading->entry->name);
}

static const struct {
    const char *type;
    enum entry_kind kind;
    bool (*read)(const struct reading *reading);
} kinds[] = {
    {"trace", ENTRY_TRACE, read_trace},
    {"call", ENTRY_CALL, read_call},
    {"signal", ENTRY_SIGNAL, read_signal},
    {"exit", ENTRY_EXIT, read_exit},
};

static bool is_type(struct text type, const char *name)
{
    return type.size == strlen(name) && memcmp(type.bytes, name, type.size) == 0;
}

static bool read_entry(const struct reading *reading)
{
    struct text type;

    if (!json_object_is_type(reading->entry->json, json_type_object))
        return refuse(reading, "the line is no JSON object");
    if (!read_text(reading, "type", false, &type))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_type(type, kinds[i].type)) {
            reading->entry->kind = kinds[i].kind;
            return kinds[i].read(reading);
        }
    }
    return true;
}

/* ---- JSON ---- */

/* JSON has none in a string, and the library does not mind them all. */
static bool has_control(const struct reading *reading, const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)line[i];

        if (byte < ' ' && byte != '\t' && byte != '\r') {
            refuse(reading, "a control character, \\x%02x, at byte %zu", byte, i + 1);
            return true;
        }
    }
    return false;
}

static enum entry_status parse_json(const struct reading *reading, struct json_tokener *tokener,
                                    const char *line, size_t size)
{
    if (size == 0)
        refuse(reading, "the line is empty");
    if (size == 0 || has_control(reading, line, size))
        return ENTRY_BROKEN;
    json_tokener_reset(tokener);
    reading->entry->json = json_tokener_parse_ex(tokener, line, (int)size);

    const enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error == json_tokener_continue) {
        refuse(reading, "the line ends in the middle");
        return ENTRY_CUT;
    }
    if (error != json_tokener_success) {
        refuse(reading, "no JSON: %s, at byte %zu", json_tokener_error_desc(error),
               json_tokener_get_parse_end(tokener) + 1);
        return ENTRY_BROKEN;
    }
    return ENTRY_WHOLE;
}

enum entry_status entry_parse(struct entry *entry, struct json_tokener *tokener, const char *line,
                              size_t size, char error[ENTRY_ERROR_SIZE])
{
    const struct reading reading = {entry, error};

    *entry = (struct entry){.kind = ENTRY_OTHER};
    if (size > INT32_MAX) {
        refuse(&reading, "the line has more than %d bytes", INT32_MAX);
        return ENTRY_BROKEN;
    }
    const enum entry_status status = parse_json(&reading, tokener, line, size);
    if (status != ENTRY_WHOLE)
        return status;
    if (read_entry(&reading))
        return ENTRY_WHOLE;
    entry_release(entry);
    return ENTRY_BROKEN;
}

void entry_release(struct entry *entry)
{
    json_object_put(entry->json);
    entry->json = NULL;
}

struct text entry_text(const struct entry *entry, size_t index)
{
    return text_of(json_object_array_get_idx(entry->texts, index));
}
