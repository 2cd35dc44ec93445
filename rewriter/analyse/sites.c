/*
 * A site is rewritten only where its bytes are proven to be an instruction: a sweep from the
 * function's start meets them, and control can get there: from the function's start or the target
 * of one of its branches, with no unconditional transfer between. So a constant pool that happens
 * to decode as `syscall` is left alone: nothing branches into it.
 */
#include "sites.h"

#include "failure.h"

#include <stdlib.h>

/* Chance alone puts the bytes 0F 05 once into 64 KiB; this is for hostile files. */
#define MAX_CANDIDATES (1U << 20)

int sites_find(struct site_list *sites, const struct image *image, char *error)
{
    static const uint8_t syscall_bytes[SYSCALL_SIZE] = {0x0f, 0x05};

    for (size_t i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];
        const uint8_t *const end = segment->bytes + segment->size;
        const uint8_t *found = segment->bytes;

        while (segment->executable &&
               (found = memmem(found, (size_t)(end - found), syscall_bytes, SYSCALL_SIZE)) !=
                   NULL) {
            if (sites->count == MAX_CANDIDATES)
                return fail(error, "more than %u times the bytes of a system call",
                            MAX_CANDIDATES);
            if (make_room((void **)&sites->items, &sites->capacity, sites->count,
                          sizeof(sites->items[0]), error) != 0)
                return -1;
            sites->items[sites->count++] = (struct site){
                .address = segment->address + (uint64_t)(found - segment->bytes),
                .segment = segment,
            };
            found += SYSCALL_SIZE;
        }
    }
    return 0;
}

/* The sites of one function, while its instructions are visited. */
struct site_search {
    const struct image *image;
    struct site *next; /* the first not yet passed */
    struct site *end;
    const struct target_list *targets; /* ascending */
    uint64_t function_start;
    uint64_t block_start; /* first instruction behind the last unconditional transfer */
    uint64_t previous;    /* address of the instruction before; 0: none */
};

static bool has_target(const struct target_list *targets, uint64_t first, uint64_t last)
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

/* Visits the one instruction right before a site. */
static bool examine_previous(void *context, const struct instruction *instruction)
{
    struct site *site = context;
    const uint8_t length = instruction->decoded.length;
    uint64_t target;
    uint8_t field = 0;

    if (instruction->address + length != site->address || length < JUMP_SIZE ||
        length > ENDORUN_PLAN_DISPLACE_MAX || !is_displaceable(instruction))
        return false;
    rip_relative_target(instruction, &target, &field);
    site->displaceable = length;
    site->rip_relative = field;
    return false;
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
    if (search->previous != 0)
        sweep(instruction->decoder, search->image, search->previous, site->address,
              examine_previous, site);
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
    search->previous = instruction->address;
    return search->next < search->end;
}

static int compare_targets(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
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
    if (targets.count > 0)
        qsort(targets.items, targets.count, sizeof(targets.items[0]), compare_targets);
    sweep(references->decoder, references->image, function->start, function->decoded_end,
          look_for_sites, &search);
    for (; search.next < end; search.next++)
        search.next->reason = ENDORUN_REASON_NOT_DECODED;
    free(targets.items);
    return 0;
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

int sites_classify(struct site_list *sites, const struct function_list *functions,
                   struct references *references)
{
    size_t i = 0;

    while (i < sites->count) {
        struct function *function = function_at(functions, sites->items[i].address);
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

int sites_want(const struct site_list *sites, struct references *references)
{
    for (size_t i = 0; i < sites->count; i++) {
        const struct site *site = &sites->items[i];

        if (site->reason != ENDORUN_REASON_NONE)
            continue;
        if (references_want(references, site->address + 1, site->address + SYSCALL_SIZE) != 0)
            return -1;
        if (site->displaceable != 0 &&
            references_want(references, site->address - site->displaceable + 1, site->address) != 0)
            return -1;
    }
    return 0;
}

void sites_refuse_entered(struct site_list *sites, const struct references *references)
{
    for (size_t i = 0; i < sites->count; i++) {
        struct site *site = &sites->items[i];
        const uint64_t inside = site->address - site->displaceable + 1;

        if (site->reason != ENDORUN_REASON_NONE)
            continue;
        if (first_entered(references, site->address + 1, site->address + SYSCALL_SIZE) !=
            site->address + SYSCALL_SIZE) {
            site->reason = ENDORUN_REASON_BRANCH_TARGET;
        } else if (site->displaceable != 0 &&
                   first_entered(references, inside, site->address) != site->address) {
            site->displaceable = 0;
            site->room_entered = true;
        }
    }
}
