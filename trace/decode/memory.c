#include "decoder.h"

/* How many bytes there are from the address on in the piece that counts for it. */
static size_t find_run(const struct recorded_memory *memory, uint64_t address,
                       const uint8_t **bytes)
{
    uint64_t limit = UINT64_MAX; /* up to where an earlier piece begins */
    for (size_t i = 0; i < memory->count; i++) {
        const struct recorded_piece *piece = &memory->pieces[i];
        if (piece->is_name) {
            continue;
        }
        if (address >= piece->address && address - piece->address < piece->size) {
            uint64_t offset = address - piece->address;
            uint64_t length = piece->size - offset;
            *bytes = (const uint8_t *)piece->bytes + offset;
            return (size_t)(length < limit - address ? length : limit - address);
        }
        if (piece->size > 0 && piece->address > address && piece->address < limit) {
            limit = piece->address;
        }
    }
    return 0;
}

size_t read_some(const struct recorded_memory *memory, uint64_t address, void *into, size_t size)
{
    size_t done = 0;
    while (done < size && address + done >= address) {
        const uint8_t *bytes = NULL;
        size_t run = find_run(memory, address + done, &bytes);
        if (run == 0) {
            break;
        }
        run = run < size - done ? run : size - done;
        memcpy((uint8_t *)into + done, bytes, run);
        done += run;
    }
    return done;
}

bool read_all(const struct decoder *decoder, uint64_t address, void *into, size_t size)
{
    return read_some(decoder->memory, address, into, size) == size;
}

bool read_latest(const struct decoder *decoder, uint64_t address, void *into, size_t size)
{
    return read_some(&decoder->call->after, address, into, size) == size ||
           read_some(&decoder->call->before, address, into, size) == size;
}

static const struct recorded_piece *find_name_in(const struct recorded_memory *memory,
                                                 int32_t descriptor)
{
    for (size_t i = 0; i < memory->count; i++) {
        const struct recorded_piece *piece = &memory->pieces[i];
        if (piece->is_name && (int32_t)piece->address == descriptor) {
            return piece;
        }
    }
    return NULL;
}

const struct recorded_piece *find_name(const struct decoder *decoder, int32_t descriptor)
{
    const struct recorded_piece *name = find_name_in(decoder->memory, descriptor);
    return name != NULL ? name : find_name_in(&decoder->call->before, descriptor);
}
