/*
 * The reader of the event channel against slots that a monitor writes, and against slots that
 * nobody but an attacker does.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel_reader.h"
#include "memfd.h"

static struct statistics statistics;
static struct channel_reader reader;

static void set_up(void)
{
    statistics = (struct statistics){0};
    memset(&reader, 0, sizeof reader);
    reader.statistics = &statistics;
    ck_assert_int_eq(channel_create(&reader, memfd_open(MEMFD_DATA, "channel")), 0);
}

static void tear_down(void)
{
    statistics_settle(&statistics);
    munmap(reader.channel, CHANNEL_SIZE);
    close(reader.fd);
}

/* ---- the writer's side, as the monitor has it ---- */

static struct endorun_slot *slot_of(size_t index)
{
    return (struct endorun_slot *)((char *)(reader.channel + 1) + index * ENDORUN_SLOT_SIZE);
}

static struct endorun_slot *take_slot(size_t index, uint32_t image, int32_t pid)
{
    struct endorun_slot *slot = slot_of(index);

    ck_assert_uint_eq(slot->state, ENDORUN_SLOT_FREE);
    *slot =
        (struct endorun_slot){.state = ENDORUN_SLOT_USED, .image = image, .pid = pid, .tid = pid};
    return slot;
}

static void put_bytes(struct endorun_slot *slot, const void *bytes, size_t size)
{
    const size_t at = slot->head % RING_SIZE / 8 * 8;

    if (at + size > RING_SIZE) {
        const struct endorun_event pad = {.type = ENDORUN_EVENT_PAD,
                                          .size = (uint16_t)(RING_SIZE - at)};
        memcpy(slot->ring + at, &pad, sizeof pad);
        slot->head += RING_SIZE - at;
    }
    memcpy(slot->ring + slot->head % RING_SIZE, bytes, size);
    slot->head += size;
}

static void put_trap(struct endorun_slot *slot, uint64_t address)
{
    const struct endorun_event_trap trap = {{ENDORUN_EVENT_TRAP, sizeof trap, slot->image},
                                            address};

    slot->calls++;
    slot->trapped++;
    put_bytes(slot, &trap, sizeof trap);
}

/* A record with a string behind its fixed part; returns its size. */
static size_t make_record(uint8_t *record, const void *fixed, size_t fixed_size, const char *string)
{
    const size_t string_size = strlen(string) + 1;
    const size_t size = (fixed_size + string_size + 7) / 8 * 8;
    struct endorun_event event;

    memset(record, 0xee, size);
    memcpy(record, fixed, fixed_size);
    memcpy(record + fixed_size, string, string_size);
    memcpy(&event, record, sizeof event);
    event.size = (uint16_t)size;
    memcpy(record, &event, sizeof event);
    return size;
}

static struct endorun_event_module a_module(uint32_t image, uint64_t start, uint64_t offset,
                                            const char *path)
{
    return (struct endorun_event_module){
        .event = {ENDORUN_EVENT_MODULE, 0, image},
        .start = start,
        .end = start + 0x10000,
        .offset = offset,
        .sites = {1, 20, 300, 0},
        .planned = 1,
        .path_size = (uint32_t)strlen(path) + 1,
    };
}

static void put_module(struct endorun_slot *slot, uint64_t start, uint64_t offset, const char *path)
{
    const struct endorun_event_module module = a_module(slot->image, start, offset, path);
    uint8_t record[8192];

    put_bytes(slot, record, make_record(record, &module, sizeof module, path));
}

static void put_image(struct endorun_slot *slot)
{
    const char *path = "/bin/program";
    const struct endorun_event_image image = {
        .event = {ENDORUN_EVENT_IMAGE, 0, slot->image},
        .pid = slot->pid,
        .path_size = (uint32_t)strlen(path) + 1,
    };
    uint8_t record[64];

    put_bytes(slot, record, make_record(record, &image, sizeof image, path));
}

/* ---- what came of it ---- */

