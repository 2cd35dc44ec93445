/*
 * A match is proven to be an instruction, or to lie within another, by what proves a system call
 * site (sites.c): a sweep from the function's start meets the instruction and control can get
 * there. Landing pads of exceptions count as reached; for sites they need not, since what is left
 * out there is slow and not unsafe.
 */
#include "unsafe.h"

#include "failure.h"
#include "names.h"
#include "unwind.h"

#include <stdlib.h>

#define PAGE_SIZE UINT64_C(4096)

/* Chance alone puts one into 2 KiB of code; this is for hostile files. */
#define MAX_MATCHES (1U << 21)

#define PIECE_SIZE (1U << 18) /* bytes searched at a time: they fit the second-level cache */

/* The file's bytes that are mapped with a segment. */
struct mapped_range {
    const struct segment *segment;
    uint64_t start; /* file offsets */
    uint64_t end;
};

static uint64_t round_up(uint64_t offset)
{
    return (offset + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static uint64_t round_down(uint64_t offset)
{
    return offset & ~(PAGE_SIZE - 1);
}

static struct mapped_range range_of(const struct segment *segment, const struct image *image)
{
    const bool whole = segment == image->segments && !image->fixed_address;
    const uint64_t size = whole ? image->memory_end - segment->address : segment->size;
    const uint64_t end = round_up(segment->offset + size);

    return (struct mapped_range){
        .segment = segment,
        .start = round_down(segment->offset),
        .end = end < image->identity.size ? end : image->identity.size,
    };
}

static bool is_code(const struct image *image, uint64_t address)
{
    for (size_t i = 0; i < image->code_count; i++) {
        if (address - image->code[i].start < image->code[i].end - image->code[i].start)
            return true;
    }
    return false;
}

/* Pages of a file, all with code or all without. */
struct page_run {
    uint64_t start; /* file offsets */
    uint64_t end;
    bool code;
};

/* The part of the file that the section's instructions take; false: it has none. */
static bool find_instructions(const struct image *image, const struct section *section,
                              uint64_t *start, uint64_t *end)
{
    const struct segment *segment = image_text(image, section->address);
    uint64_t left;

    if ((section->flags & SHF_EXECINSTR) == 0 || section->size == 0 || segment == NULL)
        return false;
    left = segment->size - (section->address - segment->address);
    *start = segment->offset + (section->address - segment->address);
    *end = *start + (section->size < left ? section->size : left);
    return true;
}

/*
 * The pages around an offset: without code are those that no executable section has a byte in, if
 * the file has such sections. `run` is the result of an earlier call for the range, or empty.
 */
static void look_around(struct page_run *run, const struct image *image,
                        const struct mapped_range *range, uint64_t offset)
{
    const uint64_t page = round_down(offset);
    uint64_t start, end;

    if (offset - run->start < run->end - run->start)
        return;
    *run = (struct page_run){range->start, round_up(range->end), true};
    for (size_t i = 0; i < image->section_count; i++) {
        if (!find_instructions(image, &image->sections[i], &start, &end))
            continue;
        run->code = start < page + PAGE_SIZE && end > page;
        if (run->code)
            break;
        if (end <= page && round_up(end) > run->start)
            run->start = round_up(end);
        if (start > page && round_down(start) < run->end)
            run->end = round_down(start);
    }
    if (run->code) {
        run->start = page;
        run->end = page + PAGE_SIZE;
    }
}

static int add_match(struct unsafe_list *matches, const struct unsafe_match *match, char *error)
{
    if (matches->count == MAX_MATCHES)
        return fail(error, "more than %u times the bytes of an unsafe instruction", MAX_MATCHES);
    if (make_room((void **)&matches->items, &matches->capacity, matches->count,
                  sizeof(matches->items[0]), error) != 0)
        return -1;
    matches->items[matches->count++] = *match;
    return 0;
}

/* A piece of a range in memory. */
struct piece {
    const struct mapped_range *range;
    const uint8_t *bytes;
    size_t size;
    uint64_t offset; /* of its first byte in the file */
    bool refused_only;
    struct page_run *run;
};

/* A match with a byte in a page without code can't be executed when that page can't. */
static void look_for_data(struct unsafe_match *match, const struct image *image,
                          const struct piece *piece)
{
    struct page_run *run = piece->run;

    look_around(run, image, piece->range, match->offset);
    if (run->code)
        look_around(run, image, piece->range, match->offset + match->size - 1);
    if (!run->code) {
        match->cure = CURE_DATA;
        match->pages = (struct file_pages){run->start, run->end - run->start};
    }
}

/* The matches that begin between two offsets in the piece. */
static int find_in_piece(struct unsafe_list *matches, const struct image *image,
                         const struct piece *piece, size_t from, size_t to, char *error)
{
    const struct segment *segment = piece->range->segment;

    for (size_t at = from; at < to; at++) {
        struct unsafe_match match = {.kind = endorun_unsafe_at(piece->bytes, piece->size, at)};

        if (match.kind == ENDORUN_UNSAFE_NONE ||
            (piece->refused_only && !endorun_unsafe_is_refused(match.kind)))
            continue;
        match.offset = piece->offset + at;
        match.place.address = segment->address + (match.offset - segment->offset);
        match.state = is_code(image, match.place.address) ? UNSAFE_UNCOVERED : UNSAFE_DATA;
        match.cure = endorun_unsafe_is_refused(match.kind) ? CURE_UNCERTAIN : CURE_NOT_NEEDED;
        match.size = (uint8_t)endorun_unsafe_size(match.kind, piece->bytes[at]);
        memcpy(match.bytes, piece->bytes + at, match.size);
        if (match.cure == CURE_UNCERTAIN)
            look_for_data(&match, image, piece);
        if (add_match(matches, &match, error) != 0)
            return -1;
    }
    return 0;
}

/* Pieces overlap by the prefixes before a match and by the bytes of one that is cut. */
static int find_in_range(struct unsafe_list *matches, const struct image *image,
                         const struct mapped_range *range, bool refused_only, uint8_t *buffer,
                         char *error)
{
    struct page_run run = {0, 0, true};
    uint64_t next = range->start;

    while (next < range->end) {
        const uint64_t known = next - range->start;
        const size_t before = known < ENDORUN_UNSAFE_PREFIX_MAX ? known : ENDORUN_UNSAFE_PREFIX_MAX;
        struct piece piece = {.range = range,
                              .bytes = buffer,
                              .offset = next - before,
                              .refused_only = refused_only,
                              .run = &run};
        const bool last = range->end - piece.offset <= PIECE_SIZE;
        size_t to;

        piece.size = last ? range->end - piece.offset : PIECE_SIZE;
        to = last ? piece.size : PIECE_SIZE - (ENDORUN_UNSAFE_SIZE_MAX - 1);
        if (image_read(image, buffer, piece.size, piece.offset, error) != 0 ||
            find_in_piece(matches, image, &piece, before, to, error) != 0)
            return -1;
        next = piece.offset + to;
    }
    return 0;
}

int unsafe_find(struct unsafe_list *matches, const struct image *image, bool refused_only,
                char *error)
{
    uint8_t *buffer = malloc(PIECE_SIZE);
    int result = 0;

    if (buffer == NULL)
        return fail(error, "out of memory for %u bytes", PIECE_SIZE);
    for (size_t i = 0; i < image->segment_count && result == 0; i++) {
        const struct mapped_range range = range_of(&image->segments[i], image);

        if (image->segments[i].executable)
            result = find_in_range(matches, image, &range, refused_only, buffer, error);
    }
    free(buffer);
    return result;
}

/* The mnemonic of a proven instruction is the one that the bytes stand for. */
static bool is_mnemonic_of(enum endorun_unsafe_kind kind, ZydisMnemonic mnemonic)
{
    switch (kind) {
    case ENDORUN_UNSAFE_WRPKRU:
        return mnemonic == ZYDIS_MNEMONIC_WRPKRU;
    case ENDORUN_UNSAFE_XRSTOR:
        return mnemonic == ZYDIS_MNEMONIC_XRSTOR || mnemonic == ZYDIS_MNEMONIC_XRSTOR64;
    case ENDORUN_UNSAFE_XRSTORS:
        return mnemonic == ZYDIS_MNEMONIC_XRSTORS || mnemonic == ZYDIS_MNEMONIC_XRSTORS64;
    case ENDORUN_UNSAFE_WRGSBASE:
        return mnemonic == ZYDIS_MNEMONIC_WRGSBASE;
    case ENDORUN_UNSAFE_MOV_GS:
        return mnemonic == ZYDIS_MNEMONIC_MOV;
    case ENDORUN_UNSAFE_POP_GS:
        return mnemonic == ZYDIS_MNEMONIC_POP;
    case ENDORUN_UNSAFE_LGS:
        return mnemonic == ZYDIS_MNEMONIC_LGS;
    default:
        return false;
    }
}

/*
 * The match, whose opcode begins at `offset` in the instruction, is that instruction: its opcode
 * ends where the match's does, before ModRM or, for pop, at the instruction's end.
 */
static bool is_the_instruction(const ZydisDecodedInstruction *decoded, uint8_t offset,
                               enum endorun_unsafe_kind kind)
{
    const bool has_modrm = (decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
    const uint8_t opcode_end = has_modrm ? decoded->raw.modrm.offset : decoded->length;
    const uint8_t opcode_size = kind == ENDORUN_UNSAFE_MOV_GS ? 1 : 2;

    return is_mnemonic_of(kind, decoded->mnemonic) &&
           has_modrm == (kind != ENDORUN_UNSAFE_POP_GS) && offset + opcode_size == opcode_end;
}

static enum instruction_part part_at(const ZydisDecodedInstruction *decoded, uint8_t offset)
{
    const bool has_modrm = (decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
    const bool rip_relative =
        has_modrm && decoded->raw.modrm.mod == 0 && decoded->raw.modrm.rm == 5;

    for (size_t i = 0; i < 2; i++) {
        if (decoded->raw.imm[i].size != 0 && offset >= decoded->raw.imm[i].offset &&
            offset - decoded->raw.imm[i].offset < decoded->raw.imm[i].size / 8)
            return decoded->raw.imm[i].is_relative ? PART_BRANCH : PART_IMMEDIATE;
    }
    if (decoded->raw.disp.size != 0 && offset >= decoded->raw.disp.offset &&
        offset - decoded->raw.disp.offset < decoded->raw.disp.size / 8)
        return rip_relative ? PART_RIP_DISPLACEMENT : PART_DISPLACEMENT;
    if (has_modrm && offset == decoded->raw.modrm.offset)
        return PART_MODRM;
    if ((decoded->attributes & ZYDIS_ATTRIB_HAS_SIB) != 0 && offset == decoded->raw.sib.offset)
        return PART_SIB;
    return PART_OPCODE;
}

/* The match begins in this proven instruction. */
static void place_in_instruction(struct unsafe_match *match, const struct instruction *instruction)
{
    const ZydisDecodedInstruction *decoded = &instruction->decoded;
    const uint8_t offset = (uint8_t)(match->place.address - instruction->address);
    const uint8_t end = (uint8_t)(offset + match->size);

    if (is_the_instruction(decoded, offset, match->kind)) {
        match->state = UNSAFE_INSTRUCTION;
        match->cure = match->cure == CURE_NOT_NEEDED ? CURE_NOT_NEEDED : CURE_INSTRUCTION;
        return;
    }
    match->state = end <= decoded->length ? UNSAFE_INSIDE : UNSAFE_ACROSS;
    match->host_offset = offset;
    match->host_size = decoded->length;
    match->first = part_at(decoded, offset);
    match->last = part_at(decoded, (uint8_t)((end < decoded->length ? end : decoded->length) - 1));
}

/* The matches of one function, while its instructions are visited. */
struct match_search {
    struct unsafe_match *first;
    struct unsafe_match *next; /* the first not yet passed */
    struct unsafe_match *end;
    const struct target_list *targets;      /* of the function's branches */
    const struct target_list *landing_pads; /* of the whole file */
    uint64_t function_start;
    uint64_t block_start; /* first instruction behind the last unconditional transfer */
    bool whole;           /* all of it can be decoded */
};

static bool is_reached(const struct match_search *search, uint64_t address)
{
    return search->block_start == search->function_start ||
           has_target(search->targets, search->block_start, address) ||
           has_target(search->landing_pads, search->block_start, address);
}

/* 0F 01 EF and its form with REX2 end with an instruction that can be written in two ways. */
static bool ends_with_add(const struct unsafe_match *match, const struct instruction *instruction)
{
    return match->kind == ENDORUN_UNSAFE_WRPKRU && instruction->decoded.length == 2 &&
           instruction->address == match->place.address + match->size - 2;
}

/*
 * What it takes that the instruction runs in a stub, and that the match is not there again: the
 * displacement has bytes of it, or the neighbours do.
 */
static enum unsafe_cure plan_move(const struct match_search *search,
                                  const struct unsafe_match *match,
                                  const struct instruction *instruction,
                                  struct moved_instruction *moved)
{
    const ZydisDecodedInstruction *decoded = &instruction->decoded;
    const uint64_t last = instruction->address + decoded->length - 1;
    const uint64_t start = match->place.address, end = start + match->size;
    uint64_t target;

    *moved = (struct moved_instruction){instruction->address, decoded->length, 0};
    if (branch_target(instruction, &target))
        moved->field = decoded->raw.imm[0].offset;
    else if (!rip_relative_target(instruction, &target, &moved->field) ||
             decoded->address_width != 64)
        return CURE_FIXED;
    if (decoded->length < ENDORUN_PLAN_MOVE_MIN)
        return CURE_SHORT;
    if (!endorun_plan_is_movable(instruction->bytes, decoded->length, moved->field) ||
        (start >= instruction->address && end <= instruction->address + moved->field) ||
        (start >= instruction->address + moved->field + 4 && end <= last + 1))
        return CURE_FIXED;
    if (has_target(search->targets, instruction->address + 1, last) ||
        has_target(search->landing_pads, instruction->address + 1, last))
        return CURE_ENTERED;
    return CURE_MOVED;
}

/*
 * Boundaries are those of a sweep, and here it is enough that the function can be decoded to its
 * end: jump tables that nobody understands lead to much code, and without a cure nothing runs.
 *
 * The first instruction with bytes of a match that can be moved takes them apart: its jump stands
 * in their place, and in the stub it has another displacement, or other neighbours.
 */
static void look_for_cures(const struct match_search *search, const struct instruction *instruction)
{
    for (struct unsafe_match *match = search->next; match > search->first; match--) {
        struct unsafe_match *held = match - 1;
        struct moved_instruction moved;
        enum unsafe_cure cure;

        if (held->place.address + ENDORUN_UNSAFE_SIZE_MAX <= instruction->address)
            break;
        if (held->place.address + held->size <= instruction->address ||
            held->cure == CURE_NOT_NEEDED || held->cure == CURE_INSTRUCTION ||
            held->cure == CURE_MOVED || held->cure == CURE_DATA)
            continue;
        cure = plan_move(search, held, instruction, &moved);
        if (ends_with_add(held, instruction))
            cure = CURE_REENCODED;
        if (held->cure == CURE_UNCERTAIN || cure == CURE_MOVED || cure == CURE_REENCODED) {
            held->cure = cure;
            held->moved = moved;
        }
    }
}

static bool look_for_matches(void *context, const struct instruction *instruction)
{
    struct match_search *search = context;
    const uint64_t end = instruction->address + instruction->decoded.length;
    const struct unsafe_match *last = search->end - 1;
    const bool reached = is_reached(search, instruction->address);

    for (; search->next < search->end && search->next->place.address < end; search->next++) {
        if (reached)
            place_in_instruction(search->next, instruction);
    }
    if (reached || search->whole)
        look_for_cures(search, instruction);
    if (is_unconditional_transfer(instruction))
        search->block_start = end;
    return end < last->place.address + last->size;
}

/* The matches from `first` up to `end` all lie in `function`. */
static int classify_in_function(struct references *references, struct function *function,
                                const struct target_list *landing_pads, struct unsafe_match *first,
                                struct unsafe_match *end)
{
    struct target_list targets = {NULL, 0, 0};
    struct match_search search = {
        .first = first,
        .next = first,
        .end = end,
        .targets = &targets,
        .landing_pads = landing_pads,
        .function_start = function->start,
        .block_start = function->start,
    };
    const int result = function_targets(references, function, &targets);

    search.whole = function->decoded_end == function->end;
    for (struct unsafe_match *match = first; match < end; match++)
        match->state = UNSAFE_UNREACHED;
    if (result == 0)
        sweep(references->decoder, references->image, function->start, function->decoded_end,
              look_for_matches, &search);
    free(targets.items);
    return result;
}

static int classify_all(struct unsafe_list *matches, struct function_list *functions,
                        struct references *references, const struct target_list *landing_pads)
{
    size_t i = 0;

    while (i < matches->count) {
        const uint64_t address = matches->items[i].place.address;
        struct function *function = NULL;
        size_t end = i + 1;

        if (matches->items[i].state != UNSAFE_DATA)
            function =
                function_covering(functions, address, references->image, references->decoder);
        if (function == NULL) {
            i++;
            continue;
        }
        while (end < matches->count && matches->items[end].state != UNSAFE_DATA &&
               matches->items[end].place.address < function->end)
            end++;
        if (classify_in_function(references, function, landing_pads, &matches->items[i],
                                 &matches->items[end]) != 0)
            return -1;
        i = end;
    }
    return 0;
}

struct landing_pad_list {
    struct target_list addresses;
    char *error;
    bool failed;
};

static void add_landing_pad(void *context, uint64_t address)
{
    struct landing_pad_list *list = context;
    struct target_list *addresses = &list->addresses;

    list->failed =
        list->failed || make_room((void **)&addresses->items, &addresses->capacity,
                                  addresses->count, sizeof(addresses->items[0]), list->error) != 0;
    if (!list->failed)
        addresses->items[addresses->count++] = address;
}

static int compare_addresses(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

int unsafe_classify(struct unsafe_list *matches, struct function_list *functions,
                    struct references *references)
{
    struct landing_pad_list pads = {.addresses = {NULL, 0, 0}, .error = references->error};
    int result;

    landing_pads_visit(references->image, add_landing_pad, &pads);
    if (pads.addresses.count > 0)
        qsort(pads.addresses.items, pads.addresses.count, sizeof(pads.addresses.items[0]),
              compare_addresses);
    result = pads.failed ? -1 : classify_all(matches, functions, references, &pads.addresses);
    free(pads.addresses.items);
    return result;
}

int unsafe_name(struct unsafe_list *matches, const struct image *image, char *error)
{
    struct analysed_place *places = calloc(matches->count + 1, sizeof(places[0]));
    int result;

    if (places == NULL)
        return fail(error, "out of memory for %zu places", matches->count);
    for (size_t i = 0; i < matches->count; i++)
        places[i].address = matches->items[i].place.address;
    result = names_find(places, matches->count, image, error);
    for (size_t i = 0; i < matches->count; i++)
        matches->items[i].place = places[i];
    free(places);
    return result;
}
