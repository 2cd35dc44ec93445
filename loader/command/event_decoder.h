/*
 * The one decoder of the event channel's records (endorun/event.h). A pure function from bytes to a
 * record: the bytes are the program's to forge, so nothing that it returns points outside them.
 */
#ifndef ENDORUN_COMMAND_EVENT_DECODER_H
#define ENDORUN_COMMAND_EVENT_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#include "endorun/event.h"

struct decoded_event {
    enum endorun_event_type type;
    size_t size;      /* bytes that the record takes, at least 8 */
    uint32_t image;   /* 0 for a PAD */
    const char *path; /* NUL-terminated, in the bytes; "": none */
    union {
        struct endorun_event_module module;
        struct endorun_event_trap trap;
        struct endorun_event_image image_start;
        struct endorun_event_call call;
        struct endorun_event_return call_return;
        struct endorun_event_signal signal;
    };
    /* Behind a call or its return: whole pieces, as many as the record says, and nothing else. */
    const uint8_t *pieces;
    size_t pieces_size;
};

/*
 * The next of the pieces, and what is behind it: false where there is none more. `bytes` are the
 * piece's, not aligned.
 */
bool decode_piece(const uint8_t **pieces, size_t *size, struct endorun_piece *piece,
                  const uint8_t **bytes);

/*
 * Decodes the record that the bytes begin with; they must not change meanwhile. False: they begin
 * with no whole record that a monitor of this version writes.
 */
bool decode_event(struct decoded_event *event, const uint8_t *bytes, size_t available);

#endif
