#include "analyse.h"

#include "failure.h"
#include "functions.h"
#include "go_table.h"
#include "image.h"
#include "names.h"
#include "plan_cache.h"
#include "references.h"
#include "sites.h"
#include "slots.h"
#include "symbols.h"
#include "unsafe.h"
#include "unwind.h"

#include <stdlib.h>

/* Everything that one analysis holds. Zeroed, it can be closed at any stage. */
struct analyser {
    struct image image;
    struct decoder decoder;
    struct range_list ranges;
    struct function_list functions;
    struct references references;
    struct site_list sites;
    struct padding_list between; /* functions */
    struct padding_list inside;
    struct unsafe_list matches;
    char *error;
};

static void free_matches(struct unsafe_match *matches, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(matches[i].place.symbol);
    free(matches);
}

static void analyser_close(struct analyser *analyser)
{
    free_matches(analyser->matches.items, analyser->matches.count);
    references_close(&analyser->references);
    free(analyser->ranges.items);
    free(analyser->functions.items);
    free(analyser->sites.items);
    free(analyser->between.items);
    free(analyser->inside.items);
    image_close(&analyser->image);
}

/* Reads the file and finds its functions: what every decision needs. */
static int load(struct analyser *analyser)
{
    struct range_list *ranges = &analyser->ranges;
    struct image *image = &analyser->image;

    if (image_load(image, analyser->error) != 0 ||
        decoder_open(&analyser->decoder, analyser->error) != 0 ||
        unwind_ranges(ranges, image, analyser->error) != 0 ||
        symbol_ranges(ranges, image, analyser->error) != 0 ||
        go_ranges(ranges, image, analyser->error) != 0 ||
        functions_build(&analyser->functions, ranges, image, &analyser->decoder, analyser->error) !=
            0)
        return -1;
    return references_open(&analyser->references, image, &analyser->decoder, &analyser->functions,
                           analyser->error);
}

static int decide_sites(struct analyser *analyser)
{
    struct references *references = &analyser->references;
    struct site_list *sites = &analyser->sites;
    struct padding_list *between = &analyser->between;
    struct padding_list *inside = &analyser->inside;

    if (sites_classify(sites, &analyser->functions, references) != 0)
        return -1;
    if (!sites_any_left(sites))
        return 0; /* large files often hold the bytes by chance only */
    if (sites_want(sites, references) != 0 ||
        padding_find(between, inside, sites, &analyser->functions, references) != 0 ||
        references_collect(references, &analyser->ranges) != 0)
        return -1;
    sites_refuse_entered(sites, references);
    padding_cut(between, references);
    padding_cut(inside, references);
    if (slots_assign(sites, between, inside, &analyser->image, analyser->error) != 0)
        return -1;
    slots_give_up(sites, between, inside);
    return 0;
}

/*
 * All stages. A file without the bytes 0F 05, and without those of instructions that are refused
 * with protection keys, ends after the second and never needs Zydis.
 */
static int run(struct analyser *analyser, int fd)
{
    struct image *image = &analyser->image;
    struct site_list *sites = &analyser->sites;
    struct unsafe_list *matches = &analyser->matches;
    char *error = analyser->error;

    if (image_open(image, fd, error) != 0 || sites_find(sites, image, error) != 0 ||
        unsafe_find(matches, image, true, error) != 0)
        return -1;
    if ((sites->count > 0 || matches->count > 0) &&
        (load(analyser) != 0 || (sites->count > 0 && decide_sites(analyser) != 0) ||
         (matches->count > 0 &&
          unsafe_classify(matches, &analyser->functions, &analyser->references) != 0)))
        return -1;
    return image_check_unchanged(image, error);
}

static uint64_t site_offset(const struct site *site)
{
    return site->segment->offset + (site->address - site->segment->address);
}

