#include "slots.h"

#include "failure.h"

#include <stdlib.h>

#define MAX_PADDING 4096U /* bytes of a run that are looked at; alignment makes no longer ones */

struct nop_search {
    uint64_t end; /* behind the last nop or int3 */
};

static bool look_for_padding_end(void *context, const struct instruction *instruction)
{
    struct nop_search *search = context;

    if (!is_nop(instruction) && instruction->decoded.mnemonic != ZYDIS_MNEMONIC_INT3)
        return false;
    search->end = instruction->address + instruction->decoded.length;
    return true;
}

/* Where the bytes behind a function stop being nobody's: next function, section or segment. */
static uint64_t gap_end(const struct references *references, const struct function_list *functions,
                        size_t index)
{
    const struct image *image = references->image;
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

static int add_padding(struct padding_list *padding, struct references *references, uint64_t start,
                       uint64_t end)
{
    if (make_room((void **)&padding->items, &padding->capacity, padding->count,
                  sizeof(padding->items[0]), references->error) != 0)
        return -1;
    padding->items[padding->count++] = (struct padding){start, end, end};
    return references_want(references, start, end);
}

/* Looks at the bytes behind the function at `index`. */
static int examine_gap(struct padding_list *padding, struct references *references,
                       struct function_list *functions, size_t index)
{
    struct function *function = &functions->items[index];
    struct nop_search search = {.end = function->end};
    struct target_list targets = {NULL, 0, 0};
    uint64_t end;

    if (function->gap_seen || function->occupied_end != function->end)
        return 0;
    function->gap_seen = true;
    end = gap_end(references, functions, index);
    if (end < function->end + JUMP_SIZE)
        return 0;
    if (!function->swept) {
        const int result = function_targets(references, function, &targets);

        free(targets.items);
        if (result != 0)
            return -1;
    }
    if (!function->closed)
        return 0;
    sweep(references->decoder, references->image, function->end, end, look_for_padding_end,
          &search);
    if (search.end != end)
        return 0;
    if (search.end - function->end > MAX_PADDING)
        search.end = function->end + MAX_PADDING;
    return add_padding(padding, references, function->end, search.end);
}

static int compare_padding(const void *left, const void *right)
{
    const struct padding *a = left;
    const struct padding *b = right;

    return (a->start > b->start) - (a->start < b->start);
}

int padding_find(struct padding_list *padding, const struct site_list *sites,
                 struct function_list *functions, struct references *references)
{
    for (size_t i = 0; i < sites->count; i++) {
        const struct site *site = &sites->items[i];
        const uint64_t before = site->address - site->segment->address;
        const uint64_t start =
            site->address - (before < REACH_BACKWARD ? before : REACH_BACKWARD);
        size_t index = first_function_above(functions, start);

        if (site->reason != ENDORUN_REASON_NONE)
            continue;
        if (index > 0)
            index--; /* the gap behind it may reach up to here */
        for (; index < functions->count &&
               functions->items[index].end <= site->address + REACH_FORWARD;
             index++) {
            if (examine_gap(padding, references, functions, index) != 0)
                return -1;
        }
    }
    if (padding->count > 0)
        qsort(padding->items, padding->count, sizeof(padding->items[0]), compare_padding);
    return 0;
}

void padding_cut(struct padding_list *padding, const struct references *references)
{
    for (size_t i = 0; i < padding->count; i++) {
        struct padding *run = &padding->items[i];

        run->end = first_entered(references, run->start, run->end);
    }
}

/* Free space, in one pass over the sites: pieces are taken from `free_space`, the rest kept. */
struct slot_search {
    const struct padding_list *free_space;
    struct padding_list rest;
    size_t index;      /* of the piece looked at */
    uint64_t position; /* everything below it is decided */
    const struct image *image;
    char *error;
};

/* What is left of a piece that the search leaves behind. */
static int keep_rest(struct slot_search *search, uint64_t start, uint64_t end)
{
    if (end <= start || end - start < JUMP_SIZE)
        return 0;
    if (make_room((void **)&search->rest.items, &search->rest.capacity, search->rest.count,
                  sizeof(search->rest.items[0]), search->error) != 0)
        return -1;
    search->rest.items[search->rest.count++] = (struct padding){start, end, end};
    return 0;
}

static int next_piece(struct slot_search *search)
{
    const uint64_t end = search->free_space->items[search->index].end;

    search->index++;
    if (keep_rest(search, search->position, end) != 0)
        return -1;
    if (search->index < search->free_space->count)
        search->position = search->free_space->items[search->index].start;
    return 0;
}

/* Gives the site the lowest slot that is free and in its reach, if there is one. */
static int place_site(struct slot_search *search, struct site *site)
{
    const uint64_t lowest = site->address < REACH_BACKWARD ? 0 : site->address - REACH_BACKWARD;

    while (search->index < search->free_space->count) {
        const uint64_t end = search->free_space->items[search->index].end;
        const uint64_t slot = search->position > lowest ? search->position : lowest;

        if (slot + JUMP_SIZE > end) {
            if (next_piece(search) != 0)
                return -1;
            continue;
        }
        if (slot > site->address + REACH_FORWARD ||
            image_segment(search->image, slot) != site->segment)
            return 0;
        if (keep_rest(search, search->position, slot) != 0)
            return -1;
        site->tactic = ENDORUN_TACTIC_PADDING;
        site->slot = slot;
        search->position = slot + JUMP_SIZE;
        return 0;
    }
    return 0;
}

/*
 * Matches the sites that have an alternative, or those that have none, with the free space. All
 * sites reach equally far, so serving them in ascending order, each with the lowest slot in its
 * reach, serves as many as can be served: whoever comes later could use that slot no better.
 */
static int match_sites(struct site_list *sites, bool with_alternative, struct slot_search *search)
{
    search->index = 0;
    search->position = search->free_space->count > 0 ? search->free_space->items[0].start : 0;
    for (size_t i = 0; i < sites->count; i++) {
        struct site *site = &sites->items[i];

        if (site->reason == ENDORUN_REASON_NONE && (site->displaceable != 0) == with_alternative &&
            place_site(search, site) != 0)
            return -1;
    }
    while (search->index < search->free_space->count) {
        if (next_piece(search) != 0)
            return -1;
    }
    return 0;
}

/* Some run in the site's reach had more room before it was cut. */
static bool was_cut_in_reach(const struct site *site, const struct padding_list *padding)
{
    size_t low = 0;
    size_t high = padding->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (padding->items[middle].found_end + REACH_BACKWARD < site->address + JUMP_SIZE)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < padding->count && padding->items[low].start <= site->address + REACH_FORWARD;
         low++) {
        if (padding->items[low].end != padding->items[low].found_end)
            return true;
    }
    return false;
}

static void settle(struct site *site, const struct padding_list *padding)
{
    if (site->reason != ENDORUN_REASON_NONE || site->tactic != ENDORUN_TACTIC_SUD)
        return;
    if (site->displaceable != 0)
        site->tactic = ENDORUN_TACTIC_PRECEDING;
    else if (site->room_entered || was_cut_in_reach(site, padding))
        site->reason = ENDORUN_REASON_BRANCH_TARGET;
    else
        site->reason = ENDORUN_REASON_NO_ROOM;
}

int slots_assign(struct site_list *sites, const struct padding_list *padding,
                 const struct image *image, char *error)
{
    struct slot_search needy = {.free_space = padding, .image = image, .error = error};
    struct slot_search others = {.free_space = &needy.rest, .image = image, .error = error};
    int result = 0;

    if (match_sites(sites, false, &needy) != 0 || match_sites(sites, true, &others) != 0)
        result = -1;
    free(needy.rest.items);
    free(others.rest.items);
    for (size_t i = 0; result == 0 && i < sites->count; i++)
        settle(&sites->items[i], padding);
    return result;
}
