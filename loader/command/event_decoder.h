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
    };
};

/*
 * Decodes the record that the bytes begin with; they must not change meanwhile. False: they begin
 * with no whole record that a monitor of this version writes.
 */
bool decode_event(struct decoded_event *event, const uint8_t *bytes, size_t available);

#endif
