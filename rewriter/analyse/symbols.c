#include "symbols.h"

#include "dynamic.h"

#define SYMBOL_SIZE sizeof(Elf64_Sym)

struct symbol_table {
    const uint8_t *entries;
    size_t count;
    const char *strings;
    size_t strings_size;
};

static void read_entry(const struct symbol_table *table, size_t index, Elf64_Sym *entry)
{
    memcpy(entry, table->entries + index * SYMBOL_SIZE, SYMBOL_SIZE);
}

static bool names_a_place(const Elf64_Sym *entry)
{
    const unsigned char type = ELF64_ST_TYPE(entry->st_info);

    return entry->st_shndx != SHN_UNDEF && entry->st_shndx != SHN_ABS &&
           entry->st_shndx != SHN_COMMON && type != STT_SECTION && type != STT_FILE &&
           type != STT_TLS;
}

static const char *name_of(const struct symbol_table *table, const Elf64_Sym *entry)
{
    const char *name;

    if (entry->st_name >= table->strings_size)
        return "";
    name = table->strings + entry->st_name;
    return memchr(name, '\0', table->strings_size - entry->st_name) != NULL ? name : "";
}

static int visit_table(const struct symbol_table *table, symbol_visitor *visitor, void *context)
{
    for (size_t i = 0; i < table->count; i++) {
        Elf64_Sym entry;
        struct symbol symbol;

        read_entry(table, i, &entry);
        if (!names_a_place(&entry))
            continue;
        symbol.value = entry.st_value;
        symbol.size = entry.st_size;
        symbol.name = name_of(table, &entry);
        symbol.type = ELF64_ST_TYPE(entry.st_info);
        if (visitor(context, &symbol) != 0)
            return -1;
    }
    return 0;
}

static bool open_section(const struct image *image, const struct section *section,
                         struct symbol_table *table)
{
    size_t size;

    memset(table, 0, sizeof(*table));
    table->entries = image_section_bytes(image, section, &size);
    if (table->entries == NULL || section->entry_size != SYMBOL_SIZE)
        return false;
    table->count = size / SYMBOL_SIZE;
    for (size_t i = 0; i < image->section_count; i++) {
        if (image->sections[i].index == section->link && image->sections[i].type == SHT_STRTAB)
            table->strings =
                (const char *)image_section_bytes(image, &image->sections[i], &table->strings_size);
    }
    if (table->strings == NULL)
        table->strings_size = 0;
    return true;
}

/*
 * The dynamic symbol table without section headers. PT_DYNAMIC tells its start and no size; every
 * linker puts the string table right behind it, at a higher address in any case.
 */
static bool open_dynamic(const struct image *image, struct symbol_table *table)
{
    uint64_t symbols;
    uint64_t strings;
    const struct segment *segment;

    memset(table, 0, sizeof(*table));
    if (!dynamic_value(image, DT_SYMTAB, &symbols) || !dynamic_value(image, DT_STRTAB, &strings) ||
        strings <= symbols)
        return false;
    table->entries = image_bytes(image, symbols, strings - symbols);
    if (table->entries == NULL)
        return false;
    table->count = (strings - symbols) / SYMBOL_SIZE;
    segment = image_segment(image, strings);
    if (segment != NULL) {
        table->strings = (const char *)segment->bytes + (strings - segment->address);
        table->strings_size = segment->size - (strings - segment->address);
    }
    return true;
}

int symbols_visit(const struct image *image, symbol_visitor *visitor, void *context)
{
    struct symbol_table table;
    bool dynamic_seen = false;

    for (size_t i = 0; i < image->section_count; i++) {
        const struct section *section = &image->sections[i];

        if (section->type != SHT_SYMTAB && section->type != SHT_DYNSYM)
            continue;
        if (!open_section(image, section, &table))
            continue;
        dynamic_seen |= section->type == SHT_DYNSYM;
        if (visit_table(&table, visitor, context) != 0)
            return -1;
    }
    if (!dynamic_seen && open_dynamic(image, &table))
        return visit_table(&table, visitor, context);
    return 0;
}

bool dynamic_symbol_value(const struct image *image, uint64_t symbols, uint32_t index,
                          uint64_t *value)
{
    const uint8_t *bytes = image_bytes(image, symbols + (uint64_t)index * SYMBOL_SIZE, SYMBOL_SIZE);
    Elf64_Sym entry;

    if (bytes == NULL)
        return false;
    memcpy(&entry, bytes, SYMBOL_SIZE);
    *value = entry.st_value;
    return entry.st_shndx != SHN_UNDEF;
}

struct range_search {
    struct range_list *ranges;
    const struct image *image;
    char *error;
};

static int add_symbol_range(void *context, const struct symbol *symbol)
{
    struct range_search *search = context;
    enum range_source source = RANGE_OCCUPIED;
    uint64_t size = symbol->size;

    if (symbol->type == STT_FUNC || symbol->type == STT_GNU_IFUNC)
        source = size != 0 ? RANGE_SIZED : RANGE_UNSIZED;
    if (source == RANGE_UNSIZED)
        size = 1; /* the start is what counts */
    return add_range(search->ranges, search->image, symbol->value, symbol->value + size, source,
                     search->error);
}

int symbol_ranges(struct range_list *ranges, const struct image *image, char *error)
{
    struct range_search search = {ranges, image, error};

    return symbols_visit(image, add_symbol_range, &search);
}
