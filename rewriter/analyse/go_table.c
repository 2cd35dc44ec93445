/*
 * The table's header since Go 1.18 (magic 0xfffffff0; 1.20 changed it to 0xfffffff1):
 *
 *   u32 magic; u8 0; u8 0; u8 instruction quantum (1); u8 pointer size (8);
 *   u64 functions; u64 files; u64 text start; u64 offsets of: names, units, files, pcdata, functab
 *
 * functab: per function, u32 entry and u32 offset of its data, entry counted from the text start;
 * one more u32, the end of the last function.
 */
#include "go_table.h"

#include "dynamic.h"
#include "symbols.h"

#define MAGIC_GO_1_18      0xfffffff0U
#define MAGIC_GO_1_20      0xfffffff1U
#define FUNCTION_COUNT_AT  8U
#define TEXT_START_AT      24U
#define FUNCTAB_OFFSET_AT  64U
#define HEADER_SIZE        72U
#define FUNCTAB_ENTRY_SIZE 8U
#define INT3               0xcc

struct go_table {
    const uint8_t *functab;
    uint64_t count;
    uint64_t text_start;
};

static bool is_supported(const uint8_t *header)
{
    const uint32_t magic = load_u32(header);

    return (magic == MAGIC_GO_1_18 || magic == MAGIC_GO_1_20) && load_u16(header + 4) == 0 &&
           header[6] == 1 && header[7] == 8;
}

static uint32_t entry_offset(const struct go_table *table, uint64_t index)
{
    return load_u32(table->functab + index * FUNCTAB_ENTRY_SIZE);
}

struct text_symbol_search {
    uint64_t value;
    bool found;
};

static int look_for_text_symbol(void *context, const struct symbol *symbol)
{
    struct text_symbol_search *search = context;

    if (strcmp(symbol->name, "runtime.text") != 0)
        return 0;
    search->value = symbol->value;
    search->found = true;
    return -1;
}

/*
 * The text start stands in the header, or is written there by a relocation, or is the symbol
 * runtime.text. Without any of them it is .text's start if that is plainly Go's alone: the last
 * function's end is then .text's end.
 */
static bool find_text_start(const struct image *image, uint64_t header_address,
                            const uint8_t *header, struct go_table *table)
{
    const struct section *text = image_find_section(image, ".text");
    struct text_symbol_search search = {0, false};

    table->text_start = load_u64(header + TEXT_START_AT);
    if (table->text_start != 0 ||
        relocated_value(image, header_address + TEXT_START_AT, &table->text_start))
        return true;
    symbols_visit(image, look_for_text_symbol, &search);
    table->text_start = search.value;
    if (search.found)
        return true;
    if (text == NULL)
        return false;
    table->text_start = text->address;
    return entry_offset(table, table->count) == text->size;
}

static bool open_table(const struct image *image, struct go_table *table)
{
    const struct section *section = image_find_section(image, ".gopclntab");
    const uint8_t *header;
    uint64_t functab;

    if (section == NULL)
        section = image_find_section(image, ".data.rel.ro.gopclntab");
    if (section == NULL || section->size < HEADER_SIZE)
        return false;
    header = image_bytes(image, section->address, section->size);
    if (header == NULL || !is_supported(header))
        return false;
    table->count = load_u64(header + FUNCTION_COUNT_AT);
    functab = load_u64(header + FUNCTAB_OFFSET_AT);
    if (functab > section->size - 4 ||
        table->count > (section->size - 4 - functab) / FUNCTAB_ENTRY_SIZE)
        return false;
    table->functab = header + functab;
    return find_text_start(image, section->address, header, table);
}

/* The range's end without the padding behind the instructions. */
static uint64_t without_padding(const struct image *image, uint64_t start, uint64_t end)
{
    const uint8_t *bytes = end > start ? image_bytes(image, start, end - start) : NULL;

    while (bytes != NULL && end > start && bytes[end - start - 1] == INT3)
        end--;
    return end;
}

int go_ranges(struct range_list *ranges, const struct image *image, char *error)
{
    struct go_table table;

    if (!open_table(image, &table))
        return 0;
    for (uint64_t i = 0; i < table.count; i++) {
        const uint64_t start = table.text_start + entry_offset(&table, i);
        const uint64_t next = table.text_start + entry_offset(&table, i + 1);

        if (next < start)
            return 0;
        if (add_range(ranges, image, start, without_padding(image, start, next), RANGE_GO, error) !=
            0)
            return -1;
    }
    return 0;
}
