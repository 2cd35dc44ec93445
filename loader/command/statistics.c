#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "statistics.h"

/*
 * Bounds, far above what programs do, against one that forges records. What is beyond one of them
 * is counted as ignored.
 */
#define FILES_MAX              16384U
#define SEGMENTS_MAX           65536U
#define MODULES_MAX            262144U /* in all images */
#define MODULES_OF_IMAGE_MAX   1024U
#define ADDRESSES_MAX          1048576U /* in all images and files */
#define ADDRESSES_OF_IMAGE_MAX 4096U

/*
 * An image without a user may get one again: the child of a fork takes its slot after its parent,
 * which may end in between, has lost its own.
 */
#define IDLE_IMAGES_KEPT 256U

struct module {
    uint64_t start, end;
    uint64_t offset;
    struct mapped_file *file;
};

struct image {
    struct image *next;
    uint32_t number;
    char *program; /* NULL: it has not said */
    unsigned users;
    struct module *modules; /* none overlaps another that comes later */
    size_t module_count;
    struct tally traps; /* by address */
};

static void *grow_array(void *array, size_t count, size_t size)
{
    /* Full at every power of two. */
    if ((count & (count - 1)) != 0)
        return array;
    array = reallocarray(array, count == 0 ? 1 : 2 * count, size);
    if (array == NULL)
        die(STATUS_SETUP, "no memory is left for the statistics; the program goes on");
    return array;
}

/* ---- files ---- */

