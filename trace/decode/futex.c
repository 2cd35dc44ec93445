#include "decoder.h"

#include <inttypes.h>

enum futex_operation {
    OPERATION_WAIT = 0,
    OPERATION_WAKE = 1,
    OPERATION_REQUEUE = 3,
    OPERATION_CMP_REQUEUE = 4,
    OPERATION_WAKE_OP = 5,
    OPERATION_LOCK_PI = 6,
    OPERATION_UNLOCK_PI = 7,
    OPERATION_TRYLOCK_PI = 8,
    OPERATION_WAIT_BITSET = 9,
    OPERATION_WAKE_BITSET = 10,
    OPERATION_WAIT_REQUEUE_PI = 11,
    OPERATION_CMP_REQUEUE_PI = 12,
    OPERATION_LOCK_PI2 = 13,
};
#define OPERATION_MASK      0x7fU /* without FUTEX_PRIVATE_FLAG */
#define CLOCK_REALTIME_FLAG 0x100U

void write_futex_operation(FILE *out, uint32_t operation)
{
    write_value(out, SET_futex, operation & ~CLOCK_REALTIME_FLAG);
    fputs((operation & CLOCK_REALTIME_FLAG) != 0 ? "|FUTEX_CLOCK_REALTIME" : "", out);
}

unsigned count_futex_arguments(uint32_t operation)
{
    switch (operation & OPERATION_MASK) {
    case OPERATION_UNLOCK_PI:
    case OPERATION_TRYLOCK_PI:
        return 2;
    case OPERATION_WAKE:
        return 3;
    case OPERATION_WAIT:
    case OPERATION_LOCK_PI:
    case OPERATION_LOCK_PI2:
        return 4;
    case OPERATION_REQUEUE:
    case OPERATION_WAIT_REQUEUE_PI:
        return 5;
    default:
        return 6;
    }
}

bool is_futex_argument_hidden(uint32_t operation, unsigned index)
{
    switch (operation & OPERATION_MASK) {
    case OPERATION_LOCK_PI:
    case OPERATION_LOCK_PI2:
        return index == 2;
    case OPERATION_WAIT_BITSET:
        return index == 4;
    case OPERATION_WAKE_BITSET:
        return index == 3 || index == 4;
    default:
        return false;
    }
}

/* `FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1` */
static void write_wake_operation(FILE *out, uint32_t value)
{
    uint32_t modification = value >> 28;
    fputs((modification & 8) != 0 ? "FUTEX_OP_OPARG_SHIFT<<28|" : "", out);
    write_value(out, SET_futex_modification, modification & 7);
    fputs("<<28|", out);
    write_hex(out, value >> 12 & 0xfff);
    fputs("<<12|", out);
    write_value(out, SET_futex_comparison, value >> 24 & 0xf);
    fputs("<<24|", out);
    write_hex(out, value & 0xfff);
}

static void write_bit_set(FILE *out, uint32_t bits)
{
    if (bits == UINT32_MAX) {
        fputs("FUTEX_BITSET_MATCH_ANY", out);
    } else {
        write_hex(out, bits);
    }
}

static void write_fourth(struct decoder *decoder, uint32_t operation, uint64_t value)
{
    switch (operation) {
    case OPERATION_REQUEUE:
    case OPERATION_CMP_REQUEUE:
    case OPERATION_CMP_REQUEUE_PI:
    case OPERATION_WAKE_OP:
        write_natural(decoder->out, (uint32_t)value);
        return;
    default:
        write_at(decoder, value, 16, write_timespec);
    }
}

bool write_futex_argument(struct decoder *decoder, unsigned index, uint64_t value)
{
    uint32_t operation = (uint32_t)decoder->call->arguments[1] & OPERATION_MASK;
    if (index == 3) {
        write_fourth(decoder, operation, value);
    } else if (operation == OPERATION_WAKE_OP) {
        write_wake_operation(decoder->out, (uint32_t)value);
    } else if (operation == OPERATION_WAIT_BITSET || operation == OPERATION_WAKE_BITSET) {
        write_bit_set(decoder->out, (uint32_t)value);
    } else {
        write_natural(decoder->out, (uint32_t)value);
    }
    return true;
}
