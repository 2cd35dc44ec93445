#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS  1000000.0
#define NS_PER_SEC 1000000000.0

/*
 * A sample is cut into slices shorter than the scheduler's, so that when another program has the
 * CPU meanwhile, or an interrupt comes, most slices still saw nothing of it.
 */
#define SLICE_NS   (1.0 * NS_PER_MS)
#define MAX_SLICES 10000

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
 * Doubles the count until a run takes a quarter of a slice: long enough that the rest is
 * arithmetic, and caches, branch predictors and the run-time linker have been warmed on the way.
 */
static unsigned long operations_per_slice(const struct workload *workload)
{
    unsigned long count = 1;
    double elapsed_ns = timed_run_ns(workload, count);

    while (elapsed_ns < SLICE_NS / 4.0) {
        count *= 2;
        elapsed_ns = timed_run_ns(workload, count);
    }
    double scaled = (double)count * SLICE_NS / elapsed_ns;

    return scaled < 1.0 ? 1 : (unsigned long)scaled;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), compare_doubles);
    if (count % 2)
        return values[count / 2];
    return (values[count / 2 - 1] + values[count / 2]) / 2.0;
}

double measure(const struct workload *workload, unsigned sample_ms)
{
    static double slice_ns[MAX_SLICES];
    double total_ns = 0;
    size_t slices = 0;

    if (workload->set_up)
        workload->set_up();
    unsigned long count = operations_per_slice(workload);

    do {
        slice_ns[slices] = timed_run_ns(workload, count);
        total_ns += slice_ns[slices];
        slices++;
    } while (total_ns < (double)sample_ms * NS_PER_MS && slices < MAX_SLICES);
    return median(slice_ns, slices) / (double)count;
}