static const struct mapped_file *file_named(const char *path)
{
    for (size_t i = 0; i < FILE_BUCKETS; i++)
        for (const struct mapped_file *file = statistics.files[i]; file != NULL; file = file->next)
            if (strcmp(file->path, path) == 0)
                return file;
    ck_abort_msg("no file %s", path);
}

static uint64_t count_at(const struct tally *tally, uint64_t key)
{
    for (size_t i = 0; i < tally->size; i++)
        if (tally->entries[i].count != 0 && tally->entries[i].key == key)
            return tally->entries[i].count;
    return 0;
}

/* Whether the file has memory for any part of the slot. */
static bool slot_has_memory(size_t index)
{
    const off_t start = (off_t)(sizeof(struct endorun_channel) + index * ENDORUN_SLOT_SIZE);
    const off_t data = lseek(reader.fd, start, SEEK_DATA);

    return data >= 0 && data < start + (off_t)ENDORUN_SLOT_SIZE;
}

/* ---- what monitors write ---- */

START_TEST(test_records_become_statistics)
{
    struct endorun_slot *slot = take_slot(7, 1, getpid());

    put_image(slot);
    put_module(slot, 0x700000, 0x2000, "/lib/a.so");
    put_trap(slot, 0x700123);
    put_trap(slot, 0x700123);
    put_trap(slot, 0x70ffff);
    put_trap(slot, 0x710000);
    slot->calls += 100;
    slot->dropped = 5;
    reader.channel->unheard = 2;
    channel_drain(&reader, true);
    statistics_settle(&statistics);

    ck_assert_uint_eq(statistics.image_count, 1);
    ck_assert_uint_eq(statistics.calls, 104);
    ck_assert_uint_eq(statistics.trapped, 4);
    ck_assert_uint_eq(statistics.dropped, 5);
    ck_assert_uint_eq(statistics.unheard, 2);
    ck_assert_uint_eq(statistics.damaged_rings, 0);
    const struct mapped_file *file = file_named("/lib/a.so");
    ck_assert_uint_eq(file->traps, 3);
    ck_assert_uint_eq(count_at(&file->offsets, 0x2123), 2);
    ck_assert_uint_eq(count_at(&file->offsets, 0x11fff), 1);
    ck_assert_uint_eq(count_at(&statistics.nowhere, 0x710000), 1);
    ck_assert_uint_eq(file->mappings, 1);
    ck_assert_uint_eq(file->planned, 1);
    ck_assert_uint_eq(file->segments[0].sites[ENDORUN_TACTIC_PRECEDING], 300);
}
END_TEST

START_TEST(test_nothing_is_counted_twice)
{
    struct endorun_slot *slot = take_slot(0, 1, getpid());

    put_module(slot, 0x700000, 0, "/lib/a.so");
    for (unsigned i = 0; i < 3; i++) {
        put_trap(slot, 0x700010);
        channel_drain(&reader, true);
        channel_drain(&reader, true);
        ck_assert_uint_eq(statistics.calls, i + 1);
        ck_assert_uint_eq(statistics.trapped, i + 1);
    }
    statistics_settle(&statistics);
    ck_assert_uint_eq(file_named("/lib/a.so")->traps, 3);
    ck_assert_uint_eq(slot->tail, slot->head);
}
END_TEST

/* Records of sizes that leave a different rest at the ring's end each time round. */
START_TEST(test_rings_wrap)
{
    const unsigned rounds = 20000;
    struct endorun_slot *slot = take_slot(0, 1, getpid());

    put_module(slot, 0x700000, 0, "/lib/a.so");
    for (unsigned i = 0; i < rounds; i++) {
        if (i % 7 == 0)
            put_module(slot, 0x900000, 0, i % 2 == 0 ? "/lib/long-enough.so" : "/b");
        put_trap(slot, 0x700010);
        if (i % 100 == 0)
            channel_drain(&reader, false);
    }
    channel_drain(&reader, false);
    statistics_settle(&statistics);
    ck_assert_uint_gt(slot->head, 5 * RING_SIZE);
    ck_assert_uint_eq(statistics.damaged_rings, 0);
    ck_assert_uint_eq(file_named("/lib/a.so")->traps, rounds);
}
END_TEST

