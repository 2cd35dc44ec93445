#include "decoder.h"
#include "policy/descriptors.h"

#include <errno.h>
#include <inttypes.h>

static const struct {
    int number;
    const char *name;
} errors[] = {
#define X(name) {name, #name},
#include "policy/compile/errors.def"
#undef X
    {524, "ENOTSUPP"}, /* no program should see it, and some do */
};

/* The kernel's own: the call goes on, or starts again, when the signal has been handled. */
static const struct {
    int number;
    const char *text;
} restarts[] = {
    {512, "ERESTARTSYS (To be restarted if SA_RESTART is set)"},
    {513, "ERESTARTNOINTR (To be restarted)"},
    {514, "ERESTARTNOHAND (To be restarted if no handler)"},
    {516, "ERESTART_RESTARTBLOCK (Interrupted by signal)"},
};

/* Some have two names: the first in the list counts. */
const char *decode_error_name(int number)
{
    static const char *names[525];
    const int limit = (int)(sizeof names / sizeof names[0]);
    if (names[EPERM] == NULL) {
        for (size_t i = sizeof errors / sizeof errors[0]; i > 0; i--) {
            names[errors[i - 1].number] = errors[i - 1].name;
        }
    }
    return number > 0 && number < limit ? names[number] : NULL;
}

static void write_error(FILE *out, int number)
{
    for (size_t i = 0; i < sizeof restarts / sizeof restarts[0]; i++) {
        if (restarts[i].number == number) {
            fprintf(out, "? %s", restarts[i].text);
            return;
        }
    }
    const char *name = decode_error_name(number), *text = strerrordesc_np(number);
    if (name == NULL) {
        fprintf(out, "-1 (errno %d)", number);
    } else if (text == NULL) {
        fprintf(out, "-1 %s (Unknown error %d)", name, number);
    } else {
        fputs("-1 ", out);
        fputs(name, out);
        fputs(" (", out);
        fputs(text, out);
        fputc(')', out);
    }
}

static void write_flags(FILE *out, const char *what, enum value_set set, uint64_t flags)
{
    write_hex(out, flags);
    if (flags != 0 || set == SET_open) {
        fprintf(out, " (%s", what);
        write_values(out, set, flags);
        fputc(')', out);
    }
}

static bool write_fcntl_result(FILE *out, uint32_t command, uint64_t result)
{
    switch (command) {
    case 1: /* F_GETFD */
        write_flags(out, "flags ", SET_fd_flags, result);
        return true;
    case 3: /* F_GETFL */
        write_flags(out, "flags ", SET_open, result);
        return true;
    case 11: /* F_GETSIG */
        fprintf(out, "%" PRIu64 " (", result);
        decode_signal_name(out, result);
        fputc(')', out);
        return true;
    case 1025: /* F_GETLEASE */
        write_hex(out, result);
        fputs(" (", out);
        write_value(out, SET_lock_type, result);
        fputc(')', out);
        return true;
    case 1034: /* F_GET_SEALS */
        write_flags(out, "seals ", SET_file_seal, result);
        return true;
    default:
        return false;
    }
}

/* A number, and in parentheses what it means. */
static void write_named(FILE *out, uint64_t result, enum value_set set)
{
    fprintf(out, "%" PRIu64 " (", result);
    write_values(out, set, result);
    fputc(')', out);
}

void write_io_priority(FILE *out, uint32_t priority)
{
    fputs("IOPRIO_PRIO_VALUE(", out);
    write_value(out, SET_ioprio_class, priority >> 13);
    fprintf(out, ", %" PRIu32 ")", priority & 0x1fff);
}

static bool write_meaning(FILE *out, const struct recorded_call *call, uint64_t result)
{
    switch (call->number) {
    case CALL_mmap:
    case CALL_mremap:
    case CALL_brk:
    case CALL_shmat:
        fprintf(out, "%#" PRIx64, result);
        return true;
    case CALL_umask:
        write_mode(out, (uint32_t)result);
        return true;
    case CALL_fcntl:
        return write_fcntl_result(out, (uint32_t)call->arguments[1], result);
    case CALL_rt_sigtimedwait:
        fprintf(out, "%" PRIu64 " (", result);
        decode_signal_name(out, result);
        fputc(')', out);
        return true;
    case CALL_personality:
        write_named(out, result, SET_personality);
        return true;
    case CALL_sched_getscheduler:
        write_named(out, result, SET_sched_policy);
        return true;
    case CALL_membarrier:
        write_flags(out, "", SET_membarrier, result);
        return true;
    case CALL_ioprio_get:
        fprintf(out, "%" PRIu64 " (", result);
        write_io_priority(out, (uint32_t)result);
        fputc(')', out);
        return true;
    case CALL_prctl:
        if ((uint32_t)call->arguments[0] == 3) { /* PR_GET_DUMPABLE */
            write_named(out, result, SET_dumpable);
            return true;
        }
        return false;
    case CALL_time:
        fprintf(out, "%" PRIu64 " (", result);
        write_date(out, (int64_t)result, 0);
        fputc(')', out);
        return true;
    default:
        return false;
    }
}

static void write_success(struct decoder *decoder)
{
    const struct recorded_call *call = decoder->call;
    if (call_returns_descriptor(call->number, call->arguments)) {
        write_descriptor(decoder, (int32_t)call->result);
    } else if (!write_meaning(decoder->out, call, (uint64_t)call->result)) {
        write_decimal(decoder->out, call->result);
    }
    write_wait_result(decoder);
}

void decode_result(FILE *out, const struct decoding *decoding, const struct recorded_call *call)
{
    struct decoder decoder = {out, decoding, call, NULL, &call->after};
    if (call->number == CALL_exit || call->number == CALL_exit_group) {
        fputc('?', out);
    } else if (!has_result(&decoder)) {
        write_error(out, (int)-call->result);
    } else {
        write_success(&decoder);
    }
}
