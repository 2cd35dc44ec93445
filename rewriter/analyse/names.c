#include "names.h"

#include "failure.h"
#include "symbols.h"

#include <stdlib.h>

/* The function symbol with the highest value at or below each place. */
struct name_search {
    const struct analysed_place *places;
    size_t count;
    struct symbol *nearest; /* one for each place */
};

static int consider_name(void *context, const struct symbol *symbol)
{
    struct name_search *search = context;
    size_t low = 0;
    size_t high = search->count;

    if (symbol->name[0] == '\0' || symbol->type == STT_OBJECT)
        return 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (search->places[middle].address < symbol->value)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < search->count &&
        (search->nearest[low].name == NULL || symbol->value > search->nearest[low].value ||
         (symbol->value == search->nearest[low].value && symbol->size > search->nearest[low].size)))
        search->nearest[low] = *symbol;
    return 0;
}

static int copy_name(struct analysed_place *place, const struct symbol *symbol, char *error)
{
    if (symbol->name == NULL)
        return 0;
    place->symbol_offset = place->address - symbol->value;
    if (symbol->size != 0 && place->symbol_offset >= symbol->size)
        return 0;
    place->symbol = strdup(symbol->name);
    return place->symbol != NULL ? 0 : fail(error, "out of memory for a symbol's name");
}

int names_find(struct analysed_place *places, size_t count, const struct image *image, char *error)
{
    struct name_search search = {places, count, calloc(count + 1, sizeof(struct symbol))};
    int result = 0;

    if (search.nearest == NULL)
        return fail(error, "out of memory for the names of %zu places", count);
    symbols_visit(image, consider_name, &search);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct symbol *nearest = &search.nearest[i];

        if (nearest->name == NULL && i > 0)
            *nearest = search.nearest[i - 1];
        result = copy_name(&places[i], nearest, error);
    }
    free(search.nearest);
    return result;
}
