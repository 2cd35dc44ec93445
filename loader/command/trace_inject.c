/* -e inject: what is done to calls, as strace(1) writes it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "message.h"
#include "nearest.h"
#include "trace_options.h"

#define ERROR_MAX    4095 /* MAX_ERRNO, include/linux/err.h */
#define SIGNALS      64
#define DELAY_MAX    (3600ULL * 1000000) /* microseconds */
#define REAL_TIME_AT 32

/* One part of an expression, between colons: `error=EIO`. */
struct part {
    const char *whole; /* the expression, for messages */
    const char *value;
    size_t length;
};

__attribute__((noreturn)) static void die_of_value(const struct part *part, const char *expected)
{
    die(STATUS_SETUP, "-e inject=%s: '%.*s' is not %s", part->whole, (int)part->length, part->value,
        expected);
}

static bool is_word(const struct part *part, const char *word)
{
    return strlen(word) == part->length && memcmp(word, part->value, part->length) == 0;
}

/* A number that the part begins with; *end is behind it. */
static unsigned long long take_number(const struct part *part, const char **end,
                                      const char *expected)
{
    char *after;

    errno = 0;
    const unsigned long long number = strtoull(part->value, &after, 0);
    if (part->length == 0 || part->value[0] < '0' || part->value[0] > '9' || errno != 0 ||
        after > part->value + part->length)
        die_of_value(part, expected);
    *end = after;
    return number;
}

static unsigned long long whole_number(const struct part *part, const char *expected)
{
    const char *end;
    const unsigned long long number = take_number(part, &end, expected);

    if (end != part->value + part->length)
        die_of_value(part, expected);
    return number;
}

/* ---- the parts ---- */

static void apply_error(struct endorun_injection *injection, const struct part *part)
{
    struct nearest nearest = nearest_to(part->value, part->length);

    injection->gives_result = 1;
    if (part->length > 0 && part->value[0] >= '0' && part->value[0] <= '9') {
        const unsigned long long number = whole_number(part, "an error");

        if (number == 0 || number > ERROR_MAX)
            die_of_value(part, "the number of an error");
        injection->result = -(int64_t)number;
        return;
    }
    for (int i = 1; i <= ERROR_MAX; i++) {
        const char *name = decode_error_name(i);

        if (name != NULL && is_word(part, name)) {
            injection->result = -i;
            return;
        }
        if (name != NULL)
            nearest_offer(&nearest, name);
    }
    die(STATUS_SETUP, "-e inject=%s: no error is named '%.*s'; the nearest known one is %s",
        part->whole, (int)part->length, part->value, nearest.name);
}

static void apply_retval(struct endorun_injection *injection, const struct part *part)
{
    injection->gives_result = 1;
    injection->result = (int64_t)whole_number(part, "a result, a number from 0 on");
}

static void apply_signal(struct endorun_injection *injection, const struct part *part)
{
    struct nearest nearest = nearest_to(part->value, part->length);
    char name[32];

    if (part->length > 0 && part->value[0] >= '0' && part->value[0] <= '9') {
        const unsigned long long number = whole_number(part, "a signal");

        if (number == 0 || number > SIGNALS)
            die_of_value(part, "the number of a signal");
        injection->signal = (uint16_t)number;
        return;
    }
    for (int i = 1; i < REAL_TIME_AT; i++) {
        const char *abbreviation = sigabbrev_np(i);

        if (abbreviation == NULL)
            continue;
        snprintf(name, sizeof name, "SIG%s", abbreviation);
        if (is_word(part, name) || is_word(part, abbreviation)) {
            injection->signal = (uint16_t)i;
            return;
        }
        nearest_offer(&nearest, part->length > 3 && memcmp(part->value, "SIG", 3) == 0
                                    ? strdupa(name)
                                    : abbreviation);
    }
    die(STATUS_SETUP, "-e inject=%s: no signal is named '%.*s'; the nearest known one is %s",
        part->whole, (int)part->length, part->value, nearest.name);
}

/* In microseconds, or with a unit behind the number. */
static uint64_t parse_delay(const struct part *part)
{
    static const struct {
        const char *name;
        uint64_t nanoseconds;
    } units[] = {{"", 1000}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"ns", 1}};
    const char *end, *expected = "a delay: microseconds, or a number with s, ms, us or ns";
    const unsigned long long number = take_number(part, &end, expected);
    const struct part unit = {part->whole, end, part->length - (size_t)(end - part->value)};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!is_word(&unit, units[i].name))
            continue;
        if (number > DELAY_MAX * 1000 / units[i].nanoseconds)
            die_of_value(part, "a delay of an hour at most");
        return number * units[i].nanoseconds / 1000;
    }
    die_of_value(part, expected);
}

static void apply_delay_enter(struct endorun_injection *injection, const struct part *part)
{
    injection->delay_before = parse_delay(part);
}

static void apply_delay_exit(struct endorun_injection *injection, const struct part *part)
{
    injection->delay_after = parse_delay(part);
}

