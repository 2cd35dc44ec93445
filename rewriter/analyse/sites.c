/*
 * A site is rewritten only where its bytes are proven to be an instruction: a sweep from the
 * function's start meets them, and control can get there: from the function's start or the target
 * of one of its branches, with no unconditional transfer between. So a constant pool that happens
 * to decode as `syscall` is left alone: nothing branches into it.
 */
#include "sites.h"

#include "failure.h"

#include <stdlib.h>

#define MAX_PREVIOUS 8U /* instructions before a site that are considered */

/* Chance alone puts the bytes 0F 05 once into 64 KiB; this is for hostile files. */
#define MAX_CANDIDATES (1U << 20)

#define PIECE_SIZE (1U << 18) /* bytes searched at a time: they fit the second-level cache */

static int add_site(struct site_list *sites, const struct segment *segment, uint64_t address,
                    char *error)
{
    if (sites->count == MAX_CANDIDATES)
        return fail(error, "more than %u times the bytes of a system call", MAX_CANDIDATES);
    if (make_room((void **)&sites->items, &sites->capacity, sites->count, sizeof(sites->items[0]),
                  error) != 0)
        return -1;
    sites->items[sites->count++] = (struct site){.address = address, .segment = segment};
    return 0;
}

/* Pieces overlap by one byte, so that no site is cut in two. */
static int find_in_span(struct site_list *sites, const struct image *image,
                        const struct code_span *span, uint8_t *piece, char *error)
{
    static const uint8_t syscall_bytes[SYSCALL_SIZE] = {0x0f, 0x05};

    for (uint64_t start = span->start; span->end - start >= SYSCALL_SIZE;) {
        const size_t size = span->end - start < PIECE_SIZE ? span->end - start : PIECE_SIZE;
        const uint8_t *found = piece;

        if (image_read(image, piece, size, span->segment->offset + start - span->segment->address,
                       error) != 0)
            return -1;
        while ((found = memmem(found, (size_t)(piece + size - found), syscall_bytes,
                               SYSCALL_SIZE)) != NULL) {
            if (add_site(sites, span->segment, start + (uint64_t)(found - piece), error) != 0)
                return -1;
            found += SYSCALL_SIZE;
        }
        start += size - (SYSCALL_SIZE - 1);
    }
    return 0;
}

int sites_find(struct site_list *sites, const struct image *image, char *error)
{
    uint8_t *piece = malloc(PIECE_SIZE);
    int result = 0;

    if (piece == NULL)
        return fail(error, "out of memory for %u bytes", PIECE_SIZE);
    for (size_t i = 0; i < image->code_count && result == 0; i++)
        result = find_in_span(sites, image, &image->code[i], piece, error);
    free(piece);
    return result;
}

static void remove_hidden(struct site_list *sites)
{
    size_t kept = 0;

    for (size_t i = 0; i < sites->count; i++) {
        if (!sites->items[i].hidden)
            sites->items[kept++] = sites->items[i];
    }
    sites->count = kept;
}

/* The sites of one function, while its instructions are visited. */
struct site_search {
    const struct image *image;
    struct site *next; /* the first not yet passed */
    struct site *end;
    const struct target_list *targets; /* ascending */
    uint64_t function_start;
    uint64_t block_start;            /* first instruction behind the last unconditional transfer */
    uint64_t previous[MAX_PREVIOUS]; /* addresses of the instructions before, a ring */
    size_t previous_count;           /* how many there ever were */
};

static bool bytes_before(const struct site *site, const uint8_t *bytes, uint64_t size)
{
    const uint64_t offset = site->address - site->segment->address;

    return offset >= size && memcmp(site->segment->bytes + offset - size, bytes, size) == 0;
}

/* `mov $15,%rax` or `mov $15,%eax`, then `syscall`: what unwinders look for in a restorer. */
static bool is_restorer(const struct site *site)
{
    static const uint8_t mov_rax[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00};
    static const uint8_t mov_eax[] = {0xb8, 0x0f, 0x00, 0x00, 0x00};

    return bytes_before(site, mov_rax, sizeof(mov_rax)) ||
           bytes_before(site, mov_eax, sizeof(mov_eax));
}

/* The instructions from some address up to a site. */
struct displacement_search {
    struct displacement found;
    bool possible;
};

static bool look_for_displacement(void *context, const struct instruction *instruction)
{
    struct displacement_search *search = context;
    uint64_t target;
    uint8_t field;

    search->possible = is_displaceable(instruction) &&
                       (search->found.bytes != 0 || !is_nop(instruction)); /* may be padding */
    if (search->possible && rip_relative_target(instruction, &target, &field)) {
        search->possible = search->found.rip_relative == 0;
        search->found.rip_relative = (uint8_t)(search->found.bytes + field);
    }
    search->found.bytes = (uint8_t)(search->found.bytes + instruction->decoded.length);
    return search->possible;
}

