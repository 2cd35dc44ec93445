#include "summary.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- texts ---- */

static void keep_sample(struct sample *sample, const struct entry *entry)
{
    size_t size = entry->line.size < SAMPLE_SHOWN ? entry->line.size : SAMPLE_SHOWN;

    while (size > 0 && size < entry->line.size && (entry->line.bytes[size] & 0xc0) == 0x80)
        size--; /* not within a character */
    *sample = (struct sample){.bytes = malloc(size + 1),
                              .size = size,
                              .whole = entry->line.size,
                              .time = entry->time,
                              .tid = entry->tid};
    if (sample->bytes == NULL)
        die_of_memory();
    memcpy(sample->bytes, entry->line.bytes, size);
    sample->bytes[size] = '\0';
}

/* What a shell takes for itself needs no quotes. */
static bool is_plain(struct text word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";

    return word.size > 0 && strspn(word.bytes, plain) == word.size;
}

static void write_word(FILE *out, struct text word)
{
    if (is_plain(word)) {
        fwrite(word.bytes, 1, word.size, out);
        return;
    }
    putc('\'', out);
    for (size_t i = 0; i < word.size; i++) {
        if (word.bytes[i] == '\'')
            fputs("'\\'", out);
        putc(word.bytes[i], out);
    }
    putc('\'', out);
}

static void add_start(struct summary *summary, const struct entry *entry)
{
    struct sample *command = &summary->command;
    FILE *out = open_memstream(&command->bytes, &command->size);

    if (out == NULL)
        die_of_memory();
    for (size_t i = 0; i < entry->text_count; i++) {
        if (i > 0)
            putc(' ', out);
        write_word(out, entry_text(entry, i));
    }
    if (fclose(out) != 0)
        die_of_memory();
    command->whole = command->size;
    summary->start = entry->start;
    threads_begin(&summary->threads,
                  entry->text_count > 0 ? entry_text(entry, 0) : (struct text){"", 0});
}

/* ---- calls ---- */

static uint32_t add_to_total(struct summary *summary, const struct entry *entry)
{
    const uint32_t number = table_add(&summary->call_names, entry->name.bytes, entry->name.size);

    summary->call_totals =
        grow_items(summary->call_totals, &summary->call_room, number, sizeof *summary->call_totals);
    struct call_total *total = &summary->call_totals[number];

    if (total->count++ == 0)
        total->facts = call_facts(entry->name);
    total->errors += entry->error.bytes != NULL;
    total->timed += entry->has_result;
    total->time += entry->duration;
    if (entry->duration > total->longest)
        total->longest = entry->duration;
    return number;
}

static void add_transfer(struct object_total *object, enum transfer transfer, size_t index,
                         const struct entry *entry)
{
    const uint64_t bytes = entry->has_result && entry->result > 0 ? (uint64_t)entry->result : 0;
    const bool is_one_of_two = entry->text_count == 2;

    if (transfer == TRANSFER_READ ||
        (transfer == TRANSFER_FROM_NEXT && is_one_of_two && index == 1) ||
        (transfer == TRANSFER_TO_NEXT && is_one_of_two && index == 0))
        object->read += bytes;
    else if (transfer == TRANSFER_WRITTEN || (transfer != TRANSFER_NONE && is_one_of_two))
        object->written += bytes;
}

static void add_to_objects(struct summary *summary, uint32_t call, const struct entry *entry)
{
    for (size_t i = 0; i < entry->text_count; i++) {
        const struct text name = entry_text(entry, i);
        const uint32_t number = table_add(&summary->object_names, name.bytes, name.size);

        summary->objects =
            grow_items(summary->objects, &summary->object_room, number, sizeof *summary->objects);
        struct object_total *object = &summary->objects[number];

        if (object->calls == 0 || entry->time < object->first) {
            object->first = entry->time;
            object->first_call = call;
        }
        object->calls++;
        object->errors += entry->error.bytes != NULL;
        add_transfer(object, summary->call_totals[call].facts.transfer, i, entry);
    }
}

static void add_to_failures(struct summary *summary, uint32_t call, const struct entry *entry)
{
    const struct failure_key key = {
        .call = call,
        .error = table_add(&summary->error_names, entry->error.bytes, entry->error.size),
        .cause = entry->is_denied     ? FAILED_BY_POLICY
                 : entry->is_injected ? FAILED_BY_INJECTION
                                      : FAILED_ITSELF,
    };
    const uint32_t number = table_add(&summary->failure_keys, &key, sizeof key);

    summary->failures =
        grow_items(summary->failures, &summary->failure_room, number, sizeof *summary->failures);
    struct failure *failure = &summary->failures[number];

    if (failure->count++ == 0) {
        failure->key = key;
        keep_sample(&failure->sample, entry);
    }
}

/* ---- the longest: a heap with the shortest of them at its top ---- */

