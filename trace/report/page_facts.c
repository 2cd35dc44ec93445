#include "html.h"
#include "page.h"

#include <time.h>

static struct text command_of(const struct page *page)
{
    const struct sample *command = &page->summary->command;

    return (struct text){command->bytes, command->size};
}

void write_title(const struct page *page)
{
    write_attribute_start(page->out, command_of(page), 100);
}

void write_command(const struct page *page)
{
    write_html(page->out, command_of(page));
}

/* The trace's file, and when it was begun. */
void write_source(const struct page *page)
{
    const time_t seconds = (time_t)page->summary->start;
    const double fraction = page->summary->start - (double)seconds;
    char date[64] = "";
    struct tm parts;

    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &parts);
    write_html(page->out, text_of_string(page->file));
    fprintf(page->out, "</code>, begun %s.%03u UTC", date, (unsigned)(fraction * 1000));
}

static void begin_fact(const struct page *page, const char *name)
{
    fprintf(page->out, "<div><dt>%s</dt><dd>", name);
}

static void end_fact(const struct page *page)
{
    fputs("</dd></div>\n", page->out);
}

static void write_number(const struct page *page, const char *name, uint64_t number)
{
    begin_fact(page, name);
    write_count(page->out, number);
    end_fact(page);
}

static void write_time(const struct page *page, const char *name, uint64_t nanoseconds)
{
    begin_fact(page, name);
    write_duration(page->out, nanoseconds);
    end_fact(page);
}

void write_facts(const struct page *page)
{
    const struct summary *summary = page->summary;

    write_time(page, "Duration", summary->end);
    write_number(page, "System calls", summary->calls);
    begin_fact(page, "Failed");
    write_count(page->out, summary->errors);
    if (summary->calls > 0)
        fprintf(page->out, " <small>%.1f%%</small>",
                100 * (double)summary->errors / (double)summary->calls);
    end_fact(page);
    write_time(page, "Time in calls", summary->time);
    write_number(page, "Processes", summary->threads.process_count);
    write_number(page, "Threads", summary->threads.count);
    write_number(page, "Signals", summary->signals);
    if (summary->unreturned > 0)
        write_number(page, "Did not return", summary->unreturned);
    if (summary->denied > 0)
        write_number(page, "Denied", summary->denied);
    if (summary->injected > 0)
        write_number(page, "Injected", summary->injected);
}

void write_notes(const struct page *page)
{
    if (page->cut_line == 0)
        return;
    fputs("<p class=\"note\">The trace ends in the middle of line ", page->out);
    write_count(page->out, page->cut_line);
    fputs(": what there is of that line is left out.</p>\n", page->out);
}

void write_version(const struct page *page)
{
    fputs("endorun " ENDORUN_VERSION, page->out);
}

void write_end(const struct page *page, const struct thread *thread)
{
    const struct table *signals = &page->summary->threads.signals;

    if (!thread->has_ended) {
        fputs("end not seen", page->out);
    } else if (thread->killer != TABLE_NONE) {
        fputs("killed by ", page->out);
        write_attribute_start(page->out, table_text(signals, thread->killer), NAME_SHOWN);
    } else if (thread->has_status) {
        fprintf(page->out, "exited with %lld", (long long)thread->status);
    } else {
        fputs("ended", page->out);
    }
}
