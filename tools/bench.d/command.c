/*
 * bench_command: times a command from outside, from its creation to its reaping, and prints the
 * median of some runs in milliseconds. A shell would add a fork of its own to every run.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 1000

struct options {
    unsigned runs;
    const char *fresh_variable; /* environment variable, or NULL */
    const char *fresh_parent;   /* where its new directories are created */
    char **command;
};

static noreturn void fail(const char *what, int error)
{
    fprintf(stderr, "bench_command: %s: %s\n", what, strerror(error));
    exit(1);
}

static noreturn void usage_error(const char *what)
{
    fprintf(stderr,
            "bench_command: %s\n"
            "usage: bench_command [--runs=N] [--fresh=VARIABLE:DIRECTORY] [--] COMMAND...\n"
            "  --runs=N   the median of N runs, 1 to %d\n"
            "  --fresh=V:D  each run finds in the environment variable V a new, empty directory\n"
            "               below D\n",
            what, MAX_RUNS);
    exit(2);
}

static unsigned parse_runs(const char *text)
{
    char *end;

    errno = 0;
    long runs = strtol(text, &end, 10);

    if (errno || end == text || *end || runs < 1 || runs > MAX_RUNS)
        usage_error("the number of runs is out of range");
    return (unsigned)runs;
}

static void parse_fresh(char *text, struct options *options)
{
    char *colon = strchr(text, ':');

    if (!colon || colon == text || !colon[1])
        usage_error("--fresh needs VARIABLE:DIRECTORY");
    *colon = '\0';
    options->fresh_variable = text;
    options->fresh_parent = colon + 1;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"runs", required_argument, NULL, 'r'},
        {"fresh", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.runs = 1};
    int option;

    while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        switch (option) {
        case 'r':
            options.runs = parse_runs(optarg);
            break;
        case 'f':
            parse_fresh(optarg, &options);
            break;
        default:
            exit(2); /* getopt has said why */
        }
    }
    if (optind == argc)
        usage_error("a command is needed");
    options.command = &argv[optind];
    return options;
}

static void set_fresh_directory(const struct options *options)
{
    char path[PATH_MAX];

    if (!options->fresh_variable)
        return;
    if (snprintf(path, sizeof(path), "%s/XXXXXX", options->fresh_parent) >= (int)sizeof(path))
        fail(options->fresh_parent, ENAMETOOLONG);
    if (!mkdtemp(path))
        fail(path, errno);
    if (setenv(options->fresh_variable, path, 1) != 0)
        fail("setenv", errno);
}

static double now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        fail("clock_gettime", errno);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Returns milliseconds. A command that fails has not done the work that was to be timed. */
static double timed_run_ms(char **command, const posix_spawn_file_actions_t *files)
{
    pid_t child;
    int status;
    double start = now_ms();
    int error = posix_spawnp(&child, command[0], files, NULL, command, environ);

    if (error)
        fail(command[0], error);
    if (waitpid(child, &status, 0) != child)
        fail("waitpid", errno);
    double elapsed = now_ms() - start;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return elapsed;
    if (WIFSIGNALED(status))
        fprintf(stderr, "bench_command: %s was killed by signal %d\n", command[0],
                WTERMSIG(status));
    else
        fprintf(stderr, "bench_command: %s exited with status %d\n", command[0],
                WEXITSTATUS(status));
    exit(1);
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof(values[0]), compare_doubles);
    if (count % 2)
        return values[count / 2];
    return (values[count / 2 - 1] + values[count / 2]) / 2.0;
}

int main(int argc, char **argv)
{
    static double elapsed_ms[MAX_RUNS];
    struct options options = parse_options(argc, argv);
    posix_spawn_file_actions_t files;

    /* Standard error stays: it says what went wrong. */
    int error = posix_spawn_file_actions_init(&files);
    if (!error)
        error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (error)
        fail("posix_spawn_file_actions", error);

    for (unsigned run = 0; run < options.runs; run++) {
        set_fresh_directory(&options);
        elapsed_ms[run] = timed_run_ms(options.command, &files);
    }
    printf("%.4f\n", median(elapsed_ms, options.runs));
    return 0;
}