bool is_longer(const struct long_call *left, const struct long_call *right)
{
    return left->duration != right->duration ? left->duration > right->duration
                                             : left->order < right->order;
}

static void swap_long_calls(struct long_call *left, struct long_call *right)
{
    const struct long_call kept = *left;

    *left = *right;
    *right = kept;
}

static void sift_down(struct summary *summary)
{
    struct long_call *heap = summary->longest;

    for (uint32_t at = 0, child = 1; child < summary->longest_count;) {
        if (child + 1 < summary->longest_count && is_longer(&heap[child], &heap[child + 1]))
            child++;
        if (!is_longer(&heap[at], &heap[child]))
            break;
        swap_long_calls(&heap[at], &heap[child]);
        at = child;
        child = 2 * at + 1;
    }
}

static void sift_up(struct summary *summary)
{
    struct long_call *heap = summary->longest;

    for (uint32_t at = summary->longest_count - 1; at > 0; at = (at - 1) / 2) {
        if (!is_longer(&heap[(at - 1) / 2], &heap[at]))
            break;
        swap_long_calls(&heap[at], &heap[(at - 1) / 2]);
    }
}

static void add_to_longest(struct summary *summary, uint32_t call, const struct entry *entry)
{
    struct long_call added = {.duration = entry->duration, .order = summary->calls, .call = call};

    if (!entry->has_result)
        return;
    if (summary->longest_count < LONGEST_SHOWN) {
        keep_sample(&added.sample, entry);
        summary->longest[summary->longest_count++] = added;
        sift_up(summary);
    } else if (is_longer(&added, &summary->longest[0])) {
        free(summary->longest[0].sample.bytes);
        keep_sample(&added.sample, entry);
        summary->longest[0] = added;
        sift_down(summary);
    }
}

/* ---- entries ---- */

/* A successful exec is a new program, whose path is the first object. */
static void add_exec(struct summary *summary, uint32_t thread, const struct entry *entry)
{
    if (!entry->has_result || entry->result != 0 || entry->text_count == 0)
        return;
    threads_note_exec(&summary->threads, thread, entry_text(entry, 0));
    timeline_add_mark(&summary->timeline, thread, MARK_EXEC, entry->time, entry_text(entry, 0));
}

static void add_call(struct summary *summary, uint32_t thread, const struct entry *entry)
{
    const uint32_t call = add_to_total(summary, entry);
    const struct call_facts *facts = &summary->call_totals[call].facts;
    struct thread *maker = &summary->threads.items[thread];

    summary->calls++;
    summary->time += entry->duration;
    summary->denied += entry->is_denied;
    summary->injected += entry->is_injected;
    summary->unreturned += !entry->has_result;
    maker->calls++;
    maker->time += entry->duration;
    add_to_objects(summary, call, entry);
    add_to_longest(summary, call, entry);
    if (entry->error.bytes != NULL) {
        summary->errors++;
        maker->errors++;
        add_to_failures(summary, call, entry);
    }
    timeline_add_call(&summary->timeline, thread, facts->group, entry);
    if (facts->creates && entry->has_result)
        threads_note_birth(&summary->threads, thread, entry);
    if (facts->executes)
        add_exec(summary, thread, entry);
}

static void add_exit(struct summary *summary, uint32_t thread, const struct entry *entry)
{
    threads_note_exit(&summary->threads, thread, entry);
    timeline_add_mark(&summary->timeline, thread, MARK_EXIT, entry->time, (struct text){"", 0});
}

void summary_add(struct summary *summary, const struct entry *entry)
{
    if (entry->kind == ENTRY_TRACE)
        add_start(summary, entry);
    if (entry->kind == ENTRY_TRACE || entry->kind == ENTRY_OTHER)
        return;
    const uint32_t thread = threads_find(&summary->threads, entry);
    const uint64_t end = entry->time + entry->duration;

    if (end > summary->end)
        summary->end = end;
    switch (entry->kind) {
    case ENTRY_CALL:
        add_call(summary, thread, entry);
        break;
    case ENTRY_SIGNAL:
        summary->signals++;
        timeline_add_mark(&summary->timeline, thread, MARK_SIGNAL, entry->time, entry->name);
        break;
    default: /* ENTRY_EXIT */
        add_exit(summary, thread, entry);
    }
}

void summary_release(struct summary *summary)
{
    for (uint32_t i = 0; i < summary->failure_keys.count; i++)
        free(summary->failures[i].sample.bytes);
    for (uint32_t i = 0; i < summary->longest_count; i++)
        free(summary->longest[i].sample.bytes);
    free(summary->command.bytes);
    free(summary->call_totals);
    free(summary->objects);
    free(summary->failures);
    table_release(&summary->call_names);
    table_release(&summary->object_names);
    table_release(&summary->error_names);
    table_release(&summary->failure_keys);
    threads_release(&summary->threads);
    timeline_release(&summary->timeline);
    *summary = (struct summary){.calls = 0};
}
