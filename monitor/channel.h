/* The monitor's side of the event channel (endorun/event.h). Does nothing when nobody reads. */
#ifndef ENDORUN_MONITOR_CHANNEL_H
#define ENDORUN_MONITOR_CHANNEL_H

#include "thread.h"
#include "endorun/event.h"

/* Maps the channel that the session names. Where there is none to be had, nothing is sent. */
void channel_open(void);

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

static inline void channel_count_call(struct thread *thread)
{
    if (thread->slot != 0) {
        thread->slot->calls++;
    }
}

#endif