static uint64_t hash_of(const char *path)
{
    uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

    for (; *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * 0x100000001b3ULL;
    return hash;
}

/* NULL: there are too many. */
static struct mapped_file *find_file(struct statistics *statistics, const char *path)
{
    const uint64_t hash = hash_of(path);
    struct mapped_file **bucket = &statistics->files[hash % FILE_BUCKETS];
    const size_t size = strlen(path) + 1;

    for (struct mapped_file *file = *bucket; file != NULL; file = file->next)
        if (file->hash == hash && strcmp(file->path, path) == 0)
            return file;
    if (statistics->file_count == FILES_MAX)
        return NULL;
    struct mapped_file *file = calloc(1, sizeof *file + size);
    if (file == NULL)
        die(STATUS_SETUP, "no memory is left for the statistics; the program goes on");
    file->hash = hash;
    memcpy(file->path, path, size);
    file->next = *bucket;
    *bucket = file;
    statistics->file_count++;
    return file;
}

/* False: there are too many. */
static bool note_sites(struct statistics *statistics, struct mapped_file *file,
                       const struct endorun_event_module *module)
{
    struct segment *segment = NULL;

    for (size_t i = 0; i < file->segment_count; i++)
        if (file->segments[i].offset == module->offset)
            segment = &file->segments[i];
    if (segment == NULL) {
        if (statistics->segment_count == SEGMENTS_MAX)
            return false;
        file->segments = grow_array(file->segments, file->segment_count, sizeof *file->segments);
        segment = &file->segments[file->segment_count++];
        statistics->segment_count++;
    }
    segment->offset = module->offset;
    memcpy(segment->sites, module->sites, sizeof segment->sites);
    return true;
}

/* ---- from addresses to places in files ---- */

static bool contains(const struct module *module, uint64_t address)
{
    return address >= module->start && address < module->end;
}

static const struct module *find_module(const struct image *image, uint64_t address)
{
    for (size_t i = image->module_count; i > 0; i--)
        if (contains(&image->modules[i - 1], address))
            return &image->modules[i - 1];
    return NULL;
}

/* Adds to a tally, new keys within the bound. */
static void add_bounded(struct statistics *statistics, struct tally *tally, uint64_t key,
                        uint64_t count, size_t limit)
{
    const size_t before = tally->used;

    if (!tally_add(tally, key, count, statistics->address_count < ADDRESSES_MAX && before < limit))
        statistics->ignored += count;
    statistics->address_count += tally->used - before;
}

static void place_traps(struct statistics *statistics, const struct image *image,
                        const struct tally_entry *entry)
{
    const struct module *module = find_module(image, entry->key);

    if (module == NULL) {
        statistics->nowhere_traps += entry->count;
        add_bounded(statistics, &statistics->nowhere, entry->key, entry->count, ADDRESSES_MAX);
        return;
    }
    module->file->traps += entry->count;
    add_bounded(statistics, &module->file->offsets, entry->key - module->start + module->offset,
                entry->count, ADDRESSES_MAX);
}

/* Gives the traps from the first to the last address to the files that are mapped there. */
static void place_traps_between(struct statistics *statistics, struct image *image, uint64_t first,
                                uint64_t last)
{
    struct tally all = image->traps;

    image->traps = (struct tally){0};
    statistics->address_count -= all.used;
    for (size_t i = 0; i < all.size; i++) {
        const struct tally_entry *entry = &all.entries[i];

        if (entry->count == 0)
            continue;
        if (entry->key >= first && entry->key <= last)
            place_traps(statistics, image, entry);
        else
            add_bounded(statistics, &image->traps, entry->key, entry->count,
                        ADDRESSES_OF_IMAGE_MAX);
    }
    tally_free(&all);
}

/* ---- images ---- */

/* Unlinks it and frees it, its traps placed. */
static void settle_image(struct statistics *statistics, struct image **link)
{
    struct image *image = *link;

    place_traps_between(statistics, image, 0, UINT64_MAX);
    statistics->module_count -= image->module_count;
    statistics->idle_images -= image->users == 0;
    *link = image->next;
    free(image->program);
    free(image->modules);
    free(image);
}

static void settle_oldest_idle(struct statistics *statistics)
{
    struct image **oldest = NULL;

    for (struct image **link = &statistics->images; *link != NULL; link = &(*link)->next)
        if ((*link)->users == 0)
            oldest = link;
    if (oldest != NULL)
        settle_image(statistics, oldest);
}

struct image *statistics_use_image(struct statistics *statistics, uint32_t number)
{
    struct image *image = statistics->images;

    while (image != NULL && image->number != number)
        image = image->next;
    if (image == NULL) {
        image = calloc(1, sizeof *image);
        if (image == NULL)
            die(STATUS_SETUP, "no memory is left for the statistics; the program goes on");
        image->number = number;
        image->next = statistics->images;
        statistics->images = image;
        statistics->idle_images++;
    }
    statistics->idle_images -= image->users == 0;
    image->users++;
    return image;
}

void statistics_release_image(struct statistics *statistics, struct image *image)
{
    image->users--;
    statistics->idle_images += image->users == 0;
    if (statistics->idle_images > IDLE_IMAGES_KEPT)
        settle_oldest_idle(statistics);
}

uint32_t image_number(const struct image *image)
{
    return image->number;
}

const char *image_program(const struct image *image)
{
    return image->program != NULL ? image->program : "";
}

const char *image_file_at(const struct image *image, uint64_t address)
{
    const struct module *module = find_module(image, address);

    return module != NULL ? module->file->path : "";
}

void statistics_settle(struct statistics *statistics)
{
    while (statistics->images != NULL)
        settle_image(statistics, &statistics->images);
}

/* ---- records ---- */

void statistics_count_calls(struct statistics *statistics, uint64_t calls, uint64_t trapped,
                            uint64_t dropped)
{
    statistics->calls += calls;
    statistics->trapped += trapped;
    statistics->dropped += dropped;
}

void statistics_start(struct statistics *statistics, struct image *image, const char *program)
{
    statistics->image_count++;
    free(image->program);
    image->program = strdup(program);
    if (image->program == NULL)
        die(STATUS_SETUP, "no memory is left for the statistics; the program goes on");
}

/* A mapping takes the place of what it covers; the traps so far belong to what was there. */
static void add_module(struct statistics *statistics, struct image *image,
                       const struct module *module)
{
    size_t kept = 0;
    bool overlaps = false;

    for (size_t i = 0; i < image->module_count; i++)
        overlaps |= image->modules[i].start < module->end && module->start < image->modules[i].end;
    if (overlaps) {
        place_traps_between(statistics, image, module->start, module->end - 1);
        for (size_t i = 0; i < image->module_count; i++)
            if (image->modules[i].start < module->start || image->modules[i].end > module->end)
                image->modules[kept++] = image->modules[i];
        statistics->module_count -= image->module_count - kept;
        image->module_count = kept;
    }
    if (image->module_count == MODULES_OF_IMAGE_MAX || statistics->module_count == MODULES_MAX) {
        statistics->ignored++;
        return;
    }
    image->modules = grow_array(image->modules, image->module_count, sizeof *image->modules);
    image->modules[image->module_count++] = *module;
    statistics->module_count++;
}

void statistics_module(struct statistics *statistics, struct image *image,
                       const struct endorun_event_module *module, const char *path)
{
    struct mapped_file *file = find_file(statistics, path);

    if (file == NULL) {
        statistics->ignored++;
        return;
    }
    file->mappings++;
    file->planned += module->planned;
    if (module->planned != 0 && !note_sites(statistics, file, module))
        statistics->ignored++;
    add_module(
        statistics, image,
        &(struct module){
            .start = module->start, .end = module->end, .offset = module->offset, .file = file});
}

void statistics_trap(struct statistics *statistics, struct image *image, uint64_t address)
{
    add_bounded(statistics, &image->traps, address, 1, ADDRESSES_OF_IMAGE_MAX);
}
