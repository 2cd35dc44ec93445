#include "page.h"

#include <stdlib.h>

uint32_t *order_numbers(uint32_t count, int (*compare)(const void *, const void *, void *),
                        const void *context)
{
    uint32_t *numbers = calloc((size_t)count + 1, sizeof *numbers);

    if (numbers == NULL)
        die_of_memory();
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = i;
    qsort_r(numbers, count, sizeof *numbers, compare, (void *)context);
    return numbers;
}

int compare_descending(uint64_t left, uint64_t right)
{
    return left > right ? -1 : left < right;
}

int compare_ascending(uint64_t left, uint64_t right)
{
    return compare_descending(right, left);
}

/* ---- threads ---- */

/* The walk from processes to their children, without recursion: chains have any length. */
struct walk {
    const struct threads *threads;
    uint32_t *children;     /* processes by parent, those without one last */
    uint32_t *first_child;  /* by process: an index into `children` */
    uint32_t *members;      /* threads by process */
    uint32_t *first_member; /* by process: an index into `members` */
    bool *is_done;          /* by process */
    struct page_row *stack; /* processes in the place of threads */
    uint32_t stacked;
    struct page_row *rows;
    uint32_t row_count;
};

static void *must_allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (memory == NULL)
        die_of_memory();
    return memory;
}

static int compare_children(const void *left, const void *right, void *context)
{
    const struct threads *threads = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const struct process *first = &threads->processes[a], *second = &threads->processes[b];
    int order = compare_ascending(first->parent, second->parent);

    if (order == 0)
        order = compare_ascending(first->first, second->first);
    return order != 0 ? order : compare_ascending(a, b);
}

/* The leader, then by the time of the first event. */
static int compare_members(const void *left, const void *right, void *context)
{
    const struct threads *threads = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const struct thread *first = &threads->items[a], *second = &threads->items[b];
    int order = compare_ascending(first->process, second->process);

    if (order == 0)
        order = compare_descending(threads->processes[first->process].leader == a,
                                   threads->processes[second->process].leader == b);
    if (order == 0)
        order = compare_ascending(first->first, second->first);
    return order != 0 ? order : compare_ascending(a, b);
}

/* Where the part of each owner begins; owners ascend, and those without one are TABLE_NONE. */
static uint32_t *find_starts(const struct walk *walk, const uint32_t *numbers, uint32_t count,
                             uint32_t (*owner_of)(const struct threads *, uint32_t))
{
    const uint32_t owners = walk->threads->process_count;
    uint32_t *starts = must_allocate((size_t)owners + 1, sizeof *starts);

    for (uint32_t owner = 0, at = 0; owner <= owners; owner++) {
        while (at < count && owner_of(walk->threads, numbers[at]) < owner)
            at++;
        starts[owner] = at;
    }
    return starts;
}

static uint32_t parent_of(const struct threads *threads, uint32_t process)
{
    return threads->processes[process].parent;
}

static uint32_t process_of_thread(const struct threads *threads, uint32_t thread)
{
    return threads->items[thread].process;
}

static void push(struct walk *walk, uint32_t process, uint32_t depth)
{
    if (walk->is_done[process])
        return;
    walk->is_done[process] = true;
    walk->stack[walk->stacked++] = (struct page_row){process, depth};
}

static void visit(struct walk *walk, struct page_row at)
{
    for (uint32_t i = walk->first_member[at.thread]; i < walk->first_member[at.thread + 1]; i++)
        walk->rows[walk->row_count++] = (struct page_row){walk->members[i], at.depth};
    for (uint32_t i = walk->first_child[at.thread + 1]; i-- > walk->first_child[at.thread];)
        push(walk, walk->children[i], at.depth + 1); /* the last one first: it waits longest */
}

static void walk_from(struct walk *walk, uint32_t process)
{
    push(walk, process, 0);
    while (walk->stacked > 0)
        visit(walk, walk->stack[--walk->stacked]);
}

/* A forged trace can have two processes that made each other: they have no root, and come last. */
struct page_row *order_threads(const struct threads *threads)
{
    const uint32_t processes = threads->process_count;
    struct walk walk = {.threads = threads,
                        .children = order_numbers(processes, compare_children, threads),
                        .members = order_numbers(threads->count, compare_members, threads),
                        .is_done = must_allocate(processes, sizeof(bool)),
                        .stack = must_allocate(processes, sizeof(struct page_row)),
                        .rows = must_allocate(threads->count, sizeof(struct page_row))};

    walk.first_child = find_starts(&walk, walk.children, processes, parent_of);
    walk.first_member = find_starts(&walk, walk.members, threads->count, process_of_thread);
    for (uint32_t i = walk.first_child[processes]; i < processes; i++)
        walk_from(&walk, walk.children[i]);
    for (uint32_t i = 0; i < processes; i++)
        walk_from(&walk, i);
    free(walk.children);
    free(walk.first_child);
    free(walk.members);
    free(walk.first_member);
    free(walk.is_done);
    free(walk.stack);
    return walk.rows;
}

static int compare_thread_calls(const void *left, const void *right, void *context)
{
    const struct threads *threads = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const int order = compare_descending(threads->items[a].calls, threads->items[b].calls);

    return order != 0 ? order : compare_ascending(a, b);
}

bool *choose_drawn(const struct threads *threads)
{
    bool *is_drawn = must_allocate(threads->count, sizeof *is_drawn);
    uint32_t *busiest = order_numbers(threads->count, compare_thread_calls, threads);

    for (uint32_t i = 0; i < threads->count && i < ROWS_SHOWN; i++)
        is_drawn[busiest[i]] = true;
    free(busiest);
    return is_drawn;
}
