#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "message.h"
#include "statistics_report.h"

#define HOTTEST_MAX 10U

/* Where calls trapped: an offset in a file, or an address outside every file. */
struct place {
    const struct mapped_file *file; /* NULL: none */
    uint64_t at;
    uint64_t count;
};

struct summary {
    uint64_t rewritten;
    uint64_t unplaced; /* traps whose records were lost */
    size_t file_count;
    const struct mapped_file **files; /* most traps first */
    size_t hottest_count;
    struct place hottest[HOTTEST_MAX];
};

/* ---- summing up ---- */

static void offer_place(struct summary *summary, const struct place *place)
{
    size_t at = summary->hottest_count;

    while (at > 0 && summary->hottest[at - 1].count < place->count)
        at--;
    if (at == HOTTEST_MAX)
        return;
    if (summary->hottest_count < HOTTEST_MAX)
        summary->hottest_count++;
    memmove(&summary->hottest[at + 1], &summary->hottest[at],
            (summary->hottest_count - 1 - at) * sizeof summary->hottest[0]);
    summary->hottest[at] = *place;
}

static void offer_places(struct summary *summary, const struct mapped_file *file,
                         const struct tally *tally)
{
    for (size_t i = 0; i < tally->size; i++)
        if (tally->entries[i].count != 0)
            offer_place(summary,
                        &(struct place){file, tally->entries[i].key, tally->entries[i].count});
}

static int compare_files(const void *left, const void *right)
{
    const struct mapped_file *a = *(const struct mapped_file *const *)left;
    const struct mapped_file *b = *(const struct mapped_file *const *)right;

    if (a->traps != b->traps)
        return a->traps > b->traps ? -1 : 1;
    return strcmp(a->path, b->path);
}

/* The files are borrowed from the statistics; their array is the caller's to free. */
static struct summary sum_up(const struct statistics *statistics)
{
    struct summary summary = {0};
    uint64_t placed = statistics->nowhere_traps;

    summary.files = calloc(statistics->file_count + 1, sizeof(struct mapped_file *));
    if (summary.files == NULL)
        die(STATUS_SETUP, "no memory is left for the report of the statistics");
    for (size_t i = 0; i < FILE_BUCKETS; i++)
        for (const struct mapped_file *file = statistics->files[i]; file != NULL; file = file->next)
            summary.files[summary.file_count++] = file;
    qsort(summary.files, summary.file_count, sizeof(struct mapped_file *), compare_files);
    offer_places(&summary, NULL, &statistics->nowhere);
    for (size_t i = 0; i < summary.file_count; i++) {
        placed += summary.files[i]->traps;
        offer_places(&summary, summary.files[i], &summary.files[i]->offsets);
    }
    /* A thread that is killed between the two counters leaves one behind the other. */
    if (statistics->calls > statistics->trapped)
        summary.rewritten = statistics->calls - statistics->trapped;
    if (statistics->trapped > placed)
        summary.unplaced = statistics->trapped - placed;
    return summary;
}

/*
 * Of all ways into the kernel. A trap that a signal handler came right after is taken again, so
 * there may be more of them than calls.
 */
static double percentage(uint64_t part, uint64_t other)
{
    return part == 0 ? 0 : 100.0 * (double)part / ((double)part + (double)other);
}

static uint64_t sites_of(const struct mapped_file *file, enum endorun_tactic tactic)
{
    uint64_t count = 0;

    for (size_t i = 0; i < file->segment_count; i++)
        count += file->segments[i].sites[tactic];
    return count;
}

/* ---- for people ---- */

static bool is_silent(const struct mapped_file *file)
{
    uint64_t sites = 0;

    for (enum endorun_tactic tactic = 0; tactic < ENDORUN_TACTIC_COUNT; tactic++)
        sites += sites_of(file, tactic);
    return sites == 0 && file->traps == 0;
}

static void write_file_row(FILE *out, const struct mapped_file *file)
{
    if (file->segment_count == 0)
        fprintf(out, "  %8s %10s %12s", "-", "-", "-");
    else
        fprintf(out, "  %8" PRIu64 " %10" PRIu64 " %12" PRIu64,
                sites_of(file, ENDORUN_TACTIC_PADDING), sites_of(file, ENDORUN_TACTIC_PRECEDING),
                sites_of(file, ENDORUN_TACTIC_SUD));
    fprintf(out, " %10" PRIu64 "  ", file->traps);
    write_escaped(out, *file->path == '\0' ? "(a file without a name)" : file->path);
    if (file->planned < file->mappings)
        fprintf(out, "  (without a plan: %" PRIu64 " of %" PRIu64 " mappings)",
                file->mappings - file->planned, file->mappings);
    putc('\n', out);
}

static void write_files(FILE *out, const struct statistics *statistics,
                        const struct summary *summary)
{
    size_t silent = 0;

    fprintf(out, "system call sites and traps of each file:\n  %8s %10s %12s %10s  file\n",
            "padding", "preceding", "left to SUD", "traps");
    for (size_t i = 0; i < summary->file_count; i++) {
        if (is_silent(summary->files[i]))
            silent++;
        else
            write_file_row(out, summary->files[i]);
    }
    if (silent != 0)
        fprintf(out, "  and %zu files with no known site and no trap\n", silent);
    if (statistics->nowhere_traps != 0)
        fprintf(out, "  %8s %10s %12s %10" PRIu64 "  (code outside of files)\n", "-", "-", "-",
                statistics->nowhere_traps);
}

