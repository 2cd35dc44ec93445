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

#define MAX_TABLES_SIZE  (UINT64_C(256) << 20) /* bytes of all call-site tables read */
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
            *value =
                format == PE_UDATA2 ? load_u16(bytes) : (uint64_t)(int64_t)(int16_t)load_u16(bytes);
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

static bool skip_formatted(struct cursor *cursor, uint8_t format, unsigned count)
{
    uint64_t ignored;

    while (count > 0 && take_formatted(cursor, format, &ignored))
        count--;
    return count == 0;
}

/* A pointer. `data_base` is what DW_EH_PE_datarel counts from. */
static bool take_pointer(struct cursor *cursor, uint8_t encoding, uint64_t data_base,
                         uint64_t *pointer)
{
    const uint64_t here = cursor->address;

    if ((encoding & PE_INDIRECT) != 0 ||
        !take_formatted(cursor, encoding & PE_FORMAT_MASK, pointer))
        return false;
    if (*pointer == 0)
        return true; /* null, whatever it is relative to */
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

/* What a CIE says about its FDEs. */
struct cie {
    uint8_t address_encoding; /* of the FDE's addresses (R) */
    uint8_t lsda_encoding;    /* of the pointer to its exception table (L); PE_OMIT: none */
    bool augmented;           /* the FDE has augmentation data (z) */
};

/* Walks the augmentation string behind its z ("PLR"...), and its data. */
static bool read_augmentation(struct cursor augmentation, struct cursor *data, struct cie *cie)
{
    uint8_t letter;

    while (take_u8(&augmentation, &letter)) {
        uint8_t encoding;
        uint64_t personality;

        switch (letter) {
        case 'R':
            if (!take_u8(data, &cie->address_encoding))
                return false;
            break;
        case 'L':
            if (!take_u8(data, &cie->lsda_encoding))
                return false;
            break;
        case 'P':
            if (!take_u8(data, &encoding) ||
                !take_formatted(data, encoding & PE_FORMAT_MASK, &personality))
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

static bool read_cie(struct cursor record, struct cie *cie)
{
    uint32_t identifier;
    uint8_t version;
    uint64_t ignored;
    struct cursor augmentation;
    const uint8_t *end;

    *cie = (struct cie){PE_ABSPTR, PE_OMIT, false};
    if (!take_u32(&record, &identifier) || identifier != 0 || !take_u8(&record, &version) ||
        (version != 1 && version != 3))
        return false;
    augmentation = record;
    end =
        memchr(record.bytes, '\0', record.size < MAX_AUGMENTATION ? record.size : MAX_AUGMENTATION);
    if (end == NULL)
        return false;
    augmentation.size = (uint64_t)(end - record.bytes);
    take(&record, augmentation.size + 1);

    if (!skip_formatted(&record, PE_ULEB128, 2))
        return false; /* code and data alignment factors */
    if (version == 1 ? take(&record, 1) == NULL : !take_leb128(&record, &ignored))
        return false; /* return address register */
    if (augmentation.size == 0)
        return true;
    if (*take(&augmentation, 1) != 'z' || !take_leb128(&record, &ignored))
        return false;
    cie->augmented = true;
    return read_augmentation(augmentation, &record, cie);
}

struct fde {
    uint64_t start;
    uint64_t size;
    uint64_t lsda; /* address of its exception table; 0: none */
};

/* `cie` is the record of the FDE's CIE. */
static bool read_fde(struct cursor record, struct cursor cie_record, struct fde *fde)
{
    uint32_t identifier;
    uint64_t augmentation_size;
    struct cie cie;

    fde->lsda = 0;
    if (!take_u32(&record, &identifier) || !read_cie(cie_record, &cie) ||
        !take_pointer(&record, cie.address_encoding, 0, &fde->start) ||
        !take_formatted(&record, cie.address_encoding & PE_FORMAT_MASK, &fde->size))
        return false;
    if (!cie.augmented || cie.lsda_encoding == PE_OMIT)
        return true;
    if (!take_leb128(&record, &augmentation_size) || augmentation_size == 0 ||
        !take_pointer(&record, cie.lsda_encoding, 0, &fde->lsda))
        fde->lsda = 0;
    return true;
}

/* The record of the CIE that lies `identifier` bytes before the FDE's own, at `distance`. */
static bool find_cie(const struct cursor *whole, uint64_t distance, uint32_t identifier,
                     struct cursor *cie)
{
    struct cursor cursor = *whole;

    return identifier <= distance && take(&cursor, distance - identifier) != NULL &&
           take_record(&cursor, cie);
}

/* Reads the next FDE. False at the end. */
static bool next_fde(const struct cursor *whole, struct cursor *cursor, struct fde *fde)
{
    struct cursor record;

    while (take_record(cursor, &record)) {
        struct cursor cie;
        uint32_t identifier;

        if (record.size < sizeof(identifier))
            return false;
        identifier = load_u32(record.bytes);
        if (identifier != 0 && find_cie(whole, record.address - whole->address, identifier, &cie) &&
            read_fde(record, cie, fde))
            return true;
    }
    return false;
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

/* All loaded bytes from `address` to the end of its segment. */
static bool open_cursor(const struct image *image, uint64_t address, struct cursor *cursor)
{
    const struct segment *segment = image_segment(image, address);

    if (address == 0 || segment == NULL)
        return false;
    cursor->address = address;
    cursor->size = segment->size - (address - segment->address);
    cursor->bytes = segment->bytes + (address - segment->address);
    return true;
}

/* Section headers are not needed to run, so the program header is asked first, as unwinders do. */
static bool open_eh_frame(const struct image *image, struct cursor *whole)
{
    const struct section *section = image_find_section(image, ".eh_frame");
    uint64_t start = eh_frame_address(image);

    if (start == 0 && section != NULL)
        start = section->address;
    if (!open_cursor(image, start, whole))
        return false;
    if (section != NULL && section->address == start && section->size < whole->size)
        whole->size = section->size;
    return true;
}

int unwind_ranges(struct range_list *ranges, const struct image *image, char *error)
{
    struct cursor whole;
    struct cursor cursor;
    struct fde fde;

    if (!open_eh_frame(image, &whole))
        return 0;
    cursor = whole;
    while (next_fde(&whole, &cursor, &fde)) {
        if (add_range(ranges, image, fde.start, fde.start + fde.size, RANGE_UNWIND, error) != 0)
            return -1;
    }
    return 0;
}

/*
 * An exception table: encoding and value of the landing pads' base (the function's start when
 * omitted), encoding and offset of the type table, encoding and size of the call-site table; there,
 * per entry: start and length of the calls, landing pad (0: none), action.
 */
static void visit_exception_table(struct cursor table, uint64_t function_start, uint64_t *budget,
                                  landing_pad_visitor *visitor, void *context)
{
    uint64_t base = function_start;
    uint64_t ignored;
    uint64_t size;
    uint8_t encoding;
    struct cursor sites;

    if (!take_u8(&table, &encoding) ||
        (encoding != PE_OMIT && !take_pointer(&table, encoding, 0, &base)) ||
        !take_u8(&table, &encoding) || (encoding != PE_OMIT && !take_leb128(&table, &ignored)) ||
        !take_u8(&table, &encoding) || !take_leb128(&table, &size))
        return;
    sites = table;
    if (take(&table, size) == NULL || size > *budget)
        return;
    *budget -= size;
    sites.size = size;
    encoding &= PE_FORMAT_MASK;
    while (sites.size > 0) {
        uint64_t landing_pad;

        if (!skip_formatted(&sites, encoding, 2) ||
            !take_formatted(&sites, encoding, &landing_pad) || !take_leb128(&sites, &ignored))
            return;
        if (landing_pad != 0)
            visitor(context, base + landing_pad);
    }
}

void landing_pads_visit(const struct image *image, landing_pad_visitor *visitor, void *context)
{
    struct cursor whole;
    struct cursor cursor;
    struct fde fde;
    uint64_t budget = MAX_TABLES_SIZE; /* a hostile file may name one table a million times */

    if (!open_eh_frame(image, &whole))
        return;
    cursor = whole;
    while (next_fde(&whole, &cursor, &fde)) {
        struct cursor table;

        if (open_cursor(image, fde.lsda, &table))
            visit_exception_table(table, fde.start, &budget, visitor, context);
    }
}
