#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *read_profile(struct source_text *source, const char *name,
                                const struct policy_surroundings *surroundings)
{
    for (size_t i = 0; i < surroundings->profile_count; i++) {
        const struct policy_profile *profile = &surroundings->profiles[i];

        if (strcmp(profile->name, name) != 0)
            continue;
        source->text = profile->text;
        source->size = (size_t)(profile->text_end - profile->text);
        source->device = UINT64_MAX; /* no file system's */
        source->inode = i;
        return NULL;
    }
    return "no built-in profile has this name";
}

/* A pipe has no size that could be asked for. */
static const char *read_descriptor(struct source_text *source, int descriptor)
{
    ssize_t count;

    source->owned = malloc(POLICY_FILE_MAX + 2);
    if (source->owned == NULL)
        return strerror(ENOMEM);
    do {
        size_t room = POLICY_FILE_MAX + 1 - source->size;

        count = read(descriptor, source->owned + source->size, room);
        if (count > 0)
            source->size += (size_t)count;
    } while ((count > 0 && source->size <= POLICY_FILE_MAX) || (count < 0 && errno == EINTR));
    if (count < 0)
        return strerror(errno);
    if (source->size > POLICY_FILE_MAX)
        return "larger than 1 MiB";
    source->owned[source->size] = '\0';
    source->text = source->owned;
    return NULL;
}

const char *source_text_read(struct source_text *source, const char *name,
                             const struct policy_surroundings *surroundings)
{
    const char *error;
    struct stat status;
    int descriptor;

    *source = (struct source_text){0};
    if (*name == '@')
        return read_profile(source, name + 1, surroundings);
    descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0)
        return strerror(errno);
    if (fstat(descriptor, &status) != 0) {
        error = strerror(errno);
    } else {
        source->device = status.st_dev;
        source->inode = status.st_ino;
        error = read_descriptor(source, descriptor);
    }
    close(descriptor);
    return error;
}

void source_text_release(struct source_text *source)
{
    free(source->owned);
    *source = (struct source_text){0};
}
