#include "references.h"

#include "dynamic.h"
#include "failure.h"
#include "symbols.h"
#include "unwind.h"

#include <stdlib.h>

#define REFERENCE_GRANULE  64U   /* bytes of text per bit of the coarse map */
#define IMMEDIATE_MAX      4U    /* most immediate bytes behind a RIP-relative displacement */
#define SHORT_BRANCH_REACH 130U  /* bytes from a branch with 8-bit displacement to its target */
#define RELOCATED_SIZE     8U    /* most bytes that one relocation writes */
#define TABLE_MAX_ENTRIES  4096U /* of a jump table; compilers' largest are a tenth of that */
#define TABLE_ENTRY_SIZE   4U

static bool test_bit(const uint8_t *bits, uint64_t index)
{
    return (bits[index / 8] >> (index % 8) & 1) != 0;
}

static void set_bit(uint8_t *bits, uint64_t index)
{
    bits[index / 8] = (uint8_t)(bits[index / 8] | 1U << (index % 8));
}

int references_open(struct references *references, const struct image *image,
                    const struct decoder *decoder, const struct function_list *functions,
                    char *error)
{
    uint64_t value;

    memset(references, 0, sizeof(*references));
    references->image = image;
    references->decoder = decoder;
    references->functions = functions;
    references->error = error;
    references->absolute =
        image->fixed_address || image->dynamic.size == 0 || dynamic_value(image, DT_REL, &value);
    references->maps = calloc(image->segment_count + 1, sizeof(references->maps[0]));
    if (references->maps == NULL)
        return fail(error, "out of memory for the maps of %zu segments", image->segment_count);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];
        struct reference_map *map = &references->maps[references->map_count];

        if (!segment->executable)
            continue;
        references->map_count++;
        map->segment = segment;
        map->wanted = calloc(segment->size / 8 + 1, 1);
        map->entered = calloc(segment->size / 8 + 1, 1);
        map->granules = calloc((segment->size + IMMEDIATE_MAX) / REFERENCE_GRANULE / 8 + 1, 1);
        if (map->wanted == NULL || map->entered == NULL || map->granules == NULL)
            return fail(error, "out of memory for a map of %llu bytes",
                        (unsigned long long)segment->size);
    }
    return 0;
}

void references_close(struct references *references)
{
    for (size_t i = 0; i < references->map_count; i++) {
        free(references->maps[i].wanted);
        free(references->maps[i].entered);
        free(references->maps[i].granules);
    }
    free(references->maps);
    free(references->wanted);
}

static const struct reference_map *map_at(const struct references *references, uint64_t address)
{
    for (size_t i = 0; i < references->map_count; i++) {
        const struct segment *segment = references->maps[i].segment;

        if (address - segment->address < segment->size)
            return &references->maps[i];
    }
    return NULL;
}

static void enter(const struct references *references, uint64_t address)
{
    const struct reference_map *map = map_at(references, address);

    if (map != NULL)
        set_bit(map->entered, address - map->segment->address);
}

int references_want(struct references *references, uint64_t start, uint64_t end)
{
    const struct reference_map *map = map_at(references, start);

    if (map == NULL || end <= start || end - map->segment->address > map->segment->size)
        return 0;
    if (make_room((void **)&references->wanted, &references->wanted_capacity,
                  references->wanted_count, sizeof(references->wanted[0]), references->error) != 0)
        return -1;
    references->wanted[references->wanted_count++] = (struct address_range){start, end - start};
    for (uint64_t i = start - map->segment->address; i < end - map->segment->address; i++) {
        set_bit(map->wanted, i);
        set_bit(map->granules, i / REFERENCE_GRANULE);
        set_bit(map->granules, (i + IMMEDIATE_MAX) / REFERENCE_GRANULE);
    }
    return 0;
}

uint64_t first_entered(const struct references *references, uint64_t start, uint64_t end)
{
    const struct reference_map *map = map_at(references, start);

    while (map != NULL && start < end && !test_bit(map->entered, start - map->segment->address))
        start++;
    return start;
}

