#include "decoder.h"

#include <inttypes.h>

#define NAME_SIZE 16U

/* What stands behind the option. */
enum prctl_form {
    FORM_NONE,
    FORM_NUMBER,
    FORM_SIGNAL,
    FORM_OUT_INT,
    FORM_OUT_SIGNAL,
    FORM_NAME_IN,
    FORM_NAME_OUT,
    FORM_CAPABILITY,
    FORM_DUMPABLE,
    FORM_SECCOMP,
    FORM_AMBIENT,
    FORM_PTRACER,
    FORM_VMA,
    FORM_OUT_ADDRESS,
};

static const struct {
    uint32_t option;
    uint8_t form; /* of the second argument */
    uint8_t count;
} options[] = {
    {1, FORM_SIGNAL, 2},           /* PR_SET_PDEATHSIG */
    {2, FORM_OUT_SIGNAL, 2},       /* PR_GET_PDEATHSIG */
    {3, FORM_NONE, 1},             /* PR_GET_DUMPABLE */
    {4, FORM_DUMPABLE, 2},         /* PR_SET_DUMPABLE */
    {7, FORM_NONE, 1},             /* PR_GET_KEEPCAPS */
    {8, FORM_NUMBER, 2},           /* PR_SET_KEEPCAPS */
    {13, FORM_NONE, 1},            /* PR_GET_TIMING */
    {14, FORM_NUMBER, 2},          /* PR_SET_TIMING */
    {15, FORM_NAME_IN, 2},         /* PR_SET_NAME */
    {16, FORM_NAME_OUT, 2},        /* PR_GET_NAME */
    {21, FORM_NONE, 1},            /* PR_GET_SECCOMP */
    {22, FORM_SECCOMP, 3},         /* PR_SET_SECCOMP */
    {23, FORM_CAPABILITY, 2},      /* PR_CAPBSET_READ */
    {24, FORM_CAPABILITY, 2},      /* PR_CAPBSET_DROP */
    {25, FORM_OUT_INT, 2},         /* PR_GET_TSC */
    {26, FORM_NUMBER, 2},          /* PR_SET_TSC */
    {27, FORM_NONE, 1},            /* PR_GET_SECUREBITS */
    {28, FORM_NUMBER, 2},          /* PR_SET_SECUREBITS */
    {29, FORM_NUMBER, 2},          /* PR_SET_TIMERSLACK */
    {30, FORM_NONE, 1},            /* PR_GET_TIMERSLACK */
    {31, FORM_NONE, 1},            /* PR_TASK_PERF_EVENTS_DISABLE */
    {32, FORM_NONE, 1},            /* PR_TASK_PERF_EVENTS_ENABLE */
    {36, FORM_NUMBER, 2},          /* PR_SET_CHILD_SUBREAPER */
    {37, FORM_OUT_INT, 2},         /* PR_GET_CHILD_SUBREAPER */
    {38, FORM_NUMBER, 5},          /* PR_SET_NO_NEW_PRIVS */
    {39, FORM_NUMBER, 5},          /* PR_GET_NO_NEW_PRIVS */
    {40, FORM_OUT_ADDRESS, 2},     /* PR_GET_TID_ADDRESS */
    {41, FORM_NUMBER, 5},          /* PR_SET_THP_DISABLE */
    {42, FORM_NUMBER, 5},          /* PR_GET_THP_DISABLE */
    {47, FORM_AMBIENT, 5},         /* PR_CAP_AMBIENT */
    {0x53564d41, FORM_VMA, 5},     /* PR_SET_VMA */
    {0x59616d61, FORM_PTRACER, 2}, /* PR_SET_PTRACER */
};

unsigned count_prctl_arguments(uint32_t option)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (options[i].option == option) {
            return options[i].count;
        }
    }
    return 5;
}

static enum prctl_form form_of(uint32_t option)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (options[i].option == option) {
            return (enum prctl_form)options[i].form;
        }
    }
    return FORM_NONE;
}

static bool write_read_back(struct decoder *decoder, enum prctl_form form, uint64_t address)
{
    uint8_t bytes[8];
    size_t size = form == FORM_OUT_ADDRESS ? 8 : 4;
    decoder->memory = &decoder->call->after;
    if (!has_result(decoder) || !read_all(decoder, address, bytes, size)) {
        return false;
    }
    fputc('[', decoder->out);
    if (form == FORM_OUT_ADDRESS) {
        write_pointer(decoder, u64_at(bytes, 0));
    } else if (form == FORM_OUT_SIGNAL) {
        decode_signal_name(decoder->out, u32_at(bytes, 0));
    } else {
        write_decimal(decoder->out, (int32_t)u32_at(bytes, 0));
    }
    fputc(']', decoder->out);
    return true;
}

static bool write_name(struct decoder *decoder, uint64_t address, bool is_read_back)
{
    if (is_read_back && !has_result(decoder)) {
        return false;
    }
    decoder->memory = is_read_back ? &decoder->call->after : &decoder->call->before;
    write_string(decoder, address, NAME_SIZE - 1);
    return true;
}

static bool write_second(struct decoder *decoder, enum prctl_form form, uint64_t value)
{
    switch (form) {
    case FORM_NUMBER:
        write_natural(decoder->out, value);
        return true;
    case FORM_SIGNAL:
        decode_signal_name(decoder->out, value);
        return true;
    case FORM_OUT_INT:
    case FORM_OUT_SIGNAL:
    case FORM_OUT_ADDRESS:
        return write_read_back(decoder, form, value);
    case FORM_NAME_IN:
    case FORM_NAME_OUT:
        return write_name(decoder, value, form == FORM_NAME_OUT);
    case FORM_CAPABILITY:
        write_value(decoder->out, SET_capability, value);
        return true;
    case FORM_DUMPABLE:
        write_value(decoder->out, SET_dumpable, value);
        return true;
    case FORM_SECCOMP:
        write_value(decoder->out, SET_seccomp_mode, value);
        return true;
    case FORM_AMBIENT:
        write_value(decoder->out, SET_ambient, value);
        return true;
    case FORM_VMA:
        write_value(decoder->out, SET_vma, value);
        return true;
    case FORM_PTRACER:
        if ((uint32_t)value == UINT32_MAX) {
            fputs("PR_SET_PTRACER_ANY", decoder->out);
        } else {
            write_natural(decoder->out, value);
        }
        return true;
    default:
        return false;
    }
}

static bool write_further(struct decoder *decoder, enum prctl_form form, unsigned index,
                          uint64_t value)
{
    if (form == FORM_AMBIENT && index == 2) {
        write_value(decoder->out, SET_capability, value);
    } else if (form == FORM_VMA && index == 3) {
        write_natural(decoder->out, value);
    } else if (form == FORM_VMA && index == 4) {
        write_string(decoder, value, NAME_LIMIT);
    } else {
        return false;
    }
    return true;
}

bool write_prctl_argument(struct decoder *decoder, unsigned index, uint64_t value)
{
    enum prctl_form form = form_of((uint32_t)decoder->call->arguments[0]);
    return index == 1 ? write_second(decoder, form, value)
                      : write_further(decoder, form, index, value);
}
