#include "functions.h"

#include "failure.h"

#include <stdlib.h>

int add_range(struct range_list *list, const struct image *image, uint64_t start, uint64_t end,
              enum range_source source, char *error)
{
    const struct segment *segment = image_text(image, start);

    if (segment == NULL || end <= start || end - segment->address > segment->size)
        return 0;
    if (make_room((void **)&list->items, &list->capacity, list->count, sizeof(list->items[0]),
                  error) != 0)
        return -1;
    list->items[list->count++] = (struct code_range){start, end, source};
    return 0;
}

/* Ascending by start; where several start together, the highest authority first. */
static int compare_ranges(const void *left, const void *right)
{
    const struct code_range *a = left;
    const struct code_range *b = right;

    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->end != b->end)
        return a->end > b->end ? -1 : 1;
    return 0;
}

/* Where an unsized symbol's code must have ended: the next range of any kind, or the segment. */
static uint64_t limit_of_unsized(const struct range_list *ranges, size_t index,
                                 const struct image *image)
{
    const uint64_t start = ranges->items[index].start;
    const struct segment *segment = image_text(image, start);

    for (size_t i = index + 1; i < ranges->count; i++) {
        const uint64_t next = ranges->items[i].start;

        if (next == start)
            continue;
        return next - segment->address < segment->size ? next : segment->address + segment->size;
    }
    return segment->address + segment->size;
}

struct extent_search {
    uint64_t limit;
    uint64_t highest_target; /* of the direct branches seen, within the limit */
    uint64_t end;            /* found; 0: not yet */
};

static bool look_for_extent(void *context, const struct instruction *instruction)
{
    struct extent_search *search = context;
    uint64_t target;

    if (branch_target(instruction, &target) && !is_call(instruction) && target < search->limit &&
        target > search->highest_target)
        search->highest_target = target;
    if (!is_unconditional_transfer(instruction))
        return true;
    search->end = instruction->address + instruction->decoded.length;
    return search->highest_target >= search->end;
}

/* The end of an unsized symbol's code; 0 when it can't be told. */
static uint64_t find_extent(const struct image *image, const struct decoder *decoder,
                            uint64_t start, uint64_t limit)
{
    struct extent_search search = {.limit = limit, .highest_target = start, .end = 0};

    sweep(decoder, image, start, limit, look_for_extent, &search);
    return search.highest_target < search.end ? search.end : 0;
}

/*
 * A second range with the same start. Where unwind information ends before the symbol does, the
 * assembler author ended it on purpose (clone(): the child has no caller); it is one function.
 */
static void extend(struct function *function, const struct code_range *range)
{
    if (range->source != RANGE_SIZED || range->end <= function->end)
        return;
    function->end = range->end;
    function->source = RANGE_SIZED;
}

/* Appends the range at `index` as a function, unless a better source covers its start. */
static void accept_range(struct function_list *functions, const struct range_list *ranges,
                         size_t index, const struct image *image, const struct decoder *decoder)
{
    const struct code_range *range = &ranges->items[index];
    struct function *last = functions->count > 0 ? &functions->items[functions->count - 1] : NULL;
    uint64_t end = range->end;

    if (range->source == RANGE_OCCUPIED)
        return;
    if (last != NULL && range->start == last->start) {
        extend(last, range);
        return;
    }
    if (last != NULL && range->start < last->end) {
        if (range->source >= last->source)
            return;
        last->end = range->start;
    }
    if (range->source == RANGE_UNSIZED) {
        const uint64_t limit = limit_of_unsized(ranges, index, image);

        end = find_extent(image, decoder, range->start, limit);
        if (end == 0)
            end = limit;
    }
    functions->items[functions->count++] = (struct function){
        .start = range->start,
        .end = end,
        .decoded_end = range->start,
        .source = range->source,
    };
}

