#include "conditions.h"

#include "call_names.h"
#include "constants.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"

struct scanner {
    struct reading *reading;
    const struct toml_node *node; /* where errors are told */
    const char *next, *end;
    uint32_t number; /* of the call */
};

static void skip_blanks(struct scanner *scanner)
{
    while (scanner->next < scanner->end && (*scanner->next == ' ' || *scanner->next == '\t'))
        scanner->next++;
}

static size_t rest_length(const struct scanner *scanner)
{
    return (size_t)(scanner->end - scanner->next);
}

static bool take(struct scanner *scanner, const char *token)
{
    size_t length = strlen(token);

    skip_blanks(scanner);
    if (rest_length(scanner) < length || strncmp(scanner->next, token, length) != 0)
        return false;
    scanner->next += length;
    return true;
}

/* How long the word at `next` is. */
static size_t word_length(struct scanner *scanner)
{
    size_t length, rest;

    skip_blanks(scanner);
    rest = rest_length(scanner);
    length = strspn(scanner->next, WORD_CHARACTERS);
    return length < rest ? length : rest;
}

static bool take_argument(struct scanner *scanner, unsigned *argument)
{
    size_t length = word_length(scanner);
    const char *word = scanner->next, *name = call_name(scanner->number);
    unsigned count = call_argument_count(scanner->number);

    if (length != strlen("arg0") || strncmp(word, "arg", 3) != 0 || word[3] < '0' ||
        word[3] > '5') {
        read_error(scanner->reading, scanner->node,
                   "a condition begins with arg0 to arg5, not with '%s'",
                   quote_part(word, rest_length(scanner)).text);
        return false;
    }
    *argument = (unsigned)(word[3] - '0');
    scanner->next += length;
    if (*argument < count)
        return true;
    if (count == 0)
        read_error(scanner->reading, scanner->node, "%s has no arguments", name);
    else
        read_error(scanner->reading, scanner->node, "%s has no arg%u; the last is arg%u", name,
                   *argument, count - 1);
    return false;
}

/* Digits of 0x, 0o or decimal. False: none, too many, or something right behind them. */
static bool parse_digits(const char *word, size_t length, uint64_t *value)
{
    char digits[32];
    int base = 10;
    char *end;

    if (length > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'o')) {
        base = word[1] == 'x' ? 16 : 8;
        word += 2;
        length -= 2;
    }
    if (length >= sizeof digits || strspn(word, "0123456789abcdefABCDEF") < length)
        return false;
    memcpy(digits, word, length);
    digits[length] = '\0';
    *value = strtoull(digits, &end, base);
    return *end == '\0' && (*value != UINT64_MAX || (base == 16 && strspn(digits, "fF") == length));
}

/*
 * A number or a constant's name. A negative one is what the kernel would see in the argument's
 * bits.
 */
static bool take_value(struct scanner *scanner, unsigned bits, uint64_t *value, bool *is_negative)
{
    const uint64_t all = bits < 64 ? (1ULL << bits) - 1 : UINT64_MAX;
    bool has_sign = take(scanner, "-");
    size_t length = word_length(scanner);
    const char *word = scanner->next;
    int64_t constant;

    *is_negative = has_sign;
    if (length == 0) {
        read_error(scanner->reading, scanner->node, "a number or a constant is missing");
        return false;
    }
    scanner->next += length;
    if (*word >= '0' && *word <= '9') {
        if (!parse_digits(word, length, value)) {
            read_error(scanner->reading, scanner->node, "'%s' is no number",
                       quote_part(word, length).text);
            return false;
        }
    } else if (!has_sign && constant_value(word, length, &constant)) {
        *is_negative = constant < 0;
        *value = *is_negative ? -(uint64_t)constant : (uint64_t)constant;
    } else {
        read_error(scanner->reading, scanner->node,
                   "unknown constant '%s' (the nearest known one is '%s')",
                   quote_part(word, length).text, constant_nearest(word, length));
        return false;
    }
    if (*value > (*is_negative ? (all >> 1) + 1 : all)) {
        read_error(scanner->reading, scanner->node,
                   "'%s' is more than the %u bits that the kernel takes",
                   quote_part(word, length).text, bits);
        return false;
    }
    if (*is_negative)
        *value = -*value & all;
    return true;
}

