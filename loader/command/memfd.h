/* Sealed memfds: files that exist nowhere else and that nobody can change any more. */
#ifndef ENDORUN_COMMAND_MEMFD_H
#define ENDORUN_COMMAND_MEMFD_H

#include <stddef.h>
#include <sys/uio.h>

enum memfd_kind {
    MEMFD_DATA,       /* not executable; stays open over exec */
    MEMFD_EXECUTABLE, /* closed by exec */
};

/* An empty one, at the lowest free descriptor. Returns it, or a negative errno. */
int memfd_open(enum memfd_kind kind, const char *name);

/* Fills it and seals it against writing, growing, shrinking and further seals. 0 or -errno. */
int memfd_fill(int fd, const struct iovec *parts, int part_count);

/*
 * Gives it a size, all of it a hole, and seals it against growing, shrinking and further seals: it
 * can be mapped and written by whoever has it, and no access faults. 0 or -errno.
 */
int memfd_share(int fd, size_t size);

/* The first two, for bytes that are one executable file. */
int memfd_open_executable(const char *name, const char *bytes, const char *end);

/* Executes it; returns only on failure, with a negative errno. */
int memfd_execute(int fd, char *const argv[], char *const envp[]);

/* Ends the command: what an error of one of these means for that part of it. */
__attribute__((noreturn)) void memfd_die(const char *part, int error);

#endif
