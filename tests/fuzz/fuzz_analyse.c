/*
 * The analyser under a fuzzer: any bytes are a file. It must end with a plan that fits the file, or
 * with a message, and neither must crash the reports.
 *
 * Built for libFuzzer (clang -fsanitize=fuzzer), or with fuzz_replay.c as a test of the corpus.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyse.h"
#include "plan_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void demand(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_analyse: %s\n", what);
    abort();
}

static void write_reports(const struct analysis *analysis)
{
    char *report = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&report, &size);

    demand(out != NULL, "no memory for a report");
    analysis_write_text(out, "file", analysis);
    analysis_write_json(out, "file", analysis);
    demand(fclose(out) == 0, "no memory for a report");
    free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    char error[ANALYSE_ERROR_SIZE];
    struct analysis analysis;

    demand(fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size, "cannot make the file");
    if (analyse_file(fd, &analysis, error) == 0) {
        const char *wrong = plan_check(analysis.plan, bytes, size);

        demand(wrong == NULL, wrong);
        demand(analyse_unsafe_instructions(fd, &analysis, error) == 0 || error[0] != '\0',
               "no message about unsafe instructions");
        write_reports(&analysis);
        analysis_release(&analysis);
    } else {
        demand(error[0] != '\0' && memchr(error, '\0', sizeof(error)) != NULL, "no message");
        demand(strstr(error, "cannot load") == NULL, error);
    }
    close(fd);
    return 0;
}
