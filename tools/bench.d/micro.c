/*
 * bench_micro: times one operation and prints nanoseconds per operation.
 *
 * One process makes one sample. Where libraries, stack and heap land differs from process to
 * process and moves a result by some per cent; many samples in many processes average that out.
 */
#include "measure.h"
#include "sud.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SAMPLE_MS 30

struct options {
    enum sud_form form;
    int cpu; /* -1: not pinned */
    unsigned sample_ms;
    const char *workload;
};

static const struct workload *const all_workloads[] = {
    call_workloads, signal_workloads, process_workloads, ping_pong_workloads, policy_workloads,
};
#define LIST_COUNT (sizeof(all_workloads) / sizeof(all_workloads[0]))

static void list_workloads(void)
{
    for (size_t list = 0; list < LIST_COUNT; list++)
        for (const struct workload *w = all_workloads[list]; w->name; w++)
            printf("%s\t%s\n", w->name, w->operation);
}

static const struct workload *find_workload(const char *name)
{
    for (size_t list = 0; list < LIST_COUNT; list++)
        for (const struct workload *w = all_workloads[list]; w->name; w++)
            if (strcmp(w->name, name) == 0)
                return w;
    return NULL;
}

static noreturn void usage_error(const char *what, const char *value)
{
    fprintf(stderr,
            "bench_micro: %s: %s\n"
            "usage: bench_micro [--arm=range|selector] [--cpu=N] [--sample-ms=N] WORKLOAD\n"
            "       bench_micro --list\n",
            what, value);
    exit(2);
}

static enum sud_form parse_form(const char *text)
{
    if (strcmp(text, "range") == 0)
        return SUD_RANGE;
    if (strcmp(text, "selector") == 0)
        return SUD_SELECTOR;
    usage_error("unknown form of SUD", text);
}

static int parse_number(const char *text, long largest)
{
    char *end;

    errno = 0;
    long number = strtol(text, &end, 10);

    if (errno || end == text || *end || number < 0 || number > largest)
        usage_error("not a number in range", text);
    return (int)number;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"arm", required_argument, NULL, 'a'},
        {"cpu", required_argument, NULL, 'c'},
        {"sample-ms", required_argument, NULL, 's'},
        {"list", no_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.form = SUD_OFF, .cpu = -1, .sample_ms = DEFAULT_SAMPLE_MS};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'a':
            options.form = parse_form(optarg);
            break;
        case 'c':
            options.cpu = parse_number(optarg, CPU_SETSIZE - 1);
            break;
        case 's':
            options.sample_ms = (unsigned)parse_number(optarg, 60000);
            break;
        case 'l':
            list_workloads();
            exit(0);
        default:
            exit(2); /* getopt has said why */
        }
    }
    if (optind + 1 != argc)
        usage_error("one workload is needed", optind < argc ? argv[optind + 1] : "none given");
    options.workload = argv[optind];
    return options;
}

/* Peers inherit it: a ping-pong then costs context switches, not wake-ups of an idle CPU. */
static void pin_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        fail("sched_setaffinity");
}

int main(int argc, char **argv)
{
    struct options options = parse_options(argc, argv);
    const struct workload *workload = find_workload(options.workload);

    if (!workload)
        usage_error("unknown workload (see --list)", options.workload);
    if (options.cpu >= 0)
        pin_to(options.cpu);
    sud_choose(options.form);
    sud_arm_thread();
    printf("%.2f\n", measure(workload, options.sample_ms));
    return 0;
}
