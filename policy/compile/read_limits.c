/* [limits]: numbers with units. */
#include "read.h"

#include <inttypes.h>
#include <string.h>

#define UNITS_MAX    5U
#define FRACTION_MAX 9U                    /* digits behind the point */
#define LARGEST      ((uint64_t)INT64_MAX) /* as an integer of the file can say it */
#define MICROS       1000000U

struct unit {
    const char *name;
    uint64_t factor;
};

/* By type; the first without a name ends them. */
static const struct unit units[SCHEMA_TYPE_LIMIT][UNITS_MAX] = {
    [SCHEMA_SIZE] = {{"K", 1ULL << 10}, {"M", 1ULL << 20}, {"G", 1ULL << 30}, {"T", 1ULL << 40}},
    [SCHEMA_SECONDS] = {{"s", 1}, {"m", 60}, {"h", 3600}},
    [SCHEMA_MICROSECONDS] = {{"us", 1}, {"ms", 1000}, {"s", MICROS}},
};

static const char *const unit_names[SCHEMA_TYPE_LIMIT] = {
    [SCHEMA_SIZE] = "K, M, G or T",
    [SCHEMA_SECONDS] = "s, m or h",
    [SCHEMA_MICROSECONDS] = "us, ms or s",
};

static const struct unit *find_unit(enum schema_type type, const char *name)
{
    for (size_t i = 0; i < UNITS_MAX && units[type][i].name != NULL; i++)
        if (strcmp(units[type][i].name, name) == 0)
            return &units[type][i];
    return NULL;
}

/* Decimal digits as a number; false: more than LARGEST. */
static bool parse_digits(const char *digits, size_t count, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t digit = (uint64_t)(digits[i] - '0');

        if (*number > (LARGEST - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

/* (whole + fraction / 10^digits) * factor. NULL, or what is wrong. */
static const char *scale(uint64_t whole, uint64_t fraction, size_t digits, uint64_t factor,
                         uint64_t *value)
{
    uint64_t divisor = 1, part;

    for (size_t i = 0; i < digits; i++)
        divisor *= 10;
    /* Below 10^9 * 2^40, which is less than 2^70. */
    if (__builtin_mul_overflow(fraction, factor, &part) ||
        __builtin_mul_overflow(whole, factor, &whole))
        return "too large";
    if (part % divisor != 0)
        return "not a whole number of the smallest unit";
    *value = whole + part / divisor;
    return *value <= LARGEST && *value >= whole ? NULL : "too large";
}

/* "1.5M". NULL, or what is wrong. */
static const char *parse_quantity(enum schema_type type, const char *written, uint64_t *value)
{
    size_t digits = strspn(written, "0123456789"), fraction_digits = 0;
    const char *fraction = written + digits, *name = fraction;
    const struct unit *unit;
    uint64_t whole, parts = 0;

    if (digits == 0)
        return "a number with a unit, or \"unlimited\", is expected";
    if (*fraction == '.') {
        fraction++;
        fraction_digits = strspn(fraction, "0123456789");
        name = fraction + fraction_digits;
        if (fraction_digits == 0 || fraction_digits > FRACTION_MAX)
            return "a point is followed by one to nine digits";
    }
    unit = find_unit(type, name);
    if (unit == NULL)
        return *name == '\0' ? "the unit is missing; without one, the number has no quotation marks"
                             : "unknown unit";
    if (!parse_digits(written, digits, &whole))
        return "too large";
    parse_digits(fraction, fraction_digits, &parts);
    return scale(whole, parts, fraction_digits, unit->factor, value);
}

static bool take_string(struct reading *reading, const struct schema_key *key,
                        const struct toml_node *node, struct policy_limit *limit)
{
    const char *written = read_string(reading, key, node), *error;

    if (written == NULL)
        return false;
    limit->written = read_copy(reading, written);
    limit->value = UINT64_MAX;
    if (strcmp(written, "unlimited") == 0)
        return true;
    if (key->type == SCHEMA_COUNT) {
        read_error(reading, node, "'%s': %s%s%s is an integer or \"unlimited\"",
                   quote(written).text, READ_NAME(key));
        return false;
    }
    error = parse_quantity(key->type, written, &limit->value);
    if (error != NULL)
        read_error(reading, node, "'%s': %s (units are %s)", quote(written).text, error,
                   unit_names[key->type]);
    return error == NULL;
}

static bool take_integer(struct reading *reading, const struct schema_key *key,
                         const struct toml_node *node, struct policy_limit *limit)
{
    char written[24];

    if (node->integer < 0) {
        read_error(reading, node, "%s%s%s is negative; \"unlimited\" is a word of its own",
                   READ_NAME(key));
        return false;
    }
    snprintf(written, sizeof written, "%" PRId64, node->integer);
    limit->written = read_copy(reading, written);
    limit->value = (uint64_t)node->integer;
    return true;
}

void read_limit(struct reading *reading, const struct schema_key *key, const struct toml_node *node)
{
    struct policy_model *model = reading->model;
    struct policy_limit limit = {.resource = key->detail, .origin = read_origin(reading, node->at)};

    if (node->kind == TOML_KIND_STRING ? !take_string(reading, key, node, &limit)
                                       : !take_integer(reading, key, node, &limit))
        return;
    for (size_t i = 0; i < model->limit_count; i++) {
        if (model->limits[i].resource != limit.resource)
            continue;
        model->limits[i] = limit; /* an included file's */
        return;
    }
    read_append(reading, &model->limits, &model->limit_count, &limit, sizeof limit);
}
