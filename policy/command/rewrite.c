#include "rewrite.h"

#include "compile.h"
#include "front.h"
#include "implied.h"
#include "locate.h"
#include "message.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What takes the place of the file lies beside it: `./` and includes mean the same there. */
struct replacement {
    const char *file;
    char path[PATH_MAX]; /* of the file, without a link at its end that would be replaced instead */
    char temporary[PATH_MAX + 8];
};

__attribute__((noreturn)) static void give_up(const struct replacement *replacement,
                                              const char *what)
{
    const int error = errno;

    if (*replacement->temporary != '\0')
        unlink(replacement->temporary);
    die(STATUS_SETUP, "learn: %s: %s: %s; it stays as it was", replacement->file, what,
        strerror(error));
}

static bool is_policy(const char *file, const struct policy_surroundings *surroundings)
{
    static struct policy_errors errors;
    struct policy_model model;
    struct policy_image image;
    char error[POLICY_ERROR_SIZE] = "no memory left";

    if (!policy_read(file, surroundings, &model, &errors)) {
        policy_errors_print(stderr, &errors);
        return false;
    }
    if (policy_locate(&model) && policy_imply(&model) && policy_compile(&model, &image, error) == 0)
        return true;
    fprintf(stderr, "%s\n", error);
    return false;
}

static FILE *open_temporary(struct replacement *replacement)
{
    FILE *out = NULL;

    if (realpath(replacement->file, replacement->path) == NULL)
        give_up(replacement, "cannot be found");
    snprintf(replacement->temporary, sizeof replacement->temporary, "%s.XXXXXX", replacement->path);
    int fd = mkostemp(replacement->temporary, O_CLOEXEC);

    if (fd < 0)
        *replacement->temporary = '\0';
    else
        out = fdopen(fd, "w");
    if (out == NULL)
        give_up(replacement, "no file can be made beside it");
    return out;
}

/* The owner comes first: a change of it takes bits of the mode away. */
static void finish_temporary(const struct replacement *replacement, FILE *out)
{
    struct stat old, new;

    if (fflush(out) != 0 || ferror(out) != 0)
        give_up(replacement, "what takes its place cannot be written");
    if (stat(replacement->path, &old) != 0 || fstat(fileno(out), &new) != 0 ||
        ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
         fchown(fileno(out), old.st_uid, old.st_gid) != 0) ||
        fchmod(fileno(out), old.st_mode & 07777) != 0)
        give_up(replacement, "what takes its place cannot have its owner and mode");
    if (fsync(fileno(out)) != 0 || fclose(out) != 0)
        give_up(replacement, "what takes its place cannot be written");
}

void extend_policy(const char *file, const struct extension *extensions, size_t count)
{
    static struct arena memory; /* what the surroundings have */
    const struct policy_surroundings surroundings = policy_own_surroundings(&memory);
    struct replacement replacement = {.file = file};
    struct source_text text;
    struct toml_failure failure;
    const char *error = source_text_read(&text, file, &surroundings);

    if (error != NULL)
        die(STATUS_SETUP, "learn: %s: %s", file, error);
    FILE *out = open_temporary(&replacement);

    if (!extend_text(out, text.text, text.size, extensions, count, &failure)) {
        unlink(replacement.temporary);
        die(STATUS_SETUP, "learn: %s:%u:%u: %s; the file stays as it was", file, failure.at.line,
            failure.at.column, failure.what);
    }
    source_text_release(&text);
    finish_temporary(&replacement, out);
    if (!is_policy(replacement.temporary, &surroundings)) {
        unlink(replacement.temporary);
        die(STATUS_SETUP, "learn: %s: with what was learned it is no policy; it stays as it was",
            file);
    }
    if (rename(replacement.temporary, replacement.path) != 0)
        give_up(&replacement, "cannot be replaced");
}
