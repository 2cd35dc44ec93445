#include "plan_check.h"

#include <stdlib.h>
#include <string.h>

#include "plan_cache.h"

/* Bytes of the file that rewriting one site changes or depends on. */
struct extent {
    uint64_t start;
    uint64_t end;
};

static int compare_extents(const void *left, const void *right)
{
    const struct extent *a = left;
    const struct extent *b = right;

    return (a->start > b->start) - (a->start < b->start);
}

static const char *check_header(const struct endorun_plan *plan)
{
    static const uint8_t zeros[ENDORUN_BUILD_ID_MAX];

    if (plan->magic != ENDORUN_PLAN_MAGIC || plan->version != ENDORUN_PLAN_VERSION)
        return "magic or version";
    if (plan->site_count > ENDORUN_PLAN_MAX_SITES ||
        plan->size != sizeof(*plan) + plan->site_count * sizeof(struct endorun_plan_site))
        return "size and number of sites disagree";
    if (plan->checksum != plan_checksum(plan))
        return "checksum";
    if (plan->build_id_size > ENDORUN_BUILD_ID_MAX ||
        memcmp(plan->build_id + plan->build_id_size, zeros,
               ENDORUN_BUILD_ID_MAX - plan->build_id_size) != 0)
        return "build ID";
    return NULL;
}

/* A multi-byte nop begins with 66, 2E or 0F; the middle of one may hold anything. */
static const char *check_padding(const struct endorun_plan_site *site, const uint8_t *file,
                                 uint64_t size, struct extent *slot)
{
    const uint64_t behind = site->offset + 2;

    if (site->slot < 0 && behind < (uint64_t)-site->slot)
        return "slot before the file";
    slot->start = behind + (uint64_t)(int64_t)site->slot;
    slot->end = slot->start + 5;
    if (slot->end > size)
        return "slot behind the file";
    if (memcmp(site->original, file + slot->start, 5) != 0)
        return "the slot's bytes are not the file's";
    if (site->displaced != 0 || site->rip_relative != 0)
        return "padding with displaced bytes";
    return NULL;
}

static const char *check_preceding(const struct endorun_plan_site *site, const uint8_t *file,
                                   struct extent *displaced)
{
    if (site->displaced < 5 || site->displaced > ENDORUN_PLAN_DISPLACE_MAX ||
        site->displaced > site->offset)
        return "number of displaced bytes";
    displaced->start = site->offset - site->displaced;
    displaced->end = site->offset;
    if (memcmp(site->original, file + displaced->start, site->displaced) != 0)
        return "the displaced bytes are not the file's";
    if (site->rip_relative != 0 && site->rip_relative + 4 > site->displaced)
        return "disp32 behind the displaced bytes";
    if (site->slot != 0)
        return "preceding with a slot";
    return NULL;
}

/* The last page may end behind the file. */
static const char *check_data(const struct endorun_plan_site *data, uint64_t size)
{
    const uint64_t page = 4096;
    struct endorun_plan_site expected;

    memset(&expected, 0, sizeof(expected)); /* an initialiser leaves the rest of a union open */
    expected.offset = data->offset;
    expected.tactic = ENDORUN_TACTIC_DATA;
    expected.data_size = data->data_size;
    if (memcmp(data, &expected, sizeof(expected)) != 0)
        return "unused bytes of an entry for data";
    if (data->offset % page != 0 || data->data_size % page != 0 || data->data_size == 0 ||
        data->offset >= size || data->data_size > (size + page - 1) / page * page - data->offset)
        return "other than whole pages of the file";
    return NULL;
}

