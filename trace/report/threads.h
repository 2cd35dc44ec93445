/*
 * Threads and processes of a trace. IDs are used again by the kernel: what comes after a thread has
 * ended is another thread, with the same ID.
 */
#ifndef ENDORUN_REPORT_THREADS_H
#define ENDORUN_REPORT_THREADS_H

#include "entry.h"
#include "table.h"

struct process {
    int32_t pid;
    uint32_t parent;  /* a process, or TABLE_NONE */
    uint32_t leader;  /* the thread whose ID is the process's, or TABLE_NONE: it was not seen */
    uint32_t program; /* a number in `programs`; TABLE_NONE: not known */
    uint64_t first;   /* of its events: nanoseconds */
    uint32_t thread_count;
};

struct thread {
    uint32_t process;
    int32_t tid;
    uint64_t first, last; /* begin of the first event, end of the last one */
    uint64_t calls, errors, time;
    bool has_ended, has_status;
    int64_t status;
    uint32_t killer; /* a number in `signals`; TABLE_NONE: no signal ended it */
    uint64_t end;
    uint32_t older; /* one that had the same IDs and ended before, or TABLE_NONE */
};

/* A process that was made and of which nothing else has been seen yet. */
struct birth {
    bool is_awaited;
    uint32_t parent, program;
};

struct threads {
    struct thread *items; /* by number */
    uint32_t count, room;
    struct process *processes; /* by number */
    uint32_t process_count, process_room;
    struct table programs; /* 0: what the trace begins with */
    struct table signals;  /* that ended threads */
    struct table ids;      /* of threads: struct thread_id */
    uint32_t *newest;      /* by number in `ids`: number + 1 of the thread */
    uint32_t newest_room;
    struct table pids;
    struct pid_state {
        uint32_t newest; /* number + 1 of the process */
        struct birth birth;
    } * pid_states; /* by number in `pids` */
    uint32_t pid_room;
};

/* Before anything else: what the first process runs. */
void threads_begin(struct threads *threads, struct text program);

/* The thread of an event, which is made when it is new; its first and last event are updated. */
uint32_t threads_find(struct threads *threads, const struct entry *entry);

/* The call of the thread has made a thread or a process. */
void threads_note_birth(struct threads *threads, uint32_t thread, const struct entry *entry);

/* The thread's process has another program. */
void threads_note_exec(struct threads *threads, uint32_t thread, struct text program);

void threads_note_exit(struct threads *threads, uint32_t thread, const struct entry *entry);

void threads_release(struct threads *threads);

#endif
