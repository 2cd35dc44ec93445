/*
 * The event channel: how statistics, and later denials and traces, leave the monitor. One memfd in
 * shared memory, made by the reader (the endorun command that was started), mapped by every image
 * of the sandbox. Written without a system call and without a lock; drained by the reader.
 *
 *   | struct endorun_channel | slot 0 | slot 1 | ... |
 *
 * A slot belongs to one thread at a time. Its counters are always true; its ring holds records, and
 * when the reader is too slow or gone, new records are dropped and counted.
 *
 * Who may trust what: the reader runs outside the sandbox and treats all of it as untrusted input.
 */
#ifndef ENDORUN_EVENT_H
#define ENDORUN_EVENT_H

#include <stdint.h>

#define ENDORUN_CHANNEL_MAGIC   0x6e616863646e65ULL /* "endchan" */
#define ENDORUN_CHANNEL_VERSION 1U
#define ENDORUN_CHANNEL_SLOTS   4096U
#define ENDORUN_SLOT_SIZE       65536U /* bytes, the slot's header included */

enum endorun_slot_state {
    ENDORUN_SLOT_FREE = 0,   /* taken by compare-and-exchange with USED; all else in it is zero */
    ENDORUN_SLOT_USED = 1,   /* one thread writes it */
    ENDORUN_SLOT_CLOSED = 2, /* its thread is done; the reader drains it, clears it and frees it */
};

struct endorun_channel {
    uint64_t magic;
    uint32_t version;
    uint32_t slot_count;
    uint32_t slot_size;     /* bytes */
    uint32_t next_image;    /* atomic: the number of the next image; the first is 1 */
    uint64_t unheard;       /* atomic: threads that found no free slot */
    uint8_t reserved[4064]; /* the slots begin at a page */
};

struct endorun_slot {
    uint32_t state; /* enum endorun_slot_state, atomic */
    uint32_t image; /* which image the thread runs; a fork child has its parent's */
    int32_t pid, tid;
    uint64_t calls;   /* system calls of the program that reached the monitor */
    uint64_t trapped; /* of those, the ones that Syscall User Dispatch caught */
    uint64_t dropped; /* records that found the ring full */
    uint64_t head;    /* atomic: bytes ever written; the writer's */
    uint64_t tail;    /* atomic: bytes ever read; the reader's */
    uint64_t reserved;
    uint8_t ring[ENDORUN_SLOT_SIZE - 64]; /* position: head or tail modulo its size */
};

/* Values are stored: append only. */
enum endorun_event_type {
    ENDORUN_EVENT_PAD = 0,    /* nothing: fills the ring up to its end */
    ENDORUN_EVENT_MODULE = 1, /* a file mapping became executable; struct endorun_event_module */
    ENDORUN_EVENT_TRAP = 2,   /* struct endorun_event_trap */
    ENDORUN_EVENT_IMAGE = 3,  /* an image starts; struct endorun_event_image */
};

/* Every record begins so. Records are aligned to 8 bytes and never wrap around the ring's end. */
struct endorun_event {
    uint16_t type; /* enum endorun_event_type */
    uint16_t size; /* bytes, this header included; a multiple of 8 */
    uint32_t image;
};

struct endorun_event_module {
    struct endorun_event event;
    uint64_t start, end; /* addresses of the mapping */
    uint64_t offset;     /* in the file */
    uint32_t sites[4];   /* rewritten sites by enum endorun_tactic; [0]: left to SUD */
    uint32_t planned;    /* 1: a plan was there; 0: every site is left to SUD, uncounted */
    uint32_t path_size;  /* bytes that follow, NUL included; 0: not a named file */
};

struct endorun_event_trap {
    struct endorun_event event;
    uint64_t address; /* of the `syscall` instruction */
};

struct endorun_event_image {
    struct endorun_event event;
    int32_t pid;
    uint32_t path_size; /* bytes that follow: the program's path, NUL included */
};

_Static_assert(sizeof(struct endorun_channel) == 4096, "the slots begin at a page");
_Static_assert(sizeof(struct endorun_slot) == ENDORUN_SLOT_SIZE, "slots fill whole pages");

#endif