static void write_hottest(FILE *out, const struct summary *summary)
{
    fprintf(out, "most trapped:\n  %10s  place\n", "traps");
    for (size_t i = 0; i < summary->hottest_count; i++) {
        const struct place *place = &summary->hottest[i];

        fprintf(out, "  %10" PRIu64 "  ", place->count);
        if (place->file == NULL) {
            fprintf(out, "address 0x%" PRIx64 "\n", place->at);
            continue;
        }
        write_escaped(out,
                      *place->file->path == '\0' ? "(a file without a name)" : place->file->path);
        fprintf(out, "+0x%" PRIx64 "\n", place->at);
    }
}

/* Whatever makes the rest incomplete; nothing of it in an ordinary run. */
static void write_losses(FILE *out, const struct statistics *statistics,
                         const struct summary *summary)
{
    const struct {
        uint64_t count;
        const char *what;
    } losses[] = {
        {statistics->dropped, "records dropped, because the reader was too slow"},
        {statistics->ignored, "records ignored: too many files, mappings or addresses"},
        {statistics->unheard, "threads not counted: there was no slot for them"},
        {statistics->damaged_rings, "rings skipped: something else than records was in them"},
        {summary->unplaced, "traps whose place is not known"},
    };

    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
        if (losses[i].count != 0)
            fprintf(out, "  %12" PRIu64 "            %s\n", losses[i].count, losses[i].what);
}

void write_statistics_table(FILE *out, const struct statistics *statistics, const char *program)
{
    struct summary summary = sum_up(statistics);

    fputs("endorun: statistics of ", out);
    write_escaped(out, program);
    fprintf(out,
            "\n  %12" PRIu64 "            system calls; images executed: %" PRIu64 "\n"
            "  %12" PRIu64 "  %6.2f %%  through rewritten sites\n"
            "  %12" PRIu64 "  %6.2f %%  trapped by Syscall User Dispatch (SUD)\n",
            statistics->calls, statistics->image_count, summary.rewritten,
            percentage(summary.rewritten, statistics->trapped), statistics->trapped,
            percentage(statistics->trapped, summary.rewritten));
    write_losses(out, statistics, &summary);
    if (summary.file_count != 0)
        write_files(out, statistics, &summary);
    if (summary.hottest_count != 0)
        write_hottest(out, &summary);
    free(summary.files);
}

/* ---- for programs ---- */

static void write_json_file(FILE *out, const struct mapped_file *file)
{
    fputs("    {\"path\": ", out);
    write_json_string(out, file->path);
    fprintf(out,
            ", \"mappings\": %" PRIu64 ", \"planned\": %" PRIu64 ", \"sites\": ", file->mappings,
            file->planned);
    if (file->segment_count == 0)
        fputs("null", out);
    else
        fprintf(out, "{\"padding\": %" PRIu64 ", \"preceding\": %" PRIu64 ", \"sud\": %" PRIu64 "}",
                sites_of(file, ENDORUN_TACTIC_PADDING), sites_of(file, ENDORUN_TACTIC_PRECEDING),
                sites_of(file, ENDORUN_TACTIC_SUD));
    fprintf(out, ", \"traps\": %" PRIu64 "}", file->traps);
}

static void write_json_place(FILE *out, const struct place *place)
{
    fputs("    {\"module\": ", out);
    if (place->file == NULL) {
        fprintf(out, "null, \"address\": \"0x%" PRIx64 "\"", place->at);
    } else {
        write_json_string(out, place->file->path);
        fprintf(out, ", \"offset\": \"0x%" PRIx64 "\"", place->at);
    }
    fprintf(out, ", \"traps\": %" PRIu64 "}", place->count);
}

void write_statistics_json(FILE *out, const struct statistics *statistics, const char *program)
{
    struct summary summary = sum_up(statistics);

    fprintf(out, "{\n  \"schema\": %d,\n  \"program\": ", STATISTICS_SCHEMA);
    write_json_string(out, program);
    fprintf(out,
            ",\n  \"images\": %" PRIu64 ",\n"
            "  \"calls\": {\"total\": %" PRIu64 ", \"rewritten\": %" PRIu64
            ", \"trapped\": %" PRIu64 ", \"rewritten_percent\": %.4f},\n"
            "  \"lost\": {\"dropped_records\": %" PRIu64 ", \"ignored_records\": %" PRIu64
            ", \"unheard_threads\": %" PRIu64 ", \"damaged_rings\": %" PRIu64
            ", \"unplaced_traps\": %" PRIu64 "},\n  \"modules\": [",
            statistics->image_count, statistics->calls, summary.rewritten, statistics->trapped,
            percentage(summary.rewritten, statistics->trapped), statistics->dropped,
            statistics->ignored, statistics->unheard, statistics->damaged_rings, summary.unplaced);
    for (size_t i = 0; i < summary.file_count; i++) {
        fputs(i == 0 ? "\n" : ",\n", out);
        write_json_file(out, summary.files[i]);
    }
    fprintf(out, "%s],\n  \"traps_outside_modules\": %" PRIu64 ",\n  \"hottest\": [",
            summary.file_count == 0 ? "" : "\n  ", statistics->nowhere_traps);
    for (size_t i = 0; i < summary.hottest_count; i++) {
        fputs(i == 0 ? "\n" : ",\n", out);
        write_json_place(out, &summary.hottest[i]);
    }
    fprintf(out, "%s]\n}\n", summary.hottest_count == 0 ? "" : "\n  ");
    free(summary.files);
}
