#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS  1000000.0
#define NS_PER_SEC 1000000000.0

noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_micro: %s: %m\n", what);
    exit(1);
}

/* The vDSO answers without a system call, so the clock costs every configuration the same. */
static double now_ns(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        fail("clock_gettime");
    return (double)now.tv_sec * NS_PER_SEC + (double)now.tv_nsec;
}

static double timed_run_ns(const struct workload *workload, unsigned long count)
{
    double start = now_ns();

    workload->run(count);
    return now_ns() - start;
}

/*
 * Doubles the count until a run takes a quarter of the sample: long enough that the rest is
 * arithmetic, and caches, branch predictors and the run-time linker have been warmed on the way.
 */
static unsigned long count_for_sample(const struct workload *workload, double sample_ns)
{
    unsigned long count = 1;
    double elapsed_ns = timed_run_ns(workload, count);

    while (elapsed_ns < sample_ns / 4.0) {
        count *= 2;
        elapsed_ns = timed_run_ns(workload, count);
    }
    double scaled = (double)count * sample_ns / elapsed_ns;

    return scaled < 1.0 ? 1 : (unsigned long)scaled;
}

double measure(const struct workload *workload, unsigned sample_ms)
{
    if (workload->set_up)
        workload->set_up();
    unsigned long count = count_for_sample(workload, (double)sample_ms * NS_PER_MS);

    return timed_run_ns(workload, count) / (double)count;
}
