#include "dynamic.h"
#include "symbols.h"

/* Not in every elf.h of the supported systems. */
#define TAG_RELRSZ 35
#define TAG_RELR   36

bool dynamic_value(const struct image *image, int64_t tag, uint64_t *value)
{
    const uint64_t count = image->dynamic.size / sizeof(Elf64_Dyn);
    const uint8_t *bytes = image_bytes(image, image->dynamic.start, count * sizeof(Elf64_Dyn));

    for (uint64_t i = 0; bytes != NULL && i < count; i++) {
        Elf64_Dyn entry;

        memcpy(&entry, bytes + i * sizeof(entry), sizeof(entry));
        if (entry.d_tag == DT_NULL)
            return false;
        if (entry.d_tag == tag) {
            *value = entry.d_un.d_val;
            return true;
        }
    }
    return false;
}

/* Symbol plus addend where the symbol is this file's own, else the addend. */
static uint64_t relocation_target(const struct image *image, uint64_t symbols,
                                  const Elf64_Rela *relocation)
{
    const uint32_t symbol = (uint32_t)ELF64_R_SYM(relocation->r_info);
    const uint64_t addend = (uint64_t)relocation->r_addend;
    uint64_t value;

    if (symbol == 0)
        return addend;
    return dynamic_symbol_value(image, symbols, symbol, &value) ? value + addend : 0;
}

static void visit_rela(const struct image *image, int64_t address_tag, int64_t size_tag,
                       relocation_visitor *visitor, void *context)
{
    uint64_t address;
    uint64_t size;
    uint64_t symbols = 0;
    const uint8_t *bytes;

    dynamic_value(image, DT_SYMTAB, &symbols);
    if (!dynamic_value(image, address_tag, &address) || !dynamic_value(image, size_tag, &size))
        return;
    bytes = image_bytes(image, address, size);
    if (bytes == NULL)
        return;
    for (uint64_t i = 0; i < size / sizeof(Elf64_Rela); i++) {
        Elf64_Rela relocation;

        memcpy(&relocation, bytes + i * sizeof(relocation), sizeof(relocation));
        visitor(context, relocation.r_offset, relocation_target(image, symbols, &relocation));
    }
}

static void visit_relative_word(const struct image *image, uint64_t place,
                                relocation_visitor *visitor, void *context)
{
    const uint8_t *bytes = image_bytes(image, place, sizeof(uint64_t));

    visitor(context, place, bytes != NULL ? load_u64(bytes) : 0);
}

/*
 * DT_RELR: an even word is the address of a word to relocate and sets the position behind it; an
 * odd word is a bitmap of the 63 words from the position on.
 */
static void visit_relr(const struct image *image, relocation_visitor *visitor, void *context)
{
    uint64_t address;
    uint64_t size;
    uint64_t position = 0;
    const uint8_t *bytes;

    if (!dynamic_value(image, TAG_RELR, &address) || !dynamic_value(image, TAG_RELRSZ, &size))
        return;
    bytes = image_bytes(image, address, size);
    if (bytes == NULL)
        return;
    for (uint64_t i = 0; i < size / sizeof(uint64_t); i++) {
        uint64_t word = load_u64(bytes + i * sizeof(uint64_t));

        if ((word & 1) == 0) {
            visit_relative_word(image, word, visitor, context);
            position = word + sizeof(uint64_t);
            continue;
        }
        for (uint64_t place = position; (word >>= 1) != 0; place += sizeof(uint64_t)) {
            if ((word & 1) != 0)
                visit_relative_word(image, place, visitor, context);
        }
        position += 63 * sizeof(uint64_t);
    }
}

void relocations_visit(const struct image *image, relocation_visitor *visitor, void *context)
{
    visit_rela(image, DT_RELA, DT_RELASZ, visitor, context);
    visit_rela(image, DT_JMPREL, DT_PLTRELSZ, visitor, context);
    visit_relr(image, visitor, context);
}

struct place_search {
    uint64_t place;
    uint64_t value;
};

static void look_for_place(void *context, uint64_t place, uint64_t target)
{
    struct place_search *search = context;

    if (place == search->place)
        search->value = target;
}

bool relocated_value(const struct image *image, uint64_t place, uint64_t *value)
{
    struct place_search search = {.place = place, .value = 0};

    relocations_visit(image, look_for_place, &search);
    *value = search.value;
    return search.value != 0;
}
