#include "decoder.h"

#define BITS_SHOWN 1024U

/* `[0 4]`: the numbers of the bits that are set. How many there are. */
size_t write_bits(struct decoder *decoder, uint64_t address, uint64_t bits, bool of_descriptors)
{
    uint64_t word = 0, words = bits / 64 + (bits % 64 != 0);
    size_t shown = 0;
    if (address == 0 || (words > 0 && !read_all(decoder, address, &word, sizeof word))) {
        write_pointer(decoder, address);
        return 0;
    }
    fputc('[', decoder->out);
    for (uint64_t i = 0; i < words && i < 1024; i++) {
        if (!read_all(decoder, address + i * sizeof word, &word, sizeof word)) {
            break;
        }
        for (unsigned bit = 0; bit < 64 && i * 64 + bit < bits; bit++) {
            if ((word >> bit & 1) == 0) {
                continue;
            }
            fputs(shown == 0 ? "" : " ", decoder->out);
            if (shown == BITS_SHOWN) {
                fputs("...]", decoder->out);
                return shown;
            }
            if (of_descriptors) {
                write_descriptor(decoder, (int32_t)(i * 64 + bit));
            } else {
                fprintf(decoder->out, "%u", (unsigned)(i * 64 + bit));
            }
            shown++;
        }
    }
    fputc(']', decoder->out);
    return shown;
}
