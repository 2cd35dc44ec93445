/*
 * .eh_frame is a list of records: a 32-bit length (or 0xffffffff and a 64-bit length), then an
 * identifier: 0 for a CIE, otherwise for an FDE the distance back to its CIE. The CIE's
 * augmentation string says how the FDE's two addresses are encoded.
 */
#include "unwind.h"

/* DW_EH_PE_*: low half the format, high half what the value is relative to. */
enum {
    PE_ABSPTR = 0x00,
    PE_ULEB128 = 0x01,
    PE_UDATA2 = 0x02,
    PE_UDATA4 = 0x03,
    PE_UDATA8 = 0x04,
    PE_SDATA2 = 0x0a,
    PE_SDATA4 = 0x0b,
    PE_SDATA8 = 0x0c,
    PE_PCREL = 0x10,
    PE_DATAREL = 0x30,
    PE_INDIRECT = 0x80,
    PE_OMIT = 0xff,

    PE_FORMAT_MASK = 0x0f,
    PE_BASE_MASK = 0x70,
};

#define MAX_AUGMENTATION 16U /* bytes of the string, its NUL included; "zPLRSB" is the longest */

/* Bytes that remain to be read, and where they lie. Every read checks the end. */
struct cursor {
    const uint8_t *bytes;
    uint64_t size;
    uint64_t address;
};

static const uint8_t *take(struct cursor *cursor, uint64_t size)
{
    const uint8_t *taken = cursor->bytes;

    if (size > cursor->size)
        return NULL;
    cursor->bytes += size;
    cursor->size -= size;
    cursor->address += size;
    return taken;
}

static bool take_u8(struct cursor *cursor, uint8_t *value)
{
    const uint8_t *bytes = take(cursor, 1);

    if (bytes == NULL)
        return false;
    *value = *bytes;
    return true;
}

static bool take_u32(struct cursor *cursor, uint32_t *value)
{
    const uint8_t *bytes = take(cursor, sizeof(*value));

    if (bytes == NULL)
        return false;
    *value = load_u32(bytes);
    return true;
}

/* Signed and unsigned alike: only the length matters for what is skipped, and bits above 63 go. */
static bool take_leb128(struct cursor *cursor, uint64_t *value)
{
    uint8_t byte;
    unsigned shift = 0;

    *value = 0;
    do {
        if (!take_u8(cursor, &byte))
            return false;
        if (shift < 64)
            *value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0 && shift < 128);
    return (byte & 0x80) == 0;
}

/* A value of one of the DW_EH_PE formats, sign-extended as the format says. */
static bool take_formatted(struct cursor *cursor, uint8_t format, uint64_t *value)
{
    const uint8_t *bytes;

    switch (format) {
    case PE_ULEB128:
        return take_leb128(cursor, value);
    case PE_UDATA2:
    case PE_SDATA2:
        bytes = take(cursor, 2);
        if (bytes != NULL)
            *value = format == PE_UDATA2 ? load_u16(bytes)
                                         : (uint64_t)(int64_t)(int16_t)load_u16(bytes);
        return bytes != NULL;
    case PE_UDATA4:
    case PE_SDATA4:
        bytes = take(cursor, 4);
        if (bytes != NULL)
            *value = format == PE_UDATA4 ? load_u32(bytes) : load_displacement(bytes);
        return bytes != NULL;
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8:
        bytes = take(cursor, 8);
        if (bytes != NULL)
            *value = load_u64(bytes);
        return bytes != NULL;
    default:
        return false;
    }
}

/* A pointer. `data_base` is what DW_EH_PE_datarel counts from. */
static bool take_pointer(struct cursor *cursor, uint8_t encoding, uint64_t data_base,
                         uint64_t *pointer)
{
    const uint64_t here = cursor->address;

    if ((encoding & PE_INDIRECT) != 0 ||
        !take_formatted(cursor, encoding & PE_FORMAT_MASK, pointer))
        return false;
    switch (encoding & PE_BASE_MASK) {
    case PE_ABSPTR:
        return true;
    case PE_PCREL:
        *pointer += here;
        return true;
    case PE_DATAREL:
        *pointer += data_base;
        return true;
    default:
        return false;
    }
}

/* The next record's content, from its identifier on. False at the terminator or at damage. */
static bool take_record(struct cursor *cursor, struct cursor *record)
{
    uint32_t short_length;
    uint64_t length;

    if (!take_u32(cursor, &short_length) || short_length == 0)
        return false;
    length = short_length;
    if (short_length == UINT32_MAX) {
        const uint8_t *bytes = take(cursor, sizeof(length));

        if (bytes == NULL)
            return false;
        length = load_u64(bytes);
    }
    *record = *cursor;
    record->size = length;
    return take(cursor, length) != NULL;
}

