#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_reader.h"
#include "event_decoder.h"
#include "memfd.h"

#define SLOT_PAGE 4096

int channel_create(struct channel_reader *reader, int fd)
{
    int error = memfd_share(fd, CHANNEL_SIZE);

    if (error != 0)
        return error;
    void *memory = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    reader->fd = fd;
    reader->channel = memory;
    *reader->channel = (struct endorun_channel){
        .magic = ENDORUN_CHANNEL_MAGIC,
        .version = ENDORUN_CHANNEL_VERSION,
        .slot_count = ENDORUN_CHANNEL_SLOTS,
        .slot_size = ENDORUN_SLOT_SIZE,
        .next_image = 1,
    };
    return 0;
}

static off_t slot_offset(size_t index)
{
    return (off_t)(sizeof(struct endorun_channel) + index * ENDORUN_SLOT_SIZE);
}

static struct endorun_slot *slot_at(const struct channel_reader *reader, size_t index)
{
    return (struct endorun_slot *)((char *)reader->channel + slot_offset(index));
}

/* ---- records ---- */

/*
 * The slots that the process had before it executed this image are nobody's now; nor is this one,
 * where a look that comes to it late has seen a later image of the process.
 */
static void supersede_older(struct channel_reader *reader, struct slot_progress *started)
{
    for (size_t i = 0; i < ENDORUN_CHANNEL_SLOTS; i++) {
        struct slot_progress *other = &reader->slots[i];

        if (other->image == NULL || other->pid != started->pid)
            continue;
        if (image_number(other->image) < image_number(started->image))
            other->superseded = true;
        else if (image_number(other->image) > image_number(started->image))
            started->superseded = true;
    }
}

/* False: no monitor sends this. */
static bool take_event(struct channel_reader *reader, struct slot_progress *progress,
                       const struct decoded_event *event)
{
    if (event->type == ENDORUN_EVENT_PAD)
        return true;
    if (event->image != image_number(progress->image))
        return false;
    if (reader->sink != NULL) {
        const struct event_source source = {(size_t)(progress - reader->slots), progress->pid,
                                            progress->tid, progress->image};

        reader->sink->take(reader->sink->context, &source, event);
    }
    switch (event->type) {
    case ENDORUN_EVENT_CALL:
    case ENDORUN_EVENT_RETURN:
    case ENDORUN_EVENT_SIGNAL:
        return reader->sink != NULL;
    case ENDORUN_EVENT_MODULE:
        statistics_module(reader->statistics, progress->image, &event->module, event->path);
        return true;
    case ENDORUN_EVENT_TRAP:
        statistics_trap(reader->statistics, progress->image, event->trap.address);
        return true;
    case ENDORUN_EVENT_IMAGE:
        if (progress->started)
            return false;
        progress->started = true;
        statistics_start(reader->statistics, progress->image, event->path);
        supersede_older(reader, progress);
        return true;
    case ENDORUN_EVENT_PAD:
        break;
    }
    return false;
}

static bool take_records(struct channel_reader *reader, struct slot_progress *progress,
                         const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        struct decoded_event event;

        if (!decode_event(&event, bytes, size) || !take_event(reader, progress, &event))
            return false;
        bytes += event.size;
        size -= event.size;
    }
    return true;
}

/* Returns how full the ring was, in percent. */
static unsigned drain_ring(struct channel_reader *reader, struct slot_progress *progress,
                           struct endorun_slot *slot)
{
    const uint64_t head = __atomic_load_n(&slot->head, __ATOMIC_ACQUIRE);
    const uint64_t unread = head - progress->tail;
    const size_t at = progress->tail % RING_SIZE;

    if (unread == 0 || progress->damaged)
        return 0;
    if (unread > RING_SIZE) {
        progress->damaged = true;
        reader->statistics->damaged_rings++;
        return 0;
    }
    /* No record lies on both sides of the ring's end, so each side is whole by itself. */
    const size_t upper = unread < RING_SIZE - at ? unread : RING_SIZE - at;
    memcpy(reader->copy, slot->ring + at, upper);
    memcpy(reader->copy + upper, slot->ring, unread - upper);
    progress->tail = head;
    __atomic_store_n(&slot->tail, head, __ATOMIC_RELEASE);
    if (unread > RING_SIZE / 2)
        syscall(SYS_futex, &slot->tail, FUTEX_WAKE, 1, NULL, NULL, 0); /* its writer may wait */
    if (!take_records(reader, progress, reader->copy, upper) ||
        !take_records(reader, progress, reader->copy + upper, unread - upper)) {
        progress->damaged = true;
        reader->statistics->damaged_rings++;
    }
    return (unsigned)(unread * 100 / RING_SIZE);
}

/* ---- slots ---- */

/* What a counter has gained since it was read last; one that went back has gained nothing. */
static uint64_t gained(uint64_t *seen, const uint64_t *counter)
{
    const uint64_t now = __atomic_load_n(counter, __ATOMIC_RELAXED);
    const uint64_t before = *seen;

    *seen = now;
    return now > before ? now - before : 0;
}

