/*
 * The reading side of the event channel (endorun/event.h). Everything in it may be forged by the
 * program: what stands in shared memory is copied once and then checked, and a ring that holds
 * something else than records is skipped until its slot is free again.
 */
#ifndef ENDORUN_COMMAND_CHANNEL_READER_H
#define ENDORUN_COMMAND_CHANNEL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endorun/event.h"
#include "event_decoder.h"
#include "statistics.h"

#define CHANNEL_SIZE                                                                               \
    (sizeof(struct endorun_channel) + (size_t)ENDORUN_CHANNEL_SLOTS * ENDORUN_SLOT_SIZE)
#define RING_SIZE sizeof(((struct endorun_slot *)0)->ring)

/* How far one occupant's slot has been read. All zero: none has been seen. */
struct slot_progress {
    uint64_t tail; /* bytes of the ring; the one in the slot is for its writer only */
    uint64_t calls, trapped, dropped;
    struct image *image; /* NULL: the occupant has sent nothing yet */
    int32_t pid, tid;
    bool started;    /* its image's start was read: once per occupant */
    bool superseded; /* its process has executed another image */
    bool done;       /* no record follows */
    bool damaged;
};

/* Who made a record: `slot` is the channel's, which one thread has at a time. */
struct event_source {
    size_t slot;
    int32_t pid, tid;
    const struct image *image; /* stays as long as the slot is the thread's */
};

/* Who is told of records beside the statistics; NULL: nobody, and calls are not expected. */
struct event_sink {
    void *context;
    void (*take)(void *context, const struct event_source *source,
                 const struct decoded_event *event);
    /* No record follows from this slot's thread. `executed`: its process runs another program. */
    void (*thread_ended)(void *context, size_t slot, bool executed);
};

struct channel_reader {
    int fd;
    struct endorun_channel *channel;
    struct statistics *statistics;
    const struct event_sink *sink;
    struct slot_progress slots[ENDORUN_CHANNEL_SLOTS];
    /* At the last look: of each thread that has a slot, its process. Not to be relied on. */
    int32_t occupants[ENDORUN_CHANNEL_SLOTS];
    size_t occupant_count;
    size_t done[ENDORUN_CHANNEL_SLOTS]; /* the slots to release at the end of a look */
    size_t done_count;
    _Alignas(uint64_t) uint8_t copy[RING_SIZE];
};

/*
 * Makes the channel in an empty memfd, whose descriptor becomes the reader's. *reader is all zero
 * but for .statistics. 0 or -errno.
 */
int channel_create(struct channel_reader *reader, int fd);

/*
 * Reads what is there, and frees the slots whose threads are done. To find out which processes have
 * ended without a word costs a system call per slot: done when look_for_ended is set. Returns how
 * full the fullest ring was, in percent.
 */
unsigned channel_drain(struct channel_reader *reader, bool look_for_ended);

#endif