int functions_build(struct function_list *functions, struct range_list *ranges,
                    const struct image *image, const struct decoder *decoder, char *error)
{
    uint64_t occupied_end = 0;

    functions->count = 0;
    functions->items = calloc(ranges->count + 1, sizeof(functions->items[0]));
    if (functions->items == NULL)
        return fail(error, "out of memory for %zu functions", ranges->count);
    if (ranges->count > 0)
        qsort(ranges->items, ranges->count, sizeof(ranges->items[0]), compare_ranges);
    for (size_t i = 0; i < ranges->count; i++) {
        struct function *last;

        accept_range(functions, ranges, i, image, decoder);
        if (ranges->items[i].source != RANGE_UNSIZED && ranges->items[i].end > occupied_end)
            occupied_end = ranges->items[i].end;
        if (functions->count == 0)
            continue;
        last = &functions->items[functions->count - 1];
        if (last->source == RANGE_UNSIZED && last->end > occupied_end)
            occupied_end = last->end;
        last->occupied_end = occupied_end;
    }
    return 0;
}

size_t first_function_above(const struct function_list *functions, uint64_t address)
{
    size_t low = 0;
    size_t high = functions->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (functions->items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct function *function_at(const struct function_list *functions, uint64_t address)
{
    const size_t index = first_function_above(functions, address);

    if (index == functions->count || functions->items[index].start > address)
        return NULL;
    return &functions->items[index];
}

uint64_t gap_end(const struct function_list *functions, size_t index, const struct image *image)
{
    const uint64_t start = functions->items[index].end;
    const struct segment *segment = image_segment(image, start - 1);
    uint64_t end = segment->address + segment->size;

    if (index + 1 < functions->count && functions->items[index + 1].start < end)
        end = functions->items[index + 1].start;
    for (size_t i = 0; i < image->section_count; i++) {
        const struct section *section = &image->sections[i];

        if ((section->flags & SHF_ALLOC) != 0 && start - 1 - section->address < section->size &&
            section->address + section->size < end)
            end = section->address + section->size;
    }
    return end;
}

static bool look_for_nops_end(void *context, const struct instruction *instruction)
{
    uint64_t *end = context;

    if (!is_nop(instruction) && instruction->decoded.mnemonic != ZYDIS_MNEMONIC_INT3)
        return false;
    *end = instruction->address + instruction->decoded.length;
    return true;
}

uint64_t nops_behind(const struct function_list *functions, size_t index, const struct image *image,
                     const struct decoder *decoder)
{
    struct function *function = &functions->items[index];
    uint64_t end;

    if (function->nops_end != 0)
        return function->nops_end;
    function->nops_end = function->end;
    end = gap_end(functions, index, image);
    if (function->occupied_end == function->end && end > function->end)
        sweep(decoder, image, function->end, end, look_for_nops_end, &function->nops_end);
    return function->nops_end;
}

struct last_instruction {
    uint64_t end;
    bool falls_through;
};

static bool look_for_last(void *context, const struct instruction *instruction)
{
    struct last_instruction *last = context;

    last->end = instruction->address + instruction->decoded.length;
    last->falls_through = !is_unconditional_transfer(instruction) && !is_call(instruction);
    return true;
}

void function_extend(struct function_list *functions, size_t index, const struct image *image,
                     const struct decoder *decoder)
{
    struct function *function = &functions->items[index];
    struct last_instruction last = {.end = 0};
    uint64_t end;

    if (function->extended || function->occupied_end != function->end)
        return;
    function->extended = true;
    sweep(decoder, image, function->start, function->end, look_for_last, &last);
    if (last.end != function->end || !last.falls_through)
        return;
    end = find_extent(image, decoder, function->end, gap_end(functions, index, image));
    if (end != 0) {
        function->end = end;
        function->occupied_end = end;
    }
}

struct function *function_covering(struct function_list *functions, uint64_t address,
                                   const struct image *image, const struct decoder *decoder)
{
    const size_t above = first_function_above(functions, address);

    if (above > 0 && (above == functions->count || functions->items[above].start > address))
        function_extend(functions, above - 1, image, decoder);
    return function_at(functions, address);
}