/* The instructions from `start` up to the site, if they can all be displaced together. */
static struct displacement displacement_from(const struct site_search *search,
                                             const struct decoder *decoder, uint64_t start,
                                             const struct site *site)
{
    struct displacement_search displacement = {.possible = false};

    if (sweep(decoder, search->image, start, site->address, look_for_displacement, &displacement) !=
            site->address ||
        !displacement.possible)
        return (struct displacement){0, 0};
    return displacement.found;
}

/* Goes back from the site to the first instruction that a jump fits into. */
static void find_displacement(const struct site_search *search, const struct decoder *decoder,
                              struct site *site)
{
    uint64_t end = site->address;

    for (size_t i = 1; i <= search->previous_count && i <= MAX_PREVIOUS; i++) {
        const uint64_t start = search->previous[(search->previous_count - i) % MAX_PREVIOUS];

        if (site->address - start > ENDORUN_PLAN_DISPLACE_MAX)
            return;
        if (end - start >= JUMP_SIZE) {
            site->displacement = displacement_from(search, decoder, start, site);
            return;
        }
        end = start;
    }
}

static void classify_site(struct site_search *search, const struct instruction *instruction,
                          struct site *site)
{
    if (search->block_start != search->function_start &&
        !has_target(search->targets, search->block_start, site->address)) {
        site->reason = ENDORUN_REASON_NOT_DECODED;
        return;
    }
    if (is_restorer(site)) {
        site->reason = ENDORUN_REASON_SIGRETURN;
        return;
    }
    find_displacement(search, instruction->decoder, site);
}

static bool look_for_sites(void *context, const struct instruction *instruction)
{
    struct site_search *search = context;
    const uint64_t end = instruction->address + instruction->decoded.length;

    for (; search->next < search->end && search->next->address < end; search->next++) {
        struct site *site = search->next;

        if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_SYSCALL)
            site->hidden = true;
        else if (site->address != instruction->address)
            site->reason = ENDORUN_REASON_NOT_DECODED; /* prefixed: no two-byte instruction */
        else
            classify_site(search, instruction, site);
    }
    if (is_unconditional_transfer(instruction))
        search->block_start = end;
    search->previous[search->previous_count++ % MAX_PREVIOUS] = instruction->address;
    return search->next < search->end;
}

/* The sites from `first` up to `end` all lie in `function`. */
static int classify_in_function(struct references *references, struct function *function,
                                struct site *first, struct site *end)
{
    struct target_list targets = {NULL, 0, 0};
    struct site_search search = {
        .image = references->image,
        .next = first,
        .end = end,
        .targets = &targets,
        .function_start = function->start,
        .block_start = function->start,
    };

    if (function_targets(references, function, &targets) != 0) {
        free(targets.items);
        return -1;
    }
    sweep(references->decoder, references->image, function->start, function->decoded_end,
          look_for_sites, &search);
    for (; search.next < end; search.next++)
        search.next->reason = ENDORUN_REASON_NOT_DECODED;
    free(targets.items);
    return 0;
}

int sites_classify(struct site_list *sites, struct function_list *functions,
                   struct references *references)
{
    size_t i = 0;

    while (i < sites->count) {
        struct function *function = function_covering(functions, sites->items[i].address,
                                                      references->image, references->decoder);
        size_t end = i + 1;

        if (function == NULL) {
            sites->items[i++].reason = ENDORUN_REASON_NO_FDE;
            continue;
        }
        while (end < sites->count && sites->items[end].address < function->end)
            end++;
        if (classify_in_function(references, function, &sites->items[i], &sites->items[end]) != 0)
            return -1;
        i = end;
    }
    remove_hidden(sites);
    return 0;
}

bool sites_any_left(const struct site_list *sites)
{
    for (size_t i = 0; i < sites->count; i++) {
        if (sites->items[i].reason == ENDORUN_REASON_NONE)
            return true;
    }
    return false;
}

int sites_want(const struct site_list *sites, struct references *references)
{
    for (size_t i = 0; i < sites->count; i++) {
        const struct site *site = &sites->items[i];
        const uint64_t jump = site->address - site->displacement.bytes;

        if (site->reason != ENDORUN_REASON_NONE)
            continue;
        if (references_want(references, site->address + 1, site->address + SYSCALL_SIZE) != 0)
            return -1;
        if (jump != site->address && references_want(references, jump + 1, jump + JUMP_SIZE) != 0)
            return -1;
    }
    return 0;
}

void sites_refuse_entered(struct site_list *sites, const struct references *references)
{
    for (size_t i = 0; i < sites->count; i++) {
        struct site *site = &sites->items[i];
        const uint64_t end = site->address + SYSCALL_SIZE;
        const uint64_t jump = site->address - site->displacement.bytes;

        if (site->reason != ENDORUN_REASON_NONE)
            continue;
        if (first_entered(references, site->address + 1, end) != end) {
            site->reason = ENDORUN_REASON_BRANCH_TARGET;
        } else if (jump != site->address &&
                   first_entered(references, jump + 1, jump + JUMP_SIZE) != jump + JUMP_SIZE) {
            site->displacement.bytes = 0;
            site->room_entered = true;
        }
    }
}
