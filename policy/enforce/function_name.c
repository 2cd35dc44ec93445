#include "function_name.h"

#include "../../monitor/abi.h"
#include "../../monitor/support.h"
#include "../../monitor/user.h"

#include <linux/elf.h>

#define PAGES_MAX    32768U /* from a function back to its file's header */
#define SEGMENTS_MAX 64U
#define DYNAMIC_MAX  256U
#define SYMBOLS_MAX  262144U
#define CHUNK        64U /* symbols read at once */

/* A mapped file's symbols: where they are in memory. */
struct symbols {
    uint64_t bias;
    uint64_t table, strings; /* 0: none */
};

static bool read_at(void *target, uint64_t address, size_t size)
{
    return copy_from_user(target, user_pointer(address), size) == 0;
}

/* Files are mapped in one piece, their header first. */
static uint64_t find_header(uint64_t address)
{
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1);
    for (unsigned i = 0; i < PAGES_MAX; i++, page -= PAGE_SIZE) {
        uint32_t magic;
        if (!read_at(&magic, page, sizeof magic)) {
            return 0;
        }
        if (memcmp(&magic, ELFMAG, SELFMAG) == 0) {
            return page;
        }
    }
    return 0;
}

/* Dynamic linkers that relocate the table in place leave addresses there, others offsets. */
static uint64_t absolute(const struct symbols *symbols, uint64_t value)
{
    return value < symbols->bias ? value + symbols->bias : value;
}

static void read_dynamic(struct symbols *symbols, uint64_t at)
{
    Elf64_Dyn entry;
    for (unsigned i = 0; i < DYNAMIC_MAX && read_at(&entry, at, sizeof entry); i++) {
        if (entry.d_tag == DT_NULL) {
            return;
        }
        if (entry.d_tag == DT_SYMTAB) {
            symbols->table = absolute(symbols, entry.d_un.d_ptr);
        } else if (entry.d_tag == DT_STRTAB) {
            symbols->strings = absolute(symbols, entry.d_un.d_ptr);
        }
        at += sizeof entry;
    }
}

/* The segment of the file's beginning tells where the file lies, the dynamic one what is in it. */
static struct symbols find_symbols(uint64_t header_at)
{
    struct symbols symbols = {0, 0, 0};
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    uint64_t dynamic = 0;
    if (!read_at(&header, header_at, sizeof header) || header.e_phentsize != sizeof(Elf64_Phdr)) {
        return symbols;
    }
    for (unsigned i = 0; i < header.e_phnum && i < SEGMENTS_MAX; i++) {
        if (!read_at(&segment, header_at + header.e_phoff + i * sizeof segment, sizeof segment)) {
            return symbols;
        }
        if (segment.p_type == PT_LOAD && segment.p_offset == 0) {
            symbols.bias = header_at - segment.p_vaddr;
        } else if (segment.p_type == PT_DYNAMIC) {
            dynamic = segment.p_vaddr;
        }
    }
    if (dynamic != 0) {
        read_dynamic(&symbols, symbols.bias + dynamic);
    }
    return symbols;
}

static bool holds(const Elf64_Sym *symbol, uint64_t offset)
{
    return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
           offset - symbol->st_value < symbol->st_size;
}

/* What users call it, where it has several names: the one with the fewest underscores before it. */
static bool is_better(const char *name, const char *known)
{
    while (*name == '_' && *known == '_') {
        name++;
        known++;
    }
    return *known == 0 || (*known == '_' && *name != '_');
}

static void take_name(const struct symbols *symbols, const Elf64_Sym *symbol, char *name,
                      size_t size)
{
    char candidate[128];
    uint64_t at = symbols->strings + symbol->st_name;
    if (size <= sizeof candidate && copy_string_from_user(candidate, user_pointer(at), size) > 0 &&
        is_better(candidate, name)) {
        memcpy(name, candidate, strlen(candidate) + 1);
    }
}

/* The string table follows the symbols in what linkers write: there is no other count of them. */
void find_function_name(uint64_t address, char *name, size_t size)
{
    Elf64_Sym chunk[CHUNK];
    uint64_t header = find_header(address);
    struct symbols symbols = find_symbols(header);
    name[0] = 0;
    if (header == 0 || symbols.table == 0 || symbols.strings < symbols.table) {
        return;
    }
    uint64_t count = (symbols.strings - symbols.table) / sizeof chunk[0];
    count = count < SYMBOLS_MAX ? count : SYMBOLS_MAX;
    for (uint64_t i = 0; i < count; i += CHUNK) {
        uint64_t left = count - i < CHUNK ? count - i : CHUNK;
        if (!read_at(chunk, symbols.table + i * sizeof chunk[0], left * sizeof chunk[0])) {
            return;
        }
        for (uint64_t k = 0; k < left; k++) {
            if (holds(&chunk[k], address - symbols.bias)) {
                take_name(&symbols, &chunk[k], name, size);
            }
        }
    }
}