START_TEST(test_full_ring_is_reported_as_full)
{
    struct endorun_slot *slot = take_slot(0, 1, getpid());

    ck_assert_uint_eq(channel_drain(&reader, false), 0);
    while (slot->head < RING_SIZE)
        put_trap(slot, 0x700010);
    ck_assert_uint_eq(channel_drain(&reader, false), 100);
    ck_assert_uint_eq(channel_drain(&reader, false), 0);
    ck_assert_uint_eq(statistics.damaged_rings, 0);
}
END_TEST

START_TEST(test_closed_slots_are_freed)
{
    const size_t indices[] = {0, 1, 2, 3000, ENDORUN_CHANNEL_SLOTS - 1};
    const size_t count = sizeof indices / sizeof indices[0];

    for (size_t i = 0; i < count; i++) {
        struct endorun_slot *slot = take_slot(indices[i], (uint32_t)i + 1, getpid());

        while (slot->head < RING_SIZE) /* every page of it */
            put_trap(slot, 0x700010);
        slot->state = ENDORUN_SLOT_CLOSED;
    }
    channel_drain(&reader, false);
    ck_assert_uint_eq(statistics.trapped, count * (RING_SIZE / 16));
    for (size_t i = 0; i < count; i++)
        ck_assert(!slot_has_memory(indices[i]));

    /* The next occupant starts from zero, as another image. */
    struct endorun_slot *slot = take_slot(3000, 9, getpid());
    put_module(slot, 0x700000, 0, "/lib/next.so");
    put_trap(slot, 0x700020);
    channel_drain(&reader, false);
    statistics_settle(&statistics);
    ck_assert_uint_eq(statistics.trapped, count * (RING_SIZE / 16) + 1);
    ck_assert_uint_eq(file_named("/lib/next.so")->traps, 1);
    ck_assert_uint_eq(statistics.damaged_rings, 0);
}
END_TEST

/* A process that has ended and was waited for: nobody has its number now. */
static int32_t ended_process(void)
{
    const pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return pid;
}

START_TEST(test_slots_of_ended_processes_are_freed)
{
    put_trap(take_slot(4, 1, ended_process()), 0x700010);
    put_trap(take_slot(5, 1, getpid()), 0x700010);
    put_trap(take_slot(6, 1, 0), 0x700010); /* not filled in yet */
    put_trap(take_slot(7, 1, -1), 0x700010);

    channel_drain(&reader, false);
    ck_assert(slot_has_memory(4));
    channel_drain(&reader, true);
    ck_assert(!slot_has_memory(4));
    for (size_t i = 5; i < 8; i++)
        ck_assert(slot_has_memory(i));
    ck_assert_uint_eq(statistics.trapped, 4);
}
END_TEST

START_TEST(test_exec_frees_the_slots_of_the_image_before)
{
    const int32_t other = getppid();

    put_image(take_slot(1, 1, getpid()));
    put_trap(take_slot(2, 1, getpid()), 0x700010); /* another thread, gone with the exec */
    put_trap(take_slot(3, 1, other), 0x700010);    /* a child of a fork */
    channel_drain(&reader, false);
    put_image(take_slot(4, 2, getpid()));
    channel_drain(&reader, false);
    channel_drain(&reader, false);
    ck_assert(!slot_has_memory(1));
    ck_assert(!slot_has_memory(2));
    ck_assert(slot_has_memory(3));
    ck_assert(slot_has_memory(4));
    ck_assert_uint_eq(statistics.image_count, 2);
}
END_TEST