/* FIRST[..LAST][+[STEP]] */
static void apply_when(struct endorun_injection *injection, const struct part *part)
{
    const char *expected = "FIRST, FIRST+, FIRST+STEP, or FIRST..LAST with or without them";
    const char *end = part->value + part->length, *at;
    unsigned long long first = take_number(part, &at, expected), last = first, step = 1;

    if (end - at >= 2 && memcmp(at, "..", 2) == 0) {
        const struct part rest = {part->whole, at + 2, (size_t)(end - at) - 2};

        last = take_number(&rest, &at, expected);
    } else if (at < end && *at == '+') {
        last = UINT32_MAX;
    }
    if (at < end && *at == '+') {
        const struct part rest = {part->whole, at + 1, (size_t)(end - at) - 1};

        step = rest.length > 0 ? whole_number(&rest, expected) : 1;
        at = end;
    }
    if (at != end || first == 0 || last < first || last > UINT32_MAX || step == 0 ||
        step > UINT32_MAX)
        die_of_value(part, expected);
    injection->first = (uint32_t)first;
    injection->last = (uint32_t)last;
    injection->step = (uint32_t)step;
}

static const struct {
    const char *name;
    void (*apply)(struct endorun_injection *injection, const struct part *part);
} parts[] = {{"error", apply_error},   {"retval", apply_retval},
             {"signal", apply_signal}, {"delay_enter", apply_delay_enter},
             {"when", apply_when},     {"delay_exit", apply_delay_exit}};

static void apply_part(struct endorun_injection *injection, const char *whole, const char *text,
                       size_t length)
{
    const char *equals = memchr(text, '=', length);
    const size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    struct nearest nearest = nearest_to(text, name_length);

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (equals != NULL && strlen(parts[i].name) == name_length &&
            memcmp(parts[i].name, text, name_length) == 0) {
            parts[i].apply(injection, &(struct part){whole, equals + 1, length - name_length - 1});
            return;
        }
        nearest_offer(&nearest, parts[i].name);
    }
    die(STATUS_SETUP, "-e inject=%s: '%.*s' is no injection; the nearest known one is %s=", whole,
        (int)length, text, nearest.name);
}

/* ---- the calls ---- */

static unsigned count_injections(const struct endorun_injections *injections)
{
    unsigned count = 0;

    while (count < ENDORUN_INJECTIONS_MAX && injections->injections[count].step != 0)
        count++;
    return count;
}

/* The place of a call that is changed already is used again: the last expression counts. */
static void place_calls(struct endorun_injections *injections, const uint64_t calls[8],
                        unsigned index, const char *expression)
{
    unsigned places = 0;

    for (uint32_t i = 0; i < ENDORUN_TRACE_CALLS; i++)
        if (injections->place_of_call[i] > places)
            places = injections->place_of_call[i];
    for (uint32_t i = 0; i < ENDORUN_TRACE_CALLS; i++) {
        if ((calls[i / 64] >> (i % 64) & 1) == 0 || decode_call_name(i)[0] == '\0')
            continue;
        if (injections->place_of_call[i] == 0) {
            if (places == ENDORUN_INJECTED_CALLS)
                die(STATUS_SETUP, "-e inject=%s: no more than %u calls can be changed", expression,
                    ENDORUN_INJECTED_CALLS);
            injections->place_of_call[i] = (uint8_t)++places;
        }
        injections->injection_of_place[injections->place_of_call[i] - 1] = (uint8_t)index;
    }
}

static void add_injection(struct trace_request *request, const char *expression,
                          const struct endorun_injection *beginning)
{
    struct endorun_injection injection = *beginning;
    const char *at = expression + strcspn(expression, ":");
    const unsigned index = count_injections(&request->injections);
    uint64_t calls[8];

    trace_parse_calls(calls, "inject", expression, (size_t)(at - expression));
    while (*at == ':') {
        const size_t length = strcspn(++at, ":");

        apply_part(&injection, expression, at, length);
        at += length;
    }
    if (injection.gives_result == 0 && injection.signal == 0 && injection.delay_before == 0 &&
        injection.delay_after == 0)
        die(STATUS_SETUP,
            "-e inject=%s: what to do is missing: error=, retval=, signal=, delay_enter= or "
            "delay_exit=",
            expression);
    if (index == ENDORUN_INJECTIONS_MAX)
        die(STATUS_SETUP, "-e inject=%s: no more than %u injections can be given", expression,
            ENDORUN_INJECTIONS_MAX);
    place_calls(&request->injections, calls, index, expression);
    request->injections.injections[index] = injection;
    request->injects = true;
}

void trace_request_inject(struct trace_request *request, const char *expression)
{
    add_injection(request, expression,
                  &(struct endorun_injection){.first = 1, .last = UINT32_MAX, .step = 1});
}

void trace_request_fault(struct trace_request *request, const char *expression)
{
    add_injection(
        request, expression,
        &(struct endorun_injection){
            .first = 1, .last = UINT32_MAX, .step = 1, .gives_result = 1, .result = -ENOSYS});
}