static bool take_comparison(struct scanner *scanner, enum policy_comparison *comparison)
{
    static const struct {
        const char *token;
        enum policy_comparison comparison;
    } comparisons[] = {
        /* those that begin as another does come first */
        {"==", POLICY_EQUAL}, {"!=", POLICY_NOT_EQUAL},     {"<=", POLICY_LESS_EQUAL},
        {"<", POLICY_LESS},   {">=", POLICY_GREATER_EQUAL}, {">", POLICY_GREATER},
    };

    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        if (!take(scanner, comparisons[i].token))
            continue;
        *comparison = comparisons[i].comparison;
        return true;
    }
    read_error(scanner->reading, scanner->node, "'%s': one of == != < <= > >= or `in` is expected",
               quote_part(scanner->next, rest_length(scanner)).text);
    return false;
}

static bool add_condition(struct scanner *scanner, struct policy_call_rule *rule,
                          const struct policy_condition *condition)
{
    return read_append(scanner->reading, &rule->conditions, &rule->condition_count, condition,
                       sizeof *condition);
}

/* Behind `in`: A..B. */
static bool take_range(struct scanner *scanner, unsigned bits, struct policy_call_rule *rule,
                       struct policy_condition *condition)
{
    uint64_t last;
    bool is_negative, ends_negative;

    if (!take_value(scanner, bits, &condition->value, &is_negative))
        return false;
    if (!take(scanner, "..")) {
        read_error(scanner->reading, scanner->node, "'..' is missing in a range");
        return false;
    }
    if (!take_value(scanner, bits, &last, &ends_negative))
        return false;
    if (is_negative || ends_negative) {
        read_error(scanner->reading, scanner->node,
                   "arguments are compared without a sign: a negative value has no order");
        return false;
    }
    if (last < condition->value) {
        read_error(scanner->reading, scanner->node, "a range that ends before it begins");
        return false;
    }
    condition->comparison = POLICY_GREATER_EQUAL;
    if (!add_condition(scanner, rule, condition))
        return false;
    condition->comparison = POLICY_LESS_EQUAL;
    condition->value = last;
    return add_condition(scanner, rule, condition);
}

/* Of what is never less than 0 and never more than the mask: whether the answer is known before. */
static bool is_known_before(const struct policy_condition *condition)
{
    switch (condition->comparison) {
    case POLICY_LESS:
    case POLICY_GREATER_EQUAL:
        return condition->value == 0 || condition->value > condition->mask;
    case POLICY_GREATER:
    case POLICY_LESS_EQUAL:
        return condition->value >= condition->mask;
    default:
        return false;
    }
}

/* Whether a comparison may hold in some case and not in another. */
static bool check_sense(struct scanner *scanner, const struct policy_condition *condition,
                        bool is_negative)
{
    bool is_order =
        condition->comparison != POLICY_EQUAL && condition->comparison != POLICY_NOT_EQUAL;

    if (is_order && is_negative)
        read_error(scanner->reading, scanner->node,
                   "arguments are compared without a sign: a negative value has no order");
    else if (is_known_before(condition))
        read_error(scanner->reading, scanner->node,
                   "the comparison of arg%u has the same outcome whatever the argument is",
                   condition->argument);
    else if (!is_order && (condition->value & ~condition->mask) != 0)
        read_error(scanner->reading, scanner->node, "arg%u & 0x%" PRIx64 " is never 0x%" PRIx64,
                   condition->argument, condition->mask, condition->value);
    else
        return true;
    return false;
}

static bool take_condition(struct scanner *scanner, struct policy_call_rule *rule)
{
    struct policy_condition condition = {0};
    bool is_negative;
    unsigned bits;

    if (!take_argument(scanner, &condition.argument))
        return false;
    bits = call_argument_bits(rule->number, condition.argument);
    condition.mask = bits < 64 ? (1ULL << bits) - 1 : UINT64_MAX;
    if (take(scanner, "&") && !take_value(scanner, bits, &condition.mask, &is_negative))
        return false;
    if (condition.mask == 0) {
        read_error(scanner->reading, scanner->node, "a mask of 0 leaves nothing to compare");
        return false;
    }
    if (word_length(scanner) == 2 && take(scanner, "in"))
        return take_range(scanner, bits, rule, &condition);
    if (!take_comparison(scanner, &condition.comparison) ||
        !take_value(scanner, bits, &condition.value, &is_negative) ||
        !check_sense(scanner, &condition, is_negative))
        return false;
    return add_condition(scanner, rule, &condition);
}

bool read_conditions(struct reading *reading, const struct toml_node *node, const char *text,
                     const char *end, struct policy_call_rule *rule)
{
    struct scanner scanner = {reading, node, text, end, rule->number};

    do
        if (!take_condition(&scanner, rule))
            return false;
    while (take(&scanner, ","));
    skip_blanks(&scanner);
    if (scanner.next == scanner.end)
        return true;
    read_error(reading, node, "'%s' behind a condition; ',' or ')' is expected",
               quote_part(scanner.next, rest_length(&scanner)).text);
    return false;
}
