#include "decoder.h"

#include <inttypes.h>

static const struct endorun_syscall calls[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "policy/syscalls.def"
};

static const char *const names[] = {
#define SYSCALL(number, name, ...) [number] = #name,
#include "policy/syscalls.def"
};
#define CALL_COUNT (sizeof calls / sizeof calls[0])

_Static_assert(sizeof names / sizeof names[0] == CALL_COUNT, "both are indexed by the number");

const char *decode_call_name(uint32_t number)
{
    return number < CALL_COUNT && names[number] != NULL ? names[number] : "";
}

const struct endorun_syscall *call_shapes(uint32_t number)
{
    return decode_call_name(number)[0] != '\0' ? &calls[number] : NULL;
}

/* Which arguments are written: those before the first that cannot be shown yet, the others, all. */
enum part {
    PART_BEGUN,
    PART_REST,
    PART_ALL,
};

static void write_unknown_call(FILE *out, const struct recorded_call *call, enum part part)
{
    if (part == PART_REST) {
        fprintf(out, "<... syscall_%#" PRIx32 " resumed>", call->number);
        return;
    }
    char text[sizeof "syscall_(" + (1U + ENDORUN_SYSCALL_MAX_ARGS) * (size_t)(HEX_MAX + 2U)];
    char *end = format_hex(stpcpy(text, "syscall_"), call->number);
    for (unsigned i = 0; i < ENDORUN_SYSCALL_MAX_ARGS; i++) {
        end = format_hex(stpcpy(end, i == 0 ? "(" : ", "), call->arguments[i]);
    }
    fwrite(text, 1, (size_t)(end - text), out);
}

/* Whether the argument cannot be shown before the call is over. */
static bool is_output(const struct endorun_shape *shape)
{
    uint8_t access = endorun_kind_info(shape->kind).access;
    return access == ENDORUN_ACCESS_WRITE || shape->kind == ENDORUN_KIND_IOVEC_OUT ||
           shape->kind == ENDORUN_KIND_MSGHDR_OUT || shape->kind == ENDORUN_KIND_MMSGHDR_OUT;
}

static void write_arguments(struct decoder *decoder, enum part part)
{
    unsigned count = count_arguments(decoder);
    bool is_known = true, is_first = true; /* known: before the call was over, so far */
    for (unsigned i = 0; i < count; i++) {
        if (is_hidden(decoder, i)) {
            continue;
        }
        is_known = is_known && !is_output(&decoder->shapes->arg[i]);
        if (part == PART_REST && is_known) {
            continue;
        }
        fputs(is_first ? "" : ", ", decoder->out);
        is_first = false;
        if (part == PART_BEGUN && !is_known) {
            break;
        }
        write_argument(decoder, i);
    }
}

static void write_call(FILE *out, const struct decoding *decoding, const struct recorded_call *call,
                       enum part part)
{
    const char *name = decode_call_name(call->number);
    if (name[0] == '\0') {
        write_unknown_call(out, call, part);
        return;
    }
    struct decoder decoder = {out, decoding, call, &calls[call->number], &call->before};
    fputs(part == PART_REST ? "<... " : "", out);
    fputs(name, out);
    fputs(part == PART_REST ? " resumed>" : "(", out);
    if (part == PART_REST && call->number == CALL_clone) {
        return; /* all was shown */
    }
    if (!write_special_call(&decoder)) {
        write_arguments(&decoder, part);
    }
}

void decode_call(FILE *out, const struct decoding *decoding, const struct recorded_call *call)
{
    write_call(out, decoding, call, PART_ALL);
    fputc(')', out);
}

void decode_unfinished(FILE *out, const struct decoding *decoding, const struct recorded_call *call)
{
    struct recorded_call begun = *call;
    begun.result = 0;
    begun.after = (struct recorded_memory){NULL, 0};
    write_call(out, decoding, &begun, PART_BEGUN);
    fputs(" <unfinished ...>", out);
}

void decode_resumed(FILE *out, const struct decoding *decoding, const struct recorded_call *call)
{
    write_call(out, decoding, call, PART_REST);
    fputc(')', out);
}
