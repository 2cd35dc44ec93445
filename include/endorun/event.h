/*
 * The event channel: how statistics and traces leave the monitor. One memfd in
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
#define ENDORUN_CHANNEL_VERSION 3U
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
    ENDORUN_EVENT_CALL = 4,   /* a traced call begins; struct endorun_event_call */
    ENDORUN_EVENT_RETURN = 5, /* it returns; struct endorun_event_return */
    ENDORUN_EVENT_SIGNAL = 6, /* a handler of the program is entered; struct endorun_event_signal */
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

/*
 * Times are the processor's time stamp counter, or 0 where the program has forbidden to read it.
 * Behind a call and its return stand copies of
 * memory, each a struct endorun_piece and its bytes, padded to a multiple of 8: before the call
 * what the kernel is to read, after it what it may have written. What had no room is left out.
 */
#define ENDORUN_ERESTARTSYS 512 /* include/linux/errno.h, of the kernel alone */

struct endorun_event_call {
    struct endorun_event event;
    uint64_t time;
    uint64_t site; /* address behind the `syscall` instruction */
    uint32_t number;
    uint32_t pieces;
    uint64_t arguments[6];
};

struct endorun_event_return {
    struct endorun_event event;
    uint64_t time;
    int64_t result; /* what the program finds in RAX; -ENDORUN_ERESTARTSYS: it will be made again */
    uint32_t number;
    uint16_t pieces;
    uint16_t flags; /* ENDORUN_RETURN_... */
};

#define ENDORUN_RETURN_INJECTED 1U /* it was changed by the options */
#define ENDORUN_RETURN_DENIED   2U /* nor was it: the policy forbids it */

struct endorun_event_signal {
    struct endorun_event event;
    uint64_t time;
    uint8_t siginfo[128];
};

enum endorun_piece_kind {
    ENDORUN_PIECE_MEMORY = 0,
    ENDORUN_PIECE_NAME = 1, /* what /proc/PID/fd says of a descriptor, without NUL */
};

struct endorun_piece {
    uint64_t address; /* of a name: the descriptor */
    uint32_t size;    /* bytes that follow */
    uint32_t kind;    /* enum endorun_piece_kind */
};

#define ENDORUN_EVENT_SIZE_MAX 16384U /* bytes of one record */

_Static_assert(sizeof(struct endorun_channel) == 4096, "the slots begin at a page");
_Static_assert(sizeof(struct endorun_slot) == ENDORUN_SLOT_SIZE, "slots fill whole pages");

#endif
