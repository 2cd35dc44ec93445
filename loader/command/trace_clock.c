#include <time.h>

#include "trace_clock.h"

#define SECOND 1000000000 /* nanoseconds */

uint64_t trace_time(void)
{
    return __builtin_ia32_rdtsc();
}

static int64_t now(clockid_t id)
{
    struct timespec time;

    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

void trace_clock_start(struct trace_clock *clock)
{
    *clock = (struct trace_clock){
        .monotonic = now(CLOCK_MONOTONIC), .ticks = trace_time(), .realtime = now(CLOCK_REALTIME)};
}

void trace_clock_measure(struct trace_clock *clock)
{
    if (clock->tick * (double)(trace_time() - clock->ticks) > SECOND)
        return;
    const double passed = (double)(now(CLOCK_MONOTONIC) - clock->monotonic);

    clock->tick = passed / (double)(trace_time() - clock->ticks);
}

int64_t trace_clock_since_start(const struct trace_clock *clock, uint64_t ticks)
{
    return (int64_t)((double)(int64_t)(ticks - clock->ticks) * clock->tick);
}