static int add_target(struct references *references, struct target_list *list, uint64_t target)
{
    if (make_room((void **)&list->items, &list->capacity, list->count, sizeof(list->items[0]),
                  references->error) != 0)
        return -1;
    list->items[list->count++] = target;
    return 0;
}

struct target_search {
    struct references *references;
    struct target_list *targets;
    struct target_list tables; /* addresses that lea forms */
    bool failed;
    bool transfers; /* the last instruction was an unconditional transfer */
};

/* In a file at a fixed address: numbers in the instruction that may be addresses. */
static void enter_absolute(const struct references *references,
                           const ZydisDecodedInstruction *decoded)
{
    for (size_t i = 0; i < 2; i++) {
        if (decoded->raw.imm[i].size >= 32 && !decoded->raw.imm[i].is_relative)
            enter(references, decoded->raw.imm[i].value.u);
    }
    if (decoded->raw.disp.size >= 32)
        enter(references, (uint64_t)decoded->raw.disp.value);
}

static bool look_for_targets(void *context, const struct instruction *instruction)
{
    struct target_search *search = context;
    uint64_t target;
    uint8_t field;

    search->transfers = is_unconditional_transfer(instruction);
    if (branch_target(instruction, &target))
        search->failed |= add_target(search->references, search->targets, target) != 0;
    if (rip_relative_target(instruction, &target, &field)) {
        enter(search->references, target);
        if (instruction->decoded.mnemonic == ZYDIS_MNEMONIC_LEA && target % TABLE_ENTRY_SIZE == 0)
            search->failed |= add_target(search->references, &search->tables, target) != 0;
    } else if (search->references->absolute) {
        enter_absolute(search->references, &instruction->decoded);
    }
    return !search->failed;
}

