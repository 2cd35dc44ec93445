#include <string.h>

#include "endorun/plan.h"
#include "event_decoder.h"

#define RECORD_ALIGNMENT 8U

/*
 * The string that fills the record behind its fixed part, with less than an alignment to spare.
 * NULL: it is none.
 */
static const char *string_behind(const uint8_t *bytes, size_t size, size_t fixed,
                                 uint32_t string_size)
{
    const char *string = (const char *)bytes + fixed;

    if (string_size > size - fixed || size - fixed - string_size >= RECORD_ALIGNMENT)
        return NULL;
    if (string_size == 0)
        return "";
    return memchr(string, '\0', string_size) == string + string_size - 1 ? string : NULL;
}

static bool decode_module(struct decoded_event *event, const uint8_t *bytes)
{
    struct endorun_event_module *module = &event->module;

    if (event->size < sizeof *module)
        return false;
    memcpy(module, bytes, sizeof *module);
    event->path = string_behind(bytes, event->size, sizeof *module, module->path_size);
    for (size_t i = 0; i < sizeof module->sites / sizeof module->sites[0]; i++)
        if (module->sites[i] > ENDORUN_PLAN_MAX_SITES)
            return false;
    return event->path != NULL && module->planned <= 1 && module->start < module->end &&
           module->offset <= UINT64_MAX - (module->end - module->start);
}

static bool decode_image(struct decoded_event *event, const uint8_t *bytes)
{
    struct endorun_event_image *image = &event->image_start;

    if (event->size < sizeof *image)
        return false;
    memcpy(image, bytes, sizeof *image);
    event->path = string_behind(bytes, event->size, sizeof *image, image->path_size);
    return event->path != NULL;
}

bool decode_piece(const uint8_t **pieces, size_t *size, struct endorun_piece *piece,
                  const uint8_t **bytes)
{
    if (*size < sizeof *piece)
        return false;
    memcpy(piece, *pieces, sizeof *piece);
    const size_t padded = ((size_t)piece->size + RECORD_ALIGNMENT - 1) & ~(RECORD_ALIGNMENT - 1UL);
    if (padded > *size - sizeof *piece)
        return false;
    *bytes = *pieces + sizeof *piece;
    *pieces = *bytes + padded;
    *size -= sizeof *piece + padded;
    return true;
}

/* What stands behind the fixed part has to be pieces, all of it. */
static bool decode_pieces(struct decoded_event *event, const uint8_t *bytes, size_t fixed,
                          uint32_t count)
{
    struct endorun_piece piece;
    const uint8_t *content;

    event->pieces = bytes + fixed;
    event->pieces_size = event->size - fixed;
    const uint8_t *rest = event->pieces;
    size_t left = event->pieces_size;

    while (count > 0 && decode_piece(&rest, &left, &piece, &content))
        count--;
    return count == 0 && left == 0;
}

static bool decode_call_record(struct decoded_event *event, const uint8_t *bytes)
{
    if (event->size < sizeof event->call)
        return false;
    memcpy(&event->call, bytes, sizeof event->call);
    return decode_pieces(event, bytes, sizeof event->call, event->call.pieces);
}

static bool decode_return_record(struct decoded_event *event, const uint8_t *bytes)
{
    if (event->size < sizeof event->call_return)
        return false;
    memcpy(&event->call_return, bytes, sizeof event->call_return);
    return decode_pieces(event, bytes, sizeof event->call_return, event->call_return.pieces);
}

bool decode_event(struct decoded_event *event, const uint8_t *bytes, size_t available)
{
    struct endorun_event header;

    if (available < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    if (header.size < sizeof header || header.size % RECORD_ALIGNMENT != 0 ||
        header.size > available)
        return false;
    *event = (struct decoded_event){
        .type = header.type, .size = header.size, .image = header.image, .path = ""};
    switch (header.type) {
    case ENDORUN_EVENT_PAD:
        return header.image == 0;
    case ENDORUN_EVENT_MODULE:
        return decode_module(event, bytes);
    case ENDORUN_EVENT_TRAP:
        if (event->size != sizeof event->trap)
            return false;
        memcpy(&event->trap, bytes, sizeof event->trap);
        return true;
    case ENDORUN_EVENT_IMAGE:
        return decode_image(event, bytes);
    case ENDORUN_EVENT_CALL:
        return decode_call_record(event, bytes);
    case ENDORUN_EVENT_RETURN:
        return decode_return_record(event, bytes);
    case ENDORUN_EVENT_SIGNAL:
        if (event->size != sizeof event->signal)
            return false;
        memcpy(&event->signal, bytes, sizeof event->signal);
        return true;
    default:
        return false;
    }
}