/* The later image took a slot that had become free, and so is looked at first. */
START_TEST(test_exec_frees_a_slot_that_is_looked_at_late)
{
    put_image(take_slot(4, 1, getpid()));
    put_image(take_slot(1, 2, getpid()));
    channel_drain(&reader, false);
    channel_drain(&reader, false);
    ck_assert(slot_has_memory(1));
    ck_assert(!slot_has_memory(4));
    ck_assert_uint_eq(reader.occupant_count, 1);
    ck_assert_int_eq(reader.occupants[0], getpid());
}
END_TEST

static bool has_executed[ENDORUN_CHANNEL_SLOTS];

static void ignore_event(void *context, const struct event_source *source,
                         const struct decoded_event *event)
{
    (void)context;
    (void)source;
    (void)event;
}

static void note_end(void *context, size_t slot, bool executed)
{
    (void)context;
    has_executed[slot] = executed;
}

/* All between two looks: the process executed another image, which ended, in a slot before or
 * behind. */
START_TEST(test_an_exec_is_seen_where_the_process_has_ended)
{
    static const struct event_sink ends = {NULL, ignore_event, note_end};
    const int32_t pid = ended_process();
    const size_t first = _i == 0 ? 1 : 4, second = _i == 0 ? 4 : 1;

    reader.sink = &ends;
    put_image(take_slot(first, 1, pid));
    put_image(take_slot(second, 2, pid));
    slot_of(second)->state = ENDORUN_SLOT_CLOSED;
    channel_drain(&reader, true);
    ck_assert(has_executed[first]);
    ck_assert(!has_executed[second]);
    ck_assert(!slot_has_memory(first));
    ck_assert(!slot_has_memory(second));
    ck_assert_uint_eq(reader.occupant_count, 0);
}
END_TEST

START_TEST(test_a_mapping_replaces_what_it_covers)
{
    struct endorun_slot *slot = take_slot(0, 1, getpid());

    put_module(slot, 0x700000, 0, "/lib/first.so");
    put_trap(slot, 0x700010);
    put_module(slot, 0x708000, 0x1000, "/lib/second.so"); /* the upper half of the first */
    put_trap(slot, 0x700010);
    put_trap(slot, 0x708010);
    put_module(slot, 0x700000, 0, "/lib/third.so");
    put_trap(slot, 0x700010);
    put_trap(slot, 0x710010);
    channel_drain(&reader, false);
    statistics_settle(&statistics);
    ck_assert_uint_eq(count_at(&file_named("/lib/first.so")->offsets, 0x10), 2);
    ck_assert_uint_eq(count_at(&file_named("/lib/second.so")->offsets, 0x1010), 1);
    ck_assert_uint_eq(count_at(&file_named("/lib/second.so")->offsets, 0x9010), 1);
    ck_assert_uint_eq(count_at(&file_named("/lib/third.so")->offsets, 0x10), 1);
}
END_TEST

START_TEST(test_files_are_merged_over_images)
{
    for (uint32_t image = 1; image <= 1000; image++) {
        struct endorun_slot *slot = take_slot(image % 3, image, getpid());

        put_module(slot, 0x700000 + image * 0x1000ULL, 0x1000, "/lib/a.so");
        put_module(slot, 0x900000 + image * 0x1000ULL, 0x20000, "/lib/a.so");
        put_trap(slot, 0x700010 + image * 0x1000ULL);
        slot->state = ENDORUN_SLOT_CLOSED;
        channel_drain(&reader, false);
    }
    statistics_settle(&statistics);
    const struct mapped_file *file = file_named("/lib/a.so");
    ck_assert_uint_eq(file->mappings, 2000);
    ck_assert_uint_eq(file->segment_count, 2);
    ck_assert_uint_eq(count_at(&file->offsets, 0x1010), 1000);
    ck_assert_uint_eq(file->offsets.used, 1);
}
END_TEST

