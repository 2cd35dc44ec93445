/* The file's symbols: functions' ranges, addresses that somebody may refer to, names. */
#ifndef ENDORUN_ANALYSE_SYMBOLS_H
#define ENDORUN_ANALYSE_SYMBOLS_H

#include "functions.h"

/* A defined symbol that names a place in memory (not TLS, absolute, section or file). */
struct symbol {
    uint64_t value;
    uint64_t size;
    const char *name;   /* "" when it has none; never longer than its string table */
    unsigned char type; /* STT_* */
};

/* Returns 0 to go on, -1 to stop. */
typedef int symbol_visitor(void *context, const struct symbol *symbol);

/* Visits the symbols of .symtab and .dynsym. Returns 0, or -1 when the visitor stopped. */
int symbols_visit(const struct image *image, symbol_visitor *visitor, void *context);

/* Value of entry `index` of the table at `symbols` (DT_SYMTAB); false: undefined or no such. */
bool dynamic_symbol_value(const struct image *image, uint64_t symbols, uint32_t index,
                          uint64_t *value);

/* Appends the ranges of function symbols, and those that object symbols occupy in text. */
int symbol_ranges(struct range_list *ranges, const struct image *image, char *error);

#endif