/* Walks the augmentation string ("zPLR"...) and its data up to the letter R. */
static bool find_pointer_encoding(struct cursor augmentation, struct cursor *data,
                                  uint8_t *encoding)
{
    uint8_t letter;

    *encoding = PE_ABSPTR;
    while (take_u8(&augmentation, &letter)) {
        uint8_t ignored;
        uint64_t pointer;

        switch (letter) {
        case 'R':
            return take_u8(data, encoding);
        case 'L':
            if (!take_u8(data, &ignored))
                return false;
            break;
        case 'P':
            if (!take_u8(data, &ignored) ||
                !take_formatted(data, ignored & PE_FORMAT_MASK, &pointer))
                return false;
            break;
        case 'S':
        case 'B':
            break;
        default:
            return false;
        }
    }
    return true;
}

/* From a CIE's record: the encoding of the addresses in its FDEs. */
static bool read_cie(struct cursor record, uint8_t *encoding)
{
    uint32_t identifier;
    uint8_t version;
    uint64_t ignored;
    struct cursor augmentation;
    const uint8_t *end;

    if (!take_u32(&record, &identifier) || identifier != 0 || !take_u8(&record, &version) ||
        (version != 1 && version != 3))
        return false;
    augmentation = record;
    end = memchr(record.bytes, '\0',
                 record.size < MAX_AUGMENTATION ? record.size : MAX_AUGMENTATION);
    if (end == NULL)
        return false;
    augmentation.size = (uint64_t)(end - record.bytes);
    take(&record, augmentation.size + 1);

    if (!take_leb128(&record, &ignored) || !take_leb128(&record, &ignored))
        return false; /* code and data alignment factors */
    if (version == 1 ? take(&record, 1) == NULL : !take_leb128(&record, &ignored))
        return false; /* return address register */
    *encoding = PE_ABSPTR;
    if (augmentation.size == 0)
        return true;
    if (*take(&augmentation, 1) != 'z' || !take_leb128(&record, &ignored))
        return false;
    return find_pointer_encoding(augmentation, &record, encoding);
}

/* The range that one FDE covers. `cie` is its CIE's record. */
static bool read_fde(struct cursor record, struct cursor cie, uint64_t *start, uint64_t *size)
{
    uint32_t identifier;
    uint8_t encoding;

    return take_u32(&record, &identifier) && read_cie(cie, &encoding) &&
           take_pointer(&record, encoding, 0, start) &&
           take_formatted(&record, encoding & PE_FORMAT_MASK, size);
}

/* The record of the CIE to which the FDE's identifier at `distance` bytes from the start points. */
static bool find_cie(const struct cursor *whole, uint64_t distance, uint32_t identifier,
                     struct cursor *cie)
{
    struct cursor cursor = *whole;

    return identifier <= distance && take(&cursor, distance - identifier) != NULL &&
           take_record(&cursor, cie);
}

static int read_records(struct range_list *ranges, const struct image *image,
                        const struct cursor *whole, char *error)
{
    struct cursor cursor = *whole;
    struct cursor record;

    while (take_record(&cursor, &record)) {
        struct cursor cie;
        uint64_t start;
        uint64_t size;
        uint32_t identifier;

        if (record.size < sizeof(identifier))
            return 0;
        identifier = load_u32(record.bytes);
        if (identifier == 0)
            continue;
        if (!find_cie(whole, record.address - whole->address, identifier, &cie) ||
            !read_fde(record, cie, &start, &size))
            continue;
        if (add_range(ranges, image, start, start + size, RANGE_UNWIND, error) != 0)
            return -1;
    }
    return 0;
}

/* The address of .eh_frame that .eh_frame_hdr begins with; 0: none. */
static uint64_t eh_frame_address(const struct image *image)
{
    const uint64_t base = image->eh_frame_hdr.start;
    struct cursor cursor = {.address = base, .size = image->eh_frame_hdr.size};
    const uint8_t *fixed;
    uint64_t address;

    cursor.bytes = image_bytes(image, base, cursor.size);
    if (cursor.bytes == NULL)
        return 0;
    fixed = take(&cursor, 4); /* version, encodings of: the pointer, the count, the table */
    if (fixed == NULL || fixed[0] != 1 || fixed[1] == PE_OMIT ||
        !take_pointer(&cursor, fixed[1], base, &address))
        return 0;
    return address;
}

int unwind_ranges(struct range_list *ranges, const struct image *image, char *error)
{
    const struct section *section = image_find_section(image, ".eh_frame");
    uint64_t start = eh_frame_address(image);
    struct cursor whole;
    const struct segment *segment;

    if (start == 0 && section != NULL)
        start = section->address;
    segment = image_segment(image, start);
    if (start == 0 || segment == NULL)
        return 0;
    whole.address = start;
    whole.size = segment->size - (start - segment->address);
    whole.bytes = segment->bytes + (start - segment->address);
    if (section != NULL && section->address == start && section->size < whole.size)
        whole.size = section->size;
    return read_records(ranges, image, &whole, error);
}
