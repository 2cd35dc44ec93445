#include "values.h"

#include <inttypes.h>
#include <string.h>

static const struct value {
    uint64_t mask, value;
    const char *name;
    uint16_t set;
} values[] = {
#define VALUE(set, name, mask, value) {(mask), (value), #name, SET_##set},
#include "policy/flags.def"
#define VALUE(set, name, mask, value) {(mask), (value), #name, SET_##set},
#define FLAG(set, name, value)        {(value), (value), #name, SET_##set},
#define ONE(set, name, value)         {UINT64_MAX, (value), #name, SET_##set},
#include "values.def"
#define VALUE(set, name, mask, value) {(mask), (value), #name, SET_##set},
#define FLAG(set, name, value)        {(value), (value), #name, SET_##set},
#define ONE(set, name, value)         {UINT64_MAX, (value), #name, SET_##set},
#include "fields.def"
#define ONE(set, name, value) {UINT64_MAX, (value), #name, SET_##set},
#include "commands.def"
};
#define VALUE_COUNT (sizeof values / sizeof values[0])

_Static_assert((unsigned)SET_xattr == (unsigned)ENDORUN_SET_xattr, "an argument's set is a set");

static const char *prefix_of(enum value_set set)
{
    static const char *const prefixes[SET_LIMIT] = {
#define X(name, prefix) [SET_##name] = (prefix),
        ENDORUN_SETS(X) FIELD_SETS(X)
#undef X
    };
    return set < SET_LIMIT ? prefixes[set] : "";
}

/* `0x80`, and by the prefix what kind of constant could not be named. */
static void write_unknown(FILE *out, enum value_set set, uint64_t value)
{
    const char *prefix = prefix_of(set);
    size_t length = strspn(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    fprintf(out, "%#" PRIx64, value);
    if (length > 1 && prefix[length - 1] == '_') {
        fprintf(out, " /* %.*s??? */", (int)length, prefix);
    }
}

const char *value_name(enum value_set set, uint64_t value)
{
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        if (values[i].set == set && values[i].value == value) {
            return values[i].name;
        }
    }
    return NULL;
}

void write_value(FILE *out, enum value_set set, uint64_t value)
{
    const char *name = value_name(set, value);
    if (name != NULL) {
        fputs(name, out);
    } else {
        write_unknown(out, set, value);
    }
}

uint64_t write_value_names(FILE *out, enum value_set set, uint64_t value, bool *is_first)
{
    uint64_t rest = value;
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        const struct value *known = &values[i];
        bool is_meant = known->set == set && (rest & known->mask) == known->value &&
                        (value & known->mask) == known->value;
        bool is_part = known->mask != UINT64_MAX && known->mask != UINT32_MAX;
        if (is_meant && (known->value != 0 || *is_first || is_part)) {
            fprintf(out, "%s%s", *is_first ? "" : "|", known->name);
            rest &= ~known->mask;
            *is_first = false;
        }
    }
    return rest;
}

void write_values(FILE *out, enum value_set set, uint64_t value)
{
    bool is_first = true;
    uint64_t rest = write_value_names(out, set, value, &is_first);
    if (is_first && rest == 0) {
        fputc('0', out);
    } else if (is_first) {
        write_unknown(out, set, rest);
    } else if (rest != 0) {
        fprintf(out, "|%#" PRIx64, rest);
    }
}
