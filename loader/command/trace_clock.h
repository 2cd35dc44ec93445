/* The processor's time stamp counter, in which events tell their times, as seconds. */
#ifndef ENDORUN_COMMAND_TRACE_CLOCK_H
#define ENDORUN_COMMAND_TRACE_CLOCK_H

#include <stdint.h>

/* A point in time by three clocks, and how the first runs beside the second. */
struct trace_clock {
    uint64_t ticks;
    int64_t monotonic, realtime; /* nanoseconds */
    double tick;                 /* nanoseconds that one takes, as measured since then */
};

/* The counter, now. */
uint64_t trace_time(void);

void trace_clock_start(struct trace_clock *clock);

/* Measures anew: the longer the clock has run, the better, and after a second it is settled. */
void trace_clock_measure(struct trace_clock *clock);

/* Nanoseconds from the start to that tick; negative before it. */
int64_t trace_clock_since_start(const struct trace_clock *clock, uint64_t ticks);

#endif
