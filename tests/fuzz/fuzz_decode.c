/*
 * Recorded calls under a fuzzer: whatever registers and memory a record has, the decoder must stay
 * within them, and write one line of bounded length without control characters.
 *
 * The input, as long as it goes, then zeros:
 *   2 bytes     the call's number; 65535: each call in turn
 *   6*8 bytes   arguments
 *   8 bytes     result
 *   pieces, each:
 *     1 byte    bit 0: it was written by the call; others: whose address it has, the argument's of
 * this index, or one on its own 2 bytes   a part of the address 1 byte    size the bytes
 */
#include "../../trace/decode/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PIECES_MAX   64U
#define CALLS        480U /* and some numbers without a call */
#define EVERY        65535U
#define LINE_MAX     (1U << 20)
#define STRING_LIMIT 32U
#define NEAR         0x10000U /* where pieces lie that belong to no argument */

struct input {
    const uint8_t *bytes;
    size_t left;
};

struct record {
    struct recorded_call call;
    struct recorded_piece pieces[2][PIECES_MAX];
    size_t counts[2];
};

static void demand(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void take(struct input *input, void *into, size_t size)
{
    size_t given = size < input->left ? size : input->left;
    memset(into, 0, size);
    if (given > 0) {
        memcpy(into, input->bytes, given);
    }
    input->bytes += given;
    input->left -= given;
}

/* Each in memory of its own: one byte beyond is an error. */
static void take_piece(struct input *input, struct record *record)
{
    uint8_t kind, size;
    uint16_t address;
    take(input, &kind, sizeof kind);
    take(input, &address, sizeof address);
    take(input, &size, sizeof size);
    unsigned after = kind & 1, argument = kind >> 1 & 7;
    if (record->counts[after] == PIECES_MAX) {
        return;
    }
    uint8_t *bytes = malloc(size == 0 ? 1 : size);
    demand(bytes != NULL, "no memory");
    take(input, bytes, size);
    record->pieces[after][record->counts[after]++] = (struct recorded_piece){
        argument < 6 ? record->call.arguments[argument] + (address & 0xff) : NEAR + address, size,
        bytes, (kind & 0x10) != 0};
}

static void take_record(struct input *input, struct record *record)
{
    uint16_t number;
    memset(record, 0, sizeof *record);
    take(input, &number, sizeof number);
    take(input, record->call.arguments, sizeof record->call.arguments);
    take(input, &record->call.result, sizeof record->call.result);
    record->call.number = number;
    while (input->left > 0) {
        take_piece(input, record);
    }
    record->call.before = (struct recorded_memory){record->pieces[0], record->counts[0]};
    record->call.after = (struct recorded_memory){record->pieces[1], record->counts[1]};
}

static void check_line(FILE *out, char **text, size_t *size)
{
    demand(fflush(out) == 0, "no memory");
    demand(*size < LINE_MAX, "a line has no bound");
    for (size_t i = 0; i < *size; i++) {
        demand((*text)[i] >= ' ' && (*text)[i] < 0x7f, "a control character");
    }
    rewind(out);
}

static void measure(void *context, const char *object)
{
    *(size_t *)context += strlen(object);
}

static void show(FILE *out, char **text, size_t *size, const struct recorded_call *call)
{
    static const struct decoding decoding = {.string_limit = STRING_LIMIT,
                                             .names_descriptors = true};
    decode_call(out, &decoding, call);
    decode_result(out, &decoding, call);
    check_line(out, text, size);
    decode_unfinished(out, &decoding, call);
    check_line(out, text, size);
    decode_resumed(out, &decoding, call);
    check_line(out, text, size);
    size_t length = 0;
    decode_objects(call, measure, &length);
    demand(length < LINE_MAX, "objects have no bound");
}

static void show_signal(FILE *out, char **text, size_t *size, const uint8_t *bytes, size_t length)
{
    uint8_t siginfo[128] = {0};
    memcpy(siginfo, bytes, length < sizeof siginfo ? length : sizeof siginfo);
    decode_siginfo(out, siginfo);
    check_line(out, text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};
    struct record record;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    demand(out != NULL, "no memory");
    if (size > 0) {
        show_signal(out, &text, &length, bytes, size);
    }
    take_record(&input, &record);
    bool is_every = record.call.number == EVERY;
    for (uint32_t number = 0; is_every && number < CALLS; number++) {
        record.call.number = number;
        show(out, &text, &length, &record.call);
    }
    if (!is_every) {
        show(out, &text, &length, &record.call);
    }
    fclose(out);
    free(text);
    for (unsigned after = 0; after < 2; after++) {
        for (size_t i = 0; i < record.counts[after]; i++) {
            free((void *)record.pieces[after][i].bytes);
        }
    }
    return 0;
}