static int compare_addresses(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/*
 * Reads `table` as offsets from itself, up to the first that leads to no code, and never into the
 * next object whose address the function takes. What is no table yields targets nobody jumps to.
 */
static int add_table_targets(struct references *references, struct target_list *targets,
                             uint64_t table, uint64_t limit)
{
    const struct segment *segment = image_segment(references->image, table);
    const uint64_t end = segment != NULL ? segment->address + segment->size : table;

    for (unsigned i = 0; i < TABLE_MAX_ENTRIES; i++) {
        const uint64_t entry = table + (uint64_t)i * TABLE_ENTRY_SIZE;
        uint64_t target;

        if (entry >= limit || end - table < (uint64_t)(i + 1) * TABLE_ENTRY_SIZE)
            break;
        target = table + load_displacement(segment->bytes + (entry - segment->address));
        if (image_text(references->image, target) == NULL)
            break;
        if (add_target(references, targets, target) != 0)
            return -1;
    }
    return 0;
}

static int add_tables(struct references *references, struct target_list *targets,
                      struct target_list *tables)
{
    if (tables->count > 0)
        qsort(tables->items, tables->count, sizeof(tables->items[0]), compare_addresses);
    for (size_t i = 0; i < tables->count; i++) {
        const uint64_t limit = i + 1 < tables->count ? tables->items[i + 1] : UINT64_MAX;

        if (limit != tables->items[i] &&
            add_table_targets(references, targets, tables->items[i], limit) != 0)
            return -1;
    }
    return 0;
}

int function_targets(struct references *references, struct function *function,
                     struct target_list *targets)
{
    struct target_search search = {.references = references, .targets = targets};
    int result = 0;

    function->decoded_end = sweep(references->decoder, references->image, function->start,
                                  function->end, look_for_targets, &search);
    function->swept = true;
    function->closed = search.transfers && function->decoded_end == function->end;
    if (search.failed || add_tables(references, targets, &search.tables) != 0)
        result = -1;
    if (targets->count > 0)
        qsort(targets->items, targets->count, sizeof(targets->items[0]), compare_addresses);
    free(search.tables.items);
    return result;
}

bool has_target(const struct target_list *targets, uint64_t first, uint64_t last)
{
    size_t low = 0;
    size_t high = targets->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (targets->items[middle] < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < targets->count && targets->items[low] <= last;
}

/* Everything that the function's own instructions refer to. */
static int enter_function(struct references *references, struct function *function)
{
    struct target_list targets = {NULL, 0, 0};
    int result;

    if (function->referenced)
        return 0;
    function->referenced = true;
    result = function_targets(references, function, &targets);
    for (size_t i = 0; i < targets.count; i++)
        enter(references, targets.items[i]);
    free(targets.items);
    return result;
}

/* The byte lies in nops behind a function: what looks like a displacement there means nothing. */
static bool in_padding(const struct references *references, uint64_t address)
{
    const size_t above = first_function_above(references->functions, address);

    return above > 0 && address < nops_behind(references->functions, above - 1, references->image,
                                              references->decoder);
}

/* The four bytes at `place` look like a reference to the wanted byte at `target`. */
static int judge_find(struct references *references, uint64_t place, uint64_t target)
{
    struct function *function = function_at(references->functions, place);

    if (function != NULL && enter_function(references, function) != 0)
        return -1;
    if (function == NULL ? !in_padding(references, place) : place >= function->decoded_end)
        enter(references, target);
    return 0;
}

/* A ModRM byte that a RIP-relative disp32 follows. */
static bool is_rip_relative_modrm(uint8_t byte)
{
    return (byte & 0xc7) == 0x05;
}

/* The last opcode byte of a branch that a rel32 follows: call, jmp, jcc (0F 8x), xbegin (C7 F8). */
static bool is_branch_opcode(uint8_t byte)
{
    return byte == 0xe8 || byte == 0xe9 || (byte & 0xf0) == 0x80 || byte == 0xf8;
}

/*
 * A memory operand may have immediate bytes between its displacement and the end of the
 * instruction, from which the displacement counts. `index` is the target for the most of them, as
 * an offset in the segment; `before` is the byte before the displacement.
 */
static int judge_displacement(struct references *references, const struct reference_map *map,
                              uint64_t place, uint64_t index, uint8_t before)
{
    const uint64_t none = index - IMMEDIATE_MAX; /* the target without immediate bytes */

    for (uint64_t i = none; i != index + 1; i++) {
        if (i >= map->segment->size || !test_bit(map->wanted, i))
            continue;
        if (!is_rip_relative_modrm(before) && !(i == none && is_branch_opcode(before)))
            continue;
        if (judge_find(references, place, map->segment->address + i) != 0)
            return -1;
    }
    return 0;
}

/* Some byte at most IMMEDIATE_MAX below `index` may be wanted. */
static bool near_wanted(const struct reference_map *map, uint64_t index)
{
    return index < map->segment->size + IMMEDIATE_MAX &&
           test_bit(map->granules, index / REFERENCE_GRANULE);
}

/* Tries all bytes of `span` as displacements that lead into the map's segment. */
static int scan_displacements(struct references *references, const struct reference_map *map,
                              const struct code_span *span)
{
    const uint8_t *bytes = span->segment->bytes + (span->start - span->segment->address);

    for (uint64_t i = 1; i + 4 <= span->end - span->start; i++) {
        const uint64_t place = span->start + i;
        const uint64_t index =
            place + 4 + load_displacement(bytes + i) + IMMEDIATE_MAX - map->segment->address;

        if (near_wanted(map, index) &&
            judge_displacement(references, map, place, index, bytes[i - 1]) != 0)
            return -1;
    }
    return 0;
}

/* Tries all bytes of `source` as absolute addresses, of which the low half is enough to find. */
static int scan_addresses(struct references *references, const struct reference_map *map,
                          const struct segment *source)
{
    const uint32_t base = (uint32_t)map->segment->address;

    for (uint64_t i = 0; i + 4 <= source->size; i++) {
        const uint64_t index = load_u32(source->bytes + i) - base;

        if (near_wanted(map, index) && index < map->segment->size && test_bit(map->wanted, index) &&
            judge_find(references, source->address + i, map->segment->address + index) != 0)
            return -1;
    }
    return 0;
}

static int scan_file(struct references *references)
{
    const struct image *image = references->image;

    for (size_t i = 0; i < references->map_count; i++) {
        const struct reference_map *map = &references->maps[i];

        for (size_t j = 0; j < image->code_count; j++) {
            if (scan_displacements(references, map, &image->code[j]) != 0)
                return -1;
        }
        for (size_t j = 0; references->absolute && j < image->segment_count; j++) {
            if (scan_addresses(references, map, &image->segments[j]) != 0)
                return -1;
        }
    }
    return 0;
}

static bool is_short_branch(uint8_t opcode)
{
    return opcode == 0xeb || (opcode >= 0x70 && opcode <= 0x7f) ||
           (opcode >= 0xe0 && opcode <= 0xe3);
}

/* Bytes that no function claims, or that could not be decoded: each may begin a short branch. */
static void enter_undecoded_branches(const struct references *references, uint64_t start,
                                     uint64_t end)
{
    const struct segment *segment = image_text(references->image, start);

    for (uint64_t address = start; segment != NULL && address + 2 <= end; address++) {
        const uint8_t *bytes = segment->bytes + (address - segment->address);
        const struct function *function;

        if (!is_short_branch(bytes[0]))
            continue;
        function = function_at(references->functions, address);
        if (function == NULL ? !in_padding(references, address) : address >= function->decoded_end)
            enter(references, address + 2 + (uint64_t)(int64_t)(int8_t)bytes[1]);
    }
}

/* All that lies in the reach of a short branch to a wanted byte. */
static int enter_neighbours(struct references *references, const struct address_range *wanted)
{
    const struct segment *segment = image_text(references->image, wanted->start);
    const uint64_t before = wanted->start - segment->address;
    const uint64_t after = segment->size - before - wanted->size;
    const uint64_t start =
        wanted->start - (before < SHORT_BRANCH_REACH ? before : SHORT_BRANCH_REACH);
    const uint64_t end =
        wanted->start + wanted->size + (after < SHORT_BRANCH_REACH ? after : SHORT_BRANCH_REACH);

    for (size_t i = first_function_above(references->functions, start);
         i < references->functions->count && references->functions->items[i].start < end; i++) {
        if (enter_function(references, &references->functions->items[i]) != 0)
            return -1;
    }
    enter_undecoded_branches(references, start, end);
    return 0;
}

static int enter_symbol(void *context, const struct symbol *symbol)
{
    enter(context, symbol->value);
    return 0;
}

/* The run-time linker writes the place itself, so a rewrite must not have moved what is there. */
static void enter_relocation(void *context, uint64_t place, uint64_t target)
{
    for (uint64_t i = 0; i < RELOCATED_SIZE; i++)
        enter(context, place + i);
    enter(context, target);
}

static void enter_landing_pad(void *context, uint64_t address)
{
    enter(context, address);
}

static void enter_known_addresses(struct references *references, const struct range_list *ranges)
{
    const struct image *image = references->image;
    uint64_t value;

    for (size_t i = 0; i < ranges->count; i++)
        enter(references, ranges->items[i].start);
    enter(references, image->entry);
    if (dynamic_value(image, DT_INIT, &value))
        enter(references, value);
    if (dynamic_value(image, DT_FINI, &value))
        enter(references, value);
    symbols_visit(image, enter_symbol, references);
    landing_pads_visit(image, enter_landing_pad, references);
    relocations_visit(image, enter_relocation, references);
}

int references_collect(struct references *references, const struct range_list *ranges)
{
    enter_known_addresses(references, ranges);
    for (size_t i = 0; i < references->wanted_count; i++) {
        if (enter_neighbours(references, &references->wanted[i]) != 0)
            return -1;
    }
    return scan_file(references);
}
