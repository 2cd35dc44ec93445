#include "call_text.h"

#include "../../monitor/abi.h"
#include "../../monitor/support.h"
#include "../../monitor/user.h"
#include "endorun/syscall_shapes.h"

#define SHOWN_MAX 100U /* bytes of a string: the object that it leads to is told in full */

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../syscalls.def"
};

/* Names in one block: pointers would need relocation. */
static const char names[][24] = {
#define SYSCALL(number, name, ...) [number] = #name,
#include "../syscalls.def"
};
#define CALL_COUNT (sizeof calls / sizeof calls[0])

static const struct {
    uint64_t mask, value;
    uint16_t set; /* enum endorun_set */
    char name[22];
} values[] = {
#define VALUE(set, name, mask, value) {mask, value, ENDORUN_SET_##set, #name},
#include "../flags.def"
};

const char *call_name(uint32_t number)
{
    return number < sizeof names / sizeof names[0] ? names[number] : "";
}

static void add_hex(struct line *line, uint64_t number)
{
    char text[24] = "0x";
    int digits = 1;
    if (number == 0) {
        line_add(line, "0");
        return;
    }
    while (digits < 16 && number >> (4 * digits) != 0) {
        digits++;
    }
    append_hex(text, sizeof text, number, digits);
    line_add(line, text);
}

static void add_octal(struct line *line, uint64_t number)
{
    char text[24] = "0";
    size_t digits = 0;
    while (digits < 21 && number >> (3 * digits) != 0) {
        digits++;
    }
    for (size_t i = 0; i < digits; i++) {
        text[1 + i] = (char)('0' + (number >> (3 * (digits - 1 - i)) & 7));
    }
    line_add(line, text);
}

static void add_signed(struct line *line, int64_t number)
{
    line_add(line, number < 0 ? "-" : "");
    line_add_number(line, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* Names with `|` between; what has none is a number. */
static void add_flags(struct line *line, uint16_t set, uint64_t flags)
{
    uint64_t rest = flags;
    bool is_first = true;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        bool is_meant = values[i].set == set && (rest & values[i].mask) == values[i].value &&
                        (flags & values[i].mask) == values[i].value;
        if (is_meant && (values[i].value != 0 || is_first)) {
            line_add(line, is_first ? "" : "|");
            line_add(line, values[i].name);
            rest &= ~values[i].mask;
            is_first = false;
        }
    }
    if (rest != 0 || is_first) {
        line_add(line, is_first ? "" : "|");
        add_hex(line, rest);
    }
}

static void add_string(struct line *line, uint64_t address)
{
    char text[SHOWN_MAX + 1];
    long length = copy_string_from_user(text, user_pointer(address), sizeof text);
    if (address == 0) {
        line_add(line, "NULL");
    } else if (length == -EFAULT) {
        add_hex(line, address);
    } else {
        bool is_cut = length < 0;
        line_add_json(line, text, is_cut ? SHOWN_MAX : (size_t)length);
        line_add(line, is_cut ? "..." : "");
    }
}

static void add_argument(struct line *line, const struct endorun_shape *shape, uint64_t value)
{
    switch (shape->kind) {
    case ENDORUN_KIND_PATH:
    case ENDORUN_KIND_STR:
        add_string(line, value);
        return;
    case ENDORUN_KIND_DIRFD:
        if ((int32_t)value == AT_FDCWD) {
            line_add(line, "AT_FDCWD");
            return;
        }
        add_signed(line, (int32_t)value);
        return;
    case ENDORUN_KIND_FLAGS:
    case ENDORUN_KIND_ENUM:
        add_flags(line, shape->detail, (uint32_t)value);
        return;
    case ENDORUN_KIND_FLAGS_LONG:
    case ENDORUN_KIND_ENUM_LONG:
        add_flags(line, shape->detail, value);
        return;
    case ENDORUN_KIND_MODE:
        add_octal(line, value & 07777);
        return;
    case ENDORUN_KIND_FD:
    case ENDORUN_KIND_INT:
    case ENDORUN_KIND_SIGNO:
    case ENDORUN_KIND_PID:
    case ENDORUN_KIND_UID:
    case ENDORUN_KIND_GID:
        add_signed(line, (int32_t)value);
        return;
    case ENDORUN_KIND_LONG:
    case ENDORUN_KIND_OFFSET:
        add_signed(line, (int64_t)value);
        return;
    case ENDORUN_KIND_UINT:
    case ENDORUN_KIND_SIZE32:
    case ENDORUN_KIND_COUNT32:
        line_add_number(line, (uint32_t)value);
        return;
    case ENDORUN_KIND_ULONG:
    case ENDORUN_KIND_SIZE:
    case ENDORUN_KIND_COUNT:
        line_add_number(line, value);
        return;
    default:
        add_hex(line, value);
    }
}

/* open(2) looks at the mode where it makes a file. */
static bool is_unused(const struct endorun_shape *shape, const struct endorun_shape *before,
                      uint64_t flags)
{
    return shape->kind == ENDORUN_KIND_MODE && before->kind == ENDORUN_KIND_FLAGS &&
           before->detail == ENDORUN_SET_open && (flags & (O_CREAT | O_TMPFILE)) == 0;
}

void line_add_arguments(struct line *line, uint32_t number, const uint64_t arguments[6])
{
    for (unsigned i = 0; number < CALL_COUNT && i < calls[number].nargs; i++) {
        const struct endorun_shape *shape = &calls[number].arg[i];
        if (i > 0 && is_unused(shape, shape - 1, arguments[i - 1])) {
            break;
        }
        line_add(line, i == 0 ? "" : ", ");
        add_argument(line, shape, arguments[i]);
    }
}