static void fill_plan_site(struct endorun_plan_site *out, const struct site *site)
{
    const uint8_t *bytes = site->segment->bytes + (site->address - site->segment->address);

    out->offset = site_offset(site);
    out->tactic = (uint8_t)site->tactic;
    out->reason = (uint8_t)site->reason;
    if (site->tactic == ENDORUN_TACTIC_PADDING) {
        const int64_t distance = (int64_t)(site->slot - site->address);

        out->slot = (int8_t)(distance - (int64_t)SYSCALL_SIZE);
        memcpy(out->original, bytes + distance, JUMP_SIZE);
    } else if (site->tactic == ENDORUN_TACTIC_PRECEDING) {
        out->displaced = site->displacement.bytes;
        out->rip_relative = site->displacement.rip_relative;
        memcpy(out->original, bytes - out->displaced, out->displaced);
    }
}

static void fill_plan_cure(struct endorun_plan_site *out, const struct unsafe_match *match,
                           const struct image *image)
{
    const struct moved_instruction *moved = &match->moved;
    const struct segment *segment;

    if (match->cure == CURE_DATA) {
        out->tactic = ENDORUN_TACTIC_DATA;
        out->offset = match->pages.offset;
        out->data_size = match->pages.size;
        return;
    }
    segment = image_text(image, moved->address);
    out->offset = segment->offset + (moved->address - segment->address);
    out->tactic = match->cure == CURE_MOVED ? ENDORUN_TACTIC_MOVED : ENDORUN_TACTIC_REENCODED;
    out->displaced = moved->size;
    out->rip_relative = moved->field;
    memcpy(out->original, segment->bytes + (moved->address - segment->address), moved->size);
}

/* An entry of the plan, and where it is. */
struct entry {
    struct endorun_plan_site site;
    uint64_t address;
};

/* Of those at one offset, the pages of data are first. */
static int compare_entries(const void *left, const void *right)
{
    const struct endorun_plan_site *a = &((const struct entry *)left)->site;
    const struct endorun_plan_site *b = &((const struct entry *)right)->site;

    if (a->offset != b->offset)
        return a->offset > b->offset ? 1 : -1;
    return (a->tactic < b->tactic) - (a->tactic > b->tactic);
}

static bool is_in_plan(enum unsafe_cure cure)
{
    return cure == CURE_MOVED || cure == CURE_REENCODED || cure == CURE_DATA;
}

/* Sites and cures, sorted; an instruction that holds several matches moves once. */
static struct entry *make_entries(const struct analyser *analyser, size_t *count)
{
    const struct site_list *sites = &analyser->sites;
    const struct unsafe_list *matches = &analyser->matches;
    struct entry *entries = calloc(sites->count + matches->count + 1, sizeof(entries[0]));
    size_t all = 0, kept = 0;

    if (entries == NULL)
        return NULL;
    for (; all < sites->count; all++) {
        fill_plan_site(&entries[all].site, &sites->items[all]);
        entries[all].address = sites->items[all].address;
    }
    for (size_t i = 0; i < matches->count; i++) {
        const struct unsafe_match *match = &matches->items[i];

        if (is_in_plan(match->cure)) {
            fill_plan_cure(&entries[all].site, match, &analyser->image);
            entries[all++].address =
                match->cure == CURE_DATA
                    ? match->place.address - (match->offset - match->pages.offset)
                    : match->moved.address;
        }
    }
    qsort(entries, all, sizeof(entries[0]), compare_entries);
    for (size_t i = 0; i < all; i++) {
        if (kept == 0 || entries[kept - 1].site.offset != entries[i].site.offset)
            entries[kept++] = entries[i];
    }
    *count = kept;
    return entries;
}

static struct endorun_plan *make_plan(const struct image *image, const struct entry *entries,
                                      size_t count)
{
    const size_t size = sizeof(struct endorun_plan) + count * sizeof(struct endorun_plan_site);
    struct endorun_plan *plan = calloc(1, size);

    if (plan == NULL)
        return NULL;
    plan->magic = ENDORUN_PLAN_MAGIC;
    plan->version = ENDORUN_PLAN_VERSION;
    plan->size = (uint32_t)size;
    plan->identity = image->identity;
    memcpy(plan->build_id, image->build_id, sizeof(plan->build_id));
    plan->build_id_size = image->build_id_size;
    plan->site_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        plan_sites(plan)[i] = entries[i].site;
    plan->checksum = plan_checksum(plan);
    return plan;
}

