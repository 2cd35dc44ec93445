#include "decode_fixture.h"

static size_t count_pieces(const struct recorded_piece *pieces)
{
    size_t count = 0;
    while (count < PIECES_MAX && pieces[count].size != 0) {
        count++;
    }
    return count;
}

struct recorded_call call_of(const struct sample *sample)
{
    struct recorded_call call = {.number = sample->number,
                                 .result = sample->result,
                                 .before = {sample->before, count_pieces(sample->before)},
                                 .after = {sample->after, count_pieces(sample->after)}};
    memcpy(call.arguments, sample->arguments, sizeof call.arguments);
    return call;
}

char *show(const struct sample *sample, const struct decoding *decoding, enum shown shown)
{
    const struct recorded_call call = call_of(sample);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    if (shown == SHOW_ALL) {
        decode_call(out, decoding, &call);
        fputs(" = ", out);
        decode_result(out, decoding, &call);
    } else if (shown == SHOW_REST) {
        decode_resumed(out, decoding, &call);
    } else {
        decode_unfinished(out, decoding, &call);
    }
    fclose(out);
    return text;
}

static void check_as(const struct decoding *decoding, const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = show(&samples[i], decoding, SHOW_ALL);
        ck_assert_str_eq(text, samples[i].text);
        free(text);
    }
}

void check_all(const struct sample *samples, size_t count)
{
    check_as(&(struct decoding){.string_limit = 32}, samples, count);
}

void check_all_named(const struct sample *samples, size_t count)
{
    check_as(&(struct decoding){.string_limit = 32, .names_descriptors = true}, samples, count);
}
