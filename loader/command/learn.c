#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "escape.h"
#include "job_control.h"
#include "learn.h"
#include "memfd.h"
#include "message.h"
#include "policy_process.h"

#define INTERVAL      200000 /* microseconds between two looks at the program */
#define WHAT_IT_TAKES "learn takes " LEARN_OPERANDS

/* One a process: it is the process. */
static struct {
    struct job job;
    int records_fd;
    char records[64]; /* how others open it */
    const char *output;
    bool generalises, merges;
    bool is_new; /* the output was not there before */
} learner;

static void apply_output(const char *argument)
{
    learner.output = argument;
}

static void apply_merge(const char *argument)
{
    (void)argument;
    learner.merges = true;
}

static void apply_generalise(const char *argument)
{
    (void)argument;
    learner.generalises = true;
}

static void apply_help(const char *argument);

/* An argument is the next word. */
static const struct learn_option {
    const char *name;     /* as it is typed */
    const char *argument; /* what --help calls its argument; NULL: it takes none */
    void (*apply)(const char *argument);
    const char *help;
} learn_options[] = {
    {"-o", "FILE", apply_output, "the policy; a file that is there is an error, but with --merge"},
    {"--merge", NULL, apply_merge, "a FILE that is there, and is a policy, gets what it lacks"},
    {"--generalise", NULL, apply_generalise,
     "the folders of the user's files in place of the files, and all of the\n"
     "    ports that the kernel chooses in place of one"},
    {"--help", NULL, apply_help, "print this text and exit"},
};

#define LEARN_OPTION_COUNT (sizeof learn_options / sizeof learn_options[0])

static void apply_help(const char *argument)
{
    (void)argument;
    puts("usage: endorun learn " LEARN_OPERANDS "\n"
         "Runs PROGRAM with everything allowed, and writes the policy that it needed.\n");
    for (size_t i = 0; i < LEARN_OPTION_COUNT; i++) {
        const struct learn_option *option = &learn_options[i];

        printf("  %s%s%s\n    %s\n", option->name, option->argument != NULL ? " " : "",
               option->argument != NULL ? option->argument : "", option->help);
    }
    finish_standard_output();
    exit(EXIT_SUCCESS);
}

static const struct learn_option *find_option(const char *word)
{
    for (size_t i = 0; i < LEARN_OPTION_COUNT; i++)
        if (strcmp(word, learn_options[i].name) == 0)
            return &learn_options[i];
    die(STATUS_SETUP, "learn: unknown option '%s'; " WHAT_IT_TAKES, word);
}

static char **take_options(char **word)
{
    for (; *word != NULL && (*word)[0] == '-'; word++) {
        if (strcmp(*word, "--") == 0)
            return word + 1;
        const struct learn_option *option = find_option(*word);

        if (option->argument != NULL && *++word == NULL)
            die(STATUS_SETUP, "learn: %s needs an argument: %s %s", option->name, option->name,
                option->argument);
        option->apply(*word);
    }
    return word;
}

__attribute__((noreturn)) static void die_of_output(void)
{
    die(STATUS_SETUP, "learn: %s: cannot be written: %s", learner.output, strerror(errno));
}

/* What is learned is added to: by a file that takes its place. */
static void check_extended(const struct stat *status)
{
    char path[PATH_MAX];

    if (!learner.merges)
        die(STATUS_SETUP,
            "learn: %s is there already; remove it, name another file, or extend it by --merge",
            learner.output);
    if (!S_ISREG(status->st_mode))
        die(STATUS_SETUP, "learn: %s is no regular file, and can't be extended", learner.output);
    if (realpath(learner.output, path) == NULL || access(path, W_OK) != 0)
        die_of_output();
    path[strrchr(path, '/') - path + 1] = '\0';
    if (access(path, W_OK) != 0)
        die_of_output();
}

/* What a policy is before anything was learned. */
static void make_output(const char *program)
{
    int fd = open(learner.output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    if (out == NULL)
        die_of_output();
    fputs("# What this needed, as `endorun learn` has seen it: ", out);
    write_escaped(out, program);
    fputs("\nversion = 1\ninclude = [\"@base\"]\n\n[filesystem]\n\n[network]\nfamilies = []\n",
          out);
    learner.is_new = true;
    if (ferror(out) != 0 || fclose(out) != 0) {
        unlink(learner.output);
        die_of_output();
    }
}

/* Before the program starts: a policy that can't be written is learned in vain. */
static void prepare_output(const char *program)
{
    struct stat status;

    if (learner.output == NULL || *learner.output == '\0')
        die(STATUS_SETUP, "learn: no file for the policy; " WHAT_IT_TAKES);
    if (*learner.output == '@')
        die(STATUS_SETUP, "learn: %s is the name of a built-in profile; a file is ./%s",
            learner.output, learner.output);
    if (lstat(learner.output, &status) != 0)
        make_output(program);
    else if (stat(learner.output, &status) == 0)
        check_extended(&status);
    else
        die_of_output();
}

static void remove_new_output(void)
{
    if (learner.is_new)
        unlink(learner.output);
}

/* A file that has no name where the program could come upon it. */
static void make_records(void)
{
    int fd = memfd_open(MEMFD_DATA, "endorun-records");

    learner.records_fd = fd < 0 ? fd : move_above_standard(fd);
    if (learner.records_fd < 0) {
        remove_new_output();
        memfd_die("the records", fd < 0 ? fd : -errno);
    }
    snprintf(learner.records, sizeof learner.records, "/proc/%d/fd/%d", getpid(),
             learner.records_fd);
}

/* What could not start has said why. */
static bool nothing_ran(const siginfo_t *end)
{
    return end->si_code == CLD_EXITED && end->si_status >= STATUS_SETUP &&
           end->si_status <= STATUS_NOT_FOUND && lseek(learner.records_fd, 0, SEEK_END) == 0;
}

/* The program's end counts, once the policy is written. */
static void finish(void)
{
    const int kept[] = {STDERR_FILENO, learner.records_fd, learner.job.signal_fd,
                        learner.job.witness.socket};
    char *operands[] = {"policy",
                        LEARN_COMMAND,
                        learner.records,
                        (char *)learner.output,
                        learner.generalises ? "1" : "",
                        NULL};
    siginfo_t end;

    close_all_descriptors_but(kept, sizeof kept / sizeof kept[0]);
    do
        job_wait(&learner.job, INTERVAL);
    while (!job_follow(&learner.job, &end));
    if (nothing_ran(&end)) {
        remove_new_output();
    } else if (!policy_process_call(operands)) {
        remove_new_output();
        _exit(STATUS_SETUP);
    }
    job_end(&learner.job, &end);
}

void learn(struct command_line *line)
{
    line->operands = take_options(line->operands);
    if (line->operands[0] == NULL)
        die(STATUS_SETUP, "learn: no PROGRAM was given; " WHAT_IT_TAKES);
    prepare_output(line->operands[0]);
    make_records();
    line->mode = MODE_RUN;
    line->policy_file = learner.output;
    line->complain = true;
    line->records = learner.records;
    job_prepare(&learner.job);
    if (!job_fork(&learner.job))
        finish();
}
