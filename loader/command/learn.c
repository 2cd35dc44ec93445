#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "job_control.h"
#include "learn.h"
#include "memfd.h"
#include "message.h"
#include "policy_process.h"

#define INTERVAL      200 /* milliseconds between two looks at the program */
#define WHAT_IT_TAKES "learn takes -o FILE [--generalise] [--] PROGRAM [ARG]..."

/* One a process: it is the process. */
static struct {
    struct job job;
    int records_fd;
    char records[64]; /* how others open it */
    const char *output;
    bool generalises;
} learner;

static char **take_options(char **word)
{
    for (; *word != NULL && (*word)[0] == '-'; word++) {
        if (strcmp(*word, "--") == 0)
            return word + 1;
        if (strcmp(*word, "--generalise") == 0) {
            learner.generalises = true;
        } else if (strcmp(*word, "-o") == 0 && word[1] != NULL) {
            learner.output = *++word;
        } else {
            die(STATUS_SETUP, "learn: unknown option '%s'; " WHAT_IT_TAKES, *word);
        }
    }
    return word;
}

/* Before the program starts: a policy that can't be written is learned in vain. */
static void check_output(void)
{
    struct stat status;

    if (learner.output == NULL || *learner.output == '\0')
        die(STATUS_SETUP, "learn: no file for the policy; " WHAT_IT_TAKES);
    if (lstat(learner.output, &status) == 0)
        die(STATUS_SETUP, "learn: %s is there already; remove it, or name another file",
            learner.output);
    int fd = open(learner.output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        die(STATUS_SETUP, "learn: %s: cannot be written: %s", learner.output, strerror(errno));
    close(fd);
}

/* A file that has no name where the program could come upon it. */
static void make_records(void)
{
    int fd = memfd_open(MEMFD_DATA, "endorun-records");

    learner.records_fd = fd < 0 ? fd : move_above_standard(fd);
    if (learner.records_fd < 0) {
        unlink(learner.output);
        memfd_die("the records", fd < 0 ? fd : -errno);
    }
    snprintf(learner.records, sizeof learner.records, "/proc/%d/fd/%d", getpid(),
             learner.records_fd);
}

/* The program's end counts, once the policy is written. */
static void finish(const char *program)
{
    const int kept[] = {STDERR_FILENO, learner.records_fd, learner.job.signal_fd,
                        learner.job.witness.socket};
    siginfo_t end;

    close_all_descriptors_but(kept, sizeof kept / sizeof kept[0]);
    do
        job_wait(&learner.job, INTERVAL);
    while (!job_follow(&learner.job, &end));
    char *operands[] = {"policy",
                        LEARN_COMMAND,
                        learner.records,
                        (char *)learner.output,
                        learner.generalises ? "1" : "",
                        (char *)program,
                        NULL};
    bool is_written = policy_process_call(operands);

    if (is_written && end.si_code == CLD_EXITED && end.si_status >= STATUS_CANNOT_RUN &&
        end.si_status <= STATUS_NOT_FOUND && lseek(learner.records_fd, 0, SEEK_END) == 0)
        unlink(learner.output); /* nothing ran */
    if (!is_written) {
        unlink(learner.output);
        _exit(STATUS_SETUP);
    }
    job_end(&learner.job, &end);
}

void learn(struct command_line *line)
{
    line->operands = take_options(line->operands);
    if (line->operands[0] == NULL)
        die(STATUS_SETUP, "learn: no PROGRAM was given; " WHAT_IT_TAKES);
    check_output();
    make_records();
    line->mode = MODE_RUN;
    line->policy_file = "@nothing";
    line->complain = true;
    line->records = learner.records;
    job_prepare(&learner.job);
    if (!job_fork(&learner.job))
        finish(line->operands[0]);
}
