#include "inject.h"

#include "../../monitor/exec.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#include <linux/time.h>

static uint32_t place_of(uint32_t number)
{
    return session->injects != 0 && number < ENDORUN_TRACE_CALLS
               ? session->injections.place_of_call[number]
               : 0;
}

bool inject_watches(uint32_t number)
{
    return place_of(number) != 0;
}

const struct endorun_injection *inject_count(struct thread *thread, uint32_t number)
{
    uint32_t place = place_of(number);
    if (place == 0) {
        return 0;
    }
    const struct endorun_injection *injection =
        &session->injections.injections[session->injections.injection_of_place[place - 1]];
    uint32_t count = ++thread->changed_calls[place - 1];
    bool is_meant = count >= injection->first && count <= injection->last &&
                    (count - injection->first) % injection->step == 0;
    return is_meant ? injection : 0;
}

/* Signals that come meanwhile wait. */
static void delay(uint64_t microseconds)
{
    int64_t until[2]; /* struct timespec */
    if (microseconds == 0) {
        return;
    }
    SYS2(__NR_clock_gettime, CLOCK_MONOTONIC, until);
    until[0] += (int64_t)(microseconds / 1000000);
    until[1] += (int64_t)(microseconds % 1000000 * 1000);
    until[0] += until[1] / 1000000000;
    until[1] %= 1000000000;
    while (SYS4(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, until, 0) == -EINTR) {
    }
}

void inject_begin(const struct endorun_injection *injection)
{
    delay(injection->delay_before);
}

void inject_end(const struct endorun_injection *injection)
{
    delay(injection->delay_after);
}

void inject_signal(const struct thread *thread, const struct endorun_injection *injection)
{
    if (injection->signal != 0) {
        SYS3(__NR_tgkill, thread->pid, thread->tid, injection->signal);
    }
}

void inject_read(struct thread *thread)
{
    memcpy(thread->changed_calls, session->injections.made, sizeof thread->changed_calls);
}

void inject_write(const struct thread *thread, struct endorun_injections *next)
{
    memcpy(next->made, thread->changed_calls, sizeof next->made);
}
