/*
 * What every workload of bench_micro is made of, and how one is timed.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdnoreturn.h>

/*
 * One kind of operation. `set_up` (may be NULL) runs once, untimed; `run` performs the operation
 * `count` times and is all that is timed. A call that fails ends the program: a failed call has
 * another price than a successful one.
 */
struct workload {
    const char *name;
    const char *operation; /* what one operation is, for --list */
    void (*set_up)(void);
    void (*run)(unsigned long count);
};

/* Lists that end with a workload without a name. */
extern const struct workload call_workloads[];
extern const struct workload signal_workloads[];
extern const struct workload process_workloads[];
extern const struct workload ping_pong_workloads[];
extern const struct workload policy_workloads[];

/* Says on stderr what failed, with errno's meaning, and exits with status 1. */
noreturn void fail(const char *what);

/*
 * Finds the count with which `run` takes about a millisecond, runs it with that count until
 * `sample_ms` are over (once at least), and returns nanoseconds per operation: the median of these
 * runs.
 */
double measure(const struct workload *workload, unsigned sample_ms);

#endif
