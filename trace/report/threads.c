#include "threads.h"

#include <stdlib.h>

struct thread_id {
    int32_t pid, tid;
};

static struct pid_state *pid_state(struct threads *threads, int32_t pid)
{
    const uint32_t number = table_add(&threads->pids, &pid, sizeof pid);

    threads->pid_states =
        grow_items(threads->pid_states, &threads->pid_room, number, sizeof *threads->pid_states);
    return &threads->pid_states[number];
}

void threads_begin(struct threads *threads, struct text program)
{
    table_add(&threads->programs, program.bytes, program.size);
}

static uint32_t make_process(struct threads *threads, struct pid_state *state,
                             const struct entry *entry)
{
    const uint32_t number = threads->process_count++;

    threads->processes =
        grow_items(threads->processes, &threads->process_room, number, sizeof *threads->processes);
    threads->processes[number] = (struct process){
        .pid = entry->pid,
        .parent = state->birth.is_awaited ? state->birth.parent : TABLE_NONE,
        .leader = TABLE_NONE,
        .program = state->birth.is_awaited ? state->birth.program
                   : number == 0           ? 0
                                           : TABLE_NONE,
        .first = entry->time,
    };
    state->birth.is_awaited = false;
    state->newest = number + 1;
    return number;
}

/* A second leader is that of a later process. */
static uint32_t process_of(struct threads *threads, const struct entry *entry)
{
    struct pid_state *state = pid_state(threads, entry->pid);

    if (state->newest == 0 ||
        (entry->pid == entry->tid && threads->processes[state->newest - 1].leader != TABLE_NONE))
        return make_process(threads, state, entry);
    return state->newest - 1;
}

static uint32_t make_thread(struct threads *threads, const struct entry *entry, uint32_t older)
{
    const uint32_t number = threads->count++;
    const uint32_t process = process_of(threads, entry);

    threads->items = grow_items(threads->items, &threads->room, number, sizeof *threads->items);
    threads->items[number] = (struct thread){.process = process,
                                             .tid = entry->tid,
                                             .first = entry->time,
                                             .killer = TABLE_NONE,
                                             .older = older};
    threads->processes[process].thread_count++;
    if (entry->pid == entry->tid)
        threads->processes[process].leader = number;
    return number;
}

/* Lines are not strictly in order: one may come late, and be of a thread that has ended. */
static uint32_t find_living(const struct threads *threads, uint32_t newest, uint64_t time)
{
    uint32_t number = newest;

    if (number != TABLE_NONE && threads->items[number].has_ended &&
        threads->items[number].end < time)
        return TABLE_NONE;
    while (number != TABLE_NONE && threads->items[number].older != TABLE_NONE &&
           threads->items[threads->items[number].older].end >= time)
        number = threads->items[number].older;
    return number;
}

uint32_t threads_find(struct threads *threads, const struct entry *entry)
{
    const struct thread_id id = {entry->pid, entry->tid};
    const uint32_t key = table_add(&threads->ids, &id, sizeof id);
    const uint64_t end = entry->time + entry->duration;

    threads->newest =
        grow_items(threads->newest, &threads->newest_room, key, sizeof *threads->newest);
    const uint32_t newest = threads->newest[key] == 0 ? TABLE_NONE : threads->newest[key] - 1;
    uint32_t number = find_living(threads, newest, entry->time);
    if (number == TABLE_NONE) {
        number = make_thread(threads, entry, newest);
        threads->newest[key] = number + 1;
    }
    struct thread *thread = &threads->items[number];
    struct process *process = &threads->processes[thread->process];

    if (entry->time < thread->first)
        thread->first = entry->time;
    if (entry->time < process->first)
        process->first = entry->time;
    if (end > thread->last)
        thread->last = end;
    return number;
}

/* A child can be seen before the call that made it has returned. */
static bool is_child(const struct threads *threads, uint32_t process, uint32_t parent,
                     uint64_t time)
{
    return process != parent && threads->processes[process].parent == TABLE_NONE &&
           threads->processes[process].first >= time;
}

void threads_note_birth(struct threads *threads, uint32_t thread, const struct entry *entry)
{
    if (entry->result <= 0 || entry->result > INT32_MAX)
        return;
    const uint32_t parent = threads->items[thread].process;
    const struct birth birth = {true, parent, threads->processes[parent].program};
    struct pid_state *state = pid_state(threads, (int32_t)entry->result);

    if (state->newest == 0 || !is_child(threads, state->newest - 1, parent, entry->time)) {
        state->birth = birth;
        return;
    }
    struct process *child = &threads->processes[state->newest - 1];

    child->parent = parent;
    if (child->program == TABLE_NONE)
        child->program = birth.program;
}

void threads_note_exec(struct threads *threads, uint32_t thread, struct text program)
{
    threads->processes[threads->items[thread].process].program =
        table_add(&threads->programs, program.bytes, program.size);
}

void threads_note_exit(struct threads *threads, uint32_t thread, const struct entry *entry)
{
    struct thread *ended = &threads->items[thread];

    ended->has_ended = true;
    ended->has_status = entry->has_result;
    ended->status = entry->result;
    if (entry->name.bytes != NULL)
        ended->killer = table_add(&threads->signals, entry->name.bytes, entry->name.size);
    ended->end = entry->time;
}

void threads_release(struct threads *threads)
{
    free(threads->items);
    free(threads->processes);
    free(threads->newest);
    free(threads->pid_states);
    table_release(&threads->programs);
    table_release(&threads->signals);
    table_release(&threads->ids);
    table_release(&threads->pids);
    *threads = (struct threads){.items = NULL};
}