static const char *check_cure(const struct endorun_plan_site *cure, const uint8_t *file,
                              uint64_t size, struct extent *extent)
{
    static const uint8_t nothing[ENDORUN_PLAN_DISPLACE_MAX];

    if (cure->tactic == ENDORUN_TACTIC_DATA)
        return check_data(cure, size);
    if (cure->displaced > ENDORUN_PLAN_MOVE_MAX || cure->offset + cure->displaced > size ||
        memcmp(cure->original, file + cure->offset, cure->displaced) != 0)
        return "the cured bytes are not the file's";
    if (memcmp(cure->original + cure->displaced, nothing, sizeof(nothing) - cure->displaced) != 0 ||
        memcmp(cure->reserved, nothing, sizeof(cure->reserved)) != 0 || cure->slot != 0 ||
        cure->reason != ENDORUN_REASON_NONE)
        return "unused bytes of a cure";
    *extent = (struct extent){cure->offset, cure->offset + cure->displaced};
    if (cure->tactic == ENDORUN_TACTIC_REENCODED)
        return cure->displaced == 2 && memcmp(cure->original, "\x01\xef", 2) == 0
                   ? NULL
                   : "another instruction than add";
    return endorun_plan_is_movable(cure->original, cure->displaced, cure->rip_relative)
               ? NULL
               : "an instruction that can't be moved";
}

static const char *check_site(const struct endorun_plan_site *site, const uint8_t *file,
                              uint64_t size, struct extent *extent)
{
    static const uint8_t nothing[ENDORUN_PLAN_DISPLACE_MAX];

    if (site->offset >= size || site->offset + 2 > size)
        return "site behind the file";
    /* Bytes outside all functions were seen before the file was loaded; others must be there. */
    if (file[site->offset] != 0x0f || file[site->offset + 1] != 0x05)
        return "no system call at the site";
    if (memcmp(site->reserved, nothing, sizeof(site->reserved)) != 0)
        return "reserved bytes";
    if ((site->tactic == ENDORUN_TACTIC_SUD) != (site->reason != ENDORUN_REASON_NONE) ||
        site->reason >= ENDORUN_REASON_COUNT)
        return "reason does not fit the tactic";
    *extent = (struct extent){site->offset, site->offset};
    switch (site->tactic) {
    case ENDORUN_TACTIC_SUD:
        return NULL;
    case ENDORUN_TACTIC_PADDING:
        return check_padding(site, file, size, extent);
    case ENDORUN_TACTIC_PRECEDING:
        return check_preceding(site, file, extent);
    default:
        return "unknown tactic";
    }
}

/*
 * No two rewrites touch the same byte, and none touches a site that it does not belong to. Of a
 * cure and a rewrite that want the same bytes the monitor takes the first.
 */
static const char *check_overlaps(struct extent *extents, size_t count)
{
    qsort(extents, count, sizeof(*extents), compare_extents);
    for (size_t i = 1; i < count; i++) {
        if (extents[i].start < extents[i - 1].end)
            return "two rewrites overlap";
    }
    return NULL;
}

const char *plan_check(const struct endorun_plan *plan, const uint8_t *file, uint64_t size)
{
    const struct endorun_plan_site *sites = plan_sites(plan);
    const char *wrong = check_header(plan);
    struct extent *extents, cured;
    size_t count = 0;

    if (wrong != NULL)
        return wrong;
    extents = calloc(plan->site_count * 2 + 1, sizeof(*extents));
    if (extents == NULL)
        return "out of memory";
    for (uint32_t i = 0; i < plan->site_count && wrong == NULL; i++) {
        if (i > 0 && sites[i].offset <= sites[i - 1].offset)
            wrong = "sites are not in ascending order";
        else if (endorun_plan_is_cure(&sites[i]))
            wrong = check_cure(&sites[i], file, size, &cured);
        else
            wrong = check_site(&sites[i], file, size, &extents[count]);
        if (sites[i].tactic != ENDORUN_TACTIC_SUD && !endorun_plan_is_cure(&sites[i])) {
            extents[count + 1] = (struct extent){sites[i].offset, sites[i].offset + 2};
            count += 2;
        }
    }
    if (wrong == NULL)
        wrong = check_overlaps(extents, count);
    free(extents);
    return wrong;
}
