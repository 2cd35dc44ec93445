#include "slots.h"

#include "failure.h"

#include <stdlib.h>

#define MAX_PADDING      4096U /* bytes of a run that are looked at; alignment makes no longer ones */
#define INSIDE_ALIGNMENT 8U    /* least alignment that compilers pad a branch target to */

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
    struct target_list targets = {NULL, 0, 0};
    uint64_t end;

    if (function->gap_seen)
        return 0;
    function->gap_seen = true;
    end = nops_behind(functions, index, references->image, references->decoder);
    if (end < function->end + JUMP_SIZE || end != gap_end(functions, index, references->image))
        return 0;
    if (!function->swept) {
        const int result = function_targets(references, function, &targets);

        free(targets.items);
        if (result != 0)
            return -1;
    }
    if (!function->closed)
        return 0;
    if (end - function->end > MAX_PADDING)
        end = function->end + MAX_PADDING;
    return add_padding(padding, references, function->end, end);
}

/* Alignment inside a function, while its instructions are visited. */
struct inside_search {
    struct padding_list *padding;
    struct references *references;
    const struct target_list *targets;
    bool after_transfer;      /* nothing but nops since an unconditional transfer */
    uint64_t transfer_target; /* of that, if it is a direct jump; else 0 */
    uint64_t start;           /* of the nops */
    bool failed;
};

static bool look_for_inside(void *context, const struct instruction *instruction)
{
    struct inside_search *search = context;
    const uint64_t address = instruction->address;

    if (search->after_transfer && is_nop(instruction))
        return true;
    if (search->after_transfer && address - search->start >= JUMP_SIZE &&
        address % INSIDE_ALIGNMENT == 0 && search->transfer_target != address &&
        has_target(search->targets, address, address))
        search->failed =
            add_padding(search->padding, search->references, search->start, address) != 0;
    search->after_transfer = is_unconditional_transfer(instruction);
    search->start = address + instruction->decoded.length;
    if (!branch_target(instruction, &search->transfer_target))
        search->transfer_target = 0;
    return !search->failed;
}

static int examine_inside(struct padding_list *padding, struct references *references,
                          struct function *function)
{
    struct target_list targets = {NULL, 0, 0};
    struct inside_search search = {
        .padding = padding, .references = references, .targets = &targets};

    if (function->inside_seen)
        return 0;
    function->inside_seen = true;
    search.failed = function_targets(references, function, &targets) != 0;
    if (!search.failed && function->decoded_end == function->end)
        sweep(references->decoder, references->image, function->start, function->end,
              look_for_inside, &search);
    free(targets.items);
    return search.failed ? -1 : 0;
}

static int compare_padding(const void *left, const void *right)
{
    const struct padding *a = left;
    const struct padding *b = right;

    return (a->start > b->start) - (a->start < b->start);
}

static void sort_padding(struct padding_list *padding)
{
    if (padding->count > 0)
        qsort(padding->items, padding->count, sizeof(padding->items[0]), compare_padding);
}

/*
 * XRay's sleds are nops behind a `ret`, which its runtime overwrites. Only a section tells that a
 * file has them; so padding inside functions is used only where section headers deny it.
 */
static bool has_patchable_sleds(const struct image *image)
{
    return image->section_count == 0 || image_find_section(image, "xray_instr_map") != NULL ||
           image_find_section(image, "xray_fn_idx") != NULL;
}

int padding_find(struct padding_list *between, struct padding_list *inside,
                 const struct site_list *sites, struct function_list *functions,
                 struct references *references)
{
    const bool sleds = has_patchable_sleds(references->image);

    for (size_t i = 0; i < sites->count; i++) {
        const struct site *site = &sites->items[i];
        const uint64_t before = site->address - site->segment->address;
        const uint64_t start = site->address - (before < REACH_BACKWARD ? before : REACH_BACKWARD);
        size_t index = first_function_above(functions, start);

        if (site->reason != ENDORUN_REASON_NONE)
            continue;
        if (index > 0)
            index--; /* the gap behind it may reach up to here */
        for (; index < functions->count &&
               functions->items[index].start <= site->address + REACH_FORWARD;
             index++) {
            if (examine_gap(between, references, functions, index) != 0)
                return -1;
            if (!sleds && site->displacement.bytes == 0 &&
                examine_inside(inside, references, &functions->items[index]) != 0)
                return -1;
        }
    }
    sort_padding(between);
    sort_padding(inside);
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

        if (site->reason == ENDORUN_REASON_NONE && site->tactic == ENDORUN_TACTIC_SUD &&
            (site->displacement.bytes != 0) == with_alternative && place_site(search, site) != 0)
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

int slots_assign(struct site_list *sites, const struct padding_list *between,
                 const struct padding_list *inside, const struct image *image, char *error)
{
    struct slot_search needy = {.free_space = between, .image = image, .error = error};
    struct slot_search others = {.free_space = &needy.rest, .image = image, .error = error};
    struct slot_search left = {.free_space = inside, .image = image, .error = error};
    int result = 0;

    if (match_sites(sites, false, &needy) != 0 || match_sites(sites, true, &others) != 0 ||
        match_sites(sites, false, &left) != 0)
        result = -1;
    free(needy.rest.items);
    free(others.rest.items);
    free(left.rest.items);
    for (size_t i = 0; i < sites->count; i++) {
        struct site *site = &sites->items[i];

        if (site->reason == ENDORUN_REASON_NONE && site->tactic == ENDORUN_TACTIC_SUD &&
            site->displacement.bytes != 0)
            site->tactic = ENDORUN_TACTIC_PRECEDING;
    }
    return result;
}

void slots_give_up(struct site_list *sites, const struct padding_list *between,
                   const struct padding_list *inside)
{
    for (size_t i = 0; i < sites->count; i++) {
        struct site *site = &sites->items[i];

        if (site->reason != ENDORUN_REASON_NONE || site->tactic != ENDORUN_TACTIC_SUD)
            continue;
        if (site->room_entered || was_cut_in_reach(site, between) || was_cut_in_reach(site, inside))
            site->reason = ENDORUN_REASON_BRANCH_TARGET;
        else
            site->reason = ENDORUN_REASON_NO_ROOM;
    }
}
