/*
 * The analyser's executable: it is embedded in the command and started by it alone, which has
 * checked the arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "analyse.h"
#include "arguments.h"
#include "message.h"
#include "plan_cache.h"

static int print_sites(const char *file, bool json)
{
    struct analysis analysis;
    char error[ANALYSE_ERROR_SIZE];
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        die(STATUS_SETUP, "%s: %s", file, strerror(errno));
    if (analyse_file(fd, &analysis, error) != 0 ||
        analyse_unsafe_instructions(fd, &analysis, error) != 0)
        die(STATUS_SETUP, "%s: %s", file, error);
    if (json)
        analysis_write_json(stdout, file, &analysis);
    else
        analysis_write_text(stdout, file, &analysis);
    finish_standard_output();
    analysis_release(&analysis);
    return 0;
}

static bool write_whole(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static int make_plan(const char *cache_directory)
{
    struct analysis analysis;
    char error[ANALYSE_ERROR_SIZE];

    if (analyse_file(ANALYSER_FILE_FD, &analysis, error) != 0)
        return 1;
    bool given = write_whole(ANALYSER_PLAN_FD, (const char *)analysis.plan, analysis.plan->size);
    /* The plan is good for this run whether or not it could be kept for the next. */
    if (cache_directory != NULL)
        plan_cache_store(cache_directory, analysis.plan);
    analysis_release(&analysis);
    return given ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], ANALYSER_PLAN) == 0)
        return make_plan(argc >= 3 ? argv[2] : NULL);
    if (argc == 3)
        return print_sites(argv[2], strcmp(argv[1], ANALYSER_JSON) == 0);
    die(STATUS_SETUP, "the analyser is started by the command only");
}