static int fill_result(struct analysis *analysis, const struct analyser *analyser,
                       const struct entry *entries, size_t count)
{
    if (count > ENDORUN_PLAN_MAX_SITES)
        return fail(analyser->error, "%zu system call sites: a plan holds %u", count,
                    ENDORUN_PLAN_MAX_SITES);
    analysis->plan = make_plan(&analyser->image, entries, count);
    analysis->sites = calloc(count + 1, sizeof(analysis->sites[0]));
    if (analysis->plan == NULL || analysis->sites == NULL)
        return fail(analyser->error, "out of memory for a plan of %zu sites", count);
    for (size_t i = 0; i < count; i++)
        analysis->sites[i].address = entries[i].address;
    return names_find(analysis->sites, count, &analyser->image, analyser->error);
}

static int make_result(struct analysis *analysis, const struct analyser *analyser)
{
    size_t count = 0;
    struct entry *entries = make_entries(analyser, &count);
    int result;

    if (entries == NULL)
        return fail(analyser->error, "out of memory for a plan");
    result = fill_result(analysis, analyser, entries, count);
    free(entries);
    return result;
}

int analyse_file(int fd, struct analysis *analysis, char error[ANALYSE_ERROR_SIZE])
{
    struct analyser analyser;
    int result;

    memset(analysis, 0, sizeof(*analysis));
    memset(&analyser, 0, sizeof(analyser));
    error[0] = '\0';
    analyser.error = error;
    result = run(&analyser, fd);
    if (result == 0)
        result = make_result(analysis, &analyser);
    if (result != 0)
        analysis_release(analysis);
    analyser_close(&analyser);
    return result;
}

/* The stages of the search for unsafe instructions. Most files have some bytes of them. */
static int run_unsafe(struct analyser *analyser, int fd)
{
    struct image *image = &analyser->image;
    struct unsafe_list *matches = &analyser->matches;
    char *error = analyser->error;

    if (image_open(image, fd, error) != 0 || unsafe_find(matches, image, false, error) != 0)
        return -1;
    if (matches->count > 0 &&
        (load(analyser) != 0 ||
         unsafe_classify(matches, &analyser->functions, &analyser->references) != 0 ||
         unsafe_name(matches, image, error) != 0))
        return -1;
    return image_check_unchanged(image, error);
}

int analyse_unsafe_instructions(int fd, struct analysis *analysis, char error[ANALYSE_ERROR_SIZE])
{
    struct analyser analyser;
    int result;

    memset(&analyser, 0, sizeof(analyser));
    error[0] = '\0';
    analyser.error = error;
    result = run_unsafe(&analyser, fd);
    if (result == 0) {
        free_matches(analysis->unsafe, analysis->unsafe_count);
        analysis->unsafe = analyser.matches.items;
        analysis->unsafe_count = analyser.matches.count;
        analysis->unsafe_searched = true;
        memset(&analyser.matches, 0, sizeof(analyser.matches));
    }
    analyser_close(&analyser);
    return result;
}

void analysis_release(struct analysis *analysis)
{
    for (size_t i = 0;
         analysis->sites != NULL && analysis->plan != NULL && i < analysis->plan->site_count; i++)
        free(analysis->sites[i].symbol);
    free(analysis->sites);
    free_matches(analysis->unsafe, analysis->unsafe_count);
    free(analysis->plan);
    memset(analysis, 0, sizeof(*analysis));
}

struct endorun_plan_site *plan_sites(const struct endorun_plan *plan)
{
    return (struct endorun_plan_site *)(uintptr_t)(plan + 1);
}
