/* The monitor's side of the event channel (endorun/event.h). Does nothing when nobody reads. */
#ifndef ENDORUN_TRACE_CHANNEL_H
#define ENDORUN_TRACE_CHANNEL_H

#include "../../monitor/thread.h"
#include "endorun/event.h"

/* Maps the channel that the session names. Where there is none to be had, nothing is sent. */
void channel_open(void);

/* Whether the file is the channel's: with protection keys the program may not have it. */
bool channel_is(const struct stat *status);

/* True when the session asks for records. */
bool channel_is_open(void);

/* Takes a slot for a thread that starts, and gives it back. */
void channel_attach(struct thread *thread);
void channel_detach(struct thread *thread);

/* Records. `path` may be NULL. */
void channel_image(struct thread *thread, const char *path);
void channel_module(struct thread *thread, const struct endorun_event_module *module,
                    const char *path);
void channel_trap(struct thread *thread, uint64_t address);

/*
 * Room for a record of ENDORUN_EVENT_SIZE_MAX bytes, which need not be used: NULL if none is to be
 * had. The header is written by channel_publish(); `size` is a multiple of 8.
 */
void *channel_reserve(struct thread *thread);
void channel_publish(struct thread *thread, uint16_t type, uint64_t size);

static inline void channel_count_call(struct thread *thread)
{
    if (thread->slot != 0) {
        thread->slot->calls++;
    }
}

#endif