static void count_calls(struct channel_reader *reader, struct slot_progress *progress,
                        const struct endorun_slot *slot)
{
    /* Trapped first: a call is counted in it before it is counted in calls. */
    const uint64_t trapped = gained(&progress->trapped, &slot->trapped);
    const uint64_t calls = gained(&progress->calls, &slot->calls);

    statistics_count_calls(reader->statistics, calls, trapped,
                           gained(&progress->dropped, &slot->dropped));
}

/* The writer names itself before it counts or sends anything. */
static bool identify(struct channel_reader *reader, struct slot_progress *progress,
                     const struct endorun_slot *slot)
{
    if (progress->image == NULL && (__atomic_load_n(&slot->head, __ATOMIC_ACQUIRE) != 0 ||
                                    __atomic_load_n(&slot->calls, __ATOMIC_ACQUIRE) != 0)) {
        progress->pid = __atomic_load_n(&slot->pid, __ATOMIC_RELAXED);
        progress->tid = __atomic_load_n(&slot->tid, __ATOMIC_RELAXED);
        progress->image = statistics_use_image(reader->statistics,
                                               __atomic_load_n(&slot->image, __ATOMIC_RELAXED));
    }
    return progress->image != NULL;
}

static void forget(struct channel_reader *reader, struct slot_progress *progress)
{
    if (progress->image != NULL)
        statistics_release_image(reader->statistics, progress->image);
    *progress = (struct slot_progress){0};
}

/*
 * All zero is free. Punching a hole is how a slot becomes so, since its memory then goes too. The
 * state goes last: with it the next thread may come.
 */
static void free_slot(struct channel_reader *reader, size_t index)
{
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

    if (fallocate(reader->fd, mode, slot_offset(index) + SLOT_PAGE,
                  ENDORUN_SLOT_SIZE - SLOT_PAGE) == 0 &&
        fallocate(reader->fd, mode, slot_offset(index), SLOT_PAGE) == 0)
        forget(reader, &reader->slots[index]);
}

static bool process_has_ended(int32_t pid)
{
    return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

/* A slot's part of a look; returns how full its ring was, in percent. */
typedef unsigned slot_visit(struct channel_reader *reader, size_t index);

static unsigned find_ended(struct channel_reader *reader, size_t index)
{
    const struct endorun_slot *slot = slot_at(reader, index);

    if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != ENDORUN_SLOT_FREE &&
        process_has_ended(__atomic_load_n(&slot->pid, __ATOMIC_RELAXED)))
        reader->slots[index].done = true;
    return 0;
}

static unsigned read_slot(struct channel_reader *reader, size_t index)
{
    struct endorun_slot *slot = slot_at(reader, index);
    struct slot_progress *progress = &reader->slots[index];
    const uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);

    if (state == ENDORUN_SLOT_FREE) {
        forget(reader, progress);
        return 0;
    }
    if (state == ENDORUN_SLOT_CLOSED || progress->superseded)
        progress->done = true;
    if (progress->done)
        reader->done[reader->done_count++] = index;
    else
        reader->occupants[reader->occupant_count++] = __atomic_load_n(&slot->pid, __ATOMIC_RELAXED);
    if (!identify(reader, progress, slot))
        return 0;
    count_calls(reader, progress, slot);
    return drain_ring(reader, progress, slot);
}

static void release_slot(struct channel_reader *reader, size_t index)
{
    if (reader->sink != NULL)
        reader->sink->thread_ended(reader->sink->context, index, reader->slots[index].superseded);
    free_slot(reader, index);
}

/* Returns how full the fullest ring was. */
static unsigned visit_slots(struct channel_reader *reader, slot_visit *visit)
{
    unsigned fullest = 0;
    size_t index = 0;

    /* A slot that no thread has used is a hole in the file, and looking at it would fill it. */
    while (index < ENDORUN_CHANNEL_SLOTS) {
        const off_t data = lseek(reader->fd, slot_offset(index), SEEK_DATA);
        const off_t hole = data < 0 ? -1 : lseek(reader->fd, data, SEEK_HOLE);

        if (hole < 0)
            break;
        index = (size_t)(data - slot_offset(0)) / ENDORUN_SLOT_SIZE;
        do {
            const unsigned fullness = visit(reader, index);

            fullest = fullness > fullest ? fullness : fullest;
            index++;
        } while (index < ENDORUN_CHANNEL_SLOTS && slot_offset(index) < hole);
    }
    return fullest;
}

/*
 * Who has ended is found out first, so that nothing is written after the reading; and slots are
 * released last: a slot that is read late may tell that the process of one before it has executed
 * another image.
 */
unsigned channel_drain(struct channel_reader *reader, bool look_for_ended)
{
    reader->occupant_count = 0;
    reader->done_count = 0;
    reader->statistics->unheard = __atomic_load_n(&reader->channel->unheard, __ATOMIC_RELAXED);
    if (look_for_ended)
        visit_slots(reader, find_ended);
    const unsigned fullest = visit_slots(reader, read_slot);
    for (size_t i = 0; i < reader->done_count; i++)
        release_slot(reader, reader->done[i]);
    return fullest;
}
