#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "embedded.h"
#include "memfd.h"
#include "message.h"
#include "policy_process.h"

#define PREPARED_PART "the prepared policy"

__attribute__((noreturn)) static void execute(char **operands)
{
    int fd = memfd_open_executable("endorun-policy", embedded_policy, embedded_policy_end);

    if (fd < 0)
        memfd_die("the policy compiler", fd);
    int error = memfd_execute(fd, operands, environ);
    die(STATUS_SETUP, "cannot execute the policy compiler: %s", strerror(-error));
}

void policy_process_run(char **operands)
{
    execute(operands);
}

/* Ignored by who started this, SIGCHLD would leave no status; what is inherited is put back. */
static int wait_for(pid_t child, const struct sigaction *before)
{
    int status = -1;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGCHLD, before, NULL);
    return status;
}

/* Its exit status. */
static int run_in_child(char **operands)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    struct sigaction before;

    sigaction(SIGCHLD, &standard, &before);
    pid_t child = fork();

    if (child == 0)
        execute(operands);
    if (child < 0)
        die(STATUS_SETUP, "cannot start the policy compiler: %s", strerror(errno));
    int status = wait_for(child, &before);

    if (!WIFEXITED(status))
        die(STATUS_SETUP, "the policy compiler was ended by signal %d",
            WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return WEXITSTATUS(status);
}

bool policy_process_call(char **operands)
{
    return run_in_child(operands) == 0;
}

static bool is_sound(const struct endorun_prepared *prepared, uint64_t size)
{
    if (size < sizeof *prepared || prepared->magic != ENDORUN_PREPARED_MAGIC ||
        prepared->size != size)
        return false;
    for (unsigned i = 0; i < ENDORUN_PREPARED_LIMIT; i++)
        if ((uint64_t)prepared->parts[i].offset + prepared->parts[i].size > size)
            return false;
    return true;
}

const struct endorun_prepared *policy_process_prepare(const char *file, const char *cache,
                                                      const char *command, bool complains,
                                                      bool has_keys)
{
    char number[16];
    struct stat status = {0};
    int fd = memfd_open(MEMFD_DATA, "endorun-prepared");

    if (fd < 0)
        memfd_die(PREPARED_PART, fd);
    fd = move_above_standard(fd);
    if (fd < 0 || fcntl(fd, F_SETFD, 0) != 0)
        memfd_die(PREPARED_PART, -errno);
    snprintf(number, sizeof number, "%d", fd);
    char *operands[] = {"policy",
                        PREPARE_COMMAND,
                        (char *)file,
                        number,
                        cache != NULL ? (char *)cache : "",
                        command != NULL ? (char *)command : "",
                        complains ? "1" : "",
                        has_keys ? "1" : "",
                        NULL};

    int ended = run_in_child(operands);

    if (ended != 0)
        _exit(ended);
    if (fstat(fd, &status) != 0)
        memfd_die(PREPARED_PART, -errno);
    void *memory = mmap(NULL, (size_t)status.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED)
        memfd_die(PREPARED_PART, -errno);
    close(fd);
    if (!is_sound(memory, (uint64_t)status.st_size))
        die(STATUS_SETUP, "%s is damaged", PREPARED_PART);
    return memory;
}