START_TEST(test_the_channel_keeps_its_size)
{
    ck_assert_int_eq(ftruncate(reader.fd, 0), -1);
    ck_assert_int_eq(ftruncate(reader.fd, (off_t)CHANNEL_SIZE * 2), -1);
    ck_assert_int_eq(fcntl(reader.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
}
END_TEST

/* ---- what only an attacker writes ---- */

/* Puts something wrong into a ring of image 1 that is otherwise in order. */
struct forgery {
    const char *name;
    void (*forge)(struct endorun_slot *slot);
};

static void put_header(struct endorun_slot *slot, uint16_t type, uint16_t size, uint32_t image)
{
    const struct endorun_event event = {type, size, image};

    put_bytes(slot, &event, sizeof event);
}

static void put_edited_module(struct endorun_slot *slot,
                              void (*edit)(struct endorun_event_module *module))
{
    struct endorun_event_module module = a_module(1, 0x500000, 0, "/forged");
    uint8_t record[256];
    const size_t size = make_record(record, &module, sizeof module, "/forged");

    memcpy(&module, record, sizeof module);
    edit(&module);
    memcpy(record, &module, sizeof module);
    put_bytes(slot, record, size);
}

#define FORGED_MODULE(name, change)                                                                \
    static void edit_##name(struct endorun_event_module *module)                                   \
    {                                                                                              \
        change;                                                                                    \
    }                                                                                              \
    static void forge_##name(struct endorun_slot *slot)                                            \
    {                                                                                              \
        put_edited_module(slot, edit_##name);                                                      \
    }
FORGED_MODULE(path_beyond, module->path_size = 1000)
FORGED_MODULE(path_huge, module->path_size = UINT32_MAX)
FORGED_MODULE(path_cut, module->path_size -= 1)
FORGED_MODULE(path_short, module->path_size = 0)
FORGED_MODULE(empty_range, module->end = module->start)
FORGED_MODULE(backward_range, module->end = module->start - 1)
FORGED_MODULE(offset_overflow, module->offset = UINT64_MAX - 5)
FORGED_MODULE(planned_two, module->planned = 2)
FORGED_MODULE(many_sites, module->sites[1] = UINT32_MAX)
FORGED_MODULE(size_zero, module->event.size = 0)
FORGED_MODULE(size_small, module->event.size = 4)
FORGED_MODULE(size_odd, module->event.size += 1)
FORGED_MODULE(size_beyond, module->event.size += 8)
FORGED_MODULE(size_huge, module->event.size = UINT16_MAX - 7)
FORGED_MODULE(module_cut, module->event.size = 16)
FORGED_MODULE(other_image, module->event.image = 2)
FORGED_MODULE(other_type, module->event.type = 4)
FORGED_MODULE(type_huge, module->event.type = UINT16_MAX)

static void forge_nul_in_path(struct endorun_slot *slot)
{
    put_module(slot, 0x500000, 0, "/forged/path");
    slot->ring[slot->head % RING_SIZE - 8] = '\0';
}

static void forge_path_open(struct endorun_slot *slot)
{
    put_module(slot, 0x500000, 0, "/forged"); /* 8 bytes: the last is the NUL */
    slot->ring[slot->head % RING_SIZE - 1] = 'x';
}

static void forge_trap_size(struct endorun_slot *slot)
{
    put_header(slot, ENDORUN_EVENT_TRAP, 8, 1);
}

static void forge_pad_image(struct endorun_slot *slot)
{
    put_header(slot, ENDORUN_EVENT_PAD, 8, 1);
}

static void forge_second_start(struct endorun_slot *slot)
{
    put_image(slot);
}

static void forge_odd_head(struct endorun_slot *slot)
{
    slot->head += 4;
}

static void forge_head_beyond(struct endorun_slot *slot)
{
    slot->head = RING_SIZE + 8;
}

static void forge_head_back(struct endorun_slot *slot)
{
    slot->head = 8;
    channel_drain(&reader, false);
    slot->head = 0;
}

static void forge_head_huge(struct endorun_slot *slot)
{
    slot->head = UINT64_MAX - 7;
}

/* A record that would go on at the ring's start. */
static void forge_around_the_end(struct endorun_slot *slot)
{
    const struct endorun_event_trap trap = {{ENDORUN_EVENT_TRAP, sizeof trap, 1}, 0x700010};

    put_header(slot, ENDORUN_EVENT_PAD, (uint16_t)(RING_SIZE - 8 - slot->head), 0);
    slot->head = RING_SIZE - 8;
    channel_drain(&reader, false);
    ck_assert_uint_eq(statistics.damaged_rings, 0);
    memcpy(slot->ring + RING_SIZE - 8, &trap, 8);
    memcpy(slot->ring, (const char *)&trap + 8, 8);
    slot->head += 16;
}

#define FORGERY(name)                                                                              \
    {                                                                                              \
#name, forge_##name                                                                        \
    }
static const struct forgery forgeries[] = {
    FORGERY(path_beyond),     FORGERY(path_huge),    FORGERY(path_cut),
    FORGERY(path_short),      FORGERY(empty_range),  FORGERY(backward_range),
    FORGERY(offset_overflow), FORGERY(planned_two),  FORGERY(many_sites),
    FORGERY(size_zero),       FORGERY(size_small),   FORGERY(size_odd),
    FORGERY(size_beyond),     FORGERY(size_huge),    FORGERY(module_cut),
    FORGERY(other_image),     FORGERY(other_type),   FORGERY(type_huge),
    FORGERY(nul_in_path),     FORGERY(path_open),    FORGERY(trap_size),
    FORGERY(pad_image),       FORGERY(second_start), FORGERY(odd_head),
    FORGERY(head_beyond),     FORGERY(head_back),    FORGERY(head_huge),
    FORGERY(around_the_end),
};
#define FORGERY_COUNT (int)(sizeof forgeries / sizeof forgeries[0])

START_TEST(test_forged_rings_are_skipped)
{
    struct endorun_slot *forged = take_slot(10, 1, getpid());
    struct endorun_slot *sound = take_slot(11, 2, getppid());

    put_image(forged);
    forgeries[_i].forge(forged);
    put_trap(sound, 0x700010);
    channel_drain(&reader, true);
    ck_assert_msg(statistics.damaged_rings == 1, "%s: %lu rings", forgeries[_i].name,
                  (unsigned long)statistics.damaged_rings);

    /* Once is enough; the other slots are read on, and this one again with its next occupant. */
    put_trap(forged, 0x700010);
    put_trap(sound, 0x700010);
    channel_drain(&reader, true);
    ck_assert_uint_eq(statistics.damaged_rings, 1);
    forged->state = ENDORUN_SLOT_CLOSED;
    channel_drain(&reader, true);
    ck_assert(!slot_has_memory(10));
    put_trap(take_slot(10, 3, getpid()), 0x700010);
    channel_drain(&reader, true);
    statistics_settle(&statistics);
    ck_assert_uint_eq(statistics.damaged_rings, 1);
    ck_assert_uint_eq(count_at(&statistics.nowhere, 0x700010), 3);
}
END_TEST

START_TEST(test_forged_headers)
{
    struct endorun_slot *slot = take_slot(10, UINT32_MAX, INT32_MIN);

    slot->calls = UINT64_MAX;
    slot->trapped = 5;
    channel_drain(&reader, true);
    slot->calls = 3; /* back */
    slot->trapped = 4;
    channel_drain(&reader, true);
    ck_assert_uint_eq(statistics.calls, UINT64_MAX);
    ck_assert_uint_eq(statistics.trapped, 5);
    slot->state = 77;
    channel_drain(&reader, true);
    slot->state = ENDORUN_SLOT_FREE;
    channel_drain(&reader, true);
    slot->state = ENDORUN_SLOT_CLOSED;
    channel_drain(&reader, true);
    ck_assert(!slot_has_memory(10));

    /* The channel's own header is not read back, but for one counter. */
    memset(reader.channel, 0xff, sizeof *reader.channel);
    channel_drain(&reader, true);
    ck_assert_uint_eq(statistics.unheard, UINT64_MAX);
}
END_TEST

START_TEST(test_floods_are_bounded)
{
    struct endorun_slot *slot = take_slot(0, 1, getpid());
    const uint64_t count = 20000;
    char path[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/flood/%u", i);
        put_module(slot, 0x100000000ULL + i * 0x100000ULL, 0, path);
        put_trap(slot, i * 8UL);
        if (i % 200 == 0)
            channel_drain(&reader, false);
    }
    channel_drain(&reader, false);
    ck_assert_uint_eq(statistics.damaged_rings, 0);
    ck_assert_uint_eq(statistics.trapped, count);
    ck_assert_uint_le(statistics.file_count, 16384);
    ck_assert_uint_le(statistics.module_count, 1024);
    ck_assert_uint_le(statistics.address_count, 4096);
    const uint64_t kept = statistics.module_count + statistics.address_count;
    ck_assert_uint_ge(statistics.ignored + kept, 2 * count);
}
END_TEST

/* Whatever stands in the slots: every call returns. */
START_TEST(test_random_slots)
{
    srandom((unsigned)_i);
    for (unsigned round = 0; round < 200; round++) {
        for (size_t index = 0; index < 4; index++) {
            struct endorun_slot *slot = slot_of(index);
            uint64_t *words = (uint64_t *)slot->ring;

            for (size_t i = 0; i < RING_SIZE / 8; i++) {
                /* Often near to a record, so that some are taken. */
                const struct endorun_event event = {(uint16_t)(random() % 5),
                                                    (uint16_t)(random() % 12 * 8),
                                                    (uint32_t)(random() % 2)};
                memcpy(&words[i], &event, sizeof event);
            }
            slot->state = (uint32_t)random() % 4;
            slot->image = (uint32_t)random() % 2;
            slot->pid = (int32_t)(random() % 3) - 1;
            slot->head = slot->tail + (uint64_t)random() % (RING_SIZE * 5 / 4) / 8 * 8;
            slot->calls = (uint64_t)random();
        }
        channel_drain(&reader, true);
    }
    statistics_settle(&statistics);
    ck_assert_uint_gt(statistics.damaged_rings, 0);
}
END_TEST

/* ---- traced calls ---- */

static struct {
    unsigned calls, returns, ended;
    struct endorun_piece piece;
    uint8_t byte;
    struct event_source source;
} told;

static void take_told(void *context, const struct event_source *source,
                      const struct decoded_event *event)
{
    const uint8_t *pieces = event->pieces, *bytes;
    size_t size = event->pieces_size;

    ck_assert_ptr_eq(context, &told);
    told.source = *source;
    told.calls += event->type == ENDORUN_EVENT_CALL;
    told.returns += event->type == ENDORUN_EVENT_RETURN;
    if (event->type == ENDORUN_EVENT_CALL && decode_piece(&pieces, &size, &told.piece, &bytes))
        told.byte = *bytes;
}

static void take_end(void *context, size_t slot, bool executed)
{
    ck_assert_ptr_eq(context, &told);
    ck_assert_uint_eq(slot, told.source.slot);
    ck_assert(!executed);
    told.ended++;
}

static const struct event_sink sink = {&told, take_told, take_end};

/* A call with one piece of `piece_size` bytes, of which 8 are there, said to be `pieces`. */
static void put_call(struct endorun_slot *slot, uint32_t pieces, uint32_t piece_size)
{
    struct {
        struct endorun_event_call call;
        struct endorun_piece piece;
        uint8_t bytes[8];
    } record = {
        .call = {.event = {ENDORUN_EVENT_CALL, sizeof record, slot->image}, .pieces = pieces},
        .piece = {.address = 0x1000, .size = piece_size},
        .bytes = {7},
    };

    put_bytes(slot, &record, sizeof record);
}

START_TEST(test_calls_are_told)
{
    struct endorun_slot *slot = take_slot(3, 1, getpid());
    const struct endorun_event_return end = {
        .event = {ENDORUN_EVENT_RETURN, sizeof end, slot->image}, .result = 5};

    memset(&told, 0, sizeof told);
    reader.sink = &sink;
    put_image(slot);
    put_module(slot, 0x700000, 0, "/lib/first.so");
    put_call(slot, 1, 8);
    put_bytes(slot, &end, sizeof end);
    channel_drain(&reader, false);
    ck_assert_uint_eq(told.calls, 1);
    ck_assert_uint_eq(told.returns, 1);
    ck_assert_uint_eq(told.piece.address, 0x1000);
    ck_assert_uint_eq(told.byte, 7);
    ck_assert_uint_eq(told.source.slot, 3);
    ck_assert_int_eq(told.source.pid, getpid());
    ck_assert_str_eq(image_program(told.source.image), "/bin/program");
    ck_assert_str_eq(image_file_at(told.source.image, 0x700010), "/lib/first.so");
    ck_assert_str_eq(image_file_at(told.source.image, 0x10), "");
    slot->state = ENDORUN_SLOT_CLOSED;
    channel_drain(&reader, false);
    ck_assert_uint_eq(told.ended, 1);
    ck_assert_uint_eq(statistics.damaged_rings, 0);
}
END_TEST

/* Pieces that are not what the record has: too many, too few, too large. */
static const struct {
    uint32_t pieces, piece_size;
} forged_calls[] = {{0, 8}, {2, 8}, {UINT32_MAX, 8}, {1, 9}, {1, 0}, {1, UINT32_MAX}, {1, 24}};

START_TEST(test_forged_calls_are_skipped)
{
    struct endorun_slot *slot = take_slot(0, 1, getpid());

    memset(&told, 0, sizeof told);
    reader.sink = &sink;
    put_call(slot, forged_calls[_i].pieces, forged_calls[_i].piece_size);
    channel_drain(&reader, false);
    ck_assert_uint_eq(told.calls, 0);
    ck_assert_uint_eq(statistics.damaged_rings, 1);
}
END_TEST

START_TEST(test_nobody_expects_calls)
{
    put_call(take_slot(0, 1, getpid()), 1, 8);
    channel_drain(&reader, false);
    ck_assert_uint_eq(statistics.damaged_rings, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("channel_reader");
    TCase *written = tcase_create("written by a monitor");
    TCase *forged = tcase_create("forged");

    tcase_add_checked_fixture(written, set_up, tear_down);
    tcase_add_test(written, test_records_become_statistics);
    tcase_add_test(written, test_nothing_is_counted_twice);
    tcase_add_test(written, test_rings_wrap);
    tcase_add_test(written, test_full_ring_is_reported_as_full);
    tcase_add_test(written, test_closed_slots_are_freed);
    tcase_add_test(written, test_slots_of_ended_processes_are_freed);
    tcase_add_test(written, test_exec_frees_the_slots_of_the_image_before);
    tcase_add_test(written, test_exec_frees_a_slot_that_is_looked_at_late);
    tcase_add_loop_test(written, test_an_exec_is_seen_where_the_process_has_ended, 0, 2);
    tcase_add_test(written, test_a_mapping_replaces_what_it_covers);
    tcase_add_test(written, test_files_are_merged_over_images);
    tcase_add_test(written, test_the_channel_keeps_its_size);
    suite_add_tcase(suite, written);
    tcase_add_checked_fixture(forged, set_up, tear_down);
    tcase_add_loop_test(forged, test_forged_rings_are_skipped, 0, FORGERY_COUNT);
    tcase_add_test(forged, test_forged_headers);
    tcase_add_test(forged, test_floods_are_bounded);
    tcase_add_loop_test(forged, test_random_slots, 0, 8);
    tcase_add_test(written, test_calls_are_told);
    tcase_add_loop_test(forged, test_forged_calls_are_skipped, 0,
                        sizeof forged_calls / sizeof forged_calls[0]);
    tcase_add_test(forged, test_nobody_expects_calls);
    suite_add_tcase(suite, forged);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
