#include "output.h"

#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((noreturn)) static void give_up(const struct output *output)
{
    const int error = errno;

    if (*output->temporary != '\0')
        unlink(output->temporary);
    die(STATUS_SETUP, "%s: cannot be written: %s", output->name, strerror(error));
}

/* What is there and no regular file, a device for one, stays what it is. */
static bool is_replaced(const struct output *output, const char *trace)
{
    struct stat there, recorded;

    if (stat(output->name, &there) != 0)
        return true;
    if (stat(trace, &recorded) == 0 && there.st_dev == recorded.st_dev &&
        there.st_ino == recorded.st_ino)
        die(STATUS_SETUP, "%s: the page would replace the trace", output->name);
    return S_ISREG(there.st_mode) != 0;
}

/* The mode is that of the file that is replaced, or what a new file would have. */
static mode_t mode_of(const struct output *output)
{
    struct stat there;
    const mode_t mask = umask(0);

    umask(mask);
    return stat(output->path, &there) == 0 ? there.st_mode & 0777 : 0666 & ~mask;
}

static FILE *open_temporary(struct output *output)
{
    if (realpath(output->name, output->path) == NULL &&
        (size_t)snprintf(output->path, sizeof output->path, "%s", output->name) >=
            sizeof output->path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    snprintf(output->temporary, sizeof output->temporary, "%s.XXXXXX", output->path);
    const int fd = mkostemp(output->temporary, O_CLOEXEC);

    if (fd < 0) {
        *output->temporary = '\0';
        return NULL;
    }
    return fchmod(fd, mode_of(output)) == 0 ? fdopen(fd, "w") : NULL;
}

void output_open(struct output *output, const char *name, const char *trace)
{
    *output = (struct output){.name = name};
    if (strcmp(name, "-") == 0)
        output->stream = stdout;
    else if (is_replaced(output, trace))
        output->stream = open_temporary(output);
    else
        output->stream = fopen(name, "we");
    if (output->stream == NULL)
        give_up(output);
}

void output_close(struct output *output)
{
    if (output->stream == stdout) {
        finish_standard_output();
        return;
    }
    if (fflush(output->stream) != 0 || ferror(output->stream) != 0 || fclose(output->stream) != 0)
        give_up(output);
    if (*output->temporary != '\0' && rename(output->temporary, output->path) != 0)
        give_up(output);
}
